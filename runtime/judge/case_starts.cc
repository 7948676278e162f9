#include "runtime/judge/case_starts.h"

#include <algorithm>

#include "runtime/judge/case_run.h"

namespace evalrun::judge {
namespace {

bool begin_alike(const Case& a, const Case& b) {
  return a.limits == b.limits && a.argv == b.argv && a.args == b.args;
}

}  // namespace

void CaseStarts::find_groups() {
  for (const Case& one : task_.cases) {
    const bool is_known =
        std::ranges::any_of(groups_, [&](const Group& group) { return begin_alike(*group.first, one); });
    if (!is_known) groups_.push_back({&one, {}});
    if (groups_.size() > kMostGroups) return;
  }
}

const Plan* CaseStarts::examiner_plan() const {
  const bool is_examined = task_.tests && task_.tests->mode == TestsMode::TwoSided;
  return is_examined ? &task_.jury[task_.interaction->program]->plan : nullptr;
}

void CaseStarts::begin_by_execve(const std::string& why) {
  is_chosen_ = true;
  examiner_ = {nullptr, why};
  for (Group& group : groups_) group.choice = examiner_;
}

bool CaseStarts::choose(Program& program) {
  if (is_chosen_) return true;
  if (groups_.empty()) find_groups();
  if (task_.plan.kind.snapshot.mode == SnapshotMode::Off) {
    begin_by_execve("");
    return true;
  }
  if (groups_.size() > kMostGroups) {
    begin_by_execve("its cases have more than " + std::to_string(kMostGroups) + " kinds of limits and arguments");
    return true;
  }
  const snapshot::Choice* missing = nullptr;
  bool is_awaited = false;
  const auto look = [&](snapshot::Choice& choice, const Plan& plan) {
    if (!choice.snapshot) choice = pool_.choose(plan);
    if (choice.snapshot) return;
    if (missing == nullptr) missing = &choice;
    is_awaited = is_awaited || choice.can_come;
  };
  for (Group& group : groups_) {
    set_case(program.plan(), task_.plan, *group.first);
    look(group.choice, program.plan());
  }
  if (const Plan* examiner = examiner_plan()) look(examiner_, *examiner);
  if (missing != nullptr && is_awaited && task_.plan.kind.snapshot.mode == SnapshotMode::Yes) return false;
  if (missing != nullptr) begin_by_execve(std::string(missing->why_not));
  is_chosen_ = true;
  return true;
}

const snapshot::Choice& CaseStarts::of(const Case& one) const {
  const auto found = std::ranges::find_if(groups_, [&](const Group& group) { return begin_alike(*group.first, one); });
  return found == groups_.end() ? examiner_ : found->choice;
}

}  // namespace evalrun::judge
