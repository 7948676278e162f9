// How a run starts: what its plan asks for, what can be, and what is there.
#pragma once

#include <memory>
#include <string>

#include "runtime/snapshot/store.h"

namespace evalrun::snapshot {

struct Choice {
  std::shared_ptr<const sandbox::SnapshotStart> snapshot;  // null: by execve
  std::string why_not;                                     // where the plan asks for a snapshot
  bool can_come = false;                                   // one is being recorded, or will be for the next run
};

// Records one where the plan says "yes" and there is none, and waits for it: for Python a fifth of a second. Never
// throws for what keeps a run from a snapshot.
Choice choose(Store& store, const Plan& plan, const host::HostFacts& host);

}  // namespace evalrun::snapshot
