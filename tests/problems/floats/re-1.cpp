#include <cstdio>
int main() {
  double values[2];
  volatile int zero = 0;
  std::printf("%d\n", static_cast<int>(sizeof values) / zero);
}
