#include <cstdio>
int main() {
  int n = 0;
  if (std::scanf("%d", &n) != 1) return 1;
  for (int i = 1; i < n; ++i) std::printf("%d\n", i);
  std::printf("%d\n", n + 1);  // only the last line
}
