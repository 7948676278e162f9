// One run, or one graded submission, from the command line: a loop of its own, and Ctrl-C.
#pragma once

#include <filesystem>
#include <memory>

#include "runtime/judge/grading.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/result.h"

namespace evalrun::cli {

struct Executed {
  std::shared_ptr<const sandbox::CompiledPlan> plan;
  supervise::RunResult result;
  Duration compile;  // what compiling the plan took
};

// Compiles, spawns, supervises, collects into `save_to` (made only where the plan collects). SIGINT, SIGTERM and SIGHUP
// end the run early; the result says so.
Executed execute(const Plan& plan, const std::filesystem::path& save_to);

// The same for a plan that is compiled or has cases.
judge::Grade execute_grading(const Plan& plan, judge::GradingOptions options, const std::filesystem::path& save_to);

}  // namespace evalrun::cli
