// No core dump leaves the sandbox, and no handler of the host's is run for a crash in it: RLIMIT_CORE is 1 for the
// program and for every process of ours around it, and stays so. That the kernel then runs no handler behind a pipe in
// core_pattern is shown by core_handler_test, on a kernel whose core_pattern may be set.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sstream>

#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;

// "SOFT HARD" of a process, from its line in /proc/PID/limits; "" where there is no such process.
std::string core_limit_of(pid_t pid) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/limits"));
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kName = "Max core file size";
    if (!line.starts_with(kName)) continue;
    std::istringstream words(line.substr(kName.size()));
    std::string soft;
    std::string hard;
    words >> soft >> hard;
    return soft + " " + hard;
  }
  return "";
}

void add_descendants(pid_t pid, std::set<pid_t>& all) {
  for (const pid_t child : children_of(pid)) {
    if (all.insert(child).second) add_descendants(child, all);
  }
}

// Ours must be another than the one that is looked for.
void expect_room_for_dumps() {
  rlimit own{};
  ::getrlimit(RLIMIT_CORE, &own);
  if (own.rlim_max <= 1) EVALRUN_SKIP("a hard limit on core dumps above 1");
  own.rlim_cur = own.rlim_max;
  ::setrlimit(RLIMIT_CORE, &own);
  ASSERT_NE(core_limit_of(::getpid()), "1 1");
}

// Row 111.
TEST(core_dumps, the_program_cannot_change_its_limit_in_any_way) {
  const auto told = [](const std::string& by_pid) {
    std::string text = "at the start: 1 1\n";
    for (const std::string to : {"to 0", "soft to 0", "to infinity"}) {
      text += "setrlimit " + to + ": 1 1\nthe old setrlimit " + to + ": 1 1\nprlimit64 with garbage " + to +
              ": 1 1\nprlimit64 by pid " + to + " " + by_pid + "\n";
    }
    return text + "in a thread: 1 1\ndumpable OK\nin a child: 1 1\nafter execve: 1 1\n";
  };
  EXPECT_EQ(run_hostile({"change-core-limit"}).output(), told("EPERM"));
  // A plan that lists the calls gives no more.
  EXPECT_EQ(run_hostile({"change-core-limit"}, "seccomp.allow = [\"setrlimit\", \"prlimit64\"]\n").output(),
            told("OK"));
}

// The allowed twin of the row above.
TEST(core_dumps, other_limits_of_its_own_the_program_may_lower) {
  const PlanRun run = run_hostile({"raise-limits"});
  EXPECT_TRUE(run.output().ends_with("lower NOFILE OK\n")) << shown(run);
}

TEST(core_dumps, a_caller_without_a_hard_limit_of_1_runs_programs_with_0) {
  const TemporaryFolder folder;
  const std::filesystem::path plan = folder.write("plan.toml", hostile_plan({"core-limit"}));
  const Finished run = run_command(
      {"/bin/sh", "-c", "ulimit -c 0; exec \"$0\" --format json \"$1\"", evalrun().string(), plan.string()});
  const nlohmann::json result = nlohmann::json::parse(run.output, nullptr, false);
  ASSERT_TRUE(result.is_object()) << run.output << run.error_output;
  EXPECT_EQ(result.at("stdout").at("text"), "after execve: 0 0\n") << run.output;
}

TEST(core_dumps, no_process_around_the_program_can_dump_either) {
  expect_room_for_dumps();
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"sleep", "30"}));
  supervisor.run_warm(plan_of(cell_plan({"exit", "0"})));
  auto run =
      std::make_unique<supervise::Run>(supervisor.loop, supervisor.groups, sandbox::compile(plan, supervisor.host));
  std::set<pid_t> all;
  for (int turn = 0; turn < 400 && all.size() < 4; ++turn) {
    supervisor.loop.run_once();
    all.clear();
    add_descendants(::getpid(), all);
  }
  bool is_there = false;
  for (const pid_t pid : all) {
    const std::string limit = core_limit_of(pid);
    is_there = is_there || is_init(pid);
    EXPECT_TRUE(limit.empty() || limit == "1 1") << limit << " " << read_file("/proc/" + std::to_string(pid) + "/comm");
  }
  EXPECT_TRUE(is_there) << "no init was looked at";
  EXPECT_GT(supervisor.fork_server.pid(), 0);
  run->interrupt(SIGTERM);
  while (!run->finished()) supervisor.loop.run_once();
}

}  // namespace
}  // namespace evalrun::test
