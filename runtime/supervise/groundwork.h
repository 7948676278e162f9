// What of a run can be made before its plan is compiled: its groups, and the process that makes its namespaces, which
// takes a while.
#pragma once

#include <memory>
#include <optional>

#include "runtime/sandbox/cell.h"
#include "runtime/sandbox/fork_server.h"
#include "runtime/sandbox/spawn.h"
#include "runtime/supervise/cgroup.h"

namespace evalrun::supervise {

struct Groundwork {
  // Both throw HostError and SystemError. Of a run by itself; `server`: clones its process, where it can; null: this
  // process does.
  Groundwork(Groups& groups, const Limits& limits, const sandbox::HostFacts& host,
             sandbox::ForkServer* server = nullptr);
  // Of a run in a cell, whose plan is the run's but for the job.
  Groundwork(Groups& groups, std::shared_ptr<sandbox::Cell> in);

  std::shared_ptr<sandbox::Cell> cell;  // none: a run by itself
  std::optional<RunGroups> groups;
  sandbox::EmptySandbox sandbox;
};

// Of a run by itself, cloned by this process. None where the host refuses: whoever makes the run meets the refusal
// again and tells it, unless the plan itself turns out to be wrong.
std::optional<Groundwork> lay_groundwork(Groups& groups, const Limits& limits, const sandbox::HostFacts& host);

}  // namespace evalrun::supervise
