// `evalrun exec`: one command now, with the streams and the exit status of the command itself.
#pragma once

#include "runtime/usage/options.h"

namespace evalrun::cli {

// The exit status, which command_table.h lists. What is wrong is printed on standard error. Throws nothing that is the
// command's own fault; throws UsageError for a wrong line, PlanError, Error and SystemError as `run` does.
int run_exec(const Options& options);

}  // namespace evalrun::cli
