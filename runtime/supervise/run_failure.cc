// What a step of the set-up that fails means for a run: whose fault it is, and what it is called.
#include <filesystem>

#include "runtime/core/error.h"
#include "runtime/supervise/run.h"

namespace evalrun::supervise {

std::string Run::describe_subject(const StepResult& step) const {
  std::optional<std::string> of_job = prepared_start_ ? prepared_start_->describe_subject(step) : std::nullopt;
  return of_job ? *std::move(of_job) : plan_->describe_subject(step);
}

// The program that a failed execve was tried on; null where none was found, and of any other step.
const std::string* Run::program_of(const StepResult& step) const {
  const bool is_told = prepared_start_ && prepared_start_->has_job();
  return is_told ? prepared_start_->program_of(step) : plan_->program_of(step);
}

// What the restorer stumbled over, in words.
std::string Run::describe_restore(const StepResult& step) {
  return std::string(name_of(step.operation)) + ": " + errno_text(step.error);
}

bool Run::is_programs_own_fault(const StepResult& step) const {
  // A shortage of the host's is nobody's file.
  if (step.stage != Stage::Exec || is_retryable(step.error)) return false;
  // A program that the plan's author placed in the workspace is a submission; any other is part of the operator's
  // set-up.
  const std::string* program = program_of(step);
  if (program == nullptr) return false;
  const Kind& kind = plan_->plan().kind;
  const std::string path =
      rootfs::as_in_work(kind, (std::filesystem::path(kind.cwd) / *program).lexically_normal().string());
  return rootfs::is_within(path, "/work") || rootfs::is_within(path, "/tmp");
}

Outcome Run::fault(const StepResult& step) const {
  if (is_programs_own_fault(step)) {
    return NotStarted{std::string(name_of(step.operation)), describe_subject(step), step.error};
  }
  SandboxFault fault{std::string(name_of(step.stage)), std::string(name_of(step.operation)), describe_subject(step),
                     step.error, is_retryable(step.error)};
  if (step.stage == Stage::Namespaces) fault.remedy = host::explain_refused_namespaces(step.error);
  if (step.stage == Stage::Hostname) {
    fault.remedy =
        "a filter around this process refuses it; a plan accepts the host's name with [require] uts_ns = "
        "\"if-available\"";
  }
  return fault;
}

void Run::on_failure(const StepResult& step) {
  if (!outcome_ || std::holds_alternative<LimitHit>(*outcome_)) outcome_ = fault(step);
  // The child leaves by itself; the deadline stands in case it cannot.
}

}  // namespace evalrun::supervise
