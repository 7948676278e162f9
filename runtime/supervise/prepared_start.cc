#include "runtime/supervise/prepared_start.h"

#include <utility>

namespace evalrun::supervise {

bool PreparedStart::take_job(JobNames job, Needs needs) {
  job_ = std::move(job);
  waits_for_target_ = needs == Needs::Target && target_ < 0;
  return !waits_for_target_;
}

bool PreparedStart::take_target(pid_t target) noexcept {
  target_ = target;
  return std::exchange(waits_for_target_, false);
}

std::optional<std::string> PreparedStart::describe_subject(const StepResult& step) const {
  if (!job_) return std::nullopt;
  if (step.stage == Stage::Exec) {
    if (step.operation == Operation::NotFound) return job_->name + " in PATH";
    const std::string* program = program_of(step);
    return program == nullptr ? "" : *program;
  }
  const auto item = static_cast<std::size_t>(step.item);
  const bool is_file = step.stage == Stage::Job && step.operation != Operation::Mkdir && item < job_->files.size();
  return is_file ? std::optional("file " + job_->files[item]) : std::nullopt;
}

const std::string* PreparedStart::program_of(const StepResult& step) const {
  if (!job_ || step.stage != Stage::Exec || step.operation == Operation::NotFound) return nullptr;
  const auto item = static_cast<std::size_t>(step.item);
  return item < job_->programs.size() ? &job_->programs[item] : nullptr;
}

}  // namespace evalrun::supervise
