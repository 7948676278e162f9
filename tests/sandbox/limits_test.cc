// Every limit of a plan, at it, below and above; the figure beside a program whose cost is known.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

std::string limit_of(const PlanRun& run) {
  return run.kind() == "limit" ? run.result.at("outcome").at("limit").get<std::string>() : run.command.output;
}

TEST(limits, cpu_ends_a_program_that_burns_and_spares_one_that_does_not) {
  const PlanRun over = run_plan(probe_plan("probe", {"burn", "5"}, "limits.cpu = \"300ms\"\n"));
  EXPECT_EQ(limit_of(over), "cpu");
  EXPECT_EQ(over.verdict(), "TLE");
  EXPECT_EQ(over.command.exit_code, 1);
  EXPECT_GE(over.result.at("cpu").at("total_us"), 290'000);
  const PlanRun under = run_plan(probe_plan("probe", {"burn", "0.2"}, "limits.cpu = \"1s\"\n"));
  EXPECT_EQ(under.verdict(), "OK") << under.command.output;
}

TEST(limits, cpu_counts_the_whole_tree) {
  const PlanRun run = run_plan(probe_plan("probe", {"orphan-burn", "5", "orphan-burn", "5", "sleep", "60"},
                                          "limits.cpu = \"400ms\"\nlimits.wall = \"70s\"\n"));
  EXPECT_EQ(limit_of(run), "cpu");
  // Ended there, not only told of in the end: each orphan alone may have two seconds (RLIMIT_CPU).
  EXPECT_LT(run.result.at("cpu").at("total_us"), 2'000'000);
}

TEST(limits, wall_ends_a_program_that_sleeps) {
  const PlanRun over = run_plan(probe_plan("probe", {"sleep", "60"}, "limits.wall = \"300ms\"\n"));
  EXPECT_EQ(limit_of(over), "wall");
  EXPECT_EQ(over.verdict(), "TLE");
  EXPECT_GE(over.result.at("wall_us"), 300'000);
  EXPECT_LT(over.result.at("wall_us"), 30'000'000) << "ended there, not told of when the program had slept enough";
  const PlanRun under = run_plan(probe_plan("probe", {"sleep", "0.2"}, "limits.wall = \"5s\"\n"));
  EXPECT_EQ(under.verdict(), "OK");
}

TEST(limits, a_stopped_program_meets_the_wall) {
  const PlanRun run = run_plan(probe_plan("probe", {"raise", "19"}, "limits.wall = \"300ms\"\n"));
  EXPECT_EQ(limit_of(run), "wall");
}

TEST(limits, a_program_that_ignores_sigterm_is_killed) {
  const PlanRun run =
      run_plan(probe_plan("probe", {"ignore", "15", "ignore", "24", "burn", "9"}, "limits.cpu = \"200ms\"\n"));
  EXPECT_EQ(limit_of(run), "cpu");
}

TEST(limits, idle_ends_a_program_that_waits_and_spares_one_that_works) {
  const PlanRun idle =
      run_plan(probe_plan("probe", {"sleep", "60"}, "limits.idle = \"300ms\"\nlimits.wall = \"20s\"\n"));
  EXPECT_EQ(limit_of(idle), "idle");
  const PlanRun busy = run_plan(probe_plan("probe", {"burn", "0.8"}, "limits.idle = \"400ms\"\n"));
  EXPECT_EQ(busy.verdict(), "OK") << busy.command.output;
}

TEST(limits, memory_ends_a_program_that_touches_more) {
  const PlanRun over = run_plan(probe_plan("probe", {"touch", "200", "sleep", "5"}, "limits.memory = \"64MiB\"\n"));
  EXPECT_EQ(limit_of(over), "memory");
  EXPECT_EQ(over.verdict(), "MLE");
  const PlanRun under = run_plan(probe_plan("probe", {"touch", "40", "sleep", "0.1"}, "limits.memory = \"64MiB\"\n"));
  EXPECT_EQ(under.verdict(), "OK") << under.command.output;
  EXPECT_GE(under.result.at("memory").at("peak_bytes"), 40 << 20);
  EXPECT_LE(under.result.at("memory").at("peak_bytes"), 44 << 20);
}

TEST(limits, output_delivers_all_bytes_up_to_the_limit_and_counts_the_rest) {
  const PlanRun at = run_plan(probe_plan("probe", {"write", "100000"}, "limits.output = \"100000B\"\n"));
  EXPECT_EQ(at.verdict(), "OK") << at.command.output;
  EXPECT_EQ(at.output().size(), 100'000U);
  EXPECT_EQ(at.result.at("stdout").at("truncated"), false);
  const PlanRun over = run_plan(probe_plan("probe", {"write", "100001"}, "limits.output = \"100000B\"\n"));
  EXPECT_EQ(limit_of(over), "output");
  EXPECT_EQ(over.verdict(), "OLE");
  EXPECT_EQ(over.output().size(), 100'000U);
  EXPECT_EQ(over.result.at("stdout").at("bytes"), 100'001);
  EXPECT_EQ(over.result.at("stdout").at("truncated"), true);
}

TEST(limits, output_of_both_streams_counts_together_or_apart) {
  const PlanRun together = run_plan(
      probe_plan("probe", {"write", "600", "write-error", "600", "sleep", "1"}, "limits.output = \"1000B\"\n"));
  EXPECT_EQ(limit_of(together), "output");
  EXPECT_EQ(together.output().size() + together.error_output().size(), 1000U);
  const PlanRun apart = run_plan(probe_plan("probe", {"write", "600", "write-error", "600"},
                                            "limits.output = { stdout = \"1000B\", stderr = \"1000B\" }\n"));
  EXPECT_EQ(apart.verdict(), "OK") << apart.command.output;
}

TEST(limits, processes_counts_processes_and_threads_but_not_init) {
  const PlanRun run = run_plan(probe_plan("probe", {"fork", "20"}, "limits.processes = 8\n"));
  EXPECT_EQ(run.output(), "forked 7 then EAGAIN\n") << run.command.output;
  const PlanRun threads = run_plan(probe_plan("probe", {"thread", "20"}, "limits.processes = 8\n"));
  EXPECT_EQ(threads.output(), "threads 7 EAGAIN\n");
  const PlanRun within = run_plan(probe_plan("probe", {"fork", "7"}, "limits.processes = 8\n"));
  EXPECT_EQ(within.output(), "forked 7\n");
}

TEST(limits, open_files_counts_the_standard_streams) {
  const PlanRun run = run_plan(probe_plan("probe", {"open-many", "/dev/null", "100"}, "limits.open_files = 20\n"));
  EXPECT_EQ(run.output(), "opened 17 EMFILE\n");
}

TEST(limits, file_size_ends_the_program_that_writes_more) {
  const PlanRun over = run_plan(probe_plan("probe", {"fill", "/work/f", "65537"}, "limits.file_size = \"64KiB\"\n"));
  EXPECT_EQ(limit_of(over), "file_size");
  EXPECT_EQ(over.verdict(), "OLE");
  const PlanRun at = run_plan(probe_plan("probe", {"fill", "/work/f", "65536"}, "limits.file_size = \"64KiB\"\n"));
  EXPECT_EQ(at.output(), "filled 65536 OK\n");
}

TEST(limits, workspace_bounds_work_tmp_and_shm_together_to_the_byte) {
  for (const std::string folder : {"/work", "/tmp", "/dev/shm"}) {
    const PlanRun run = run_plan(mounted_probe_plan(
        "probe", {"fill", "/tmp/a", "1048576", "fill", folder + "/b", "9999999"}, "limits.workspace = \"4MiB\"\n"));
    EXPECT_EQ(run.output(), "filled 1048576 OK\nfilled 3145728 ENOSPC\n") << folder << run.command.output;
  }
}

TEST(limits, inodes_bounds_the_number_of_files_in_all_three) {
  const PlanRun run =
      run_plan(mounted_probe_plan("probe", {"files", "/tmp", "60", "files", "/work", "100"}, "limits.inodes = 100\n"));
  EXPECT_EQ(run.output(), "made 60 OK\nmade 40 ENOSPC\n") << run.command.output;
}

TEST(limits, a_mount_whose_source_is_absent_gives_the_program_no_inode_more) {
  const TemporaryFolder folder;
  folder.write("image.toml",
               "name = \"image\"\ndescription = \"A source that no host has\"\n"
               "[[mount]]\nbind = \"/nonexistent/source\"\nat = \"/absent\"\noptional = true\n");
  const PlanRun run = run_plan_in(
      folder, mounted_probe_plan("probe", {"files", "/tmp", "200"}, "image = \"./image.toml\"\nlimits.inodes = 100\n"));
  EXPECT_EQ(run.output(), "made 100 ENOSPC\n") << run.command.output << run.command.error_output;
}

TEST(limits, stack_and_the_fixed_rlimits_are_set) {
  const auto limit = [](int resource) { return std::to_string(resource); };
  const PlanRun run = run_plan(probe_plan("probe",
                                          {"limit", limit(RLIMIT_STACK), "limit", limit(RLIMIT_CORE), "limit",
                                           limit(RLIMIT_MSGQUEUE), "limit", limit(RLIMIT_RTPRIO)},
                                          "limits.stack = \"16MiB\"\n"));
  EXPECT_EQ(run.output(), "limit 3 16777216 16777216\nlimit 4 1 1\nlimit 12 0 0\nlimit 14 0 0\n");
}

TEST(limits, cpus_pins_to_cores_or_does_not) {
  const PlanRun any = run_plan(probe_plan("probe", {"cpus"}, "limits.cpus = \"any\"\n"));
  const PlanRun list = run_plan(probe_plan("probe", {"cpus"}, "limits.cpus = [0]\n"));
  EXPECT_EQ(list.output(), "cpus 1\n") << list.command.output << list.command.error_output;
  EXPECT_TRUE(any.output().starts_with("cpus "));
  const PlanRun none = run_plan(probe_plan("probe", {"cpus"}, "limits.cpus = [4095]\n"));
  EXPECT_EQ(none.command.exit_code, 2);
}

TEST(limits, an_orphan_that_burns_until_the_end_is_counted) {
  const PlanRun run = run_plan(
      probe_plan("probe", {"orphan-burn", "9", "sleep", "0.5"}, "limits.cpu = \"5s\"\nlimits.cpus = \"any\"\n"));
  EXPECT_EQ(run.verdict(), "OK") << run.command.output;
  // It had half a second, on a machine that other tests use too; without the count the figure is a few milliseconds.
  EXPECT_GE(run.result.at("cpu").at("total_us"), 100'000) << run.command.output;
}

}  // namespace
}  // namespace evalrun::test
