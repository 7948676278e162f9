// What the results of cases come to in groups: pure functions over the values of problem/scoring.h.
//
// Two questions are answered. While cases run: which of those that have not begun can no longer change the result
// (SkipRules). After the end: the verdict and the score of every group (work_out). The answer of the second is the same
// in whichever order the cases have run, since it goes through them in the order of the groups: what stands after the
// case at which a group ends counts as not run, whether it has run or not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/judge/verdict.h"
#include "runtime/problem/scoring.h"

namespace evalrun::judge {

// What of a case's result goes into the score of its group.
struct CaseFacts {
  std::optional<Verdict> verdict;    // none: not run
  std::optional<double> share;       // of its points, from 0 to 1
  std::optional<double> score;       // score.txt
  std::optional<double> multiplier;  // score_multiplier.txt
  double points = 0;                 // its own
};

// What a group comes to. Verdicts: AC, or that of a case.
struct GroupGrade {
  std::optional<Verdict> verdict;  // none: not run
  double score = 0;
  std::string why_not_run;  // "group secret/1 was not passed"
  std::string fault;        // why its score is the jury's fault: "a score of 12 is above the most, 10"
};

// A group's own grader, a program of the jury, is to be run with this standard input.
struct GraderCall {
  problem::GroupIndex group = 0;
  std::string input;  // "AC 10\nWA 0\n"
};
// What it has answered.
struct GraderAnswer {
  std::optional<Verdict> verdict;  // none: it is its fault
  double score = 0;
  std::string fault;
};

struct Scores {
  std::vector<GroupGrade> groups;
  std::vector<std::string> skipped;  // by case: why it does not count; "": it does
  std::optional<GraderCall> call;    // what must be answered before the rest can be known
};

// `answers` are those to the calls that were returned before, by group; none: not asked yet.
Scores work_out(const std::vector<problem::Group>& groups, const std::vector<CaseFacts>& cases,
                const std::vector<std::optional<GraderAnswer>>& answers);

// "12.5", "3".
std::string plain(double number);

// "AC", "RTE": the words of graders and labels.
std::string_view kattis_name_of(Verdict verdict);
std::optional<Verdict> verdict_of_kattis_name(std::string_view name);

// Told of each case that is rejected, knows which cases need not be run any more. It may say too little, never too
// much.
class SkipRules {
 public:
  // `groups` is borrowed.
  SkipRules(const std::vector<problem::Group>& groups, std::size_t cases);

  void note_rejected(std::size_t index, bool is_worth_nothing);
  // Why the case need not be run; "" if it must.
  [[nodiscard]] std::string why_skipped(std::size_t index) const;

 private:
  struct Place {
    problem::GroupIndex group = 0;
    std::size_t position = 0;  // among the group's children
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  [[nodiscard]] bool is_rejected_for_sure(problem::GroupIndex group) const;

  const std::vector<problem::Group>& groups_;
  std::vector<Place> cases_, parents_;       // where each case and group stands
  std::vector<std::size_t> first_rejected_;  // by group: the first of its children that was rejected
  std::size_t stops_after_ = kNone;          // the case of DMOJ's that ends it all, by its order
  std::vector<std::size_t> order_;           // by case
};

}  // namespace evalrun::judge
