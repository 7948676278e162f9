// The runs of a plan without cases: its steps, or its one run.
//
// Theory of operation. Each step is a run in a sandbox of its own, started when the one before has ended. What a step
// leaves in /work is carried over into the next one's, as it is from a compile step (program.h). Files are collected
// from the last step that ran.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/judge/program.h"
#include "runtime/judge/verdict.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/run.h"

namespace evalrun::judge {

struct StepGrade {
  std::optional<Verdict> verdict;  // none: it was not run
  std::string message;
  supervise::RunResult run;  // where there is a verdict
};

// The task's steps; of a task without them, the plan's one run.
std::vector<PlanStep> steps_of(const Task& task);

// What they have come to: the verdict of the first one that failed.
struct StepsSummary {
  Verdict verdict = Verdict::Cancelled;
  std::string message;
};
StepsSummary summary_of(const Task& task, const std::vector<StepGrade>& grades);

// The run of one step, from what the plan's steps have in common.
Plan plan_of_step(const Plan& common, const PlanStep& step);

class StepRuns {
 public:
  // `program` is given what each step leaves. All are borrowed.
  StepRuns(pool::CellPool& pool, const Task& task, Program& program);

  // Starts the first one. Throws what sandbox::compile and Run throw.
  void start() { start_next(); }
  // After every turn of the loop. `save_folder`: for what the plan collects; null: nothing is.
  void advance(const supervise::SaveFolder* save_folder);
  [[nodiscard]] bool finished() const noexcept { return !run_; }
  void interrupt(int signal);

  // Once, after finished(): one for each step.
  std::vector<StepGrade> take_grades() { return std::move(grades_); }
  // /work as the last step that ran has left it, where the plan collects files; else none.
  Fd take_work_folder() { return std::move(work_folder_); }

 private:
  [[nodiscard]] bool is_last() const noexcept { return current_ + 1 == steps_.size(); }
  [[nodiscard]] bool collects() const noexcept { return !program_.plan().kind.collect.empty(); }
  [[nodiscard]] bool goes_on() const;
  [[nodiscard]] bool carry(Fd work);
  void start_next();
  void collect(const supervise::SaveFolder* save_folder);

  pool::CellPool& pool_;
  const std::vector<PlanStep> steps_;
  Program& program_;
  std::size_t current_ = 0;
  std::unique_ptr<supervise::Run> run_;
  std::vector<StepGrade> grades_;
  Fd work_folder_;
  bool interrupted_ = false;
};

}  // namespace evalrun::judge
