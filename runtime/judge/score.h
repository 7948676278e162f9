// What the cases' verdicts come to: pure functions. Precedence: IE, CE, then the first case, in the plan's order, that
// is not accepted. Within a case: IE, SV, the limit that was hit first, RE, and only then the checker's word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checkers/checker.h"
#include "runtime/judge/verdict.h"

namespace evalrun::judge {

// Of a case whose program has ended so, and whose output the checker has judged so.
Verdict verdict_of_case(const supervise::Outcome& outcome, const Judgement& judgement);

// Of a compile step: OK, CE for whatever the compiler did, IE.
Verdict verdict_of_compile(const supervise::Outcome& outcome);

struct ScoredCase {
  std::optional<Verdict> verdict;  // none: not run
  double points = 0;               // what it is worth
  std::string group;
  // Of the points, from 0 to 1, where whoever judged it gives a part of them, accepted or not.
  std::optional<double> share = {};
};

// AC where all are; a case that was not run without one that failed before it can only be an interruption, thus IE.
Verdict verdict_of_all(const std::vector<ScoredCase>& cases);

// What each case earns. A group's cases earn together or not at all; those of the group "" each by itself.
std::vector<double> points_earned(const std::vector<ScoredCase>& cases);

}  // namespace evalrun::judge
