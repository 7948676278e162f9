// One run of a graded plan by itself, for whoever looks at how its program runs: what the compile step leaves is among
// its files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/host/host.h"
#include "runtime/judge/grading.h"
#include "runtime/plan/plan.h"

namespace evalrun::judge {

class OneCase {
 public:
  explicit OneCase(const host::HostFacts& host) : host_(host) {}

  // The run of the case called `name`; of the first case, or of a plan without cases its run, for "". Runs the compile
  // step where the plan has one, but once for plans with the same. Where it fails, it is what is returned. Throws
  // UsageError where there is no such case, and what sandbox::compile and Run throw.
  PlannedRun find(const Task& task, const std::string& name);

 private:
  struct Compiled {
    Plan plan;
    std::optional<std::vector<WorkFile>> files;  // none: it failed
  };
  const Compiled& compiled(const Task& task, const Plan& step);

  const host::HostFacts& host_;
  std::optional<Compiled> compiled_;
};

}  // namespace evalrun::judge
