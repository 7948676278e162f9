// A trial: the very system calls that a run makes, made in a child process that then ends, so that nothing is left of
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/step_result.h"
#include "runtime/host/leases.h"

namespace evalrun::doctor {

// One row of a trial: a step of the sandbox's own set-up, or a raw system call (-errno where it failed).
class TrialStep {
 public:
  TrialStep(const char* call, std::function<StepResult()> step) : call_(call), act_(std::move(step)) {}
  TrialStep(const char* call, std::function<long()> raw)
      : call_(call), act_([raw = std::move(raw)] {
          const long result = raw();
          return result < 0 ? failure(Operation::None, result) : success();
        }) {}
  [[nodiscard]] const char* call() const noexcept { return call_; }
  [[nodiscard]] StepResult act() const { return act_(); }

 private:
  const char* call_;
  std::function<StepResult()> act_;
};

// The step that did not succeed.
struct Refusal {
  std::string call;
  int error = 0;
  int signal = 0;  // of the child's end, where a filter around this process killed it; error is 0 then
};

// "mount: Operation not permitted (EPERM)".
std::string to_string(const Refusal& refusal);

// Walks the steps, up to the first that fails, in a child with new `namespaces` (CLONE_NEW* flags; 0: none). A new user
// namespace gets the id map of a run with this identity. Empty where all succeeded. Throws SystemError where this
// process cannot even make a pipe or a child.
std::optional<Refusal> try_steps(std::uint64_t namespaces, const host::Identity& identity,
                                 const std::vector<TrialStep>& steps);

}  // namespace evalrun::doctor
