// `evalrun judge`.
#pragma once

#include "runtime/cli/result_file.h"
#include "runtime/usage/options.h"

namespace evalrun::cli {

// Returns the exit status: 2 where the package or plan is wrong. Throws PlanError, UsageError, HostError, SystemError.
int judge_task(const Options& options, ResultFile& output);

}  // namespace evalrun::cli
