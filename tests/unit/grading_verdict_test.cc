// Verdicts of cases, of a whole submission, and scores: pure functions, as tables.
#include <gtest/gtest.h>

#include <csignal>

#include "runtime/judge/score.h"

namespace evalrun::judge {
namespace {

using namespace supervise;

constexpr auto AC = Verdict::Ac;
constexpr auto WA = Verdict::Wa;
constexpr auto TLE = Verdict::Tle;
constexpr auto RE = Verdict::Re;
constexpr auto SV = Verdict::Sv;
constexpr auto IE = Verdict::Ie;
constexpr std::nullopt_t kNotRun = std::nullopt;

TEST(CaseVerdict, the_checker_is_asked_only_where_the_program_ended_well) {
  const struct {
    Outcome outcome;
    Verdict accepted, refused;
  } rows[] = {
      {Exited{0}, AC, WA},
      {Exited{1}, RE, RE},
      {Signaled{SIGSEGV}, RE, RE},
      {NotStarted{"execve", "/work/main", ENOENT}, RE, RE},
      {LimitHit{Limit::Cpu}, TLE, TLE},
      {LimitHit{Limit::Wall}, TLE, TLE},
      {LimitHit{Limit::Idle}, TLE, TLE},
      {LimitHit{Limit::Memory}, Verdict::Mle, Verdict::Mle},
      {LimitHit{Limit::Output}, Verdict::Ole, Verdict::Ole},
      {LimitHit{Limit::FileSize}, Verdict::Ole, Verdict::Ole},
      {Violation{"ptrace"}, SV, SV},
      {SandboxFault{"spawn", "clone3", "", EAGAIN, true}, IE, IE},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(verdict_of_case(row.outcome, {true, ""}), row.accepted) << row.outcome.index();
    EXPECT_EQ(verdict_of_case(row.outcome, {false, "line 1"}), row.refused) << row.outcome.index();
  }
}

TEST(CompileVerdict, whatever_the_compiler_does_is_ce_and_our_own_fault_is_not) {
  EXPECT_EQ(verdict_of_compile(Exited{0}), Verdict::Ok);
  for (const Outcome& outcome : {Outcome(Exited{1}), Outcome(Signaled{SIGSEGV}), Outcome(LimitHit{Limit::Cpu}),
                                 Outcome(LimitHit{Limit::Memory}), Outcome(Violation{}), Outcome(NotStarted{})}) {
    EXPECT_EQ(verdict_of_compile(outcome), Verdict::Ce) << outcome.index();
  }
  EXPECT_EQ(verdict_of_compile(SandboxFault{}), IE);
  EXPECT_EQ(verdict_of_compile(Cancelled{}), Verdict::Cancelled);
}

TEST(OverallVerdict, is_that_of_the_first_case_that_is_not_accepted) {
  const struct {
    std::vector<std::optional<Verdict>> cases;
    Verdict overall;
  } rows[] = {
      {{AC}, AC},
      {{AC, AC, AC}, AC},
      {{AC, WA, TLE}, WA},
      {{TLE, WA, AC}, TLE},
      {{AC, SV, WA}, SV},
      {{WA, RE, IE}, IE},
      {{IE, WA}, IE},
      {{AC, WA, kNotRun, kNotRun}, WA},
      {{AC, kNotRun}, Verdict::Cancelled},
      {{kNotRun}, Verdict::Cancelled},
  };
  for (const auto& row : rows) {
    std::vector<ScoredCase> cases;
    for (const auto& verdict : row.cases) cases.push_back({verdict, 1, ""});
    EXPECT_EQ(verdict_of_all(cases), row.overall);
  }
}

TEST(Score, a_group_earns_together_and_the_empty_group_case_by_case) {
  const struct {
    std::vector<ScoredCase> cases;
    std::vector<double> earned;
  } rows[] = {
      {{{AC, 1, ""}, {WA, 2, ""}, {AC, 4, ""}}, {1, 0, 4}},
      {{{AC, 1, "a"}, {AC, 2, "a"}, {WA, 4, "b"}, {AC, 8, "b"}}, {1, 2, 0, 0}},
      {{{AC, 1, "a"}, {AC, 2, "b"}, {TLE, 4, "a"}, {AC, 8, ""}}, {0, 2, 0, 8}},
      {{{AC, 1, "a"}, {kNotRun, 2, "a"}, {kNotRun, 4, ""}}, {0, 0, 0}},
      {{{IE, 1, ""}, {AC, 0, ""}}, {0, 0}},
      // A part of the points, accepted or not; of a group that failed nothing.
      {{{WA, 4, "", 0.75}, {AC, 2, "", 0.5}, {AC, 2, "", 1.0}}, {3, 1, 2}},
      {{{WA, 4, "a", 0.75}, {AC, 2, "a"}}, {0, 0}},
      {{{AC, 4, "a", 0.25}, {AC, 2, "a"}}, {1, 2}},
  };
  for (const auto& row : rows) EXPECT_EQ(points_earned(row.cases), row.earned);
}

}  // namespace
}  // namespace evalrun::judge
