// Which runs may start from one snapshot: those whose interpreter would start in the same way to the last bit.
#pragma once

#include <string>

#include "runtime/host/host.h"
#include "runtime/plan/plan.h"

namespace evalrun::snapshot {

// Why runs of the plan start by execve, in one sentence; "" where they may start from a snapshot.
std::string why_not(const Plan& plan);

// What of it stands in the result of a run by execve: nothing where the plan says nothing of snapshots.
std::string told_why_not(const Plan& plan, std::string why);

// The file of the workspace that the interpreter of such a plan looks at first, relative to /work.
std::string script_of(const Plan& plan);

// The same key, the same start: what the plan says of the sandbox, the interpreter's words and its environment, this
// kernel since it was booted, this processor, and this restorer. Files are compared on their own (looked_at.h).
std::string key_of(const Plan& plan, const host::HostFacts& host);

}  // namespace evalrun::snapshot
