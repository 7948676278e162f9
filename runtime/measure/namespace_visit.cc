// System calls alone: it shares the supervisor's memory and descriptors while it has another user namespace.
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "runtime/core/sys.h"
#include "runtime/measure/socket_usage.h"

namespace evalrun::measure {

int visit_namespace(void* shared) noexcept {
  auto& visit = *static_cast<NamespaceVisit*>(shared);
  // Only whoever has a capability in the namespace that owns it may enter a network namespace.
  visit.result = sys(SYS_setns, visit.user, CLONE_NEWUSER);
  if (visit.result == 0) visit.result = sys(SYS_setns, visit.network, CLONE_NEWNET);
  if (visit.result == 0) {
    visit.result = sys(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  }
  for (;;) sys(SYS_exit_group, 0);
}

}  // namespace evalrun::measure
