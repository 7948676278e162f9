// The resource limits of step 3, from the plan's [limits]. They are the floor under every other bound: they hold with
// no cgroup and no supervisor.
#pragma once

#include <string>
#include <vector>

#include "lockdown/call_policy.h"
#include "lockdown/steps.h"
#include "runtime/plan/plan.h"

namespace evalrun::lockdown {

// Counted for the host user too, whose own limit is some thousands; a POSIX timer takes one.
inline constexpr std::uint64_t kPendingSignals = 256;

struct RlimitRow {
  Rlimit limit;
  const char* name;  // "RLIMIT_CPU"
  const char* reason;
};

// Every limit that is set, in order. Values are final: none is lowered to what the caller happens to be allowed, but
// RLIMIT_CORE, of which a caller may have no more than 0 (`core_limit`: HostFacts).
std::vector<RlimitRow> make_rlimits(const Plan& plan, std::uint64_t core_limit = kCoreLimit,
                                    Uncounted uncounted = {.cpu_time = true, .memory = true, .processes = true});

// "2", "64MiB", "unlimited".
std::string describe_value(const RlimitRow& row);

}  // namespace evalrun::lockdown
