#include <iostream>
#include <vector>
int main() {
  unsigned long long x;
  int n, different = 0;
  std::cin >> x >> n;
  std::vector<bool> seen(1U << 27);
  for (; n > 0; --n) {
    x = (x * 1103515245 + 12345) % (1ULL << 31);
    if (!seen[x >> 4]) ++different;
    seen[x >> 4] = true;
  }
  std::cout << different << "\n";
}
