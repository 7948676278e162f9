int main() { return sum; }
