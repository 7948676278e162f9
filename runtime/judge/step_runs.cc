#include "runtime/judge/step_runs.h"

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/core/plural.h"

namespace evalrun::judge {

std::vector<PlanStep> steps_of(const Task& task) {
  if (!task.steps.empty()) return task.steps;
  PlanStep only;
  only.argv = task.plan.job.argv;
  only.input = task.plan.job.input;
  only.limits = task.plan.kind.limits;
  return {std::move(only)};
}

Plan plan_of_step(const Plan& common, const PlanStep& step) {
  Plan plan = common;
  plan.job.argv = step.argv;
  plan.job.input = step.input;
  plan.kind.limits = step.limits;
  std::erase_if(plan.job.files, [&](const WorkFile& there) {
    return std::ranges::any_of(step.files,
                               [&](const WorkFile& own) { return exclude_each_other(there.path, own.path); });
  });
  plan.job.files.insert(plan.job.files.end(), step.files.begin(), step.files.end());
  return plan;
}

StepsSummary summary_of(const Task& task, const std::vector<StepGrade>& grades) {
  const auto failed = std::ranges::find_if(grades, [](const StepGrade& one) { return one.verdict != Verdict::Ok; });
  if (failed == grades.end() && !grades.empty()) {
    return {Verdict::Ok,
            task.steps.empty() ? grades.front().message : plural(grades.size(), "step") + " exited with code 0"};
  }
  // One that was not run follows one that failed, or the whole was cancelled.
  if (failed == grades.end() || !failed->verdict) return {Verdict::Cancelled, "cancelled"};
  const auto place = static_cast<std::size_t>(failed - grades.begin());
  const std::string name = task.steps.empty() ? "" : "step " + task.steps[place].name + ": ";
  return {*failed->verdict, name + failed->message};
}

StepRuns::StepRuns(pool::CellPool& pool, const Task& task, Program& program)
    : pool_(pool), steps_(steps_of(task)), program_(program), grades_(steps_.size()) {}

void StepRuns::interrupt(int signal) {
  interrupted_ = true;
  if (run_) run_->interrupt(signal);
}

void StepRuns::start_next() {
  Plan plan = plan_of_step(program_.plan(), steps_[current_]);
  if (!is_last()) plan.kind.collect.clear();
  const bool is_looked_at = !is_last() || collects();
  run_ = pool_.start_alone(program_.compile(plan, is_looked_at ? WorkAfterwards::Kept : WorkAfterwards::Gone));
}

void StepRuns::advance(const supervise::SaveFolder* save_folder) {
  if (!run_) return;
  if (is_last()) run_->collect_into(save_folder);
  if (!run_->finished()) return;
  StepGrade& grade = grades_[current_];
  grade.run = run_->take_result(is_last() ? save_folder : nullptr);
  Fd work = run_->take_work_folder();
  run_.reset();
  grade.verdict = verdict_of(grade.run.outcome);
  grade.message = message_of(grade.run, steps_[current_].limits);
  if (is_last() || !goes_on()) {
    work_folder_ = std::move(work);
    if (!is_last()) collect(save_folder);
    return;
  }
  if (work && !carry(std::move(work))) return;
  ++current_;
  try {
    start_next();
  } catch (const HostError& error) {
    grades_[current_].run.outcome = supervise::fault_of(error);
  } catch (const SystemError& error) {
    grades_[current_].run.outcome = supervise::fault_of(error);
  }
  if (run_) return;
  grades_[current_].verdict = Verdict::Ie;
  grades_[current_].message = message_of(grades_[current_].run, steps_[current_].limits);
}

// Whether the next step follows the one that has just ended.
bool StepRuns::goes_on() const {
  switch (*grades_[current_].verdict) {
    case Verdict::Ok: return !interrupted_;
    case Verdict::Ie:
    case Verdict::Cancelled: return false;
    case Verdict::Ac:
    case Verdict::Wa:
    case Verdict::Pe:
    case Verdict::Re:
    case Verdict::Tle:
    case Verdict::Mle:
    case Verdict::Ole:
    case Verdict::Sv:
    case Verdict::Ce: return !interrupted_ && steps_[current_].on_failure == OnFailure::GoOn;
  }
  return false;
}

// Gives the next step what this one has left; false where there is too much of it, which is this step's fault.
bool StepRuns::carry(Fd work) {
  const std::string refusal = program_.carry(std::move(work), {steps_[current_ + 1].limits}, "the step");
  if (refusal.empty()) return true;
  grades_[current_].verdict = Verdict::Re;
  grades_[current_].message += "; " + refusal;
  return false;
}

// The run of a step that was not to be the last has collected nothing.
void StepRuns::collect(const supervise::SaveFolder* save_folder) {
  if (!work_folder_ || save_folder == nullptr || !collects()) return;
  supervise::Collection collection(work_folder_.get(), program_.plan().kind.collect, *save_folder);
  while (!collection.ended()) collection.advance();
  grades_[current_].run.files = collection.take();
}

}  // namespace evalrun::judge
