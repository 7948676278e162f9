// A snapshot from which the runs of a compiled plan start: the file of an interpreter that stands in front of its
// script (runtime/snapshot). Whether it fits the plan is known to whoever has found it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/plan/plan.h"

namespace evalrun::sandbox {

struct SnapshotStart {
  std::filesystem::path file;              // of the host
  std::string path;                        // where it is executed in the sandbox: as long as the interpreter's path
  std::vector<std::string> argv;           // the words that it was recorded with; other jobs start by execve
  std::map<std::string, std::string> env;  // the same
  Bytes share;     // what a run by execve has of its own at its end and one from here has not, for the same program
  Duration cpu{};  // of the start that was recorded
};

// What is held of limits.memory where a run starts from `snapshot`; null: all of it.
Limits less_share(Limits limits, const SnapshotStart* snapshot);

// The mount point that `path` names.
std::string mount_point_of(const SnapshotStart& snapshot);

}  // namespace evalrun::sandbox
