// `evalrun judge`.
#pragma once

#include "runtime/usage/options.h"

namespace evalrun::cli {

// Returns the exit status: 2 where the package is wrong.
int judge_package(const Options& options);

}  // namespace evalrun::cli
