// Where the mount table meets Landlock: the rules that say in Landlock's terms what the mounts say, narrowed by
// [landlock].
#pragma once

#include <vector>

#include "lockdown/landlock.h"
#include "rootfs/layout.h"
#include "runtime/plan/plan.h"

namespace evalrun::sandbox {

// Pure. Throws PlanError where [landlock] names a path on no mount, or a right that its mount does not give.
std::vector<lockdown::PathRule> make_path_rules(const Plan& plan, const rootfs::Layout& layout);

}  // namespace evalrun::sandbox
