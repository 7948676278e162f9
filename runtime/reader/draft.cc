#include "runtime/reader/draft.h"

#include <algorithm>
#include <set>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

// Within one file, two things at one place are a mistake; across files, the later file means to replace.
void check_places(const Draft& draft) {
  std::set<std::string> taken;
  const auto take = [&](const std::string& section, const auto& list) {
    for (const auto& each : list) {
      if (taken.insert(each.at).second) continue;
      throw PlanError(each.position, section,
                      "expected a place of its own, found a second one at " + in_quotes(each.at));
    }
  };
  take("mount.at", draft.mounts);
  take("link.at", draft.links);
}

void check_calls(const Draft& draft) {
  const std::set<std::string> allowed(draft.allow.begin(), draft.allow.end());
  for (const std::string& call : draft.deny) {
    if (!allowed.contains(call)) continue;
    throw PlanError(draft.where("seccomp.deny"), "seccomp.deny",
                    "expected calls that seccomp.allow does not name, found " + in_quotes(call));
  }
}

template <typename T>
void replace_or_append(std::vector<T>& list, std::vector<T>&& more) {
  const auto inherited = static_cast<std::ptrdiff_t>(list.size());
  for (T& each : more) {
    const auto end = list.begin() + inherited;
    const auto old = std::find_if(list.begin(), end, [&](const T& candidate) { return candidate.at == each.at; });
    if (old != end) {
      *old = std::move(each);
    } else {
      list.push_back(std::move(each));
    }
  }
}

void move_calls(const std::vector<std::string>& calls, std::vector<std::string>& into,
                std::vector<std::string>& out_of) {
  std::set<std::string> known(into.begin(), into.end());
  for (const std::string& call : calls) {
    std::erase(out_of, call);
    if (known.insert(call).second) into.push_back(call);
  }
}

}  // namespace

SourcePosition Draft::where(const std::string& key) const {
  const auto found = positions.find(key);
  return found == positions.end() ? whole : found->second;
}

void join(Draft& draft) {
  check_places(draft);
  check_calls(draft);
  Plan& plan = draft.plan;
  replace_or_append(plan.kind.mounts, std::move(draft.mounts));
  replace_or_append(plan.kind.links, std::move(draft.links));
  move_calls(draft.allow, plan.kind.seccomp.allow, plan.kind.seccomp.deny);
  move_calls(draft.deny, plan.kind.seccomp.deny, plan.kind.seccomp.allow);
  for (std::size_t i = 0; i < draft.case_limits.size(); ++i) {
    draft.cases[i].limits = plan.kind.limits;
    for (const Draft::LimitsChange& change : draft.case_limits[i]) change(draft.cases[i].limits);
  }
  for (std::size_t i = 0; i < draft.step_limits.size(); ++i) {
    PlanStep& step = draft.steps[i];
    step.limits = plan.kind.limits;
    for (const Draft::LimitsChange& change : draft.step_limits[i]) change(step.limits);
    if (!draft.steps_with_input.contains(i)) step.input = plan.job.input;
  }
  for (auto& [key, position] : draft.positions) plan.origin.positions[key] = std::move(position);
}

}  // namespace evalrun
