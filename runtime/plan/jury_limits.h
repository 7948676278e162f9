// The limits of a jury's program where nobody has set them: what the Kattis format calls typical, with room for large
// answers and feedback.
#pragma once

#include "runtime/plan/plan.h"

namespace evalrun {

Limits jury_limits();

// A program that uses all of its CPU time on a busy host still ends within this.
Duration wall_of_jury(Duration cpu);

// Beyond the submission's wall limit, for what an interactor does after the submission's end.
inline constexpr Duration kWallAfterDialogue = std::chrono::seconds(10);

}  // namespace evalrun
