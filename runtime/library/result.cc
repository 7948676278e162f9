#include <algorithm>

#include "runtime/core/overloaded.h"
#include "runtime/judge/verdict.h"
#include "runtime/library/state.h"
#include "runtime/report/grade_report.h"
#include "runtime/report/report.h"

namespace evalrun {
namespace {

using supervise::RunResult;

// The public list stands by itself, in a header that includes nothing of ours. This switch holds the two together: the
// compiler finds a verdict that it lacks, and below it is shown to change no value.
constexpr Verdict to_public(judge::Verdict verdict) {
  switch (verdict) {
    case judge::Verdict::Ok: return Verdict::Ok;
    case judge::Verdict::Ac: return Verdict::Ac;
    case judge::Verdict::Wa: return Verdict::Wa;
    case judge::Verdict::Pe: return Verdict::Pe;
    case judge::Verdict::Re: return Verdict::Re;
    case judge::Verdict::Tle: return Verdict::Tle;
    case judge::Verdict::Mle: return Verdict::Mle;
    case judge::Verdict::Ole: return Verdict::Ole;
    case judge::Verdict::Sv: return Verdict::Sv;
    case judge::Verdict::Ce: return Verdict::Ce;
    case judge::Verdict::Ie: return Verdict::Ie;
    case judge::Verdict::Cancelled: return Verdict::Cancelled;
  }
  return Verdict::Ie;
}

constexpr bool are_one_list() {
  for (int value = 0; value <= static_cast<int>(judge::Verdict::Cancelled); ++value) {
    if (static_cast<int>(to_public(static_cast<judge::Verdict>(value))) != value) return false;
  }
  return true;
}
static_assert(are_one_list());

judge::Verdict to_internal(Verdict verdict) {
  return static_cast<judge::Verdict>(verdict);
}

Limit to_public(supervise::Limit limit) {
  switch (limit) {
    case supervise::Limit::Cpu: return Limit::Cpu;
    case supervise::Limit::Wall: return Limit::Wall;
    case supervise::Limit::Idle: return Limit::Idle;
    case supervise::Limit::Memory: return Limit::Memory;
    case supervise::Limit::AddressSpace: return Limit::AddressSpace;
    case supervise::Limit::Output: return Limit::OutputSize;
    case supervise::Limit::FileSize: return Limit::FileSize;
    case supervise::Limit::Processes: return Limit::Processes;
    case supervise::Limit::OpenFiles: return Limit::OpenFiles;
    case supervise::Limit::Stack: return Limit::Stack;
    case supervise::Limit::Workspace: return Limit::Workspace;
    case supervise::Limit::Inodes: return Limit::Inodes;
  }
  return Limit::Wall;
}

supervise::Limit to_internal(Limit limit) {
  switch (limit) {
    case Limit::Cpu: return supervise::Limit::Cpu;
    case Limit::Wall: return supervise::Limit::Wall;
    case Limit::Idle: return supervise::Limit::Idle;
    case Limit::Memory: return supervise::Limit::Memory;
    case Limit::AddressSpace: return supervise::Limit::AddressSpace;
    case Limit::OutputSize: return supervise::Limit::Output;
    case Limit::FileSize: return supervise::Limit::FileSize;
    case Limit::Processes: return supervise::Limit::Processes;
    case Limit::OpenFiles: return supervise::Limit::OpenFiles;
    case Limit::Stack: return supervise::Limit::Stack;
    case Limit::Workspace: return supervise::Limit::Workspace;
    case Limit::Inodes: return supervise::Limit::Inodes;
  }
  return supervise::Limit::Wall;
}

OutcomeKind kind_of(const supervise::Outcome& outcome) {
  return std::visit(Overloaded{[](const supervise::Exited&) { return OutcomeKind::Exited; },
                               [](const supervise::Signaled&) { return OutcomeKind::Signaled; },
                               [](const supervise::LimitHit&) { return OutcomeKind::Limit; },
                               [](const supervise::Violation&) { return OutcomeKind::Violation; },
                               [](const supervise::NotStarted&) { return OutcomeKind::NotStarted; },
                               [](const supervise::SandboxFault&) { return OutcomeKind::SandboxError; },
                               [](const supervise::Cancelled&) { return OutcomeKind::Cancelled; }},
                    outcome);
}

// Of a run that never was.
RunResult not_run(const supervise::Outcome& why) {
  RunResult run;
  run.outcome = why;
  return run;
}

// The run that decided.
const RunResult& main_run_of(const judge::Grade& grade) {
  static const RunResult kNone = not_run(supervise::Cancelled{});
  if (grade.run) return *grade.run;
  const auto failed =
      std::ranges::find_if(grade.steps, [](const auto& one) { return one.verdict != judge::Verdict::Ok; });
  if (failed != grade.steps.end() && failed->verdict) return failed->run;
  if (failed == grade.steps.end() && !grade.steps.empty()) return grade.steps.back().run;
  const auto decides = [&](const judge::CaseGrade& one) { return one.verdict == grade.verdict; };
  const auto first = std::ranges::find_if(grade.cases, decides);
  if (first != grade.cases.end()) return first->run;
  return grade.compile ? grade.compile->run : kNone;
}

std::chrono::microseconds in_microseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time);
}

}  // namespace

std::string_view name_of(Verdict verdict) noexcept {
  return judge::name_of(to_internal(verdict));
}

std::string_view name_of(OutcomeKind kind) noexcept {
  switch (kind) {
    case OutcomeKind::Exited: return "exited";
    case OutcomeKind::Signaled: return "signaled";
    case OutcomeKind::Limit: return "limit";
    case OutcomeKind::Violation: return "violation";
    case OutcomeKind::NotStarted: return "not_started";
    case OutcomeKind::SandboxError: return "sandbox_error";
    case OutcomeKind::Cancelled: return "cancelled";
  }
  return "?";
}

std::string_view name_of(Limit limit) noexcept {
  return supervise::name_of(to_internal(limit));
}

Result::State::State(std::shared_ptr<const CompiledPlan::State> from,
                     std::variant<supervise::RunResult, judge::Grade, Failure> what, Duration time)
    : plan(std::move(from)), value(std::move(what)), took(time) {
  std::visit(Overloaded{[&](const RunResult& run) {
                          verdict = judge::verdict_of(run.outcome);
                          message = judge::message_of(run, plan->plan().kind.limits);
                        },
                        [&](const judge::Grade& grade) {
                          verdict = grade.verdict;
                          message = grade.message;
                        },
                        [&](const Failure& failure) {
                          verdict = judge::Verdict::Ie;
                          message = failure.message;
                        }},
             value);
  if (const auto* failure = std::get_if<Failure>(&value)) without_run_ = not_run(failure->fault);
}

const RunResult& Result::State::main_run() const noexcept {
  if (const auto* run = std::get_if<RunResult>(&value)) return *run;
  if (const auto* grade = std::get_if<judge::Grade>(&value)) return main_run_of(*grade);
  return without_run_;
}

Verdict Result::verdict() const noexcept {
  return to_public(state_->verdict);
}
const std::string& Result::message() const noexcept {
  return state_->message;
}
OutcomeKind Result::outcome() const {
  return kind_of(state_->main_run().outcome);
}
std::optional<int> Result::exit_code() const noexcept {
  const auto* exited = std::get_if<supervise::Exited>(&state_->main_run().outcome);
  return exited == nullptr ? std::nullopt : std::optional(exited->code);
}
std::optional<int> Result::signal() const noexcept {
  const auto* signaled = std::get_if<supervise::Signaled>(&state_->main_run().outcome);
  return signaled == nullptr ? std::nullopt : std::optional(signaled->signal);
}
std::optional<Limit> Result::limit() const noexcept {
  const auto* hit = std::get_if<supervise::LimitHit>(&state_->main_run().outcome);
  return hit == nullptr ? std::nullopt : std::optional(to_public(hit->limit));
}

std::chrono::microseconds Result::cpu() const noexcept {
  return in_microseconds(state_->main_run().cpu.total());
}
std::chrono::microseconds Result::wall() const noexcept {
  return in_microseconds(state_->main_run().wall);
}
std::uint64_t Result::memory_peak() const noexcept {
  return state_->main_run().memory.peak.count;
}

std::string_view Result::standard_output() const noexcept {
  return state_->main_run().output.kept;
}
std::string_view Result::standard_error() const noexcept {
  return state_->main_run().error_output.kept;
}
std::uint64_t Result::standard_output_bytes() const noexcept {
  return state_->main_run().output.bytes;
}
std::uint64_t Result::standard_error_bytes() const noexcept {
  return state_->main_run().error_output.bytes;
}

double Result::score() const noexcept {
  const auto* grade = std::get_if<judge::Grade>(&state_->value);
  return grade == nullptr ? 0 : grade->score;
}
double Result::score_max() const noexcept {
  const auto* grade = std::get_if<judge::Grade>(&state_->value);
  return grade == nullptr ? 0 : grade->score_max;
}

std::string Result::json() const {
  const Plan& plan = state_->plan->plan();
  return std::visit(Overloaded{[&](const RunResult& run) {
                                 return report::to_json(report::Report{plan, run, state_->took});
                               },
                               [&](const judge::Grade& grade) {
                                 return report::to_json(report::GradeReport{
                                     std::get<CheckedTask>(state_->plan->what).task, grade, state_->took});
                               },
                               [&](const Failure& failure) {
                                 return report::fault_to_json(plan.origin.name, failure.fault, failure.message);
                               }},
                    state_->value);
}

std::string Result::text() const {
  const Plan& plan = state_->plan->plan();
  return std::visit(Overloaded{[&](const RunResult& run) {
                                 return report::to_text(report::Report{plan, run, state_->took});
                               },
                               [&](const judge::Grade& grade) {
                                 return report::to_text(report::GradeReport{
                                     std::get<CheckedTask>(state_->plan->what).task, grade, state_->took});
                               },
                               [&](const Failure& failure) { return "IE  " + failure.message + "\n"; }},
                    state_->value);
}

int Result::exit_status() const noexcept {
  return judge::exit_status_of(state_->verdict);
}

}  // namespace evalrun
