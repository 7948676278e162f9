// Who clones a sandbox's processes: this process, or a process that does it for us (warm/fork_server.h).
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <utility>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/host/host.h"
#include "runtime/sandbox/arena.h"
#include "runtime/sandbox/cloning.h"

namespace evalrun::sandbox {

// A process of the sandbox as its supervisor holds it. Whoever holds it owns it: the destructor kills everything inside
// and reaps init.
class SandboxProcess {
 public:
  SandboxProcess(pid_t pid, Fd pidfd) noexcept : pid_(pid), pidfd_(std::move(pidfd)) {}
  SandboxProcess(SandboxProcess&& other) noexcept;
  SandboxProcess& operator=(SandboxProcess&&) = delete;
  ~SandboxProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const Fd& pidfd() const noexcept { return pidfd_; }
  void signal(int number) const noexcept;
  void reap() noexcept;

 private:
  pid_t pid_;
  Fd pidfd_;
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
std::uint64_t namespaces_of(const host::HostFacts& host);

class Cloner {
 public:
  virtual ~Cloner() = default;

  // Memory for a child that is cloned here, which has it in common with this process. Throws SystemError.
  virtual Arena make_arena() = 0;

  // The process that `request` names. `ends`: the child's; `clone_into`: a v2 control group's folder, -1: none;
  // `arena`: of make_arena(). Throws HostError.
  virtual SandboxProcess clone(const CloneRequest& request, const ChildEnds& ends, int clone_into, Arena& arena) = 0;

  struct Deputy {
    Fd pidfd;
    Duration cloning;  // CPU time
  };
  // A deputy with what is its own in `request`: `descriptors`, and `memory`, the file of what it has in common with us.
  // Empty where none can be cloned here: who asks does it by other means.
  virtual std::optional<Deputy> clone_deputy(const CloneRequest& request, std::span<const int> descriptors,
                                             const Fd& memory) = 0;
};

// This process clones.
class DirectCloner final : public Cloner {
 public:
  Arena make_arena() override { return {}; }
  SandboxProcess clone(const CloneRequest& request, const ChildEnds& ends, int clone_into, Arena& arena) override;
  std::optional<Deputy> clone_deputy(const CloneRequest&, std::span<const int>, const Fd&) override { return {}; }
};

// A process that is still being cloned by another.
class PendingClone {
 public:
  // Waits for it; once. Throws HostError.
  virtual SandboxProcess take() = 0;

 protected:
  ~PendingClone() = default;
};

}  // namespace evalrun::sandbox
