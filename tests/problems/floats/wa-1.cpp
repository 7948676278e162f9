#include <cmath>
#include <cstdio>
int main() {
  for (double x; std::scanf("%lf", &x) == 1;) std::printf("%.3f\n", std::sqrt(x));
}
