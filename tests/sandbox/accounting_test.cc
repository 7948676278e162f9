// Figures against programs whose cost is known. What a control group counts is exact; where this user may make none,
// the result says so and these tests have nothing to check.

#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

PlanRun run_burner(const std::vector<std::string>& words) {
  return run_plan(probe_plan("probe", words, "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\nlimits.processes = 64\n"));
}

bool counted_by_a_group(const PlanRun& run, const char* figure) {
  return run.result.at(figure).at("source").get<std::string>().starts_with("cgroup ");
}

class Burners : public testing::TestWithParam<std::pair<const char*, std::vector<std::string>>> {};

// One second of CPU time each, by the program's own clocks.
TEST_P(Burners, one_second_of_cpu_time_is_measured_within_two_percent) {
  const PlanRun run = run_burner(GetParam().second);
  ASSERT_EQ(run.verdict(), "OK") << run.command.output;
  if (!counted_by_a_group(run, "cpu")) EVALRUN_SKIP("a control group that this user may make");
  EXPECT_NEAR(run.result.at("cpu").at("total_us").get<double>(), 1e6, 2e4) << run.command.output;
}

INSTANTIATE_TEST_SUITE_P(
    accounting, Burners,
    testing::Values(std::pair{"one_process", std::vector<std::string>{"burn", "1"}},
                    std::pair{"eight_threads", std::vector<std::string>{"burn-threads", "8", "0.125"}},
                    std::pair{"children_nobody_waits_for",
                              std::vector<std::string>{"ignore", "17", "burn-children", "4", "0.25"}}),
    [](const auto& burner) { return std::string(burner.param.first); });

// Making fifty processes costs time too, which the program sees in its own accounts once it has waited for them.
TEST(accounting, fifty_children_cost_what_the_program_itself_sees_within_two_percent) {
  const PlanRun run = run_burner({"burn-children", "50", "0.02", "used"});
  ASSERT_EQ(run.verdict(), "OK") << run.command.output;
  if (!counted_by_a_group(run, "cpu")) EVALRUN_SKIP("a control group that this user may make");
  const double used = std::stod(run.output().substr(5));
  EXPECT_GE(used, 1e6);
  EXPECT_NEAR(run.result.at("cpu").at("total_us").get<double>(), used, used * 0.02);
}

TEST(accounting, memory_touched_is_the_peak_within_two_mebibytes_however_it_was_had) {
  for (const char* verb : {"touch", "touch-shared", "touch-stack"}) {
    const PlanRun run = run_burner({verb, "48"});
    ASSERT_EQ(run.verdict(), "OK") << verb << run.command.output;
    if (!counted_by_a_group(run, "memory")) EVALRUN_SKIP("a control group that this user may make");
    EXPECT_NEAR(run.result.at("memory").at("peak_bytes").get<double>() / (1 << 20), 48, 2) << verb;
  }
  const PlanRun tmpfs = run_burner({"fill", "/tmp/f", std::to_string(48 << 20)});
  EXPECT_NEAR(tmpfs.result.at("memory").at("peak_bytes").get<double>() / (1 << 20), 48, 2) << tmpfs.command.output;
}

TEST(accounting, a_program_over_its_memory_is_mle_with_the_kernels_own_word) {
  const PlanRun run = run_plan(probe_plan("probe", {"touch", "200"}, "limits.memory = \"64MiB\"\n"));
  EXPECT_EQ(run.verdict(), "MLE") << run.command.output;
  if (!counted_by_a_group(run, "memory")) EVALRUN_SKIP("a control group that this user may make");
  EXPECT_EQ(run.result.at("memory").at("oom"), true);
  EXPECT_LE(run.result.at("memory").at("peak_bytes"), 64 << 20);
}

TEST(accounting, the_peak_of_processes_is_counted_without_init) {
  const PlanRun run = run_burner({"fork", "6"});
  if (!counted_by_a_group(run, "processes"))
    EVALRUN_SKIP("pids.peak (Linux 6.1x) in a control group that this user may make");
  EXPECT_EQ(run.result.at("processes").at("peak"), 7);
}

TEST(accounting, a_cpu_limit_is_passed_by_less_than_twenty_milliseconds) {
  const PlanRun run = run_plan(probe_plan("probe", {"burn", "5"}, "limits.cpu = \"300ms\"\n"));
  EXPECT_EQ(run.verdict(), "TLE");
  if (!counted_by_a_group(run, "cpu")) EVALRUN_SKIP("a control group that this user may make");
  EXPECT_LE(run.result.at("cpu").at("total_us"), 320'000) << run.command.output;
}

}  // namespace
}  // namespace evalrun::test
