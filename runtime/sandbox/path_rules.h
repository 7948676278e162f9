// Where the mount table meets Landlock: the rules that say in Landlock's terms what the mounts say, narrowed by
// [landlock].
#pragma once

#include <vector>

#include "lockdown/landlock.h"
#include "rootfs/layout.h"
#include "runtime/plan/plan.h"

namespace evalrun::sandbox {

// What a program needs of the sandbox's files to start: where the plan takes words of files away, this stays.
struct ProgramFiles {
  std::vector<std::string> programs;   // the program, its interpreters and its loader: files, no links on the way
  std::vector<std::string> libraries;  // files and folders, no links on the way
};

// Pure. Throws PlanError where [landlock] names a path on no mount, or a right that its mount does not give.
std::vector<lockdown::PathRule> make_path_rules(const Plan& plan, const rootfs::Layout& layout,
                                                const ProgramFiles& files = {});

}  // namespace evalrun::sandbox
