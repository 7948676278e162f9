// What a run's sockets hold: bytes that were sent and not yet received are kernel memory that belongs to no process,
// also those in sockets that are themselves on their way in another one (SCM_RIGHTS). Where no control group counts
// memory, the kernel is asked by sock_diag(7), in the run's network namespace (docs/decisions/029).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"

namespace evalrun::measure {

class SocketUsage {
 public:
  // `init`: the run's.
  explicit SocketUsage(pid_t init) noexcept : init_(init) {}

  // Empty where the kernel does not say (CONFIG_UNIX_DIAG), and while no program's namespace can be entered.
  [[nodiscard]] std::optional<Bytes> look();
  // For the result's readers: what is missing where this host refuses to be asked; else "".
  [[nodiscard]] std::string note() const;

 private:
  pid_t init_;
  Fd diagnosis_;
  int refused_ = 0;  // the errno
};

// A socket for sock_diag(7) in the network namespace of `process`. -errno where it is refused; -ESRCH where there is no
// such process, or it cannot be looked at yet.
long open_socket_diagnosis(pid_t process);

// What the Unix sockets of that namespace hold. -errno where the kernel does not say.
long held_by_unix_sockets(int diagnosis, Bytes& held);

struct NamespaceVisit {
  int user, network;  // namespaces, as descriptors
  long result;        // a netlink socket there, or -errno
};

// The visitor's own code, in its own process.
int visit_namespace(void* visit) noexcept;

}  // namespace evalrun::measure
