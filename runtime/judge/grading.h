// Grading: a submission compiled once and run over its cases, all in one event loop.
//
// Theory of operation. The compile step is a run like any other, in a sandbox of its own. What it leaves in /work is
// carried over (artefacts.h) into a new sandbox for each case, so no case sees another one's files or what any case
// expects; where the pool prepares runs, cases run in its cells. At most `jobs` programs run at a time. Cases start in
// the task's order and are judged each by itself, so the result does not depend on how many run side by side; where
// grading stops at the first failure, cases that were ahead of it are undone.
//
// A task with a compile step and no cases is compiled and run once, with the plan's streams.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checkers/checker.h"
#include "runtime/host/host.h"
#include "runtime/judge/artefacts.h"
#include "runtime/judge/score.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::judge {

enum class AfterFailure { GoOn, Stop };

struct GradingOptions {
  // Live sandboxes, as far as RLIMIT_NOFILE has room for them; 0: as many as there are cores, see default_jobs().
  unsigned jobs = 0;
  AfterFailure after_failure = AfterFailure::GoOn;
};

struct CompileGrade {
  Verdict verdict = Verdict::Ok;  // OK, CE or IE
  std::string message;
  supervise::RunResult run;
};

struct CaseGrade {
  std::optional<Verdict> verdict;  // none: not run
  unsigned points = 0;             // earned
  std::string message;
  std::string feedback;                  // the checker's, where it was asked and found a difference
  std::optional<Difference> difference;  // the same, where it has a place
  supervise::RunResult run;
};

struct Grade {
  Verdict verdict = Verdict::Ie;
  std::string message;
  std::optional<CompileGrade> compile;
  std::optional<supervise::RunResult> run;  // of a task without cases, where the compile step did its work
  std::vector<CaseGrade> cases;             // as in the task
  std::uint64_t score = 0, score_max = 0;
};

// The sandboxes of a task: the compile step where it has one, then the program's, which its cases have in common but
// for their streams and limits.
enum class Step { Compile, Run, Case };
struct PlannedRun {
  std::string name;  // "compile", "run" or "case"; of one that was asked for by its name: "case NAME"
  Plan plan;
  Step step = Step::Run;
};
std::vector<PlannedRun> runs_of(const Task& task);

// The run of one case, from what the plan's cases have in common.
Plan plan_of_case(const Plan& common, const Case& one);

// Checks what each of the task's runs needs of this host, without making anything. Throws PlanError and HostError.
void check_runs(const Task& task, const host::HostFacts& host);

// The cores that this process may use, where each case is pinned to one; else 1.
unsigned default_jobs(const Task& task);

class Grading {
 public:
  // Starts the first run. Throws what check_runs() and Run throw. `pool` and `task` must outlive the grading.
  Grading(pool::CellPool& pool, const Task& task, const host::HostFacts& host, GradingOptions options);
  ~Grading();
  Grading(const Grading&) = delete;
  Grading& operator=(const Grading&) = delete;

  // After every turn of the loop: takes what has finished, starts what comes next. `save_folder` is for what a plan
  // without cases collects; null: nothing is.
  void advance(const supervise::SaveFolder* save_folder);
  [[nodiscard]] bool finished() const noexcept;

  // Ends what is running and starts nothing more.
  void interrupt(int signal);

  // How many of the cases that are yet to be started are worth preparing: no more than run at a time, as far as
  // RLIMIT_NOFILE has room for them too; none while it is not known whether there are any to run.
  [[nodiscard]] std::size_t cases_to_prepare() const;

  // Once, after finished().
  Grade take_grade();

 private:
  struct LiveCase;
  enum class WorkAfterwards { Gone, Kept };  // /work, for a file in it to be judged

  void start_compile();
  void end_compile(const supervise::SaveFolder* save_folder);
  void start_single_run();
  void end_single_run();
  void start_cases();
  void start_case(std::size_t index);
  void end_case(LiveCase& live);
  void judge_output_file(LiveCase& live, supervise::RunResult& run) const;
  void record(std::size_t index, CaseGrade grade);
  void undo_after_first_failure();
  [[nodiscard]] std::size_t cases_to_run() const;
  [[nodiscard]] unsigned jobs() const;
  [[nodiscard]] bool may_follow_another(std::size_t index) const;
  [[nodiscard]] std::shared_ptr<const sandbox::CompiledPlan> compile_with_artefacts(const Plan& plan,
                                                                                    WorkAfterwards work) const;

  pool::CellPool& pool_;
  const Task& task_;
  const host::HostFacts host_;
  const GradingOptions options_;
  const bool few_kinds_;  // of cases: the pool keeps cells for all of them
  Plan run_plan_;         // of the program; with the input and the limits of the case that was started last

  std::unique_ptr<supervise::Run> compile_run_, single_run_;
  std::optional<Artefacts> artefacts_;  // too large for run_plan_ to hold their content
  std::vector<std::unique_ptr<LiveCase>> live_;
  std::size_t next_case_ = 0;
  std::size_t first_failure_;  // the number of cases where there is none
  bool interrupted_ = false;
  Grade grade_;
};

}  // namespace evalrun::judge
