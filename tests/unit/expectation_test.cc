// What a package expects of its submissions, held against results as values.
#include "runtime/contest/expectation.h"

#include <gtest/gtest.h>

#include "runtime/contest/python2.h"
#include "runtime/contest/time_limit.h"
#include "runtime/problem/constants.h"

namespace evalrun::contest {
namespace {

using judge::Verdict;
using problem::Result;
using problem::UseForTimeLimit;
using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

// A problem, and a submission that got these verdicts in cases secret/g/0, secret/g/1, …
struct Judgement {
  explicit Judgement(const std::vector<Verdict>& verdicts, Verdict of_all) {
    problem.format = problem::Format::Kattis2025;
    problem.groups.resize(1);
    grade.verdict = of_all;
    grade.message = "as it went";
    grade.groups.resize(1);
    grade.groups[0].verdict = of_all;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      Case one;
      one.name = "secret/g/" + std::to_string(i);
      task.cases.push_back(std::move(one));
      judge::CaseGrade graded;
      graded.verdict = verdicts[i];
      graded.message = "so it went";
      grade.cases.push_back(std::move(graded));
    }
  }

  [[nodiscard]] Lines mismatches(const problem::Expectation& expected) const {
    return contest::mismatches(problem, expected, task, grade);
  }

  problem::Problem problem;
  Task task;
  judge::Grade grade;
};

problem::Expectation expecting(std::vector<Result> results) {
  problem::Expectation expected;
  expected.final_results = std::move(results);
  return expected;
}

problem::CaseRule rule_of(std::vector<Result> permitted, std::vector<Result> required = {}) {
  problem::CaseRule rule;
  rule.permitted = std::move(permitted);
  rule.required = std::move(required);
  return rule;
}

problem::Expectation ruled(const problem::CaseRule& rule) {
  problem::Expectation expected;
  expected.rules = {rule};
  return expected;
}

TEST(expectation, the_verdict_is_one_of_those_expected) {
  const Judgement wrong({Verdict::Wa}, Verdict::Wa);
  EXPECT_EQ(wrong.mismatches(expecting({Result::WrongAnswer})), Lines{});
  EXPECT_EQ(wrong.mismatches(expecting({Result::Accepted, Result::WrongAnswer})), Lines{});
  EXPECT_EQ(wrong.mismatches(expecting({Result::TimeLimit})), Lines{"expected TLE, got WA: as it went"});
}

TEST(expectation, the_output_limit_is_a_time_limit_or_run_time_error_of_kattis_labels_alone) {
  Judgement floods({Verdict::Ole}, Verdict::Ole);
  for (const Result result : {Result::TimeLimit, Result::RunTimeError, Result::OutputLimit}) {
    EXPECT_EQ(floods.mismatches(expecting({result})), Lines{}) << problem::code_of(result);
  }
  EXPECT_EQ(floods.mismatches(expecting({Result::WrongAnswer})).size(), 1U);
  EXPECT_EQ(floods.mismatches(ruled(rule_of({Result::Accepted, Result::RunTimeError}, {Result::RunTimeError}))),
            Lines{});
  floods.problem.format = problem::Format::Dmoj;
  EXPECT_EQ(floods.mismatches(expecting({Result::RunTimeError})).size(), 1U);
  EXPECT_EQ(floods.mismatches(expecting({Result::OutputLimit})), Lines{});
}

TEST(expectation, every_case_has_a_permitted_result_and_some_case_a_required_one) {
  const Judgement mixed({Verdict::Ac, Verdict::Wa, Verdict::Ac}, Verdict::Wa);
  EXPECT_EQ(mixed.mismatches(ruled(rule_of({Result::Accepted, Result::WrongAnswer}, {Result::WrongAnswer}))), Lines{});
  EXPECT_EQ(mixed.mismatches(ruled(rule_of({Result::Accepted}))),
            Lines{"case secret/g/1: permitted AC, got WA: so it went"});
  EXPECT_EQ(mixed.mismatches(ruled(rule_of({}, {Result::TimeLimit}))),
            Lines{"no case got the required TLE; they got AC, WA"});
}

TEST(expectation, a_rule_with_a_pattern_looks_at_the_cases_that_it_selects) {
  const Judgement mixed({Verdict::Ac, Verdict::Wa}, Verdict::Wa);
  problem::CaseRule rule = rule_of({Result::Accepted});
  rule.pattern = "secret/g/0";
  EXPECT_EQ(mixed.mismatches(ruled(rule)), Lines{});
  rule.pattern = "secret/g";
  EXPECT_EQ(mixed.mismatches(ruled(rule)).size(), 1U) << "a folder stands for all in it";
}

TEST(expectation, a_program_that_does_not_compile_is_held_against_the_verdict) {
  Judgement broken({}, Verdict::Ce);
  broken.grade.compile.emplace().verdict = Verdict::Ce;
  EXPECT_EQ(broken.mismatches(ruled(rule_of({Result::Accepted}))), Lines{"permitted AC, got CE"});
  EXPECT_EQ(broken.mismatches(expecting({Result::CompileError})), Lines{});
}

TEST(expectation, a_score_is_expected_as_it_is_written) {
  Judgement scored({Verdict::Ac}, Verdict::Ac);
  scored.grade.groups[0].score = 88.372093;
  problem::Expectation expected;
  expected.score = std::pair(88.372093, 88.372093);
  EXPECT_EQ(scored.mismatches(expected), Lines{});
  expected.score = std::pair(80.0, 90.0);
  EXPECT_EQ(scored.mismatches(expected), Lines{});
  expected.score = std::pair(60.0, 60.0);
  EXPECT_EQ(scored.mismatches(expected), Lines{"expected a score of 60, got 88.372093"});
}

TEST(expectation, a_rule_may_be_of_a_score_or_a_message_alone) {
  Judgement judgement({Verdict::Ac, Verdict::Wa}, Verdict::Wa);
  judgement.task.groups.resize(3);
  judgement.task.groups[1].name = "secret";
  judgement.task.groups[2].name = "secret/g";
  judgement.grade.groups.resize(3);
  judgement.grade.groups[0].score = 40;
  judgement.grade.groups[1].score = 40;
  judgement.grade.groups[2].score = 30;
  judgement.grade.cases[1].feedback = "line 3 is too long";
  problem::CaseRule rule;
  rule.score = {40, 40};
  const auto expected_by = [&](const problem::CaseRule& one) {
    problem::Expectation expected;
    expected.rules = {one};
    return expected;
  };
  EXPECT_EQ(words_of(expected_by(rule)), "score 40");
  EXPECT_EQ(judgement.mismatches(expected_by(rule)), Lines{});
  rule.score = {41, 50};
  EXPECT_EQ(judgement.mismatches(expected_by(rule)), Lines{"expected a score of 41 to 50, got 40"});
  rule.pattern = "secret/g";
  EXPECT_EQ(judgement.mismatches(expected_by(rule)), Lines{"group secret/g: expected a score of 41 to 50, got 30"});
  rule.score = {30, 30};
  EXPECT_EQ(judgement.mismatches(expected_by(rule)), Lines{});
  EXPECT_EQ(words_of(expected_by(rule)), "score 30 in secret/g");
  problem::CaseRule message;
  message.message = "too long";
  EXPECT_EQ(words_of(expected_by(message)), "the message \"too long\"");
  EXPECT_EQ(judgement.mismatches(expected_by(message)), Lines{});
  message.message = "too short";
  EXPECT_EQ(judgement.mismatches(expected_by(message)), Lines{"no message of the jury holds \"too short\""});
}

TEST(expectation, partially_accepted_is_less_than_the_most) {
  Judgement scored({Verdict::Ac}, Verdict::Ac);
  scored.problem.groups[0].scoring.most = 100;
  problem::Expectation expected = expecting({Result::Accepted});
  expected.not_full_score = true;
  scored.grade.groups[0].score = 99;
  EXPECT_EQ(scored.mismatches(expected), Lines{});
  scored.grade.groups[0].score = 100;
  EXPECT_EQ(scored.mismatches(expected), Lines{"expected less than the full score, got 100"});
}

TEST(expectation, the_groups_of_secret_are_held_against_the_labels_in_their_order) {
  Judgement grouped({Verdict::Ac, Verdict::Tle}, Verdict::Tle);
  for (const char* name : {"", "sample", "secret", "secret/a", "secret/a/1", "secret/b"})
    grouped.task.groups.emplace_back().name = name;
  grouped.grade.groups.resize(6);
  grouped.grade.groups[3].verdict = Verdict::Ac;
  grouped.grade.groups[4].verdict = Verdict::Wa;  // in a group, which no label is of
  grouped.grade.groups[5].verdict = Verdict::Tle;
  problem::Expectation expected;
  expected.group_results = {Result::Accepted, Result::TimeLimit};
  EXPECT_EQ(grouped.mismatches(expected), Lines{});
  expected.group_results = {Result::Accepted, Result::WrongAnswer};
  EXPECT_EQ(grouped.mismatches(expected), Lines{"group secret/b: expected WA, got TLE"});
}

TEST(lower_bounds, are_what_must_be_accepted_and_what_says_so) {
  const auto is_bound = [](const problem::Expectation& expected) {
    problem::Submission submission;
    submission.expected = expected;
    return is_lower_bound(submission);
  };
  EXPECT_TRUE(is_bound(expecting({Result::Accepted})));
  EXPECT_FALSE(is_bound(expecting({Result::WrongAnswer})));
  EXPECT_FALSE(is_bound(expecting({Result::Accepted, Result::TimeLimit})));

  problem::Expectation in_part = expecting({Result::Accepted});
  in_part.not_full_score = true;
  EXPECT_FALSE(is_bound(in_part)) << "it may be too slow for the rest";

  problem::CaseRule rule = rule_of({Result::Accepted});
  EXPECT_TRUE(is_bound(ruled(rule)));
  rule.use_for_time_limit = UseForTimeLimit::No;
  EXPECT_FALSE(is_bound(ruled(rule)));
  rule = rule_of({Result::Accepted, Result::WrongAnswer}, {Result::WrongAnswer});
  EXPECT_FALSE(is_bound(ruled(rule)));
  rule.use_for_time_limit = UseForTimeLimit::Lower;
  EXPECT_TRUE(is_bound(ruled(rule)));
  rule = rule_of({Result::Accepted});
  rule.pattern = "sample";
  EXPECT_FALSE(is_bound(ruled(rule))) << "of some cases only";

  problem::Expectation put_aside = expecting({Result::Accepted});
  put_aside.do_not_run = true;
  EXPECT_FALSE(is_bound(put_aside));
}

TEST(constants, are_replaced_by_name_and_variant_and_nothing_else_is) {
  const std::map<std::string, std::string> constants = {{"five", "5"}, {"five.word", "fem"}, {"a.b", "{{five}}"}};
  const std::pair<const char*, const char*> rows[] = {
      {"x = {{five}};", "x = 5;"},
      {"{{five.value}}{{five.word}}", "5fem"},
      {"{{six}} {{five.roman}}", "{{six}} {{five.roman}}"},
      {"{{ five }}", "{{ five }}"},
      {"{{{five}}}", "{5}"},
      {"{{five", "{{five"},
      {"{{a.b}}", "{{five}}"},
      {"{{six {{five}}", "{{six 5"},
      {"", ""},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(problem::with_constants(text, constants), expected) << text;
  EXPECT_EQ(problem::with_constants("{{five}}", {}), "{{five}}");
}

TEST(python2, print_statements_become_calls_and_other_lines_stay) {
  const std::pair<const char*, const char*> rows[] = {
      {"print \"%s %f\" % (a, b)\n", "print(\"%s %f\" % (a, b))\n"},
      {"  print a, b", "  print(a, b)"},
      {"print", "print()"},
      {"print a,", "print(a, end=\" \")"},
      {"print >>sys.stderr, a, b", "print(a, b, file=sys.stderr)"},
      {"print >> f", "print(file=f)"},
      {"print'a'\nx\n", "print('a')\nx\n"},
      {"print(a)", "print(a)"},
      {"print (a, b)", "print (a, b)"},
      {"printer = 1", "printer = 1"},
      {"print = log", "print = log"},
      {"x = print", "x = print"},
      {"", ""},
  };
  for (const auto& [source, expected] : rows) EXPECT_EQ(with_print_calls(source), expected) << source;
}

}  // namespace
}  // namespace evalrun::contest
