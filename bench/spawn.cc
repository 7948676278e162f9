// What a run costs beside starting the same program bare. Each pair is one posix_spawn of /bin/true and one whole
// `evalrun run` of it: evalrun's own start, its plan, the namespaces, the mounts, the lockdown, the result, the
// teardown. Both are timed here from spawn to the end of wait; the pairs are interleaved, so that whatever else the
// machine does falls on both. Prints medians, the 95th percentile and the ratio of the medians.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace {

constexpr int kPairs = 200;
constexpr int kWarmUp = 10;
constexpr char kPlan[] = "image = \"bash\"\nargv = [\"/bin/true\"]\n";

using Milliseconds = std::chrono::duration<double, std::milli>;

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

// The plan as a file that goes away with this process.
class PlanFile {
 public:
  PlanFile() {
    const int fd = ::mkstemps(name_.data(), 5);
    if (fd < 0) fail("mkstemps " + name_, errno);
    if (::write(fd, kPlan, sizeof kPlan - 1) != sizeof kPlan - 1) fail("write " + name_, errno);
    ::close(fd);
  }
  ~PlanFile() { ::unlink(name_.c_str()); }
  PlanFile(const PlanFile&) = delete;
  PlanFile& operator=(const PlanFile&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_ = "/tmp/evalrun-bench-XXXXXX.toml";
};

// Spawns, waits, returns how long both took; the program's output goes to /dev/null.
Milliseconds time_of(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

  const auto began = std::chrono::steady_clock::now();
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, words[0], &actions, nullptr, words.data(), environ);
  int status = 0;
  if (failed == 0) ::waitpid(pid, &status, 0);
  const Milliseconds took = std::chrono::steady_clock::now() - began;

  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) fail("posix_spawn " + argv[0], failed);
  if (status != 0) throw std::runtime_error(argv[0] + " ended with wait status " + std::to_string(status));
  return took;
}

struct Sample {
  double median;
  double p95;
};

Sample sample(std::vector<Milliseconds> times) {
  std::sort(times.begin(), times.end());
  const std::size_t half = times.size() / 2;
  return {(times[half - 1] + times[half]).count() / 2, times[times.size() * 95 / 100].count()};
}

void bench(const std::string& evalrun) {
  const PlanFile plan;
  const std::vector<std::string> bare = {"/bin/true"};
  const std::vector<std::string> sandboxed = {evalrun, "run", plan.name(), "--format", "json"};
  std::vector<Milliseconds> bare_times;
  std::vector<Milliseconds> sandboxed_times;
  for (int pair = -kWarmUp; pair < kPairs; ++pair) {
    const Milliseconds first = time_of(bare);
    const Milliseconds second = time_of(sandboxed);
    if (pair < 0) continue;
    bare_times.push_back(first);
    sandboxed_times.push_back(second);
  }
  const Sample without = sample(bare_times);
  const Sample with = sample(sandboxed_times);
  std::printf("%d pairs of /bin/true       median      p95\n", kPairs);
  std::printf("posix_spawn            %8.2f ms %8.2f ms\n", without.median, without.p95);
  std::printf("evalrun run            %8.2f ms %8.2f ms\n", with.median, with.p95);
  std::printf("ratio %.1f, difference %.2f ms\n", with.median / without.median, with.median - without.median);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::runtime_error("usage: bench-spawn EVALRUN");
    bench(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-spawn: %s\n", error.what());
    return 1;
  }
}
