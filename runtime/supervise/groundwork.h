// What of a run can be made before its plan is compiled: its groups, and the process that makes its namespaces, which
// takes a while.
#pragma once

#include <memory>
#include <optional>

#include "runtime/groups/cgroup.h"
#include "runtime/sandbox/spawn.h"
#include "runtime/warm/cell.h"

namespace evalrun::supervise {

struct Groundwork {
  // Both throw HostError and SystemError. Of a run by itself; `cloner`: clones its process; null: this process
  // does.
  Groundwork(groups::Groups& groups, const Limits& limits, const host::HostFacts& host,
             sandbox::Cloner* cloner = nullptr);
  // Lays it for a run in a cell. The plan of the cell is the run's but for the job.
  Groundwork(groups::Groups& groups, std::shared_ptr<warm::Cell> in);

  std::shared_ptr<warm::Cell> cell;  // none: a run by itself
  std::optional<groups::RunGroups> groups;
  sandbox::EmptySandbox sandbox;
};

// Lays it for a run by itself, which this process clones. Returns none if the host refuses: whoever makes the run meets
// the refusal again and tells it, unless the plan itself turns out to be wrong.
std::optional<Groundwork> lay_groundwork(groups::Groups& groups, const Limits& limits, const host::HostFacts& host);

}  // namespace evalrun::supervise
