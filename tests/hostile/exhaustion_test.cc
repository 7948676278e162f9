// Threats 90 to 116: using things up. Memory is held by looking at it in this version, so every bomb here rests a
// moment after it has gone off; a bomb that ends at once is caught by what the kernel says of its largest process.

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

constexpr const char* kSmall = "limits.memory = \"96MiB\"\nlimits.cpu = \"20s\"\nlimits.wall = \"20s\"\n";

// Rows 90 and 91.
TEST(exhaustion, processes_and_threads_are_limited) {
  EXPECT_EQ(run_plan(probe_plan("probe", {"fork", "100"}, "limits.processes = 20\n")).output(),
            "forked 19 then EAGAIN\n");
  EXPECT_EQ(run_plan(probe_plan("probe", {"fork", "10"}, "limits.processes = 20\n")).output(), "forked 10\n");
  EXPECT_EQ(run_plan(probe_plan("probe", {"thread", "100"}, "limits.processes = 20\n")).output(),
            "threads 19 EAGAIN\n");
  EXPECT_EQ(run_hostile({"zombies", "100"}, "limits.processes = 20\n").output(), "zombies 19 EAGAIN\n");
}

TEST(exhaustion, a_fork_bomb_ends_at_the_wall_limit_and_all_of_it_dies) {
  const PlanRun run =
      run_hostile({"fork-for-ever"}, "limits.wall = \"500ms\"\nlimits.cpu = \"20s\"\nlimits.processes = 100\n");
  EXPECT_EQ(run.verdict(), "TLE") << shown(run);
  EXPECT_EQ(limit_of(run), "wall");
  EXPECT_LE(run.result.at("processes").at("peak"), 100);
}

// Row 92.
TEST(exhaustion, private_memory_above_the_limit_ends_the_run) {
  const PlanRun run = run_hostile({"touch-slowly", "200", "1"}, kSmall);
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
  EXPECT_EQ(run_hostile({"touch-slowly", "64", "0"}, kSmall).verdict(), "OK");
}

// What no look has seen is still in what the kernel says of the largest process.
TEST(exhaustion, a_peak_above_the_limit_that_ends_with_the_program_is_no_ok) {
  const PlanRun run = run_hostile({"touch", "16"}, "limits.memory = \"8MiB\"\n");
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
}

TEST(exhaustion, memory_in_a_child_that_a_thread_forked_is_seen) {
  const PlanRun run = run_hostile({"touch-in-child-of-thread", "200", "1"}, kSmall);
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
}

TEST(exhaustion, memory_of_a_process_whose_first_thread_has_ended_is_seen) {
  const PlanRun run = run_hostile({"touch-without-leader", "200", "1"}, kSmall);
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
}

TEST(exhaustion, memory_is_seen_however_slow_the_looks_are) {
  const PlanRun run = run_hostile({"slow-looks-then-touch", "20", "6000", "300", "sleep", "0.2"}, kSmall);
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
}

// Row 113.
TEST(exhaustion, page_tables_count_as_memory) {
  const PlanRun run = run_hostile({"read-sparsely", "50000", "1"}, kSmall);
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
}

// Row 93, as far as it can be seen without a cgroup: shared memory that is mapped.
TEST(exhaustion, shared_memory_counts_once_however_many_map_it) {
  const PlanRun run = run_hostile({"slow-looks-then-touch", "8", "1", "1", "sleep", "0.1"}, kSmall);
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
}

// Rows 94 and 95.
TEST(exhaustion, the_workspace_has_so_many_bytes_and_so_many_files) {
  const PlanRun bytes = run_plan(probe_plan("probe", {"fill", "/work/f", "67108864"}, "limits.workspace = \"4MiB\"\n"));
  EXPECT_TRUE(bytes.output().ends_with(" ENOSPC\n")) << shown(bytes);
  const PlanRun together = run_plan(probe_plan("probe", {"fill", "/tmp/f", "2000000", "fill", "/dev/shm/f", "67108864"},
                                               "limits.workspace = \"4MiB\"\n"));
  EXPECT_TRUE(together.output().starts_with("filled 2000000 OK\n")) << shown(together);
  EXPECT_TRUE(together.output().ends_with(" ENOSPC\n")) << shown(together);
  const PlanRun files = run_plan(probe_plan("probe", {"files", "/work", "100"}, "limits.inodes = 40\n"));
  EXPECT_EQ(files.output(), "made 39 ENOSPC\n") << shown(files);
  const PlanRun tmpfs =
      run_plan(probe_plan("probe", {"fill", "/s/f", "67108864"}, "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/s\"\n"));
  EXPECT_EQ(tmpfs.output(), "filled 1048576 ENOSPC\n") << shown(tmpfs);
}

// Row 98.
TEST(exhaustion, pipes_cannot_be_made_larger) {
  EXPECT_EQ(run_hostile({"pipe-size"}).output(), "pipe OK\nsetpipe EPERM\npacket mode OK\n");
}

// Row 99: what one process can leave in socket buffers, with 256 descriptors.
TEST(exhaustion, socket_buffers_hold_no_more_than_the_memory_limit) {
  const PlanRun run = run_hostile({"hoard-socket-buffers"}, "limits.memory = \"128MiB\"\n");
  const std::string said = run.output();
  const auto at = said.rfind("mebibytes ");
  ASSERT_NE(at, std::string::npos) << shown(run);
  EXPECT_LE(std::stol(said.substr(at + 10)), 128) << said;
}

// Row 100, on either stream and both: the result keeps what is allowed and says that it is not all.
TEST(exhaustion, a_flood_of_output_ends_at_the_limit) {
  for (const char* stream : {"stdout", "stderr", "both"}) {
    const PlanRun run = run_hostile({"flood", stream}, "limits.output = \"1MiB\"\n");
    EXPECT_EQ(run.verdict(), "OLE") << shown(run).substr(0, 2000);
    EXPECT_EQ(run.output().size() + run.error_output().size(), 1u << 20) << stream;
  }
}

// However small the limit and however busy the machine, it is the program's fault and not the sandbox's.
TEST(exhaustion, a_flood_that_begins_at_once_is_never_called_a_fault_of_the_sandbox) {
  std::vector<std::thread> crowd;
  for (int i = 0; i < 6; ++i) {
    crowd.emplace_back([] {
      for (int j = 0; j < 60; ++j) {
        const PlanRun run = run_hostile({"flood", "stdout"}, "limits.output = \"1B\"\nlimits.cpus = \"any\"\n");
        EXPECT_EQ(run.verdict(), "OLE") << shown(run);
      }
    });
  }
  for (std::thread& each : crowd) each.join();
}

// Row 101 and 102.
TEST(exhaustion, input_that_is_not_read_and_output_that_a_daemon_holds_block_nothing) {
  const TemporaryFolder folder;
  folder.write("1.in", std::string(8 << 20, 'x'));
  const PlanRun run =
      run_plan_in(folder, probe_plan("probe", {"daemon", "300", "say", "done"}, "stdin = { file = \"1.in\" }\n"));
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
  EXPECT_EQ(run.output(), "done\n");
  EXPECT_LT(run.result.at("wall_us"), 5'000'000);
}

// Rows 103 to 105.
TEST(exhaustion, a_program_that_sleeps_stops_itself_or_ignores_signals_is_ended) {
  const std::string wall = "limits.wall = \"300ms\"\n";
  for (const PlanRun& run :
       {run_hostile({"sleep", "300"}, wall), run_hostile({"stop-self"}, wall),
        run_plan(probe_plan("probe", {"ignore", "15", "ignore", "1", "ignore", "2", "sleep", "300"}, wall))}) {
    EXPECT_EQ(run.verdict(), "TLE") << shown(run);
    EXPECT_EQ(limit_of(run), "wall");
    EXPECT_LT(run.result.at("wall_us"), 1'500'000);
  }
  const PlanRun burning = run_plan(probe_plan("probe", {"ignore", "24", "burn", "300"}, "limits.cpu = \"200ms\"\n"));
  EXPECT_EQ(burning.verdict(), "TLE") << shown(burning);
  EXPECT_EQ(limit_of(burning), "cpu");
}

// Row 107.
TEST(exhaustion, thousands_of_orphans_are_reaped) {
  const PlanRun run = run_hostile({"pour-orphans", "2000"}, "limits.cpu = \"20s\"\nlimits.wall = \"20s\"\n");
  EXPECT_EQ(run.output(), "poured 2000\n") << shown(run);
}

// Reaping them is init's work, and no CPU time of the program's: neither in the figure nor before the limit.
TEST(exhaustion, what_reaping_orphans_costs_is_not_the_programs) {
  const PlanRun run = run_hostile({"pour-orphans", "100000000"}, "limits.cpu = \"1s\"\nlimits.wall = \"20s\"\n");
  EXPECT_EQ(run.verdict(), "TLE") << shown(run);
  EXPECT_EQ(run.result.at("outcome").at("limit"), "cpu") << shown(run);
  EXPECT_GE(run.result.at("outcome").at("reached_us"), 1'000'000) << shown(run);
}

// Row 108: the program is alone in its namespace.
TEST(exhaustion, killing_everything_kills_the_sandbox_alone) {
  const PlanRun run = run_hostile({"kill-all", "tell", "alive"});
  EXPECT_EQ(run.output(), "kill all ESRCH\nalive\n") << shown(run);
}

// Rows 109, 110, 112 and 115.
TEST(exhaustion, kernel_objects_of_all_kinds_are_limited) {
  EXPECT_EQ(run_hostile({"queue-signals", "100000"}).output(), "queued 256 EAGAIN\n");
  EXPECT_EQ(run_hostile({"queue-signals", "100"}).output(), "queued 100 OK\n");
  EXPECT_EQ(run_hostile({"timers", "100000"}).output(), "timers 256 EAGAIN\n");
  EXPECT_EQ(run_hostile({"lock-all"}).output(), "mlockall ENOMEM\n");
  EXPECT_EQ(run_hostile({"epolls", "1000"}).output(), "epolls 253 EMFILE\n");
  EXPECT_EQ(run_plan(probe_plan("probe", {"open-many", "/dev/null", "1000"})).output(), "opened 253 EMFILE\n");
  EXPECT_EQ(run_hostile({"execute-with", "7000000"}).output(), "execv E2BIG\n");
  EXPECT_EQ(run_hostile({"execute-with", "1000000"}).output(), "executed\n");
}

// Row 116. What is asked of RLIMIT_CORE has no effect in either direction: see core_dumps_test.
TEST(exhaustion, hard_limits_can_be_lowered_and_never_raised) {
  EXPECT_EQ(run_hostile({"raise-limits"}).output(),
            "raise NOFILE EPERM\nraise NPROC EPERM\nraise STACK EPERM\nraise CPU EPERM\n"
            "raise CORE OK\nraise FSIZE EPERM\nraise MEMLOCK EPERM\nlower NOFILE OK\n");
}

// Row 111.
TEST(exhaustion, a_crash_leaves_no_core) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan(probe_plan("probe", {"limit", "4", "say", "flushed", "abort"},
                                          "collect = [{ path = \"core\", optional = true }]\n"),
                               {"--save-to", folder.path().string()});
  EXPECT_EQ(run.output(), "limit 4 1 1\nflushed\n") << shown(run);
  EXPECT_EQ(run.verdict(), "RE");
  EXPECT_EQ(run.result.at("files").size(), 0u);
}

}  // namespace
}  // namespace evalrun::test
