// `evalrun explain`: what a plan means, printed from the very data that a run uses.
#pragma once

#include <string>

#include "runtime/sandbox/compile.h"

namespace evalrun::cli {

std::string explain(const sandbox::CompiledPlan& plan);

}  // namespace evalrun::cli
