// `evalrun batch`: jobs in, results out.
#pragma once

#include "runtime/usage/options.h"

namespace evalrun::cli {

// The exit status: 0 all jobs ended with OK or AC, 1 some with another verdict, 2 some lines were malformed, 3 some
// with IE, or the batch was interrupted. Throws PlanError, UsageError and SystemError.
int run_batch(const Options& options);

}  // namespace evalrun::cli
