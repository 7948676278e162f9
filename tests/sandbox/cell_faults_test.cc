// Cells whose keepers, runs or supervisors die, stop or find no room: the next run is right, and nothing is left.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>
#include <thread>

#include "runtime/core/error.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::uint64_t shared_kib() {
  return std::stoull("0" + status_of(::getpid(), "RssShmem"));
}

// A supervisor that has a cell with a run that waits, and the processes that came with them.
class CellFaults : public testing::Test {
 protected:
  CellFaults() : plan_(plan_of(cell_plan({"say", "right"}, "limits.cpus = \"any\"\n"))) {
    supervisor_.run_cold(plan_);  // the janitor and the fork server come with the first run and stay
    before_ = children();
    supervisor_.run(plan_);
    supervisor_.make_ready();
    for (const pid_t child : children()) {
      if (before_.contains(child)) continue;
      (is_init(child) ? inits_ : keepers_).push_back(child);
    }
    EXPECT_EQ(inits_.size(), 1U);
    EXPECT_EQ(keepers_.size(), 1U);
  }

  // So many right runs in a row; the last is in a cell again.
  void expect_right_runs() {
    Finish last;
    for (int i = 0; i < 4; ++i) {
      last = supervisor_.run(plan_);
      EXPECT_EQ(last.summary(), "OK exit 0") << i;
      EXPECT_EQ(last.output(), "right\n") << i;
      supervisor_.make_ready();
    }
    EXPECT_NE(last.cell, nullptr);
  }

  Supervisor supervisor_;
  Plan plan_;
  std::set<pid_t> before_;
  std::vector<pid_t> inits_, keepers_;
};

TEST_F(CellFaults, a_keeper_that_is_killed_from_outside_is_replaced) {
  ::kill(keepers_.at(0), SIGKILL);
  expect_right_runs();
}

TEST_F(CellFaults, a_keeper_that_does_not_answer_is_given_up) {
  ::kill(keepers_.at(0), SIGSTOP);
  EXPECT_EQ(supervisor_.run(plan_).output(), "right\n");
  const Clock::time_point begin = Clock::now();
  expect_right_runs();
  EXPECT_LT(Clock::now() - begin, 10s);
  EXPECT_GT(Clock::now() - begin, 4s) << "it was asked";
}

TEST_F(CellFaults, a_run_that_is_killed_while_it_waits_is_replaced) {
  ::kill(inits_.at(0), SIGKILL);
  while (!is_gone(inits_.at(0))) std::this_thread::sleep_for(1ms);
  expect_right_runs();
}

TEST_F(CellFaults, a_run_that_dies_at_the_moment_it_is_started_ends_and_the_next_is_right) {
  ::kill(inits_.at(0), SIGKILL);
  const Finish killed = supervisor_.run(plan_);
  EXPECT_TRUE(killed.summary() == "OK exit 0" || killed.summary().starts_with("IE ")) << killed.summary();
  supervisor_.make_ready();
  expect_right_runs();
}

// The init of the run that is prepared by this; stopped on its way.
pid_t prepare_and_stop(Supervisor& supervisor) {
  const std::set<pid_t> before = children();
  EXPECT_TRUE(supervisor.pool.prepare());
  std::set<pid_t> inits = children();
  std::erase_if(inits, [&](pid_t child) { return before.contains(child) || !is_init(child); });
  EXPECT_EQ(inits.size(), 1U);
  ::kill(*inits.begin(), SIGSTOP);
  return *inits.begin();
}

// Which process to pin is not known before it has come far; the supervisor has other runs to look after meanwhile.
TEST(cell_start, of_a_run_that_is_still_being_prepared_returns_at_once) {
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"cpus"}, "limits.cpus = [0]\n"));
  supervisor.run(plan);
  const pid_t init = prepare_and_stop(supervisor);
  const Clock::time_point begin = Clock::now();
  const std::unique_ptr<supervise::Run> run = supervisor.pool.start(plan);
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_NE(run->cell(), nullptr);
  ::kill(init, SIGCONT);
  while (!run->finished()) supervisor.loop.run_once();
  EXPECT_EQ(run->take_result(nullptr).output.kept, "cpus 1\n");
}

// What is opened for a run in the loop, when its filter is there and it is known whom to pin, is this run's failure,
// not whoever turns the loop; and no call that should end a run goes unnoticed for want of it.
TEST(cell_start, that_finds_no_room_for_descriptors_is_a_failure_of_that_run) {
  std::set<std::string> seen;
  for (rlim_t most = 3; most < open_descriptors() + 50; ++most) {
    Supervisor supervisor;
    const Plan plan = plan_of(cell_plan({"call", "keyctl", "99"}));
    supervisor.run(plan);
    const pid_t init = prepare_and_stop(supervisor);
    const std::unique_ptr<supervise::Run> run = supervisor.pool.start(plan);
    rlimit all{};
    ::getrlimit(RLIMIT_NOFILE, &all);
    rlimit little = all;
    little.rlim_cur = most;
    ::setrlimit(RLIMIT_NOFILE, &little);
    ::kill(init, SIGCONT);
    EXPECT_NO_THROW({
      while (!run->finished()) supervisor.loop.run_once();
    });
    ::setrlimit(RLIMIT_NOFILE, &all);
    const std::string summary = summary_of(run->take_result(nullptr));
    EXPECT_TRUE(summary.starts_with("SV") || (summary.starts_with("IE ") && summary.ends_with(": EMFILE"))) << summary;
    seen.insert(summary);
  }
  EXPECT_TRUE(seen.contains("IE supervisor recvmsg the filter's listener: EMFILE"));
  EXPECT_GT(seen.size(), 2U) << "each thing that is opened can fail";
}

TEST(cell_start, on_a_core_that_was_taken_from_the_supervisor_meanwhile_is_a_failure_of_that_run) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  if (CPU_COUNT(&all) < 2 || !CPU_ISSET(0, &all)) EVALRUN_SKIP("a second core");
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"cpus"}, "limits.cpus = [0]\n"));
  supervisor.run(plan);
  const pid_t init = prepare_and_stop(supervisor);
  const std::unique_ptr<supervise::Run> run = supervisor.pool.start(plan);
  cpu_set_t others = all;
  CPU_CLR(0, &others);
  ::sched_setaffinity(0, sizeof others, &others);
  ::kill(init, SIGCONT);
  EXPECT_NO_THROW({
    while (!run->finished()) supervisor.loop.run_once();
  });
  ::sched_setaffinity(0, sizeof all, &all);
  EXPECT_TRUE(summary_of(run->take_result(nullptr)).starts_with("IE supervisor plan.toml"));
}

// However far the preparation comes before there is no room for one more.
TEST_F(CellFaults, without_room_for_descriptors_nothing_is_prepared_and_no_process_is_left) {
  const std::set<pid_t> before = children();
  rlimit all{};
  ::getrlimit(RLIMIT_NOFILE, &all);
  std::vector<bool> prepared;
  const rlim_t open = open_descriptors();
  for (const rlim_t most : {rlim_t{3}, open, open + 2, open + 4, open + 6, open + 8, open + 10, open + 14, open + 64}) {
    pool::CellPool pool(supervisor_.loop, supervisor_.groups, supervisor_.host, 1, &supervisor_.fork_server);
    const auto output = [&] {
      const std::unique_ptr<supervise::Run> run = pool.start(plan_);
      while (!run->finished()) supervisor_.loop.run_once();
      return run->take_result(nullptr).output.kept;
    };
    EXPECT_EQ(output(), "right\n");
    rlimit little = all;
    little.rlim_cur = most;
    ::setrlimit(RLIMIT_NOFILE, &little);
    prepared.push_back(pool.prepare());
    ::setrlimit(RLIMIT_NOFILE, &all);
    EXPECT_TRUE(prepared.back() || children() == before) << most;
    EXPECT_EQ(output(), "right\n") << most;
  }
  EXPECT_FALSE(prepared.front());
  EXPECT_TRUE(prepared.back());
  EXPECT_EQ(children(), before);
}

TEST(cell_faults, a_pool_that_goes_with_runs_that_wait_leaves_nothing) {
  Supervisor outer;
  const Plan plan = plan_of(cell_plan({"say", "x"}));
  outer.run_cold(plan);
  const std::set<pid_t> before = children();
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    pool::CellPool pool(outer.loop, outer.groups, outer.host, 3, &outer.fork_server);
    for (auto run = pool.start(plan); !run->finished();) outer.loop.run_once();
    // Some of them ready, some of them just cloned.
    for (int count = 0; count < 3; ++count) EXPECT_TRUE(pool.prepare());
    if (i % 2 == 0) outer.loop.run_once();
    EXPECT_GE(children().size(), before.size() + 6);
  }
  EXPECT_EQ(children(), before);
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(groups_of(::getpid()), std::vector<std::string>());
}

TEST(cell_faults, a_thousand_runs_leave_no_descriptor_process_or_memory) {
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"daemon", "60", "say", "x"}, "limits.cpus = \"any\"\n"));
  supervisor.run_warm(plan);
  supervisor.make_ready();
  const std::size_t processes = children().size();
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(supervisor.run(plan).output(), "x\n");
    supervisor.make_ready();
  }
  EXPECT_LE(children().size(), processes + 1) << "one cell more, since one runs while one waits";
  EXPECT_LE(open_descriptors(), descriptors + 8);
}

TEST(cell_faults, what_a_large_job_took_of_the_shared_memory_is_given_back) {
  Supervisor supervisor;
  const Plan small = plan_of(cell_plan({"say", "x"}));
  Plan large = small;
  large.job.files.push_back({.path = "a", .source = std::string(8 << 20, 'x'), .mode = 0644, .position = {}});
  const std::uint64_t before = shared_kib();
  EXPECT_NE(supervisor.run_warm(large).cell, nullptr);
  EXPECT_GT(shared_kib(), before + (6 << 10)) << "it was told through it";
  for (int i = 0; i < 3; ++i) {
    supervisor.make_ready();
    EXPECT_NE(supervisor.run(small).cell, nullptr);
  }
  EXPECT_LT(shared_kib(), before + (2 << 10));
}

std::string jobs_of(std::size_t count, const std::vector<std::string>& words) {
  nlohmann::json argv = {"/opt/probe"};
  for (const std::string& word : words) argv.push_back(word);
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines += nlohmann::json({{"id", std::to_string(i)}, {"argv", argv}}).dump() + "\n";
  }
  return lines;
}

TEST(cell_faults, killing_the_supervisor_of_waiting_and_running_cells_leaves_nothing_within_a_second) {
  const TemporaryFolder folder;
  const std::string marker = new_marker();
  const std::string plan = folder.write(marker + ".toml", cell_plan({"exit", "0"})).string();
  const std::string jobs =
      folder.write("jobs", jobs_of(4, {"exit", "0"}) + jobs_of(8, {"sleep", "60", "then", "say", marker})).string();
  const std::set<std::string> mounts_before = mounts();
  StartedCommand batch({evalrun().string(), "batch", "--plan", plan, "--jobs", "2", jobs}, folder.path());
  const auto programs = [&] {
    return std::ranges::count_if(processes_with(marker),
                                 [](const std::string& line) { return line.find("/opt/probe") != line.npos; });
  };
  const auto end = Clock::now() + 20s;
  while (programs() < 2 && Clock::now() < end) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(50ms);
  // The supervisor and its janitor, two programs with their inits; with what waits, keepers, inits and targets.
  EXPECT_GE(processes_with(marker).size(), 8U);
  batch.kill_at_once();
  const Clearing clearing = wait_for_nothing(marker, batch.pid(), mounts_before, 5s);
  EXPECT_EQ(clearing.left, std::vector<std::string>());
}

TEST(cell_faults, killing_the_supervisor_at_any_moment_leaves_nothing_within_a_second) {
  const TemporaryFolder folder;
  const std::string marker = new_marker();
  const std::string plan = folder.write(marker + ".toml", cell_plan({"exit", "0"})).string();
  const std::string jobs = folder.write("jobs", jobs_of(5000, {"daemon", "60", "say", marker})).string();
  const std::set<std::string> mounts_before = mounts();
  for (int moment = 0; moment < 25; ++moment) {
    StartedCommand batch({evalrun().string(), "batch", "--plan", plan, "--jobs", "2", jobs}, folder.path());
    std::this_thread::sleep_for(moment * 2'300us);
    batch.kill_at_once();
    const Clearing clearing = wait_for_nothing(marker, batch.pid(), mounts_before, 5s);
    ASSERT_EQ(clearing.left, std::vector<std::string>()) << moment;
  }
}

// One second wall that a host may not give: without it, every run's result says so, wherever it ran.
TEST(cell_faults, a_second_wall_that_a_cell_lacks_is_in_the_result_of_each_of_its_runs) {
  if (run_command({"sh", "-c", "command -v strace"}).exit_code != 0) EVALRUN_SKIP("strace");
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", cell_plan({"exit", "0"})).string();
  std::vector<std::string> argv = {"strace",
                                   "-f",
                                   "-qq",
                                   "-o",
                                   "/dev/null",
                                   "-P",
                                   "/proc/sys/user/max_user_namespaces",
                                   "-e",
                                   "inject=openat:error=EROFS",
                                   evalrun().string(),
                                   "batch",
                                   "--plan",
                                   plan,
                                   "--jobs",
                                   "1"};
  // Only root of a user namespace above can read a path in a process that is not dumpable.
  if (::geteuid() != 0) argv.insert(argv.begin(), {"unshare", "-r"});
  const Finished batch = run_command(argv, jobs_of(6, {"exit", "0"}));
  std::istringstream lines(batch.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const nlohmann::json result = nlohmann::json::parse(line).at("result");
    EXPECT_EQ(result.at("verdict"), "OK") << line;
    EXPECT_NE(result.at("host").value("warnings", nlohmann::json()).dump().find("second wall missing: nesting"),
              std::string::npos)
        << line;
  }
  EXPECT_EQ(count, 6) << batch.error_output;
}

}  // namespace
}  // namespace evalrun::test
