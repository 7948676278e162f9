#include "runtime/judge/grading.h"

#include <signal.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/text.h"
#include "runtime/judge/capacity.h"
#include "runtime/problem/comparison.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::judge {
namespace {

using supervise::RunResult;

std::string message_of_case(Verdict verdict, const RunResult& run, const Case& one) {
  if (verdict == Verdict::Tle && one.time_limit && run.cpu.total() > *one.time_limit) {
    return "took more CPU time than the time limit of " + to_string(*one.time_limit);
  }
  const Limits& limits = one.limits;
  if (verdict != Verdict::Ac && verdict != Verdict::Wa && verdict != Verdict::Pe) return message_of(run, limits);
  std::string text = verdict == Verdict::Ac   ? "accepted"
                     : verdict == Verdict::Wa ? "wrong answer"
                                              : "wrong answer: the output cannot be read";
  for (const supervise::LimitMet& met : run.limits_met) text += "; " + describe(met);
  return text;
}

// Cases are of one kind where their limits are the same.
bool has_few_kinds(const Task& task) {
  std::vector<const Limits*> kinds;
  for (const Case& one : task.cases) {
    if (std::ranges::any_of(kinds, [&](const Limits* kind) { return *kind == one.limits; })) continue;
    if (kinds.size() == pool::CellPool::kMostKinds) return false;
    kinds.push_back(&one.limits);
  }
  return true;
}

// The last line of a grader's output: "AC 12.5".
GraderAnswer answer_of(const RunResult& run, const Limits& limits) {
  GraderAnswer answer;
  const auto* exited = std::get_if<supervise::Exited>(&run.outcome);
  if (exited == nullptr || exited->code != 0) {
    answer.fault = "its grader " + message_of(run, limits);
    if (!run.error_output.kept.empty()) answer.fault += "; stderr: " + run.error_output.kept.substr(0, 500);
    answer.fault = one_line(answer.fault);
    return answer;
  }
  std::string line = run.output.kept;
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  const std::size_t space = line.find(' ');
  const std::optional<Verdict> verdict = verdict_of_kattis_name(line.substr(0, space));
  const std::optional<double> score =
      space == std::string::npos ? std::nullopt : problem::decimal_number(line.substr(space + 1));
  if (!verdict || !score) {
    answer.fault =
        "its grader wrote " + in_quotes(line.substr(0, 60)) + ", not a verdict and a score such as \"AC 10\"";
    return answer;
  }
  answer.verdict = verdict;
  answer.score = *score;
  return answer;
}

}  // namespace

unsigned default_jobs(const Task& task) {
  const auto is_pinned = [](const Case& one) { return std::holds_alternative<CpusAuto>(one.limits.cpus); };
  return std::ranges::all_of(task.cases, is_pinned) ? usable_cores() : 1;
}

Grading::Grading(pool::CellPool& pool, const Task& task, const host::HostFacts& host, GradingOptions options)
    : pool_(pool),
      task_(task),
      host_(host),
      options_(options),
      few_kinds_(has_few_kinds(task)),
      program_(plan_of_program(task), host_),
      starts_(pool, task),
      own_jury_(options.jury == nullptr ? std::make_unique<Jury>(pool, host_) : nullptr),
      jury_(options.jury == nullptr ? own_jury_.get() : options.jury),
      // The examiner needs no compile step. It is the job's own, and a jury that many jobs share would keep it.
      needed_(task.tests ? decltype(needed_)() : needed_jury(task)),
      first_failure_(task.cases.size()),
      answers_(task.groups.size()) {
  check_runs(task_, host_, &pool_);
  grade_.cases.resize(task_.cases.size());
  if (!task_.groups.empty()) skip_rules_.emplace(task_.groups, task_.cases.size());
  if (options_.jury != nullptr) prepare_jury();  // beside the submission's own compile step
  if (task_.compile) {
    start_compile();
  } else if (task_.cases.empty()) {
    start_steps();
  } else {
    start_cases();
  }
}

Grading::~Grading() = default;

bool Grading::has_compiled() const {
  return !grade_.compile || grade_.compile->verdict == Verdict::Ok;
}

bool Grading::finished() const noexcept {
  if (build_ || is_stepping() || !live_.empty() || grader_run_) return false;
  if (own_jury_ && own_jury_->building() > 0) return false;
  return interrupted_ || !has_compiled() ||
         (next_case_ >= cases_to_run() && (groups_are_known_ || task_.cases.empty()));
}

void Grading::interrupt(int signal) {
  interrupted_ = true;
  if (build_) build_->interrupt(signal);
  if (step_runs_) step_runs_->interrupt(signal);
  if (own_jury_) own_jury_->interrupt(signal);
  if (grader_run_) grader_run_->interrupt(signal);
  for (const auto& live : live_) live->interrupt(signal);
}

void Grading::advance(const supervise::SaveFolder* save_folder) {
  if (own_jury_) own_jury_->advance();
  if (build_ && build_->finished()) end_compile();
  if (step_runs_) step_runs_->advance(save_folder);
  if (build_ || is_stepping()) return;
  for (const auto& live : live_) {
    live->advance();
    if (live->finished()) record(live->index(), live->take_grade());
  }
  std::erase_if(live_, [](const auto& live) { return live->finished(); });
  undo_after_first_failure();
  start_cases();
  if (grader_run_ && grader_run_->finished()) end_grader();
  const bool all_ran = live_.empty() && next_case_ >= cases_to_run() && has_compiled() && !interrupted_;
  if (all_ran && !grader_run_ && !groups_are_known_) work_out_groups();
}

std::size_t Grading::cases_to_prepare() const {
  if (interrupted_ || build_ || is_stepping()) return 0;
  const std::size_t left = cases_to_run() - std::min(next_case_, cases_to_run());
  return std::min<std::size_t>(left, std::min(jobs(), most_sandboxes(0) - jobs()));
}

// Whether all that the cases need of the jury is ready, or has failed.
bool Grading::prepare_jury() {
  if (jury_is_ready_) return true;
  bool ready = true;
  for (const auto& program : needed_) {
    if (jury_->prepare(program) == Jury::State::Building) ready = false;
  }
  return jury_is_ready_ = ready;
}

void Grading::start_cases() {
  if (interrupted_ || next_case_ >= cases_to_run() || !prepare_jury() || !starts_.choose(program_)) return;
  while (next_case_ < cases_to_run() && live_.size() < jobs()) {
    if (!settle_without_run(next_case_)) start_case(next_case_);
    ++next_case_;
  }
}

// Cases behind this one are not run.
std::size_t Grading::cases_to_run() const {
  if (!has_compiled()) return 0;
  return options_.after_failure == AfterFailure::Stop ? std::min(first_failure_, task_.cases.size())
                                                      : task_.cases.size();
}

unsigned Grading::jobs() const {
  const unsigned wanted = options_.jobs != 0 ? options_.jobs : default_jobs(task_);
  const unsigned room = most_sandboxes(program_.carried());
  return std::clamp(wanted, 1U, task_.interaction ? std::max(1U, room / 2) : room);
}

std::vector<Limits> Grading::limits_of_runs() const {
  std::vector<Limits> limits;
  for (const Case& one : task_.cases) limits.push_back(one.limits);
  if (limits.empty()) limits.push_back(steps_of(task_).front().limits);
  return limits;
}

void Grading::start_compile() {
  build_.emplace(pool_, host_, task_.plan, *task_.compile);
}

void Grading::start_steps() {
  step_runs_.emplace(pool_, task_, program_);
  step_runs_->start();
}

void Grading::end_compile() {
  const bool was_interrupted = interrupted_;
  grade_.compile = build_->end(program_, limits_of_runs());
  build_.reset();
  if (!has_compiled() || was_interrupted || !task_.cases.empty()) return;
  start_steps();
}

// Cells that are given up before a second case comes cost more than a run by itself.
bool Grading::may_follow_another(std::size_t index) const {
  const std::vector<Case>& cases = task_.cases;
  const auto is_alike = [&](const Case& other) { return other.limits == cases[index].limits; };
  return few_kinds_ || (index > 0 && is_alike(cases[index - 1])) ||
         (index + 1 < cases.size() && is_alike(cases[index + 1]));
}

// Whether the case needs no run of its own: it can change nothing, or another case's run stands for it.
bool Grading::settle_without_run(std::size_t index) {
  if (skip_rules_ && options_.pointless_cases == PointlessCases::Skip) {
    grade_.cases[index].why_skipped = skip_rules_->why_skipped(index);
    if (!grade_.cases[index].why_skipped.empty()) return true;
  }
  const std::string& key = task_.cases[index].key;
  if (key.empty()) return false;
  return !first_of_key_.emplace(key, index).second;  // its grade is copied when all have ended
}

void Grading::start_case(std::size_t index) {
  if (options_.faults != nullptr && options_.faults->contains(index)) {
    CaseGrade grade;
    grade.verdict = Verdict::Ie;
    grade.jury_fault = options_.faults->at(index);
    return record(index, std::move(grade));
  }
  for (const auto& program : needed_) {
    if (jury_->prepare(program) != Jury::State::Failed) continue;
    CaseGrade grade;
    grade.verdict = Verdict::Ie;
    grade.jury_fault = fault_of_compile_step(*program, jury_->failure(*program));
    return record(index, std::move(grade));
  }
  const CaseRun::Context context{pool_, task_, program_, *jury_, starts_, options_.rules};
  try {
    live_.push_back(
        std::make_unique<CaseRun>(context, index, may_follow_another(index) ? UseCells::Yes : UseCells::No));
  } catch (const HostError& error) {
    record_fault(index, supervise::fault_of(error));
  } catch (const SystemError& error) {
    record_fault(index, supervise::fault_of(error));
  }
}

void Grading::record_fault(std::size_t index, const supervise::SandboxFault& fault) {
  CaseGrade grade;
  grade.run.outcome = fault;
  record(index, std::move(grade));
}

void Grading::record(std::size_t index, CaseGrade grade) {
  if (!grade.verdict) grade.verdict = verdict_of_case(grade.run.outcome, {});
  grade.message = grade.jury_fault ? "the jury's fault: " + describe(*grade.jury_fault)
                  : grade.examination && !grade.examination->message.empty()
                      ? grade.examination->message
                      : message_of_case(*grade.verdict, grade.run, task_.cases[index]);
  if (*grade.verdict != Verdict::Ac) {
    first_failure_ = std::min(first_failure_, index);
    if (skip_rules_) skip_rules_->note_rejected(index, task_.cases[index].own_points == 0);
  }
  grade_.cases[index] = std::move(grade);
}

// What ran beside the first failure and stands behind it in the plan, as if it had never run.
void Grading::undo_after_first_failure() {
  if (options_.after_failure == AfterFailure::GoOn) return;
  std::erase_if(live_, [&](const auto& live) { return live->index() > first_failure_; });
  for (std::size_t i = first_failure_ + 1; i < grade_.cases.size(); ++i) grade_.cases[i] = {};
}

// Gives cases of equal keys their grade, and the groups theirs. A group with a grader of its own waits for it.
void Grading::work_out_groups() {
  for (std::size_t i = 0; i < task_.cases.size(); ++i) {
    const std::string& key = task_.cases[i].key;
    const bool is_undone = options_.after_failure == AfterFailure::Stop && i > first_failure_;
    if (key.empty() || grade_.cases[i].verdict || is_undone) continue;
    const auto first = first_of_key_.find(key);
    if (first == first_of_key_.end() || !grade_.cases[first->second].verdict) continue;
    const std::string why_skipped = std::move(grade_.cases[i].why_skipped);
    grade_.cases[i] = grade_.cases[first->second];
    grade_.cases[i].same_as = task_.cases[first->second].name;
    grade_.cases[i].why_skipped = why_skipped;
  }
  if (task_.groups.empty()) {
    groups_are_known_ = true;
    return;
  }
  std::vector<CaseFacts> facts;
  for (std::size_t i = 0; i < task_.cases.size(); ++i) {
    const CaseGrade& grade = grade_.cases[i];
    facts.push_back({grade.verdict, grade.share, grade.score, grade.multiplier, task_.cases[i].own_points});
  }
  Scores scores = work_out(task_.groups, facts, answers_);
  if (scores.call) return start_grader(*scores.call);
  grade_.groups = std::move(scores.groups);
  for (std::size_t i = 0; i < task_.cases.size(); ++i) {
    CaseGrade& grade = grade_.cases[i];
    grade.why_skipped = scores.skipped[i];
    if (!grade.why_skipped.empty() && options_.pointless_cases == PointlessCases::Skip) {
      const std::string why = std::move(grade.why_skipped);
      grade = {};
      grade.message = "not run: " + why;
      grade.why_skipped = why;
    }
  }
  groups_are_known_ = true;
}

void Grading::start_grader(const GraderCall& call) {
  asked_ = call;
  const problem::Scoring& rules = task_.groups[call.group].scoring;
  const JuryProgram& grader = *task_.jury[*rules.grader];
  if (jury_->prepare(task_.jury[*rules.grader]) != Jury::State::Ready) {
    answers_[call.group] = {{}, 0, "its grader does not compile: " + jury_->failure(grader).message};
    return;
  }
  const Program& ready = jury_->program(grader);
  Plan plan = ready.plan();
  plan.job.argv.insert(plan.job.argv.end(), rules.grader_flags.begin(), rules.grader_flags.end());
  plan.job.input = InputText{call.input};
  grader_run_ = pool_.start_alone(ready.compile(plan, WorkAfterwards::Gone));
}

void Grading::end_grader() {
  const problem::Scoring& rules = task_.groups[asked_->group].scoring;
  answers_[asked_->group] = answer_of(grader_run_->take_result(nullptr), task_.jury[*rules.grader]->plan.kind.limits);
  grader_run_.reset();
}

std::string Grading::message_of_first(Verdict verdict) const {
  const auto decides = [&](const CaseGrade& one) { return one.verdict == verdict && one.why_skipped.empty(); };
  const auto first = std::ranges::find_if(grade_.cases, decides);
  if (first == grade_.cases.end()) return "";
  return "case " + task_.cases[static_cast<std::size_t>(first - grade_.cases.begin())].name + ": " + first->message;
}

Grade Grading::take_grade() {
  Grade& grade = grade_;
  if (grade.compile && grade.compile->verdict != Verdict::Ok) {
    grade.verdict = grade.compile->verdict;
    grade.message = "the compile step failed: " + grade.compile->message;
  } else if (task_.cases.empty()) {
    settle_by_steps();
  } else if (!task_.groups.empty()) {
    settle_by_groups();
  } else {
    settle_by_cases();
  }
  return std::move(grade_);
}

void Grading::settle_by_steps() {
  Grade& grade = grade_;
  if (step_runs_) grade.steps = step_runs_->take_grades();
  StepsSummary summary = summary_of(task_, grade.steps);
  grade.verdict = summary.verdict;
  grade.message = std::move(summary.message);
  if (!task_.steps.empty()) return;
  if (!grade.steps.empty() && grade.steps.front().verdict) grade.run = std::move(grade.steps.front().run);
  grade.steps.clear();
}

void Grading::settle_by_cases() {
  Grade& grade = grade_;
  std::vector<ScoredCase> scored;
  for (std::size_t i = 0; i < task_.cases.size(); ++i) {
    const Case& one = task_.cases[i];
    scored.push_back({grade.cases[i].verdict, static_cast<double>(one.points), one.group, grade.cases[i].share});
    grade.score_max += one.points;
  }
  const std::vector<double> points = points_earned(scored);
  for (std::size_t i = 0; i < points.size(); ++i) {
    grade.cases[i].points = points[i];
    grade.score += points[i];
  }
  grade.verdict = verdict_of_all(scored);
  const std::string first = message_of_first(grade.verdict);
  grade.message = grade.verdict == Verdict::Ac ? "accepted" : first.empty() ? "cancelled" : first;
}

void Grading::settle_by_groups() {
  Grade& grade = grade_;
  const auto is_cancelled = [](const CaseGrade& one) { return one.verdict == Verdict::Cancelled; };
  if (!groups_are_known_ || std::ranges::any_of(grade.cases, is_cancelled)) {
    grade.verdict = Verdict::Cancelled;
    grade.message = "cancelled";
    return;
  }
  grade.verdict = grade.groups.front().verdict.value_or(Verdict::Ie);
  grade.score = grade.groups.front().score;
  grade.score_max = task_.groups.front().scoring.most.value_or(0);
  for (std::size_t i = 0; i < grade.cases.size(); ++i) {
    CaseGrade& one = grade.cases[i];
    if (one.verdict) one.points = task_.cases[i].own_points * one.share.value_or(one.verdict == Verdict::Ac ? 1 : 0);
  }
  const std::string first = message_of_first(grade.verdict);
  grade.message = grade.verdict == Verdict::Ac ? "accepted" : first.empty() ? "rejected" : first;
  for (std::size_t i = 0; i < grade.groups.size(); ++i) {
    if (grade.groups[i].fault.empty()) continue;
    const std::string& name = task_.groups[i].name;
    grade.message =
        "the jury's fault: " + (name.empty() ? "all cases" : "group " + name) + ": " + grade.groups[i].fault;
    break;
  }
}

}  // namespace evalrun::judge
