// Which verdicts about time are less sure than others. Pure.
#pragma once

#include "runtime/judge/live_task.h"

namespace evalrun::fleet {

// The run that decided that the program is too slow, where something of the host made its time less sure and it was
// stopped within a tenth of its limit; null: there is none, or the verdict is another.
const supervise::RunResult* doubtful_run(const judge::TaskEnd& end);

}  // namespace evalrun::fleet
