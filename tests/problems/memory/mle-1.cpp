#include <cstring>
#include <iostream>
#include <vector>
int main() {
  std::vector<int> seen(1U << 27, 1);  // 512 MiB, all of it touched
  std::cout << seen[77] << "\n";
}
