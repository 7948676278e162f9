// What spawning a sandbox by itself (spawn.cc) and making a cell (cell.cc) have in common.
#pragma once

#include "runtime/sandbox/spawn.h"

namespace evalrun::sandbox {

// The child's ends of its control socket and of its report pipe; the supervisor's come back in `control` and `report`.
struct ChildEnds {
  Fd control;
  Fd report;
};
ChildEnds make_ends(Fd& control, Fd& report);

// The namespaces that a child makes by itself, while its supervisor goes on: a network namespace takes long. The cgroup
// namespace follows when the run has entered its groups.
std::uint64_t namespaces_of(const HostFacts& host);

// Clones the process that `context.walker` names, into new `namespaces`. Throws HostError.
SandboxProcess clone_child(ChildContext& context, std::uint64_t namespaces, int clone_into);

}  // namespace evalrun::sandbox
