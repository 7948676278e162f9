#include <cmath>
#include <cstdio>
int main() {
  for (double x; std::scanf("%lf", &x) == 1;) std::printf("%.9e ", std::sqrt(x));
}
