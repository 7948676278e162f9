// What spawning a sandbox by itself (spawn.cc) and making a cell (cell.cc) have in common.
#pragma once

#include <signal.h>

#include "runtime/sandbox/cloning.h"
#include "runtime/sandbox/spawn.h"

namespace evalrun::sandbox {

// No signal handler of the caller's may run in a child, which shares its code and a copy of its memory.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// A copy with a number where a child's own will not come. Throws SystemError.
Fd above_the_childs_own(const Fd& fd, const char* what);

// The child's ends of its control socket and of its report pipe; the supervisor's come back in `control` and `report`.
struct ChildEnds {
  Fd control;
  Fd report;
};
ChildEnds make_ends(Fd& control, Fd& report);

// The namespaces that a child makes by itself, while its supervisor goes on: a network namespace takes long. The cgroup
// namespace follows when the run has entered its groups.
std::uint64_t namespaces_of(const HostFacts& host);

// Clones the process that `request` names, by `server` where there is one that can. Throws HostError.
SandboxProcess clone_child(const CloneRequest& request, const ChildEnds& ends, int clone_into, Arena& arena,
                           ForkServer* server);

}  // namespace evalrun::sandbox
