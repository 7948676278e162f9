// The parent's half of Stage::Plan: everything of one run copied into the memory that it shares with the child, and the
// descriptors sent after it.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "runtime/sandbox/arena.h"
#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

// What one run adds to its plan; all borrowed.
struct RunParts {
  std::array<int, kStreams> streams;
  std::span<const int> task_files;
  const std::vector<unsigned>& cores;  // empty: not pinned
  bool drop_groups;
  bool plan_is_there;  // the plan stands in the arena already, but for its copies
};

// Copies the plan, without the files to copy.
ChildPlan put_plan(ChildPlan plan, Arena& arena);

// A child that has gone meanwhile is no error here: its report says why. Throws HostError.
void deliver(const ChildPlan& plan, const RunParts& parts, Arena& arena, int control);

}  // namespace evalrun::sandbox
