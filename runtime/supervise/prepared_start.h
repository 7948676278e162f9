// The start of a run that was prepared before its job was known: what is still missing, and what its job is called.
//
// Three things come in any order: the run is prepared; its job is told; init says which process the program's will be,
// which must be known first where that process is to be pinned to cores.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/core/step_result.h"

namespace evalrun::supervise {

class PreparedStart {
 public:
  enum class Needs { Nothing, Target };
  // What messages about the job name.
  struct JobNames {
    std::string name;                   // the program's, as in argv
    std::vector<std::string> programs;  // what execve is tried on, in order
    std::vector<std::string> files;     // paths below /work
  };

  void set_prepared() noexcept { is_prepared_ = true; }
  // The run does nothing more until it is told its job.
  [[nodiscard]] bool is_prepared() const noexcept { return is_prepared_; }

  // Both say whether the program can start now. Each is called once.
  [[nodiscard]] bool take_job(JobNames job, Needs needs);
  [[nodiscard]] bool take_target(pid_t target) noexcept;

  [[nodiscard]] bool has_job() const noexcept { return job_.has_value(); }
  [[nodiscard]] pid_t target() const noexcept { return target_; }  // -1: not known

  // What of the job a failed step is about, in words; none where it is about the plan that the run was prepared for.
  [[nodiscard]] std::optional<std::string> describe_subject(const StepResult& step) const;
  // The program that a failed execve was tried on; none as above, and where none was found.
  [[nodiscard]] const std::string* program_of(const StepResult& step) const;

 private:
  bool is_prepared_ = false;
  bool waits_for_target_ = false;  // the job is there
  pid_t target_ = -1;
  std::optional<JobNames> job_;
};

}  // namespace evalrun::supervise
