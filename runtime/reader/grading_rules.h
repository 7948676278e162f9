// What joins the keys of grading: [compile], [[case]], [checker] and the streams of the plan.
#pragma once

#include "runtime/plan/plan.h"

namespace evalrun {

// Checks them against each other and fills in what one says of another. Throws PlanError.
void settle_grading(Task& task);

}  // namespace evalrun
