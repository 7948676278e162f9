// What a result looks like is for whoever prints it to say: a batch's results are the command's own, each on one line.
#pragma once

#include <string>

#include "runtime/judge/grading.h"
#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::batch {

class Reporter {
 public:
  virtual ~Reporter() = default;

  // JSON objects, without a newline in them. `prepared`: what it took to come from the job's line to a compiled plan.
  [[nodiscard]] virtual std::string run(const Plan& plan, const supervise::RunResult& result,
                                        Duration prepared) const = 0;
  [[nodiscard]] virtual std::string grade(const Plan& plan, const judge::Grade& grade, Duration took) const = 0;
  // Of a job that could not be started, or not gone on with.
  [[nodiscard]] virtual std::string fault(const Plan& plan, const supervise::SandboxFault& fault,
                                          const std::string& message) const = 0;
};

}  // namespace evalrun::batch
