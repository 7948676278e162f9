#include "runtime/contest/time_limit.h"

#include <algorithm>
#include <cmath>

namespace evalrun::contest {

Duration derived_time_limit(const problem::Limits& limits, Duration slowest_accepted) {
  const double resolution = static_cast<double>(std::max<std::int64_t>(limits.time_resolution.count(), 1));
  const double least = static_cast<double>(slowest_accepted.count()) * limits.accepted_to_limit;
  const double steps = std::max(1.0, std::ceil(least / resolution));
  return Duration(static_cast<Duration::rep>(steps * resolution));
}

bool is_lower_bound(const problem::Submission& submission) {
  switch (submission.expected.use_for_time_limit) {
    case problem::UseForTimeLimit::No:
    case problem::UseForTimeLimit::Upper: return false;
    case problem::UseForTimeLimit::Lower: return true;
    case problem::UseForTimeLimit::ByVerdict: break;
  }
  const problem::Expectation& expected = submission.expected;
  // What is accepted in part may be too slow for the rest.
  if (expected.do_not_run || expected.not_full_score) return false;
  const std::vector accepted = {problem::Result::Accepted};
  const auto of_all_cases = [](const problem::CaseRule& rule) { return rule.pattern.empty(); };
  const auto says = [&](problem::UseForTimeLimit use) {
    return std::ranges::any_of(expected.rules, [&](const problem::CaseRule& rule) {
      return of_all_cases(rule) && rule.use_for_time_limit == use;
    });
  };
  if (says(problem::UseForTimeLimit::Lower)) return true;
  if (says(problem::UseForTimeLimit::No) || says(problem::UseForTimeLimit::Upper)) return false;
  const bool all_accepted = std::ranges::any_of(
      expected.rules, [&](const problem::CaseRule& rule) { return of_all_cases(rule) && rule.permitted == accepted; });
  return expected.final_results == accepted || all_accepted;
}

Duration stopped_at(Duration limit) {
  return limit + limit / 8 + std::chrono::milliseconds(20);
}

bool is_near(Duration time, Duration limit) {
  return time * 10 >= limit * 9 && time * 10 <= limit * 11;
}

}  // namespace evalrun::contest
