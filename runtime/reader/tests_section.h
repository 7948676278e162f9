// [tests]: from what it says to the one case that is judged by it, the program that loads the submission, and the
// examiner in a sandbox of its own.
#pragma once

#include "runtime/plan/plan.h"
#include "runtime/reader/draft.h"

namespace evalrun {

// `task` is settled but for this. Throws PlanError.
void add_tests(Task& task, const TestsKeys& keys);

}  // namespace evalrun
