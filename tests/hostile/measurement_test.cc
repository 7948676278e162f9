// Threats 117 to 127: hiding what was used, or how it ended. What a control group counts exactly is in
// tests/sandbox/accounting_test.cc.

#include <gtest/gtest.h>

#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

constexpr const char* kLong = "limits.cpu = \"20s\"\nlimits.wall = \"20s\"\n";

// Row 118.
TEST(measurement, what_orphans_burn_until_they_are_killed_is_counted) {
  const PlanRun run = run_hostile({"orphans", "2", "30", "sleep", "0.6"}, kLong);
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
  // Two processes share one core or have one each.
  EXPECT_GT(run.result.at("cpu").at("total_us"), 200'000) << shown(run);
  const PlanRun quiet = run_hostile({"sleep", "0.6"}, kLong);
  EXPECT_LT(quiet.result.at("cpu").at("total_us"), 100'000) << shown(quiet);
}

// Row 119.
TEST(measurement, the_cpu_limit_is_that_of_all_children_together) {
  const PlanRun run = run_hostile({"burn-in-turn", "10", "0.2"}, "limits.cpu = \"500ms\"\nlimits.wall = \"20s\"\n");
  EXPECT_EQ(run.verdict(), "TLE") << shown(run);
  EXPECT_EQ(limit_of(run), "cpu");
  EXPECT_EQ(run_hostile({"burn-in-turn", "2", "0.1"}, "limits.cpu = \"2s\"\nlimits.wall = \"20s\"\n").verdict(), "OK");
}

// Row 117 as far as looking goes: a child that nobody waits for.
TEST(measurement, cpu_time_that_looking_has_seen_is_not_forgotten) {
  const PlanRun run = run_hostile({"launder", "1", "1.5"}, "limits.cpu = \"500ms\"\nlimits.wall = \"20s\"\n");
  EXPECT_EQ(run.verdict(), "TLE") << shown(run);
  EXPECT_GE(run.result.at("cpu").at("total_us"), 400'000) << shown(run);
}

constexpr const char* kSmall = "limits.memory = \"64MiB\"\nlimits.cpu = \"20s\"\nlimits.wall = \"20s\"\n";

// Row 120: the child has ended, and been waited for, before anybody looks.
TEST(measurement, a_peak_in_a_child_that_has_ended_counts) {
  EXPECT_EQ(run_hostile({"touch-in-child-of-thread", "80", "0"}, kSmall).verdict(), "MLE");
  EXPECT_EQ(run_hostile({"touch-in-child-of-thread", "32", "0"}, kSmall).verdict(), "OK");
}

// Row 121: files in memory.
TEST(measurement, files_in_the_workspace_are_memory) {
  const PlanRun run = run_hostile({"fill-for-ever", "/work/f"},
                                  "limits.memory = \"32MiB\"\nlimits.workspace = \"48MiB\"\nlimits.wall = \"1s\"\n");
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
  EXPECT_GE(run.result.at("outcome").at("files_bytes"), 24 << 20) << shown(run);
  const PlanRun twin = run_hostile({"write", "/work/f", "16"}, "limits.memory = \"32MiB\"\n");
  EXPECT_EQ(twin.verdict(), "OK") << shown(twin);
}

// Row 122: the process that held the memory becomes a small one.
TEST(measurement, a_peak_is_not_shed_by_execve) {
  const PlanRun run = run_hostile({"touch", "80", "execute-with", "1"}, kSmall);
  EXPECT_EQ(run.verdict(), "MLE") << shown(run);
  const PlanRun twin = run_hostile({"touch", "32", "execute-with", "1"}, kSmall);
  EXPECT_EQ(twin.verdict(), "OK") << shown(twin);
  EXPECT_EQ(twin.output(), "executed\n");
}

// Row 123.
TEST(measurement, a_child_without_an_exit_signal_is_reaped_and_counted) {
  const PlanRun run = run_hostile({"silent-child", "0.3"}, kLong);
  EXPECT_EQ(run.output(), "wait OK\n") << shown(run);
  EXPECT_GT(run.result.at("cpu").at("total_us"), 250'000);
}

// Row 124: a program that was given one core has one.
TEST(measurement, a_pinned_program_stays_on_its_core) {
  const PlanRun run = run_hostile({"unpin"}, "limits.cpus = [0]\n");
  EXPECT_TRUE(run.output().ends_with("cpus 1\n")) << shown(run);
}

// Row 125: pid 1 cannot be signalled, in whatever way. The twin: itself.
TEST(measurement, no_signal_reaches_init) {
  const PlanRun run = run_hostile({"signal-init"});
  EXPECT_EQ(run.output(),
            "kill TERM EPERM\nkill KILL EPERM\nkill STOP EPERM\nkill CHLD EPERM\nkill ABRT EPERM\nqueue -1 EPERM\n"
            "queue 0 EPERM\nqueue 128 EPERM\nqueue 1 EPERM\npidfd_open OK\npidfd_send_signal EPERM\ntgkill EPERM\n"
            "twin OK\n")
      << shown(run);
  EXPECT_EQ(run.verdict(), "OK");
}

// Where Landlock has no scopes (before Linux 6.12) the signals arrive. Only the supervisor's SIGTERM ends a run: it has
// no number in the sandbox, and no program can say that of itself. What asks the kernel is answered by strace here. The
// program goes on for a while, so that init has time to do what it must not.
TEST(measurement, where_signals_reach_init_they_change_nothing) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", hostile_plan({"signal-init", "sleep", "0.3", "access", "/work"})).string();
  const Finished run = run_command({"strace", "-qq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e",
                                    "inject=landlock_create_ruleset:retval=5", evalrun().string(), "run", plan,
                                    "--format", "json", "--set", "require.landlock_scopes=if-available"});
  if (run.exit_code == 127) EVALRUN_SKIP("strace");
  const nlohmann::json result = nlohmann::json::parse(run.output, nullptr, false);
  ASSERT_TRUE(result.is_object()) << run.output << run.error_output;
  EXPECT_EQ(result.at("stdout").at("text"),
            "kill TERM OK\nkill KILL OK\nkill STOP OK\nkill CHLD OK\nkill ABRT OK\nqueue -1 OK\n"
            "queue 0 EPERM\nqueue 128 EPERM\nqueue 1 EPERM\npidfd_open OK\npidfd_send_signal OK\ntgkill OK\ntwin OK\n"
            "access /work OK\n");
  EXPECT_EQ(result.at("verdict"), "OK");
}

// Row 126.
TEST(measurement, an_exit_code_never_looks_like_a_signal) {
  const PlanRun coded = run_hostile({"exit", "139"});
  EXPECT_EQ(coded.kind(), "exited");
  EXPECT_EQ(coded.result.at("outcome").at("exit_code"), 139);
  const PlanRun killed = run_plan(probe_plan("probe", {"raise", "11"}));
  EXPECT_EQ(killed.kind(), "signaled");
  EXPECT_EQ(killed.result.at("outcome").at("name"), "SIGSEGV");
}

// Row 127.
TEST(measurement, a_program_that_aborts_is_reported_as_aborted) {
  const PlanRun run = run_plan(probe_plan("probe", {"abort"}));
  EXPECT_EQ(run.kind(), "signaled") << shown(run);
  EXPECT_EQ(run.result.at("outcome").at("name"), "SIGABRT");
}

// Names that a reader of /proc/PID/stat could trip over change no figure.
TEST(measurement, a_process_is_measured_whatever_it_calls_itself) {
  const PlanRun run = run_hostile({"rename-itself", "burn", "30"}, "limits.cpu = \"300ms\"\nlimits.wall = \"20s\"\n");
  EXPECT_EQ(limit_of(run), "cpu") << shown(run);
  const PlanRun memory = run_hostile({"rename-itself", "not-dumpable", "touch-slowly", "200", "2"},
                                     "limits.memory = \"96MiB\"\nlimits.cpu = \"20s\"\nlimits.wall = \"20s\"\n");
  EXPECT_EQ(memory.verdict(), "MLE") << shown(memory);
}

}  // namespace
}  // namespace evalrun::test
