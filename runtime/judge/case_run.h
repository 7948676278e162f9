// One case at work: the submission's run, or its dialogue with an interactor; then the programs that judge it; then the
// next pass, where they ask for one. A value of the grading's, driven by the same event loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/checkers/checker.h"
#include "runtime/judge/blame.h"
#include "runtime/judge/case_starts.h"
#include "runtime/judge/dialogue.h"
#include "runtime/judge/examination.h"
#include "runtime/judge/jury_call.h"
#include "runtime/judge/jury_fault.h"
#include "runtime/judge/program.h"
#include "runtime/judge/spool.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::judge {

struct CaseGrade {
  std::optional<Verdict> verdict;  // none: not run
  double points = 0;               // earned; of a task with groups: before their rules
  std::string message;
  std::string feedback;                  // the checker's, where it was asked and found a difference; the jury's message
  std::optional<Difference> difference;  // the checker's, where it has a place
  std::string team_message;              // what a program of the jury says to who has submitted
  supervise::RunResult run;              // of the pass that took the most CPU time, or that failed
  std::optional<JuryFault> jury_fault;
  std::optional<double> share, score, multiplier;  // as in CaseFacts
  unsigned passes = 1;
  std::string rule;                        // which rule decided, where a rule set was asked for
  std::vector<Opinion> opinions;           // of the rule sets, where they disagree
  std::optional<DialogueEnd> dialogue;     // of the last pass; its submission's run is `run`
  std::optional<Examination> examination;  // of a task with tests
  std::string same_as;                     // the case whose run this is, where their keys are equal
  std::string why_skipped;                 // why it was not run, or does not count
};

// The submission's limits are those of the case. Nothing but what differs is copied: its files are large.
void set_case(Plan& plan, const Plan& common, const Case& one);

// The programs of the jury that judge the case; null: a built-in checker does.
const JudgedByPrograms* programs_judging(const Task& task, const Case& one);

enum class UseCells { No, Yes };

class CaseRun {
 public:
  // What the cases of a grading have in common; all borrowed. `program` is changed from case to case.
  struct Context {
    pool::CellPool& pool;
    const Task& task;
    Program& program;
    const Jury& jury;  // with all that the task needs ready
    const CaseStarts& starts;
    // Whose rules say who is to blame; none: evalrun's own order (judge/score.h), which asks a checker last.
    std::optional<Rules> rules;
  };

  // Starts it. Throws what sandbox::compile and Run throw.
  CaseRun(const Context& context, std::size_t index, UseCells cells);
  ~CaseRun();
  CaseRun(const CaseRun&) = delete;
  CaseRun& operator=(const CaseRun&) = delete;

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] bool finished() const noexcept { return phase_ == Phase::Done; }
  // After every turn of the loop.
  void advance();
  void interrupt(int signal);

  // Once, after finished().
  CaseGrade take_grade() { return std::move(grade_); }

 private:
  enum class Phase { Running, Checking, Done };

  [[nodiscard]] const Case& one() const { return context_.task.cases[index_]; }
  [[nodiscard]] const JudgedByPrograms* judged_by() const { return programs_judging(context_.task, one()); }
  [[nodiscard]] const Checker& built_in_checker() const;
  [[nodiscard]] Duration time_limit() const { return one().time_limit.value_or(one().limits.cpu); }
  [[nodiscard]] bool judges_a_file() const { return !one().output_file.empty(); }
  void start_pass();
  void judge_source();
  std::unique_ptr<supervise::Run> start_program(supervise::RunHooks hooks);
  std::unique_ptr<supervise::Run> start_jury(const JuryProgram& program, JuryTask task, supervise::RunHooks hooks);
  void end_program();
  void start_dialogue();
  void start_examination();
  void end_examination();
  void end_in_process();
  void end_reported(Fd work);
  void settle_examination(Examination examination);
  void end_dialogue();
  void judge_output_of_interactor(Fd work);
  void take_run(supervise::RunResult run);
  void make_checker_for_case();
  [[nodiscard]] bool looks_after_failures() const;
  void judge_built_in();
  void open_output_file(Fd work);
  void feed_output_file(Fd work);
  void feed_spool();
  void feed(std::string_view piece);
  void start_check();
  void end_check();
  void hear(const JuryWord& word);
  [[nodiscard]] JuryWord word_of_jury(const JuryProgram& program, const supervise::RunResult& run,
                                      const Fd& work) const;
  void accept(const JuryProgram& program, const JuryWord& word, Fd work);
  void reject(const JuryProgram& program, const JuryWord& word);
  void settle_by_rules(std::optional<Conclusion> conclusion, Verdict otherwise);
  [[nodiscard]] bool took_too_long() const;
  [[nodiscard]] PassFacts pass_facts(Conclusion conclusion, const JuryWord& word) const;
  void begin_next_pass(const JuryProgram& program, Fd work);
  void blame_jury(const JuryProgram& program, const std::string& what, const std::string& error_output = "");
  void settle(Verdict verdict);
  void settle_fault(const supervise::SandboxFault& fault);

  Context context_;
  std::size_t index_;
  UseCells cells_;
  Phase phase_ = Phase::Running;
  bool interrupted_ = false;
  unsigned pass_ = 1;
  Fd pass_input_;                                         // of the second pass and later ones
  std::vector<WorkFile> kept_feedback_;                   // of the passes before
  std::unique_ptr<OutputChecker> checker_;                // a built-in one: it sees the output as the run reads it
  bool has_byte_order_mark_ = false;                      // what is expected
  std::optional<supervise::SandboxFault> checker_fault_;  // what is expected could not be read
  std::string no_output_file_;                            // why there is no file to judge
  std::optional<Spool> output_;                           // for programs that judge it
  std::size_t next_program_ = 0;                          // of those that judge it
  std::vector<std::string> jury_argv_;                    // of the one that runs
  std::unique_ptr<supervise::Run> run_;                   // of the submission, or of the jury's program
  std::unique_ptr<Dialogue> dialogue_;                    // in place of the submission's run
  std::string record_, token_;                            // of tests in one process with the submission
  bool record_is_cut_ = false;                            // of a report
  bool has_run_ = false;                                  // grade_.run is that of a pass
  CaseGrade grade_;
};

}  // namespace evalrun::judge
