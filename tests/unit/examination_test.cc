// From the record of tests, and the ends of two sandboxes, to a verdict.
#include "runtime/judge/examination.h"

#include <gtest/gtest.h>

namespace evalrun::judge {
namespace {

using supervise::Exited;
using supervise::Limit;
using supervise::LimitHit;
using supervise::SandboxFault;
using supervise::Signaled;

const std::string kBegin(kRecordBegin);

DialogueEnd ended(supervise::Outcome examiner, supervise::Outcome submission, EndedBy how = EndedBy::Dialogue) {
  DialogueEnd end;
  end.interactor.run.outcome = std::move(examiner);
  end.interactor.ended_by = EndedBy::Itself;
  end.submission.run.outcome = std::move(submission);
  end.submission.ended_by = how;
  return end;
}

Examination settle(const std::string& record, const DialogueEnd& end = ended(Exited{0}, Signaled{9})) {
  return settle_two_sided(read_record(record), end, Limits{}, Limits{});
}

TEST(record, is_read_line_by_line_and_is_complete_with_its_last_line_only) {
  const TestRecord all = read_record(kBegin + "test\tpassed\ta\t\ntest\tfailed\tb\\tc\tone\\ntwo \\\\n\nend\t2\n");
  EXPECT_TRUE(all.has_begun);
  EXPECT_TRUE(all.is_complete);
  const std::vector<TestLine> tests{{"a", TestStatus::Passed, ""}, {"b\tc", TestStatus::Failed, "one\ntwo \\n"}};
  EXPECT_EQ(all.tests, tests);
  EXPECT_FALSE(read_record(kBegin + "test\tpassed\ta\t\n").is_complete);
  EXPECT_FALSE(read_record(kBegin + "test\tpassed\ta\t\nend\t1").is_complete);
  EXPECT_FALSE(read_record("").has_begun);
  EXPECT_FALSE(read_record("test\tpassed\ta\t\nend\t1\n").has_begun);
}

TEST(record, that_has_a_line_of_another_kind_or_count_is_not_complete) {
  for (const char* rest : {"test\tpassed\ta\t\nend\t2\n", "end\tx\n", "end\t0 \n", "test\tgood\ta\t\nend\t1\n",
                           "hello\nend\t0\n", "end\t0\nend\t0\n", "end\t0\ntest\tpassed\ta\t\n", "\nend\t0\n",
                           "test\tpassed\ta\nend\t1\n", "end\n", "end\t00\n", "end\t0\ta\tb\n"}) {
    EXPECT_FALSE(read_record(kBegin + rest).is_complete) << rest;
  }
}

TEST(verdict_of_tests, is_accepted_only_where_a_complete_record_has_passed_tests_and_nothing_else) {
  EXPECT_EQ(settle(kBegin + "test\tpassed\ta\t\nend\t1\n").verdict, Verdict::Ac);
  EXPECT_EQ(settle(kBegin + "test\tpassed\ta\t\n").verdict, Verdict::Re);
  EXPECT_EQ(settle(kBegin + "end\t0\n").verdict, Verdict::Wa);
  EXPECT_EQ(settle(kBegin + "test\tskipped\ta\t\nend\t1\n").verdict, Verdict::Wa);
  EXPECT_EQ(settle(kBegin + "test\tpassed\ta\t\ntest\tskipped\tb\t\nend\t2\n").verdict, Verdict::Ac);
  for (const auto& [status, verdict] : {std::pair{"failed", Verdict::Wa},
                                        {"error", Verdict::Re},
                                        {"load", Verdict::Re},
                                        {"protocol", Verdict::Re},
                                        {"notrun", Verdict::Wa}}) {
    const std::string line = std::string("test\t") + status + "\tb\twhy\n";
    EXPECT_EQ(settle(kBegin + "test\tpassed\ta\t\n" + line + "end\t2\n").verdict, verdict) << status;
  }
}

TEST(verdict_of_tests, names_the_first_that_has_not_passed) {
  const Examination all =
      settle(kBegin + "test\tpassed\ta\t\ntest\tfailed\tb\t1 == 2\ntest\terror\tc\tValueError\nend\t3\n");
  EXPECT_EQ(all.message, "1 of 3 tests passed; b: 1 == 2");
}

TEST(verdict_of_tests, is_the_limits_where_the_submission_has_met_one_whatever_the_record_says) {
  const std::string passed = kBegin + "test\tpassed\ta\t\nend\t1\n";
  const LimitHit cpu{Limit::Cpu, {std::chrono::seconds(2), Duration{}}};
  EXPECT_EQ(settle(passed, ended(Exited{0}, cpu, EndedBy::Limit)).verdict, Verdict::Tle);
  const LimitHit output{Limit::Output, {1_MiB, 1_MiB}};
  EXPECT_EQ(settle(passed, ended(Exited{0}, output, EndedBy::Limit)).verdict, Verdict::Ole);
  EXPECT_EQ(settle(passed, ended(Exited{0}, supervise::Violation{}, EndedBy::Itself)).verdict, Verdict::Sv);
  EXPECT_EQ(settle(passed, ended(Exited{0}, Exited{0}, EndedBy::Itself)).verdict, Verdict::Ac);
}

TEST(verdict_of_tests, blames_the_submission_where_the_tests_do_not_come_to_their_end) {
  const std::string cut = kBegin + "test\tpassed\ta\t\n";
  const LimitHit cpu{Limit::Cpu, {std::chrono::seconds(60), Duration{}}};
  const LimitHit memory{Limit::Memory, {1_MiB, 1_MiB}};
  EXPECT_EQ(settle(cut, ended(cpu, Signaled{9})).verdict, Verdict::Tle);
  EXPECT_EQ(settle(cut, ended(memory, Signaled{9})).verdict, Verdict::Mle);
  EXPECT_EQ(settle(cut, ended(Signaled{11}, Signaled{9})).verdict, Verdict::Re);
  EXPECT_EQ(settle(cut + "end\t1\n", ended(Exited{1}, Signaled{9})).verdict, Verdict::Re);
}

TEST(verdict_of_tests, blames_the_tests_where_they_are_no_tests_or_do_not_begin) {
  EXPECT_EQ(settle(kBegin + "fault\tno Python\n", ended(Exited{70}, Exited{0})).fault, "no Python");
  EXPECT_FALSE(settle("", ended(Exited{127}, Exited{0})).fault.empty());
  EXPECT_EQ(settle("", ended(Exited{127}, Exited{0})).verdict, Verdict::Ie);
}

TEST(verdict_of_tests, of_a_sandbox_that_failed_is_the_sandboxs) {
  const std::string passed = kBegin + "test\tpassed\ta\t\nend\t1\n";
  EXPECT_EQ(settle(passed, ended(SandboxFault{}, Signaled{9})).verdict, Verdict::Ie);
  EXPECT_EQ(settle(passed, ended(Exited{0}, SandboxFault{})).verdict, Verdict::Ie);
}

TEST(verdict_of_tests_in_process, needs_the_token_of_the_run) {
  supervise::RunResult run;
  run.outcome = Exited{0};
  const std::string passed = kBegin + "test\tpassed\ta\t\n";
  const auto verdict = [&](const std::string& record) {
    return settle_in_process(read_record(record), run, Limits{}, "abc").verdict;
  };
  EXPECT_EQ(verdict(passed + "end\t1\tabc\n"), Verdict::Ac);
  EXPECT_EQ(verdict(passed + "end\t1\tabd\n"), Verdict::Re);
  EXPECT_EQ(verdict(passed + "end\t1\n"), Verdict::Re);
  EXPECT_EQ(verdict(passed), Verdict::Re);
  EXPECT_EQ(verdict(""), Verdict::Re);
  run.outcome = Exited{1};
  EXPECT_EQ(verdict(passed + "end\t1\tabc\n"), Verdict::Re);
}

}  // namespace
}  // namespace evalrun::judge
