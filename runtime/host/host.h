// HostFacts: what this kernel and this process can give, probed once, before anything is made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lockdown/call_policy.h"
#include "runtime/host/leases.h"

namespace evalrun::host {

struct HostFacts {
  std::string kernel;    // "6.18.44"
  int landlock_abi = 0;  // 0: Landlock is not built in or not enabled
  bool seccomp_filters = false;
  bool net_ns = false;
  bool ipc_ns = false;
  bool uts_ns = false;
  bool cgroup_ns = false;
  int last_capability = 0;  // the highest number that this kernel knows
  std::uint64_t core_limit =
      0;                 // what RLIMIT_CORE can be set to: lockdown::kCoreLimit, or 0 where the caller has no more
  bool is_root = false;  // may map other uids than its own
  IdentityRange identities{};  // where root finds them
  // What no control group counts of a run: everything, until whoever has the groups says otherwise
  // (groups/cgroup.h, counted_by).
  lockdown::Uncounted uncounted{.cpu_time = true, .memory = true, .processes = true};
};

HostFacts probe_host();

// Why clone3 refused new namespaces with `error`, and what the operator can do about it: one sentence. Looks at the
// host again, since a refusal is rare and its causes are many.
std::string explain_refused_namespaces(int error);

}  // namespace evalrun::host
