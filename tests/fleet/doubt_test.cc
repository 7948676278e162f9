// Which verdicts about time another host is asked about.
#include "runtime/fleet/doubt.h"

#include <gtest/gtest.h>

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using supervise::RunResult;

constexpr host::Noise::Kind kSteal = host::Noise::Kind::Steal;

RunResult stopped(supervise::Limit limit, Duration allowed, Duration reached, bool is_noisy) {
  RunResult run;
  run.outcome = supervise::LimitHit{.limit = limit, .reach = {allowed, reached}};
  if (is_noisy) run.noise.push_back({kSteal, "the hypervisor"});
  return run;
}

bool is_doubted(RunResult run) {
  const judge::TaskEnd end = std::move(run);
  return fleet::doubtful_run(end) != nullptr;
}

TEST(Doubt, is_for_a_limit_of_time_within_a_tenth_on_a_noisy_host) {
  EXPECT_TRUE(is_doubted(stopped(supervise::Limit::Cpu, 1s, 1s, true)));
  EXPECT_TRUE(is_doubted(stopped(supervise::Limit::Wall, 1s, 1100ms, true)));
  EXPECT_FALSE(is_doubted(stopped(supervise::Limit::Cpu, 1s, 1101ms, true)));
  EXPECT_FALSE(is_doubted(stopped(supervise::Limit::Cpu, 1s, 1s, false)));
  EXPECT_FALSE(is_doubted(stopped(supervise::Limit::Memory, 1s, 1s, true)));
  RunResult well;
  well.outcome = supervise::Exited{0};
  well.noise.push_back({kSteal, "the hypervisor"});
  EXPECT_FALSE(is_doubted(std::move(well)));
}

TEST(Doubt, of_a_grading_is_for_the_case_that_decided) {
  judge::Grade grade;
  grade.verdict = judge::Verdict::Tle;
  grade.cases.resize(3);
  grade.cases[0].verdict = judge::Verdict::Ac;
  grade.cases[1].verdict = judge::Verdict::Tle;
  grade.cases[1].run = stopped(supervise::Limit::Cpu, 1s, 1s, true);
  grade.cases[2].verdict = judge::Verdict::Tle;
  const auto doubted = [](const judge::Grade& one) {
    const judge::TaskEnd end = one;
    const RunResult* run = fleet::doubtful_run(end);
    return run == nullptr ? -1 : static_cast<int>(run->noise.size());
  };
  EXPECT_EQ(doubted(grade), 1);
  grade.cases[1].run.noise.clear();
  EXPECT_EQ(doubted(grade), -1);
  grade.cases[1].run.noise.push_back({kSteal, "x"});
  // A program that ends by itself, but after the task's limit.
  grade.cases[1].run.outcome = supervise::Exited{0};
  EXPECT_EQ(doubted(grade), 1);
  grade.verdict = judge::Verdict::Wa;
  EXPECT_EQ(doubted(grade), -1);
}

}  // namespace
}  // namespace evalrun::test
