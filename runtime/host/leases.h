// What concurrent runs of one machine must not share, and how they agree on it without a daemon: locks that the kernel
// takes back when their holder dies, whatever way it dies.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/host/timing_noise.h"
#include "runtime/plan/plan.h"

namespace evalrun::host {

// The host identity a run has. Started by an ordinary user it is that user's own; started by root it is an unprivileged
// uid that no other live run has, out of a range that no account and no container uses.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  bool is_own = true;  // the caller's own ids, mapped by themselves
  Fd lock;             // held for the life of the run
};

// kIdentityCount uids from kIdentityBase on: above systemd's container range (which ends at 1,879,048,191), below 2^31.
inline constexpr uid_t kIdentityBase = 1'900'000'000;
inline constexpr unsigned kIdentityCount = 65'536;

// Where this process's user namespace has room for identities: the whole range on a host, the top of the largest range
// that is mapped in a container, clear of its system accounts.
struct IdentityRange {
  std::uint64_t first = kIdentityBase;
  std::uint64_t count = 0;
  bool root_is_an_ordinary_user = false;  // uid 0 of this namespace is another one outside
};
IdentityRange identity_range();

// The same from the lines of a uid_map (user_namespaces(7)).
IdentityRange identity_range_of(std::istream& uid_map);

// Throws HostError where none is free or the lock file /run/evalrun/identities cannot be used.
Identity lease_identity(bool is_root, const IdentityRange& range);

// The cores a run is pinned to; empty: not pinned.
struct Cores {
  std::vector<unsigned> numbers;
  std::vector<Fd> locks;
  std::string warning;  // why fewer were taken than asked; "" where all is well
};

// Free ones first whose hardware no other run uses by another thread of it (SMT). Throws PlanError where the plan lists
// a core that this process may not use.
Cores lease_cores(const Plan& plan, const KernelFiles& files = {});

// Takes one core from all other runs, while the descriptor is open; empty where one of them has it.
Fd hold_core(unsigned core);

// Whether some run of this machine holds the core now.
bool is_core_leased(unsigned core);

}  // namespace evalrun::host
