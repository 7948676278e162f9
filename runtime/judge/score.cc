#include "runtime/judge/score.h"

#include <algorithm>
#include <set>

namespace evalrun::judge {

Verdict verdict_of_case(const supervise::Outcome& outcome, const Judgement& judgement) {
  const Verdict verdict = verdict_of(outcome);
  if (verdict != Verdict::Ok) return verdict;
  if (judgement.accepted) return Verdict::Ac;
  return judgement.rejection == Rejection::Presentation ? Verdict::Pe : Verdict::Wa;
}

Verdict verdict_of_compile(const supervise::Outcome& outcome) {
  const Verdict verdict = verdict_of(outcome);
  const bool is_no_fault_of_its_own = verdict == Verdict::Ie || verdict == Verdict::Cancelled;
  return verdict == Verdict::Ok || is_no_fault_of_its_own ? verdict : Verdict::Ce;
}

Verdict verdict_of_all(const std::vector<ScoredCase>& cases) {
  for (const Verdict faulty : {Verdict::Ie, Verdict::Cancelled}) {
    if (std::ranges::find(cases, faulty, &ScoredCase::verdict) != cases.end()) return faulty;
  }
  const auto first = std::ranges::find_if(cases, [](const ScoredCase& one) { return one.verdict != Verdict::Ac; });
  if (first == cases.end()) return Verdict::Ac;
  return first->verdict.value_or(Verdict::Cancelled);
}

std::vector<double> points_earned(const std::vector<ScoredCase>& cases) {
  std::set<std::string_view> failed;
  for (const ScoredCase& one : cases) {
    if (!one.group.empty() && one.verdict != Verdict::Ac) failed.insert(one.group);
  }
  std::vector<double> points;
  for (const ScoredCase& one : cases) {
    const double share = one.share.value_or(one.verdict == Verdict::Ac ? 1 : 0);
    points.push_back(failed.contains(one.group) ? 0 : one.points * share);
  }
  return points;
}

}  // namespace evalrun::judge
