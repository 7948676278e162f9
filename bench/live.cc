#include "bench/live.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "bench/own_process.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/supervise/run.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;
using supervise::Run;

constexpr unsigned kDescriptorsEach = 16;
constexpr unsigned kTrials = 30;
constexpr unsigned kFirst = 4;  // by themselves, or with a cell to be made
constexpr int kIdleSeconds = 2;
constexpr int kPatience = 100;  // seconds, for each phase

// In KiB; 0 where the file has no such line.
std::int64_t kib_of(const std::string& file, const std::string& key) {
  std::istringstream lines(read_small_file(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::strtoll(line.c_str() + key.size() + 1, nullptr, 10);
  }
  return 0;
}

// What the kernel holds for itself, and no process is charged with.
std::int64_t kernel_kib() {
  std::int64_t sum = 0;
  for (const char* key : {"Slab", "KernelStack", "PageTables", "Percpu"}) sum += kib_of("/proc/meminfo", key);
  return sum;
}

std::int64_t pss_kib(const std::string& process) {
  return kib_of("/proc/" + process + "/smaps_rollup", "Pss");
}

std::vector<std::string> children_of(const std::string& process) {
  std::istringstream words(read_small_file("/proc/" + process + "/task/" + process + "/children"));
  std::vector<std::string> children;
  for (std::string word; words >> word;) children.push_back(word);
  return children;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void allow_descriptors(unsigned sandboxes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t needed = rlim_t{sandboxes} * kDescriptorsEach + 100;
  const rlimit raised{needed, std::max(limit.rlim_max, needed)};
  if (limit.rlim_cur < needed && ::setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    throw std::runtime_error("RLIMIT_NOFILE is " + std::to_string(limit.rlim_max) + ", too low for so many sandboxes");
  }
}

class Crowd {
 public:
  explicit Crowd(const Setting& setting)
      : pool_(loop_, groups_, setting.plan->host(), 1, &fork_server_),
        true_(setting.plan),
        sleeper_(compile_with(setting, R"(["/program/measured", "sleep"])")) {}

  // Until all of them have said that they run.
  void grow(unsigned size) {
    std::size_t said = 0;
    for (unsigned i = 0; i < size; ++i) {
      runs_.push_back(
          std::make_unique<Run>(loop_, groups_, sleeper_,
                                supervise::RunHooks{.output = [&said](std::string_view text) { said += text.size(); }},
                                supervise::RunOrigin{.cloner = &fork_server_}));
    }
    turn_until([&] { return said >= size * (sizeof "ready\n" - 1); }, "start");
  }

  void end() {
    for (const auto& run : runs_) run->interrupt(SIGTERM);
    turn_until([&] { return std::ranges::all_of(runs_, [](const auto& run) { return run->finished(); }); }, "end");
    for (const auto& run : runs_) run->take_result(nullptr);
    runs_.clear();
  }

  // One run more, beside all that sleep: its latency in microseconds.
  std::vector<std::int64_t> trials() {
    std::vector<std::int64_t> times;
    for (unsigned i = 0; i < kTrials; ++i) {
      const Duration began = loop::now();
      Run run(loop_, groups_, true_, {}, {.cloner = &fork_server_});
      while (!run.finished()) loop_.run_once();
      run.take_result(nullptr);
      times.push_back(to_microseconds(loop::now() - began));
    }
    return times;
  }

  // The same in a cell, with all that a run prepared ahead takes: from its start until the next is ready.
  std::vector<std::int64_t> trials_in_cell() {
    std::vector<std::int64_t> times;
    for (unsigned i = 0; i < kTrials + kFirst; ++i) {
      const Duration began = loop::now();
      const std::unique_ptr<Run> run = pool_.start(true_);
      while (!run->finished()) loop_.run_once();
      run->take_result(nullptr);
      while (pool_.prepare() || !pool_.is_ready()) loop_.run_once(std::chrono::milliseconds(1));
      if (i >= kFirst) times.push_back(to_microseconds(loop::now() - began));
    }
    return times;
  }

  // What the supervisor itself uses for all of them, of one core.
  double idle_share() {
    const Duration until = loop::now() + std::chrono::seconds(kIdleSeconds);
    const double before = cpu_seconds();
    turn_until([&] { return loop::now() >= until; }, "idle");
    return (cpu_seconds() - before) / kIdleSeconds;
  }

 private:
  template <typename Condition>
  void turn_until(Condition condition, const char* what) {
    const Duration deadline = loop::now() + std::chrono::seconds(kPatience);
    loop::Timer tick;
    loop_.watch(tick.get(), loop::Interest::Read, loop_.caller(), [&] { tick.acknowledge(); });
    while (!condition()) {
      if (loop::now() > deadline) throw std::runtime_error(std::string("sandboxes: no ") + what + " in time");
      tick.set(loop::now() + std::chrono::milliseconds(20));
      loop_.run_once();
    }
    loop_.forget(tick.get());
  }

  loop::EventLoop loop_;
  groups::Groups groups_;
  warm::ForkServer fork_server_;
  pool::CellPool pool_;
  std::shared_ptr<const sandbox::CompiledPlan> true_, sleeper_;
  std::vector<std::unique_ptr<Run>> runs_;
};

struct Pss {
  std::int64_t supervisor = 0, init = 0, program = 0;
  bool whole = true;  // an ordinary user may not look at init, nor at a program that is not dumpable
};

Pss read_pss() {
  const std::string self = std::to_string(::getpid());
  Pss pss;
  pss.supervisor = pss_kib(self);
  for (const std::string& init : children_of(self)) {
    const std::int64_t size = pss_kib(init);
    if (size == 0) pss.whole = false;
    pss.init += size;
    for (const std::string& program : children_of(init)) pss.program += pss_kib(program);
  }
  return pss;
}

ordered_json measure_here(const Setting& setting, unsigned sandboxes) {
  allow_descriptors(sandboxes);
  Crowd crowd(setting);
  crowd.trials();  // everything that a first run makes
  const std::vector<std::int64_t> alone = crowd.trials();
  const std::vector<std::int64_t> alone_in_cell = crowd.trials_in_cell();
  const std::int64_t kernel_before = kernel_kib();
  const std::int64_t available_before = kib_of("/proc/meminfo", "MemAvailable");
  const Pss pss_before = read_pss();
  crowd.grow(sandboxes);
  const std::int64_t kernel_after = kernel_kib();
  const std::int64_t available_after = kib_of("/proc/meminfo", "MemAvailable");
  const Pss pss_after = read_pss();
  const double idle = crowd.idle_share();
  const std::vector<std::int64_t> among = crowd.trials();
  const std::vector<std::int64_t> among_in_cell = crowd.trials_in_cell();
  crowd.end();
  return {{"sandboxes", sandboxes},
          {"kernel_kib", kernel_after - kernel_before},
          {"supervisor_pss_kib", pss_after.supervisor - pss_before.supervisor},
          {"init_pss_kib", pss_after.whole ? ordered_json(pss_after.init) : ordered_json(nullptr)},
          {"program_pss_kib", pss_after.program},
          {"available_kib", available_before - available_after},
          {"idle_cores", idle},
          {"run_alone_us", alone},
          {"run_among_us", among},
          {"run_alone_in_cell_us", alone_in_cell},
          {"run_among_in_cell_us", among_in_cell}};
}

}  // namespace

ordered_json measure_live(const Setting& setting, const EndSignals& ends, unsigned sandboxes) {
  return in_own_process(ends, 3 * kPatience, [&] { return measure_here(setting, sandboxes); });
}

}  // namespace evalrun::bench
