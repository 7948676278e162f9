// Many runs of the hostile mix (acts.h) at once, and what they cost everybody.
//
//   load [--runs N] [--rounds N]      N runs live at any moment (64), N × rounds of them in all (2 rounds)
//
// Twice, with a canary (canary.h) beside each:
// - "one supervisor": all runs in this process, in one event loop, as a service would hold them. A run that has
//   finished is followed by the next at once, so that N are live until the last ones end.
// - "commands": as many `evalrun` commands at once, each with a supervisor of its own.
//
// What is printed, and how it is measured:
// - wrong verdicts: of the act's right verdict, limit and output. Must be 0.
// - loop: how late the event loop turned. A timer of its own in the same loop is due every 5 ms; the lateness is from
//   that moment to its handler's first line, for every tick, those that a late one has swallowed included. It holds
//   what the host's scheduler adds and what all other handlers of the loop take, starting and ending runs included.
// - start: how long the loop stood still to start one run (clone3, which takes the kernel's locks and may lose the
// core).
// - wall: how late a wall limit was enforced: the result's wall time (it stands still when the supervisor asks the
//   sandbox to end) less the limit. cpu: how far above its limit a program came.
// - end: from there to the last process's death (the result's tear-down).
// - whole: of a command, from its start to its end, less the limit that had to end it; starting 64 static programs on
//   this host's cores and all set-up is in it.
// - canary: lateness of a plain process's 1 ms tick, and the time that fork and exec of a small program take.
//
// Ends with 1 where a verdict was wrong or anything was left behind.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <thread>

#include "runtime/judge/verdict.h"
#include "runtime/reader/parse.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"
#include "tests/load/acts.h"
#include "tests/load/canary.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using loop::now;

constexpr Duration kTick = 5ms;

struct Settings {
  std::size_t runs = 64;
  std::size_t rounds = 2;
  [[nodiscard]] std::size_t all() const { return runs * rounds; }
};

const Act& act_of(std::size_t index) {
  return acts()[index % acts().size()];
}

// What one way of running the mix has shown.
struct Figures {
  std::size_t runs = 0;
  std::vector<std::string> wrong;
  std::vector<std::string> left;
  std::vector<Duration> loop, start, wall, cpu, end, whole;
  Duration took{};
  Canary::Seen canary;
};

// What was judged, whichever way it was run.
struct Judged {
  std::string verdict, limit, output, message;
  Duration wall{}, cpu{}, end{};
};

void note(Figures& figures, const Act& act, const Judged& judged) {
  ++figures.runs;
  // On a host this busy a wall limit may come before the program has said anything.
  const bool cut_short = act.limit == "wall" && act.output.starts_with(judged.output);
  const bool right = judged.verdict == act.verdict && judged.limit == act.limit &&
                     (judged.output.starts_with(act.output) || cut_short);
  if (!right) {
    figures.wrong.push_back(act.name + ": " + judged.verdict + " " + judged.limit + " (" + judged.message + "), not " +
                            act.verdict + " " + act.limit + "; it said " + judged.output.substr(0, 100));
    return;
  }
  if (act.limit == "wall") figures.wall.push_back(judged.wall - act.due);
  if (act.limit == "cpu") figures.cpu.push_back(judged.cpu - act.due);
  figures.end.push_back(judged.end);
}

// --- one supervisor ---

// Measures how late `loop` is, from the first turn on.
class LoopClock {
 public:
  LoopClock(loop::EventLoop& loop, std::vector<Duration>& lateness)
      : loop_(loop), lateness_(lateness), due_(now() + kTick) {
    timer_.set(due_);
    loop_.watch(timer_.get(), loop::Interest::Read, loop_.caller(), [this] { tick(); });
  }
  ~LoopClock() { loop_.forget(timer_.get()); }
  LoopClock(const LoopClock&) = delete;
  LoopClock& operator=(const LoopClock&) = delete;

 private:
  void tick() {
    const Duration at = now();
    timer_.acknowledge();
    for (; due_ <= at; due_ += kTick) lateness_.push_back(at - due_);
    timer_.set(due_);
  }

  loop::EventLoop& loop_;
  std::vector<Duration>& lateness_;
  loop::Timer timer_;
  Duration due_;
};

struct Live {
  const Act* act;
  std::unique_ptr<supervise::Run> run;
};

Judged judged_of(const supervise::RunResult& result, const Limits& limits) {
  Judged judged;
  judged.verdict = judge::name_of(judge::verdict_of(result.outcome));
  if (const auto* hit = std::get_if<supervise::LimitHit>(&result.outcome))
    judged.limit = supervise::name_of(hit->limit);
  judged.output = result.output.kept;
  judged.message = judge::message_of(result.outcome, limits);
  judged.wall = result.wall;
  judged.cpu = result.cpu.total();
  judged.end = result.teardown;
  return judged;
}

Figures run_in_one_supervisor(const Settings& settings, const std::string& marker) {
  std::vector<std::shared_ptr<const sandbox::CompiledPlan>> plans;
  for (const Act& act : acts()) {
    const PlanText text{plan_of(act, marker), "plan.toml", "plan", "/"};
    plans.push_back(sandbox::compile(parse_plan(text, {}, {}), host::probe_host()));
  }
  Figures figures;
  Canary canary;
  const Duration begin = now();
  {
    loop::EventLoop loop;
    groups::Groups groups;
    const LoopClock clock(loop, figures.loop);
    std::vector<Live> live;
    for (std::size_t next = 0; next < settings.all() || !live.empty();) {
      if (next < settings.all() && live.size() < settings.runs) {
        const std::size_t which = next++ % acts().size();
        const Duration before = now();
        live.push_back({&acts()[which], std::make_unique<supervise::Run>(loop, groups, plans[which])});
        figures.start.push_back(now() - before);
      }
      loop.run_once();
      std::erase_if(live, [&](Live& one) {
        if (!one.run->finished()) return false;
        const Limits& limits = plans[static_cast<std::size_t>(one.act - acts().data())]->plan().kind.limits;
        note(figures, *one.act, judged_of(one.run->take_result(nullptr), limits));
        return true;
      });
    }
  }
  figures.took = now() - begin;
  figures.canary = canary.stop();
  return figures;
}

// --- commands ---

struct LiveCommand {
  const Act* act;
  std::filesystem::path result;
  Duration begun;
  std::unique_ptr<StartedCommand> command;
};

Judged judged_of(const std::filesystem::path& file) {
  const nlohmann::json json = nlohmann::json::parse(read_file(file), nullptr, false);
  Judged judged;
  if (json.is_discarded()) return judged;
  const auto microseconds = [&](const char* object, const char* key) {
    return std::chrono::microseconds(json.at(object).value(key, 0));
  };
  judged.verdict = json.value("verdict", "");
  judged.limit = json.at("outcome").value("limit", "");
  judged.message = json.value("message", "");
  if (judged.verdict == "IE") return judged;
  judged.output = json.at("stdout").value("text", "");
  judged.wall = std::chrono::microseconds(json.value("wall_us", 0));
  judged.cpu = microseconds("cpu", "total_us");
  judged.end = microseconds("timing_us", "teardown");
  return judged;
}

// Without reaping it.
bool has_ended(const StartedCommand& command) {
  siginfo_t ended{};
  return ::waitid(P_PID, static_cast<id_t>(command.pid()), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == command.pid();
}

void take_ended(std::vector<LiveCommand>& live, Figures& figures, std::vector<pid_t>& supervisors) {
  std::erase_if(live, [&](LiveCommand& one) {
    if (!has_ended(*one.command)) return false;
    figures.whole.push_back(now() - one.begun - one.act->due);
    one.command->wait();
    supervisors.push_back(one.command->pid());
    note(figures, *one.act, judged_of(one.result));
    return true;
  });
}

Figures run_as_commands(const Settings& settings, const std::string& marker, std::vector<pid_t>& supervisors) {
  const TemporaryFolder folder;
  for (const Act& act : acts()) folder.write(marker + act.name + ".toml", plan_of(act, marker));
  Figures figures;
  Canary canary;
  const Duration begin = now();
  std::vector<LiveCommand> live;
  for (std::size_t next = 0; next < settings.all() || !live.empty();) {
    while (next < settings.all() && live.size() < settings.runs) {
      const Act& act = act_of(next);
      const std::filesystem::path result = folder.path() / ("result" + std::to_string(next++));
      const std::vector<std::string> argv = {evalrun().string(), "run",
                                             (folder.path() / (marker + act.name + ".toml")).string(), "--output",
                                             result.string()};
      live.push_back({&act, result, now(), std::make_unique<StartedCommand>(argv, folder.path())});
    }
    take_ended(live, figures, supervisors);
    std::this_thread::sleep_for(1ms);
  }
  figures.took = now() - begin;
  figures.canary = canary.stop();
  return figures;
}

// --- the table ---

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void print_spread(const char* what, const Spread& spread) {
  if (spread.count == 0) return;
  std::printf("  %-22s %7zu %9.2f %9.2f %9.2f\n", what, spread.count, milliseconds(spread.p50),
              milliseconds(spread.p99), milliseconds(spread.max));
}

// True: all as it must be.
bool print(const char* way, const Settings& settings, const Figures& figures) {
  std::printf("%s: %zu runs, %zu at once, %.1f s, wrong verdicts: %zu, left behind: %zu\n", way, figures.runs,
              settings.runs, milliseconds(figures.took) / 1000, figures.wrong.size(), figures.left.size());
  std::printf("  %-22s %7s %9s %9s %9s\n", "ms", "count", "p50", "p99", "max");
  print_spread("supervisor: loop", spread_of(figures.loop));
  print_spread("supervisor: start", spread_of(figures.start));
  print_spread("supervisor: wall", spread_of(figures.wall));
  print_spread("supervisor: cpu", spread_of(figures.cpu));
  print_spread("supervisor: end", spread_of(figures.end));
  print_spread("command: whole", spread_of(figures.whole));
  print_spread("canary: wake", figures.canary.wake);
  print_spread("canary: fork + exec", figures.canary.spawn);
  for (const std::string& line : figures.wrong) std::printf("  WRONG %s\n", line.c_str());
  for (const std::string& line : figures.left) std::printf("  LEFT %s\n", line.c_str());
  std::fflush(stdout);
  return figures.wrong.empty() && figures.left.empty() && figures.runs == settings.all();
}

std::optional<Settings> parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::size_t value = std::strtoul(argv[i + 1], nullptr, 10);
    const std::string_view name = argv[i];
    if (name != "--runs" && name != "--rounds") return std::nullopt;
    (name == "--runs" ? settings.runs : settings.rounds) = value;
  }
  const bool paired = argc % 2 == 1;
  return paired && settings.all() > 0 ? std::optional(settings) : std::nullopt;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

bool measure(const Settings& settings) {
  const std::set<std::string> mounts_before = mounts();
  std::string marker = new_marker();
  Figures figures = run_in_one_supervisor(settings, marker);
  figures.left = wait_for_nothing(marker, ::getpid(), mounts_before, 5s).left;
  const bool one_is_right = print("one supervisor", settings, figures);

  marker = new_marker();
  std::vector<pid_t> supervisors;
  figures = run_as_commands(settings, marker, supervisors);
  for (const pid_t supervisor : supervisors) {
    figures.left = wait_for_nothing(marker, supervisor, mounts_before, 5s).left;
    if (!figures.left.empty()) break;
  }
  return print("commands", settings, figures) && one_is_right;
}

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::optional<Settings> settings = parse(argc, argv);
  if (!settings) {
    std::fprintf(stderr, "usage: load [--runs N] [--rounds N]\n");
    return 2;
  }
  raise_descriptor_limit();
  return measure(*settings) ? 0 : 1;
}

}  // namespace
}  // namespace evalrun::test

int main(int argc, char** argv) {
  return evalrun::test::main(argc, argv);
}
