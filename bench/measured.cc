// What the benchmark runs in and outside of a sandbox.
//
//   measured measure   the time of a loop without system calls, and of one call that no filter rule looks at closer
//   measured sleep     says that it runs, then sleeps until it is killed
//   measured tell      where it is and what it may: the floor and a run of evalrun are compared by it
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

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

void print_file(const char* name) {
  FILE* const file = std::fopen(name, "r");
  if (file == nullptr) {
    std::printf("%s: none\n", name);
    return;
  }
  for (char text[4096]; std::fgets(text, sizeof text, file) != nullptr;) std::fputs(text, stdout);
  std::fclose(file);
}

// Where it is, which namespaces it is in, and what it may.
void tell() {
  char text[4096] = {};
  utsname name{};
  ::uname(&name);
  std::printf("cwd %s\nhost %s.%s\n", ::getcwd(text, sizeof text), name.nodename, name.domainname);
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
    const std::string link = std::string("/proc/self/ns/") + kind;
    const ssize_t size = ::readlink(link.c_str(), text, sizeof text);
    std::printf("namespace %.*s\n", static_cast<int>(size < 0 ? 0 : size), text);
  }
  for (const char* file : {"/proc/self/mountinfo", "/proc/self/limits", "/proc/self/status"}) print_file(file);
}

}  // namespace

int main(int argc, char** argv) {
  const char* const what = argc == 2 ? argv[1] : "";
  if (std::strcmp(what, "measure") == 0) {
    const long long spin = spin_ns();
    std::printf("%lld %.2f\n", spin, call_ns());
    return 0;
  }
  if (std::strcmp(what, "tell") == 0) {
    tell();
    return 0;
  }
  if (std::strcmp(what, "sleep") == 0) {
    std::puts("ready");
    std::fflush(stdout);
    for (;;) ::pause();
  }
  std::fprintf(stderr, "usage: measured measure|sleep|tell\n");
  return 2;
}
