// `evalrun explain`: what a plan means, printed from the very data that a run uses.
#pragma once

#include <string>

#include "runtime/sandbox/compile.h"

namespace evalrun::cli {

std::string explain(const sandbox::CompiledPlan& plan);

// What the output of each case is held against, and by which rules.
std::string explain_checker(const Checker& checker);
// How a plan's own programs judge; "" where it has none.
std::string explain_jury(const Task& task);

// The system-call filters alone, call by call, with the conditions on arguments.
std::string explain_seccomp(const sandbox::CompiledPlan& plan);

}  // namespace evalrun::cli
