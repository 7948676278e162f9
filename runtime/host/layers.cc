#include "runtime/host/layers.h"

#include <cerrno>

#include "lockdown/landlock_abi.h"
#include "runtime/core/error.h"
#include "runtime/plan/profile.h"

namespace evalrun::host {
namespace {

LayerState decide(bool present, Need need, const std::string& layer, const std::string& missing) {
  if (present) return {};
  if (need == Need::IfAvailable) return {LayerState::Kind::Degraded, missing};
  throw HostError("host", "provide the layer", layer, 0,
                  missing + "; a plan accepts that with [require] " + layer + " = \"if-available\"");
}

std::string landlock_needs(int abi, int have, const char* what, const char* since) {
  if (have == 0) return "this kernel has no Landlock, or it is not in its list of security modules (lsm=landlock,...)";
  return std::string(what) + " needs Landlock ABI " + std::to_string(abi) + " (" + since + "); this kernel has ABI " +
         std::to_string(have);
}

// An older Landlock lets a file be truncated that may not be written. A read-only mount does not; so it matters only
// where a plan takes from its programs what the mount would let them write.
LayerState decide_landlock_fs(const Plan& plan, int abi) {
  const bool narrows_writing = !plan.kind.landlock.write.empty();
  if (abi >= 1 && narrows_writing) {
    return decide(abi >= lockdown::kAbiTruncate, plan.kind.require.landlock, "landlock",
                  landlock_needs(lockdown::kAbiTruncate, abi, "keeping files outside of landlock.write from truncation",
                                 "Linux 6.2"));
  }
  return decide(abi >= 1, plan.kind.require.landlock, "landlock",
                landlock_needs(1, abi, "Landlock", "Linux 5.13") + unheld_without(plan, "landlock"));
}

}  // namespace

std::string to_string(const LayerState& state) {
  switch (state.kind) {
    case LayerState::Kind::Enforced: return "enforced";
    case LayerState::Kind::Degraded: return "degraded: " + state.why;
  }
  return "?";
}

Layers decide_layers(const Plan& plan, const HostFacts& host) {
  const Require& require = plan.kind.require;
  const int abi = host.landlock_abi;
  Layers layers;
  layers.landlock_abi = abi;
  layers.net_ns = decide(host.net_ns, require.net_ns, "net_ns", "this kernel has no network namespaces");
  layers.ipc_ns = decide(host.ipc_ns, require.ipc_ns, "ipc_ns", "this kernel has no ipc namespaces");
  layers.uts_ns = decide(host.uts_ns, require.uts_ns, "uts_ns", "this kernel has no uts namespaces");
  layers.cgroup_ns = decide(host.cgroup_ns, require.cgroup_ns, "cgroup_ns", "this kernel has no cgroup namespaces");
  layers.landlock_fs = decide_landlock_fs(plan, abi);
  layers.landlock_net = decide(abi >= lockdown::kAbiNet, require.landlock_net, "landlock_net",
                               landlock_needs(lockdown::kAbiNet, abi, "the control of TCP ports", "Linux 6.7"));
  layers.landlock_scopes = decide(abi >= lockdown::kAbiScopes, require.landlock_scopes, "landlock_scopes",
                                  landlock_needs(lockdown::kAbiScopes, abi, "the scopes", "Linux 6.12"));
  layers.seccomp = decide(host.seccomp_filters, require.seccomp, "seccomp",
                          "this kernel has no seccomp filters" + unheld_without(plan, "seccomp"));
  return layers;
}

}  // namespace evalrun::host
