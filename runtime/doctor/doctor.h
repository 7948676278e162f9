// evalrun doctor: what this host gives runs, and the remedy for each thing that it does not.
//
// Theory of operation. Each check tries in a child process (trial.h) what a run does, with a run's own calls, and only
// then reads /proc and /sys for why it was refused (surroundings.h). The last check is a run. It leaves nothing behind.
// It does not say whether a given plan can run: that is `evalrun check`.
#pragma once

#include <vector>

#include "runtime/doctor/check.h"

namespace evalrun::doctor {

// In the order of a run's set-up; the run itself comes last. Never throws for what a host may lack.
std::vector<Check> examine_host();

State worst_of(const std::vector<Check>& checks);

}  // namespace evalrun::doctor
