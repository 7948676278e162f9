// What groups come to: cases and groups as values, with the verdict, score and skipped cases that each rule gives.
#include "runtime/judge/scoring.h"

#include <gtest/gtest.h>

namespace evalrun::judge {
namespace {

using problem::AfterRejection;
using problem::Child;
using problem::Group;
using problem::ScoreRule;
using problem::Scoring;
using problem::VerdictRule;

using Verdicts = std::vector<Verdict>;
constexpr auto kAc = Verdict::Ac;
constexpr auto kWa = Verdict::Wa;
constexpr auto kTle = Verdict::Tle;
constexpr auto kRe = Verdict::Re;
constexpr auto kIe = Verdict::Ie;

Child a_case(std::size_t index) {
  return {Child::Kind::Case, index};
}
Child a_group(std::size_t index) {
  return {Child::Kind::Group, index};
}

Scoring rules_of(ScoreRule score, double accept = 1, double reject = 0) {
  Scoring rules;
  rules.score = score;
  rules.case_score = problem::AcceptReject{accept, reject};
  return rules;
}

std::vector<CaseFacts> facts_of(const Verdicts& verdicts) {
  std::vector<CaseFacts> facts;
  for (const Verdict verdict : verdicts) {
    CaseFacts one;
    one.verdict = verdict;
    facts.push_back(one);
  }
  return facts;
}

Scores scores_of(const std::vector<Group>& groups, const std::vector<CaseFacts>& facts) {
  return work_out(groups, facts, std::vector<std::optional<GraderAnswer>>(groups.size()));
}

// One group of as many cases as there are verdicts.
Scores scores_of(const Scoring& rules, const std::vector<CaseFacts>& facts) {
  Group root{"", {}, {}, rules};
  for (std::size_t i = 0; i < facts.size(); ++i) root.children.push_back(a_case(i));
  return scores_of({root}, facts);
}

TEST(scoring, each_rule_makes_its_score_of_the_cases) {
  struct Row {
    ScoreRule rule;
    std::vector<double> scores;
    double expected;
  };
  const Row rows[] = {
      {ScoreRule::Sum, {1, 2, 4}, 7},      {ScoreRule::Minimum, {3, 2, 4}, 2}, {ScoreRule::Maximum, {3, 5, 4}, 5},
      {ScoreRule::Average, {1, 2, 6}, 3},  {ScoreRule::Product, {0.5, 4}, 2},  {ScoreRule::AllWithin, {1, 2}, 1},
      {ScoreRule::AllWithin, {1, 2.5}, 0}, {ScoreRule::AllWithin, {0, 1}, 0},  {ScoreRule::Sum, {}, 0},
      {ScoreRule::Minimum, {}, 0},
  };
  for (const Row& row : rows) {
    Scoring rules = rules_of(row.rule);
    rules.within = 2;
    std::vector<CaseFacts> facts = facts_of(Verdicts(row.scores.size(), kAc));
    for (std::size_t i = 0; i < facts.size(); ++i) facts[i].score = row.scores[i];
    const Scores scores = scores_of(rules, facts);
    EXPECT_EQ(scores.groups[0].score, row.expected) << static_cast<int>(row.rule) << " of " << row.scores.size();
    EXPECT_EQ(scores.groups[0].verdict, kAc);
  }
}

TEST(scoring, all_or_nothing_is_the_most_only_if_every_case_is_accepted) {
  Scoring rules = rules_of(ScoreRule::AllOrNothing);
  rules.most = 40;
  rules.rejected_counts = true;
  EXPECT_EQ(scores_of(rules, facts_of({kAc, kAc, kAc})).groups[0].score, 40);
  EXPECT_EQ(scores_of(rules, facts_of({kAc, kWa, kAc})).groups[0].score, 0);
}

TEST(scoring, a_verdict_is_the_worst_or_the_first_as_the_group_says) {
  struct Row {
    VerdictRule rule;
    Verdicts cases;
    Verdict expected;
  };
  const Row rows[] = {
      {VerdictRule::WorstError, {kAc, kWa, kTle, kRe}, kRe},
      {VerdictRule::WorstError, {kWa, kTle}, kTle},
      {VerdictRule::FirstError, {kAc, kWa, kTle, kRe}, kWa},
      {VerdictRule::FirstError, {kAc, kAc}, kAc},
      {VerdictRule::AlwaysAccept, {kWa, kTle}, kAc},
      {VerdictRule::AlwaysAccept, {kWa, kIe}, kIe},
      {VerdictRule::FirstError, {kWa, kIe}, kIe},
      {VerdictRule::WorstError, {}, kAc},
  };
  for (const Row& row : rows) {
    Scoring rules = rules_of(ScoreRule::Sum);
    rules.verdict = row.rule;
    EXPECT_EQ(scores_of(rules, facts_of(row.cases)).groups[0].verdict, row.expected);
  }
}

TEST(scoring, one_accepted_case_is_enough_where_the_group_says_so) {
  Scoring rules = rules_of(ScoreRule::Sum, 5, 1);
  const std::vector<CaseFacts> facts = facts_of({kWa, kAc, kTle});
  EXPECT_EQ(scores_of(rules, facts).groups[0].verdict, kTle);
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 0) << "what is rejected has no score";
  rules.accept_if_any_accepted = true;
  EXPECT_EQ(scores_of(rules, facts).groups[0].verdict, kAc);
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 7);
  EXPECT_EQ(scores_of(rules, facts_of({kWa, kWa})).groups[0].verdict, kWa);
}

TEST(scoring, a_rejected_group_keeps_its_score_only_where_it_counts) {
  Scoring rules = rules_of(ScoreRule::Sum, 10);
  EXPECT_EQ(scores_of(rules, facts_of({kAc, kWa})).groups[0].score, 0);
  rules.rejected_counts = true;
  EXPECT_EQ(scores_of(rules, facts_of({kAc, kWa})).groups[0].score, 10);
}

TEST(scoring, the_last_child_alone_counts_where_the_sample_is_ignored) {
  std::vector<Group> groups = {{"", {a_group(1), a_group(2)}, {}, rules_of(ScoreRule::Sum)},
                               {"sample", {a_case(0)}, {}, rules_of(ScoreRule::Sum, 3)},
                               {"secret", {a_case(1)}, {}, rules_of(ScoreRule::Sum, 7)}};
  EXPECT_EQ(scores_of(groups, facts_of({kAc, kAc})).groups[0].score, 10);
  EXPECT_EQ(scores_of(groups, facts_of({kWa, kAc})).groups[0].verdict, kWa);
  groups[0].scoring.ignore_sample = true;
  EXPECT_EQ(scores_of(groups, facts_of({kAc, kAc})).groups[0].score, 7);
  EXPECT_EQ(scores_of(groups, facts_of({kWa, kAc})).groups[0].verdict, kAc);
  groups[0].children.pop_back();
  EXPECT_EQ(scores_of(groups, facts_of({kAc, kAc})).groups[0].score, 3) << "the only child is no sample to ignore";
}

TEST(scoring, a_group_that_stops_is_graded_by_what_has_run) {
  Scoring rules = rules_of(ScoreRule::Sum, 10);
  rules.rejected_counts = true;
  const std::vector<CaseFacts> facts = facts_of({kAc, kWa, kAc, kTle});
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 20);
  EXPECT_EQ(scores_of(rules, facts).groups[0].verdict, kTle);
  EXPECT_EQ(scores_of(rules, facts).skipped, std::vector<std::string>(4, ""));
  rules.after_rejection = AfterRejection::Stop;
  const Scores stopped = scores_of(rules, facts);
  EXPECT_EQ(stopped.groups[0].score, 10);
  EXPECT_EQ(stopped.groups[0].verdict, kWa) << "the TLE stands after the end";
  const std::string why = "an earlier case was rejected";
  EXPECT_EQ(stopped.skipped, (std::vector<std::string>{"", "", why, why}));
}

TEST(scoring, a_rejected_group_stops_its_parent) {
  Scoring stops = rules_of(ScoreRule::Sum);
  stops.after_rejection = AfterRejection::Stop;
  const std::vector<Group> groups = {{"", {a_group(1), a_group(2)}, {}, stops},
                                     {"a", {a_case(0)}, {}, rules_of(ScoreRule::Sum)},
                                     {"b", {a_case(1)}, {}, rules_of(ScoreRule::Sum)}};
  const Scores scores = scores_of(groups, facts_of({kWa, kAc}));
  EXPECT_EQ(scores.groups[0].verdict, kWa);
  EXPECT_EQ(scores.groups[2].verdict, std::nullopt);
  EXPECT_EQ(scores.skipped[1], "an earlier case was rejected");
}

TEST(scoring, a_group_is_not_run_unless_those_it_requires_have_passed) {
  const std::vector<Group> groups = {{"", {a_group(1), a_group(2)}, {}, rules_of(ScoreRule::Sum)},
                                     {"a", {a_case(0)}, {}, rules_of(ScoreRule::Sum, 1)},
                                     {"b", {a_case(1)}, {1}, rules_of(ScoreRule::Sum, 2)}};
  EXPECT_EQ(scores_of(groups, facts_of({kAc, kAc})).groups[0].score, 3);
  const Scores failed = scores_of(groups, facts_of({kTle, kAc}));
  EXPECT_EQ(failed.groups[2].verdict, std::nullopt);
  EXPECT_EQ(failed.groups[2].why_not_run, "group a was not passed");
  EXPECT_EQ(failed.skipped, (std::vector<std::string>{"", "group a was not passed"}));
  EXPECT_EQ(failed.groups[0].verdict, kTle);
}

TEST(scoring, a_case_worth_nothing_ends_it_all_where_the_group_says_so) {
  Scoring rules = rules_of(ScoreRule::Sum);
  rules.case_score = problem::OwnPoints{};
  rules.rejected_counts = true;
  rules.after_rejection = AfterRejection::StopTheRest;
  std::vector<CaseFacts> facts = facts_of({kWa, kWa, kAc});
  facts[0].points = 5;
  facts[2].points = 7;
  const Scores scores = scores_of(rules, facts);
  EXPECT_EQ(scores.skipped[1], "") << "the first is worth something, so the second runs";
  EXPECT_NE(scores.skipped[2], "");
  EXPECT_EQ(scores.groups[0].score, 0);
}

TEST(scoring, own_points_are_multiplied_by_the_checkers_part) {
  Scoring rules = rules_of(ScoreRule::Sum);
  rules.case_score = problem::OwnPoints{};
  rules.rejected_counts = true;
  std::vector<CaseFacts> facts = facts_of({kAc, kWa, kWa});
  for (CaseFacts& one : facts) one.points = 10;
  facts[1].share = 0.3;
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 13);
}

TEST(scoring, a_bounded_case_takes_a_score_a_multiplier_or_all_of_it) {
  Scoring rules = rules_of(ScoreRule::Sum);
  rules.case_score = problem::BoundedScore{20};
  rules.rejected_counts = true;
  std::vector<CaseFacts> facts = facts_of({kAc, kAc, kAc, kWa});
  facts[1].score = 5;
  facts[2].multiplier = 0.25;
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 30);
  facts[1].score = 21;
  const Scores above = scores_of(rules, facts);
  EXPECT_EQ(above.groups[0].verdict, kIe);
  EXPECT_EQ(above.groups[0].fault, "score.txt holds 21, and the case is worth 20");
}

TEST(scoring, an_unbounded_case_needs_its_score) {
  Scoring rules = rules_of(ScoreRule::Sum);
  rules.case_score = problem::UnboundedScore{};
  std::vector<CaseFacts> facts = facts_of({kAc});
  EXPECT_EQ(scores_of(rules, facts).groups[0].verdict, kIe);
  facts[0].score = 12345;
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 12345);
  facts[0].multiplier = 0.5;
  EXPECT_EQ(scores_of(rules, facts).groups[0].verdict, kIe);
}

TEST(scoring, a_score_of_a_wrong_answer_counts_and_that_of_a_crash_does_not) {
  Scoring rules = rules_of(ScoreRule::Sum, 0, 1);
  rules.rejected_counts = true;
  std::vector<CaseFacts> facts = facts_of({kWa, kTle});
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 2) << "without files, reject_score";
  facts[0].score = 30;
  facts[1].score = 50;
  EXPECT_EQ(scores_of(rules, facts).groups[0].score, 31);
}

TEST(scoring, a_score_above_the_most_is_the_jurys_fault) {
  Scoring rules = rules_of(ScoreRule::Sum, 6);
  rules.most = 12;
  EXPECT_EQ(scores_of(rules, facts_of({kAc, kAc})).groups[0].verdict, kAc);
  const Scores above = scores_of(rules, facts_of({kAc, kAc, kAc}));
  EXPECT_EQ(above.groups[0].verdict, kIe);
  EXPECT_EQ(above.groups[0].fault, "the score 18 is above the most, 12");
}

TEST(scoring, a_grader_is_asked_from_the_inside_out_and_its_word_counts) {
  Scoring custom = rules_of(ScoreRule::Sum, 2, 1);
  custom.grader = 0;
  const std::vector<Group> groups = {{"", {a_group(1), a_group(2)}, {}, custom},
                                     {"a", {a_case(0), a_case(1)}, {}, custom},
                                     {"b", {a_case(2)}, {}, rules_of(ScoreRule::Sum, 4)}};
  const std::vector<CaseFacts> facts = facts_of({kAc, kTle, kAc});
  std::vector<std::optional<GraderAnswer>> answers(3);

  Scores scores = work_out(groups, facts, answers);
  ASSERT_TRUE(scores.call);
  EXPECT_EQ(scores.call->group, 1U);
  EXPECT_EQ(scores.call->input, "AC 2\nTLE 1\n");

  answers[1] = GraderAnswer{kAc, 30, ""};
  scores = work_out(groups, facts, answers);
  ASSERT_TRUE(scores.call);
  EXPECT_EQ(scores.call->group, 0U);
  EXPECT_EQ(scores.call->input, "AC 30\nAC 4\n");

  answers[0] = GraderAnswer{kAc, 33.5, ""};
  scores = work_out(groups, facts, answers);
  EXPECT_FALSE(scores.call);
  EXPECT_EQ(scores.groups[0].score, 33.5);

  answers[0] = GraderAnswer{{}, 0, "its grader exited with code 1"};
  scores = work_out(groups, facts, answers);
  EXPECT_EQ(scores.groups[0].verdict, kIe);
  EXPECT_EQ(scores.groups[0].fault, "its grader exited with code 1");
}

TEST(scoring, a_grader_is_not_asked_of_a_judge_error) {
  Scoring custom = rules_of(ScoreRule::Sum);
  custom.grader = 0;
  const Scores scores = scores_of(custom, facts_of({kAc, kIe}));
  EXPECT_FALSE(scores.call);
  EXPECT_EQ(scores.groups[0].verdict, kIe);
}

TEST(scoring, words_of_graders_and_verdicts_lead_to_each_other) {
  for (const char* word : {"AC", "JE", "CE", "RTE", "MLE", "TLE", "OLE", "WA", "PE"}) {
    const auto verdict = verdict_of_kattis_name(word);
    ASSERT_TRUE(verdict) << word;
    EXPECT_EQ(kattis_name_of(*verdict), word);
  }
  EXPECT_EQ(verdict_of_kattis_name("IF"), kIe);
  EXPECT_EQ(verdict_of_kattis_name("ac"), std::nullopt);
}

// --- what need not be run --------------------------------------------------------------------------------------------

// A root of two groups, with cases 0 to 2 and 3 to 4.
std::vector<Group> two_groups(AfterRejection inner, AfterRejection outer) {
  Scoring of_inner = rules_of(ScoreRule::Minimum);
  of_inner.after_rejection = inner;
  Scoring of_outer = rules_of(ScoreRule::Sum);
  of_outer.after_rejection = outer;
  return {{"", {a_group(1), a_group(2)}, {}, of_outer},
          {"a", {a_case(0), a_case(1), a_case(2)}, {}, of_inner},
          {"b", {a_case(3), a_case(4)}, {}, of_inner}};
}

std::vector<bool> skipped_after(const std::vector<Group>& groups, std::size_t cases, std::size_t rejected) {
  SkipRules rules(groups, cases);
  rules.note_rejected(rejected, false);
  std::vector<bool> skipped;
  for (std::size_t i = 0; i < cases; ++i) skipped.push_back(!rules.why_skipped(i).empty());
  return skipped;
}

TEST(skip_rules, a_rejection_skips_what_can_no_longer_count) {
  using Flags = std::vector<bool>;
  const auto stop = AfterRejection::Stop, go_on = AfterRejection::GoOn;
  EXPECT_EQ(skipped_after(two_groups(go_on, go_on), 5, 1), (Flags{false, false, false, false, false}));
  EXPECT_EQ(skipped_after(two_groups(stop, go_on), 5, 1), (Flags{false, false, true, false, false}));
  EXPECT_EQ(skipped_after(two_groups(stop, stop), 5, 1), (Flags{false, false, true, true, true}));
}

TEST(skip_rules, a_group_that_may_be_accepted_all_the_same_stops_nothing_outside) {
  std::vector<Group> groups = two_groups(AfterRejection::GoOn, AfterRejection::Stop);
  groups[1].scoring.accept_if_any_accepted = true;
  EXPECT_EQ(skipped_after(groups, 5, 1), (std::vector<bool>{false, false, false, false, false}));
  groups[1].scoring.accept_if_any_accepted = false;
  EXPECT_EQ(skipped_after(groups, 5, 1), (std::vector<bool>{false, false, false, true, true}));
}

TEST(skip_rules, what_requires_a_rejected_group_is_skipped) {
  std::vector<Group> groups = two_groups(AfterRejection::GoOn, AfterRejection::GoOn);
  groups[2].requires_groups = {1};
  EXPECT_EQ(skipped_after(groups, 5, 0), (std::vector<bool>{false, false, false, true, true}));
  EXPECT_EQ(skipped_after(groups, 5, 3), (std::vector<bool>{false, false, false, false, false}));
}

// Whatever is rejected first: what is skipped while cases run is skipped by the result, too.
TEST(skip_rules, skip_nothing_that_the_result_looks_at) {
  const auto stop = AfterRejection::Stop, go_on = AfterRejection::GoOn;
  for (const auto& groups : {two_groups(go_on, go_on), two_groups(stop, go_on), two_groups(stop, stop)}) {
    for (std::size_t rejected = 0; rejected < 5; ++rejected) {
      std::vector<CaseFacts> facts = facts_of(Verdicts(5, kAc));
      facts[rejected].verdict = kWa;
      const Scores scores = scores_of(groups, facts);
      const std::vector<bool> skipped = skipped_after(groups, 5, rejected);
      for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(skipped[i], !scores.skipped[i].empty()) << i << " of " << rejected;
    }
  }
}

}  // namespace
}  // namespace evalrun::judge
