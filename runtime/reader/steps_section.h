// [[step]]: several runs in one workspace, one after another.
#pragma once

#include "runtime/plan/plan.h"

namespace evalrun {

// Whether the plan's own line is one that runs: of steps, one may have none of its own.
bool uses_line_of_plan(const Task& task);

// Checks them against each other and against the rest of the plan. Throws PlanError.
void check_steps(const Task& task);

}  // namespace evalrun
