#include <iostream>
int main() {
  int n;
  std::cin >> n;
  unsigned sum = 0;  // too narrow
  for (long long x; n-- > 0 && std::cin >> x;) sum += static_cast<unsigned>(x);
  std::cout << static_cast<int>(sum) << "\n";
}
