// The sandbox's own set-up steps (sandbox/step_table.h), as the rows of a trial.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/doctor/examinations.h"
#include "runtime/doctor/trial.h"
#include "runtime/sandbox/child.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::doctor {

// Of a plan that asks nothing of this host but what every run needs. It outlives the trials.
class SetUpTrial {
 public:
  // `proc_view`: as in a plan. Throws HostError.
  SetUpTrial(const Host& host, const std::string& proc_view);
  SetUpTrial(const SetUpTrial&) = delete;
  SetUpTrial& operator=(const SetUpTrial&) = delete;

  // What these stages do, in the order of the table.
  std::vector<TrialStep> steps(std::initializer_list<Stage> stages);

 private:
  std::shared_ptr<const sandbox::CompiledPlan> compiled_;
  std::vector<int> tree_fds_;
  sandbox::Delivery delivery_{};
  sandbox::ChildContext context_{};
};

}  // namespace evalrun::doctor
