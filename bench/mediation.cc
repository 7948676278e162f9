// What the seccomp listener costs. First a program that never makes a mediated call: the same calls without a filter,
// under evalrun's whitelist, and under the whitelist with a listener; the three are interleaved, so that whatever else
// the machine does falls on all. Then, inside a sandbox, what one mediated call takes beside calls that are not.
//
//   bench-mediation EVALRUN     from outside
//   bench-mediation inside N    the program that the first form runs in the sandbox
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "lockdown/seccomp.h"
#include "lockdown/steps.h"

namespace {

using evalrun::lockdown::FilterProgram;
using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::duration<double, std::nano>;

constexpr int kRounds = 30;
constexpr int kCalls = 200'000;

double time_of(int calls, const std::function<void()>& call) {
  const auto began = Clock::now();
  for (int i = 0; i < calls; ++i) call();
  return Nanoseconds(Clock::now() - began).count() / calls;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// ---- A program that never makes a mediated call ----

enum class Filter { None, Whitelist, WithListener };

struct CallTimes {
  double always_allowed;  // the kernel knows from the number alone
  double by_arguments;    // the program is walked each time
};

// In a child of its own: a filter stays.
CallTimes measure(const FilterProgram& whitelist, Filter filter) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int listener = -1;
    if (filter != Filter::None) {
      int* const wanted = filter == Filter::WithListener ? &listener : nullptr;
      if (evalrun::lockdown::load_filter(whitelist, wanted).failed()) ::_exit(1);
    }
    const CallTimes times{time_of(kCalls, [] { ::syscall(SYS_getppid); }),
                          time_of(kCalls, [] { ::syscall(SYS_fcntl, 0, 1 /* F_GETFD */); })};
    ::_exit(::write(ends[1], &times, sizeof times) == sizeof times ? 0 : 1);
  }
  ::close(ends[1]);
  CallTimes times{};
  const bool whole = ::read(ends[0], &times, sizeof times) == sizeof times;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!whole) throw std::runtime_error("the measuring child ended early");
  return times;
}

void bench_listener() {
  const FilterProgram whitelist = evalrun::lockdown::build_whitelist(evalrun::Plan{});
  struct {
    const char* name;
    Filter filter;
    std::vector<double> always, by_arguments;
  } rows[] = {{"no filter", Filter::None, {}, {}},
              {"whitelist", Filter::Whitelist, {}, {}},
              {"whitelist with a listener", Filter::WithListener, {}, {}}};
  for (int round = 0; round < kRounds; ++round) {
    for (auto& row : rows) {
      const CallTimes times = measure(whitelist, row.filter);
      row.always.push_back(times.always_allowed);
      row.by_arguments.push_back(times.by_arguments);
    }
  }
  std::printf("a program that makes no mediated call; %d rounds, medians, a call\n", kRounds);
  std::printf("%-28s %14s %20s\n", "", "getppid", "fcntl (by argument)");
  for (const auto& row : rows) {
    std::printf("%-28s %11.1f ns %17.1f ns\n", row.name, median(row.always), median(row.by_arguments));
  }
}

// ---- Mediated calls ----

// The program in the sandbox.
int run_inside(int calls) {
  const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int unix_listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_port = htons(8080);
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in other = loopback;
  other.sin_port = htons(9);
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  std::strcpy(path.sun_path, "/work/s");
  const auto bind_to = [](int socket, const auto& address) {
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  };
  const auto connect_to = [](int socket, const auto& address) {
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  };
  const auto connect_and_accept = [&](int family, int server, const auto& address) {
    const int client = ::socket(family, SOCK_STREAM, 0);
    connect_to(client, address);
    ::close(::accept(server, nullptr, nullptr));
    ::close(client);
  };
  if (bind_to(listener, loopback) != 0 || ::listen(listener, 64) != 0) return 1;
  if (bind_to(unix_listener, path) != 0 || ::listen(unix_listener, 64) != 0) return 1;
  const auto report = [&](const char* what, const std::function<void()>& call) {
    call();
    std::printf("%-44s %9.1f us\n", what, time_of(calls, call) / 1000);
  };
  std::printf("mediated calls, %d of each, a call\n", calls);
  report("connect of UDP", [&] { connect_to(udp, loopback); });
  report("connect that the plan refuses", [&] { connect_to(udp, other); });
  report("listen of a Unix socket", [&] { ::listen(unix_listener, 64); });
  report("socket, connect, accept, 2 close: TCP", [&] { connect_and_accept(AF_INET, listener, loopback); });
  report("socket, connect, accept, 2 close: Unix path", [&] { connect_and_accept(AF_UNIX, unix_listener, path); });
  std::fflush(stdout);
  return 0;
}

class TemporaryPlan {
 public:
  explicit TemporaryPlan(const std::string& self) {
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp " + folder_);
    std::filesystem::copy_file(self, folder_ + "/bench");
    std::ofstream(path()) << "argv = [\"/work/bench\", \"inside\", \"2000\"]\n"
                             "files.bench = { from = \"bench\", mode = \"0755\" }\n"
                             "limits.cpu = \"60s\"\nlimits.wall = \"60s\"\n"
                             "[network]\nmode = \"loopback\"\nbind = [8080]\nconnect = [8080]\n";
  }
  ~TemporaryPlan() { std::filesystem::remove_all(folder_); }
  TemporaryPlan(const TemporaryPlan&) = delete;
  TemporaryPlan& operator=(const TemporaryPlan&) = delete;
  [[nodiscard]] std::string path() const { return folder_ + "/plan.toml"; }

 private:
  std::string folder_ = "/tmp/evalrun-bench-XXXXXX";
};

void bench_calls(const std::string& evalrun) {
  const TemporaryPlan plan("/proc/self/exe");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(evalrun.c_str(), evalrun.c_str(), "run", plan.path().c_str(), "--set", "stdout=inherit", "--output",
            "/dev/null", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error(evalrun + " ended with wait status " + std::to_string(status));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::strcmp(argv[1], "inside") == 0) return run_inside(std::atoi(argv[2]));
    if (argc != 2) throw std::runtime_error("usage: bench-mediation EVALRUN");
    bench_listener();
    bench_calls(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-mediation: %s\n", error.what());
    return 1;
  }
}
