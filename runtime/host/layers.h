// Which layers hold a run, and what to say where one does not.
#pragma once

#include <string>

#include "runtime/host/host.h"
#include "runtime/plan/plan.h"

namespace evalrun::host {

struct LayerState {
  enum class Kind { Enforced, Degraded };
  Kind kind = Kind::Enforced;
  std::string why;  // Degraded: a sentence's worth
};

// "enforced" | "degraded: why".
std::string to_string(const LayerState& state);

struct Layers {
  LayerState user_ns, mount_ns, pid_ns, net_ns, ipc_ns, uts_ns, cgroup_ns;
  int landlock_abi = 0;
  LayerState landlock_fs, landlock_net, landlock_scopes;
  LayerState seccomp, rlimits, capabilities, descriptors;
  LayerState cgroup;  // the supervisor's: groups/cgroup.h
};

// What the host gives of what the plan requires. Throws HostError for the first layer that is required and missing: the
// message names the layer, what is missing, and the [require] key that would accept it.
Layers decide_layers(const Plan& plan, const HostFacts& host);

}  // namespace evalrun::host
