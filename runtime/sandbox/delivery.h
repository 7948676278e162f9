// The parent's half of Stage::Plan: everything of one run copied into the memory that it shares with the child, and the
// descriptors sent after it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
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
  bool waits_for_job;  // put_job() and let_go() follow
};

// A job as the parent has it; all borrowed.
struct JobParts {
  const std::vector<std::string>& programs;
  const std::vector<std::string>& argv;
  const std::vector<std::string>& environment;  // "NAME=value"
  struct File {
    std::string path;  // relative to /work
    std::string_view content;
    std::uint32_t mode;
  };
  const std::vector<File>& files;
  bool may_start_from_snapshot;  // its words are those of the plan's snapshot
};

// As sched_setaffinity takes it; empty for no cores.
std::vector<unsigned long> affinity_mask(const std::vector<unsigned>& cores);

lockdown::LandlockSteps put_landlock(lockdown::LandlockSteps steps, Arena& arena);

// Copies the plan, without the files to copy.
ChildPlan put_plan(ChildPlan plan, Arena& arena);

// A child that has gone meanwhile is no error here: its report says why. Throws HostError.
Delivery* deliver(const ChildPlan& plan, const RunParts& parts, Arena& arena, int control);

// For a run that waits for its job, or is about to. Throws HostError where the job does not fit into the arena.
void put_job(const JobParts& parts, Arena& arena, Delivery& delivery);

// The run need not wait for its job any more.
void let_go(Delivery& delivery) noexcept;

}  // namespace evalrun::sandbox
