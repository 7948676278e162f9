// What the benchmark runs in and outside of a sandbox.
//
//   measured measure   the time of a loop without system calls, and of one call that no filter rule looks at closer
//   measured sleep     says that it runs, then sleeps until it is killed
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSteps = 60'000'000;
constexpr int kCalls = 200'000;

std::int64_t ns_since(Clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count();
}

// A chain of additions and shifts that no compiler can shorten: each step needs the one before.
std::int64_t spin_ns() {
  std::uint64_t state = static_cast<std::uint64_t>(::getpid());
  const auto began = Clock::now();
  for (int i = 0; i < kSteps; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  const std::int64_t took = ns_since(began);
  return state == 0 ? 0 : took;
}

double call_ns() {
  const auto began = Clock::now();
  for (int i = 0; i < kCalls; ++i) ::syscall(SYS_getppid);
  return static_cast<double>(ns_since(began)) / kCalls;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const what = argc == 2 ? argv[1] : "";
  if (std::strcmp(what, "measure") == 0) {
    const long long spin = spin_ns();
    std::printf("%lld %.2f\n", spin, call_ns());
    return 0;
  }
  if (std::strcmp(what, "sleep") == 0) {
    std::puts("ready");
    std::fflush(stdout);
    for (;;) ::pause();
  }
  std::fprintf(stderr, "usage: measured measure|sleep\n");
  return 2;
}
