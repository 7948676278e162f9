// Figures against programs whose cost is known: as control groups count them, and as sampling and init's accounts do
// without.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

#include "tests/support/command.h"
#include "tests/support/in_process.h"

namespace evalrun::test {
namespace {

using supervise::Exited;
using supervise::RunResult;

constexpr double kMebibyte = 1 << 20;

RunResult run_burner(BackEnd back_end, const std::vector<std::string>& words, const std::string& more = "") {
  return run_in_process(back_end,
                        mounted_probe_plan("probe", words,
                                           "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\nlimits.processes = 64\n"
                                           "limits.stack = \"128MiB\"\nlimits.workspace = \"128MiB\"\n" +
                                               more));
}

bool ended_well(const RunResult& run) {
  const auto* exited = std::get_if<Exited>(&run.outcome);
  return exited != nullptr && exited->code == 0;
}

double total_us(const RunResult& run) {
  return static_cast<double>(to_microseconds(run.cpu.total()));
}

double peak_mebibytes(const RunResult& run) {
  return static_cast<double>(run.memory.peak.count) / kMebibyte;
}

// The number behind the last "WORD " of the output.
double last_said(const RunResult& run, const std::string& word) {
  const auto at = run.output.kept.rfind(word + " ");
  return at == std::string::npos ? 0 : std::stod(run.output.kept.substr(at + word.size() + 1));
}

// Whether a figure's source is of the kind that this back end has.
testing::AssertionResult is_source_of(BackEnd back_end, const std::string& source) {
  const bool by_group = source.starts_with("cgroup ");
  const bool should_be = back_end != BackEnd::Sampling;
  return by_group == should_be ? testing::AssertionSuccess() : testing::AssertionFailure() << source;
}

#define EVALRUN_NEEDS(back_end) \
  if (!has(back_end)) EVALRUN_SKIP(name_of(back_end) + " that this user may make")

// --- CPU time ---

struct Burner {
  std::string name;
  std::vector<std::string> words;
  std::vector<std::string> burning_nothing;  // the same processes and threads
};

class Burners : public testing::TestWithParam<std::tuple<BackEnd, Burner>> {};

// What a program that burns nothing costs beyond what it says that it used: the last steps of the set-up, processes
// that start and end. It is some milliseconds at most here, and tens of them where the processor is emulated
// (tests/kernels).
double overhead_us(BackEnd back_end, const std::vector<std::string>& burning_nothing, const std::string& said) {
  const RunResult run = run_burner(back_end, burning_nothing);
  EXPECT_TRUE(ended_well(run)) << run.error_output.kept;
  const double overhead = total_us(run) - last_said(run, said);
  EXPECT_LT(std::abs(overhead), 1e5);
  return overhead;
}

// How far evalrun and a program's own account are apart. A reading out of bounds is taken twice more and the median
// counts: where others load the machine, the program that burns nothing, which is subtracted, is itself off at times.
double settled(double bound, const std::function<double()>& reading) {
  std::vector<double> readings{reading()};
  if (std::abs(readings[0]) <= bound) return readings[0];
  while (readings.size() < 3) readings.push_back(reading());
  std::ranges::sort(readings);
  return readings[1];
}

// One second of CPU time each; "used" is the program's own account of it at its end.
TEST_P(Burners, one_second_of_cpu_time_is_measured_within_two_percent) {
  const auto& [back_end, burner] = GetParam();
  EVALRUN_NEEDS(back_end);
  const auto then_used = [](std::vector<std::string> words) {
    words.insert(words.end(), {"then", "used"});
    return words;
  };
  constexpr double kBound = 2e4;
  const double error = settled(kBound, [&, back_end = back_end, &burner = burner] {
    const RunResult run = run_burner(back_end, then_used(burner.words));
    EXPECT_TRUE(ended_well(run)) << run.error_output.kept;
    EXPECT_TRUE(is_source_of(back_end, run.cpu.source));
    const double used = last_said(run, "used");
    EXPECT_GE(used, 0.98e6);
    return total_us(run) - overhead_us(back_end, then_used(burner.burning_nothing), "used") - used;
  });
  EXPECT_NEAR(error, 0, kBound);
}

INSTANTIATE_TEST_SUITE_P(
    accounting, Burners,
    testing::Combine(
        testing::Values(BackEnd::Groups, BackEnd::Cpuacct, BackEnd::Sampling),
        testing::Values(Burner{"one_process", {"burn", "1"}, {"burn", "0"}},
                        Burner{"eight_threads", {"burn-threads", "8", "0.125"}, {"burn-threads", "8", "0"}},
                        Burner{"fifty_short_children", {"burn-children", "50", "0.02"}, {"burn-children", "50", "0"}})),
    [](const auto& test) { return name_of(std::get<0>(test.param)) + "_" + std::get<1>(test.param).name; });

class BackEnds : public testing::TestWithParam<BackEnd> {};

// With SIGCHLD ignored no process ever has the children's time: a group counts them all, or whoever traces them.
TEST_P(BackEnds, children_that_nobody_waits_for_are_counted) {
  EVALRUN_NEEDS(GetParam());
  const auto burn = [&] {
    RunResult run = run_burner(GetParam(), {"ignore", "17", "burn-children", "4", "0.25"});
    EXPECT_TRUE(ended_well(run)) << run.error_output.kept;
    return run;
  };
  constexpr double kBound = 2e4;
  const double error = settled(kBound, [&] {
    const RunResult run = burn();
    EXPECT_TRUE(is_source_of(GetParam(), run.cpu.source));
    return total_us(run) - overhead_us(GetParam(), {"ignore", "17", "burn-children", "4", "0"}, "nothing") - 1e6;
  });
  EXPECT_NEAR(error, 0, kBound);
}

// It burns on when the main program has ended, until it is killed, and says each millisecond what it has used.
TEST_P(BackEnds, an_orphan_at_teardown_is_counted_to_its_end) {
  EVALRUN_NEEDS(GetParam());
  constexpr double kBound = 2e4;
  const double error = settled(kBound, [&] {
    const RunResult run = run_burner(GetParam(), {"burning-orphan", "1"});
    EXPECT_TRUE(ended_well(run)) << run.error_output.kept;
    EXPECT_TRUE(is_source_of(GetParam(), run.cpu.source));
    const double burnt = last_said(run, "burnt");
    EXPECT_GE(burnt, 0.98e6);
    return total_us(run) - overhead_us(GetParam(), {"burning-orphan", "0"}, "burnt") - burnt;
  });
  EXPECT_NEAR(error, 0, kBound);
}

TEST_P(BackEnds, user_and_system_time_are_told_apart_and_make_the_sum) {
  EVALRUN_NEEDS(GetParam());
  const RunResult run = run_burner(GetParam(), {"burn", "0.3", "then", "list-often", "/work", "0.3"});
  ASSERT_TRUE(ended_well(run)) << run.error_output.kept;
  EXPECT_GE(to_microseconds(run.cpu.user), 200'000);
  EXPECT_GE(to_microseconds(run.cpu.system), 100'000);
}

INSTANTIATE_TEST_SUITE_P(accounting, BackEnds, testing::Values(BackEnd::Groups, BackEnd::Cpuacct, BackEnd::Sampling),
                         [](const auto& test) { return name_of(test.param); });

// --- memory ---

struct Toucher {
  std::string name;
  std::vector<std::string> words;
  std::string more;
};

const std::vector<Toucher>& touchers() {
  static const std::vector<Toucher> all = {
      {"private_pages", {"touch", "64"}, ""},
      {"shared_anonymous_pages", {"touch-shared", "64"}, ""},
      // Without a group a file in memory is charged with limits.file_size, which is as much.
      {"memfd", {"touch-memfd", "64"}, "seccomp.allow = [\"memfd_create\"]\n"},
      {"growing_stack", {"touch-stack", "64"}, ""},
  };
  return all;
}

class Touchers : public testing::TestWithParam<std::tuple<BackEnd, Toucher>> {};

TEST_P(Touchers, sixty_four_mebibytes_are_the_peak_within_two) {
  const auto& [back_end, toucher] = GetParam();
  EVALRUN_NEEDS(back_end);
  const RunResult run = run_burner(back_end, toucher.words, toucher.more);
  ASSERT_TRUE(ended_well(run)) << run.error_output.kept;
  EXPECT_EQ(run.output.kept.find(" E"), std::string::npos) << run.output.kept;
  EXPECT_NEAR(peak_mebibytes(run), 64, 2);
  EXPECT_TRUE(is_source_of(back_end, run.memory.source));
}

INSTANTIATE_TEST_SUITE_P(accounting, Touchers,
                         testing::Combine(testing::Values(BackEnd::Groups, BackEnd::Sampling),
                                          testing::ValuesIn(touchers())),
                         [](const auto& test) {
                           return name_of(std::get<0>(test.param)) + "_" + std::get<1>(test.param).name;
                         });

// What is written to a file in memory belongs to no process, and to the run all the same.
TEST(accounting, sixty_four_mebibytes_in_a_tmpfs_are_counted_with_and_without_a_group) {
  for (const BackEnd back_end : {BackEnd::Groups, BackEnd::Sampling}) {
    if (!has(back_end)) continue;
    const RunResult run = run_burner(back_end, {"fill", "/tmp/f", std::to_string(64 << 20)});
    ASSERT_EQ(run.output.kept, "filled 67108864 OK\n");
    EXPECT_NEAR(peak_mebibytes(run), 64, 2) << name_of(back_end);
  }
}

// shmget with IPC_CREAT and mode 0600: memory that would outlive its maker.
TEST(accounting, system_v_memory_is_denied_and_nothing_is_charged_for_it) {
  for (const BackEnd back_end : {BackEnd::Groups, BackEnd::Sampling}) {
    if (!has(back_end)) continue;
    const RunResult denied = run_burner(back_end, {"call", "shmget", "0", std::to_string(64 << 20), "01600"});
    EXPECT_EQ(denied.output.kept, "call shmget ENOSYS\n");
    EXPECT_LT(peak_mebibytes(denied), 8) << name_of(back_end);
    const RunResult twin = run_burner(back_end, {"touch-shared", "64"});
    EXPECT_NEAR(peak_mebibytes(twin), 64, 2) << name_of(back_end);
  }
}

TEST(accounting, a_program_over_its_memory_is_mle_with_the_kernels_own_word) {
  EVALRUN_NEEDS(BackEnd::Groups);
  const PlanRun run = run_plan(probe_plan("probe", {"touch", "200"}, "limits.memory = \"64MiB\"\n"));
  EXPECT_EQ(run.verdict(), "MLE") << run.command.output;
  EXPECT_EQ(run.result.at("memory").at("oom"), true);
  EXPECT_LE(run.result.at("memory").at("peak_bytes"), 64 << 20);
  EXPECT_EQ(run.result.at("outcome").at("allowed_bytes"), 64 << 20);
  EXPECT_EQ(run.result.at("outcome").at("reached_bytes"), run.result.at("memory").at("peak_bytes"));
}

// Where no group holds it, looking ends the run: the program would go on for a minute.
TEST(accounting, memory_over_its_limit_that_is_only_seen_ends_the_run_there) {
  const RunResult run = run_in_process(
      BackEnd::Sampling, probe_plan("probe", {"touch", "200", "sleep", "60"},
                                    "limits.memory = \"64MiB\"\nlimits.cpu = \"60s\"\nlimits.wall = \"70s\"\n"));
  const auto* hit = std::get_if<supervise::LimitHit>(&run.outcome);
  ASSERT_NE(hit, nullptr);
  EXPECT_EQ(hit->limit, supervise::Limit::Memory);
  EXPECT_LT(run.wall, std::chrono::seconds(30));
}

TEST(accounting, the_peak_of_processes_is_counted_without_init) {
  EVALRUN_NEEDS(BackEnd::Groups);
  const RunResult run = run_burner(BackEnd::Groups, {"fork", "6"});
  if (!run.processes.source.starts_with("cgroup ")) EVALRUN_SKIP("pids.peak (Linux 6.1x)");
  EXPECT_EQ(run.processes.peak, 7U);
}

}  // namespace
}  // namespace evalrun::test
