// Grading: a submission compiled once and run over its cases, all in one event loop.
//
// Theory of operation. The compile step is a run like any other, in a sandbox of its own. What it leaves in /work is
// carried over (artefacts.h) into a new sandbox for each case, so no case sees another one's files or what any case
// expects; where the pool prepares runs, cases run in its cells. At most `jobs` cases are at work at a time. Cases
// start in the task's order and are judged each by itself (case_run.h), so the result does not depend on how many run
// side by side: where grading stops at the first failure, or a group's rules stop it, cases that were ahead are undone.
// Cases of equal keys are run once.
//
// The jury's programs are built first. One that cannot be built is the jury's fault in every case that needs it.
//
// A task with a compile step and no cases is compiled and run once, with the plan's streams.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checkers/checker.h"
#include "runtime/host/host.h"
#include "runtime/judge/case_run.h"
#include "runtime/judge/program.h"
#include "runtime/judge/score.h"
#include "runtime/judge/scoring.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::judge {

// After a case that is not accepted. A task with groups goes on as their rules say, unless it stops here.
enum class AfterFailure { GoOn, Stop };

// Cases that cannot change the result any more, by the rules of the groups.
enum class PointlessCases { Skip, Run };

struct GradingOptions {
  // Live sandboxes, as far as RLIMIT_NOFILE has room for them; 0: as many as there are cores, see default_jobs().
  unsigned jobs = 0;
  AfterFailure after_failure = AfterFailure::GoOn;
  PointlessCases pointless_cases = PointlessCases::Skip;
  // Whose rules say who is to blame; none: evalrun's own.
  std::optional<Rules> rules = {};
  // Where the jury's programs are kept ready for other gradings; null: for this one alone. Borrowed, and advanced by
  // whoever owns it.
  Jury* jury = nullptr;
  // Cases that cannot be judged, by their index, and why: a generator failed. It is the jury's fault. Null: there are
  // none. Borrowed.
  const std::map<std::size_t, JuryFault>* faults = nullptr;
};

struct Grade {
  Verdict verdict = Verdict::Ie;
  std::string message;
  std::optional<CompileGrade> compile;
  std::optional<supervise::RunResult> run;  // of a task without cases, where the compile step did its work
  std::vector<CaseGrade> cases;             // as in the task
  double score = 0, score_max = 0;          // the root's, where there are groups; 0 where its most is not known
  std::vector<GroupGrade> groups;           // as in the task; [0] says what all comes to
};

// The sandboxes of a task: the compile step where it has one, then the program's, which its cases have in common but
// for their streams and limits, then those of the jury's programs.
enum class Step { Compile, Run, Case, JuryCompile, Jury };
struct PlannedRun {
  // "compile", "run" or "case"; of one that was asked for by its name: "case NAME"; of the jury's: "checker", and
  // "compile checker"
  std::string name;
  Plan plan;
  Step step = Step::Run;
};
std::vector<PlannedRun> runs_of(const Task& task);
// The one that all cases have in common, or the only one.
PlannedRun run_of_program(const Task& task);

// The run of one case, from what the plan's cases have in common.
Plan plan_of_case(const Plan& common, const Case& one);

// Checks what each of the task's runs needs of this host, without making anything. Throws PlanError and HostError.
// What `pool` knows need not be looked at again.
void check_runs(const Task& task, const host::HostFacts& host, const pool::CellPool* pool = nullptr);

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

  // In place of the options' `jobs`, from now on.
  void set_jobs(unsigned jobs) noexcept { options_.jobs = jobs; }

  // How many of the cases that are yet to be started are worth preparing: no more than run at a time, as far as
  // RLIMIT_NOFILE has room for them too; none while it is not known whether there are any to run.
  [[nodiscard]] std::size_t cases_to_prepare() const;

  // Once, after finished().
  Grade take_grade();
  // /work of the run of a task without cases, where the plan collects files; else none. After finished().
  Fd take_work_folder() { return std::move(work_folder_); }

 private:
  void start_compile();
  void end_compile(const supervise::SaveFolder* save_folder);
  void start_single_run();
  void end_single_run();
  bool prepare_jury();
  void start_cases();
  void start_case(std::size_t index);
  void record(std::size_t index, CaseGrade grade);
  void record_fault(std::size_t index, const supervise::SandboxFault& fault);
  bool settle_without_run(std::size_t index);
  void undo_after_first_failure();
  void work_out_groups();
  void start_grader(const GraderCall& call);
  void end_grader();
  void settle_by_cases();
  void settle_by_groups();
  [[nodiscard]] bool has_compiled() const;
  [[nodiscard]] std::size_t cases_to_run() const;
  [[nodiscard]] unsigned jobs() const;
  [[nodiscard]] bool may_follow_another(std::size_t index) const;
  [[nodiscard]] std::vector<Limits> limits_of_runs() const;
  [[nodiscard]] std::string message_of_first(Verdict verdict) const;

  pool::CellPool& pool_;
  const Task& task_;
  const host::HostFacts host_;
  GradingOptions options_;
  const bool few_kinds_;  // of cases: the pool keeps cells for all of them
  Program program_;       // with the input and the limits of the case that was started last
  CaseStarts starts_;

  std::unique_ptr<Jury> own_jury_;
  Jury* jury_;
  std::vector<std::shared_ptr<const JuryProgram>> needed_;  // of the jury, before any case
  bool jury_is_ready_ = false;
  std::optional<Build> build_;
  std::unique_ptr<supervise::Run> single_run_;
  Fd work_folder_;  // of that
  std::vector<std::unique_ptr<CaseRun>> live_;
  std::size_t next_case_ = 0;
  std::size_t first_failure_;  // the number of cases where there is none
  std::optional<SkipRules> skip_rules_;
  std::map<std::string, std::size_t> first_of_key_;  // the first case of each key that was started
  std::vector<std::optional<GraderAnswer>> answers_;
  std::optional<GraderCall> asked_;
  std::unique_ptr<supervise::Run> grader_run_;
  bool groups_are_known_ = false;
  bool interrupted_ = false;
  Grade grade_;
};

}  // namespace evalrun::judge
