#include "netns/steps.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "netns/messages.inc"
#include "runtime/core/sys.h"

namespace evalrun::netns {
namespace {

constexpr int kLoopbackIndex = 1;

// What the dumps showed.
struct Seen {
  bool loopback_up = false;
  bool loopback_address = false;
  int stray_link = -1;
};

void look_at_link(const ifinfomsg& link, Seen* seen) noexcept {
  const bool up = (link.ifi_flags & IFF_UP) != 0;
  if (link.ifi_index == kLoopbackIndex && (link.ifi_flags & IFF_LOOPBACK) != 0) {
    seen->loopback_up = up;
  } else if (up) {
    // Some hosts put tunnel devices into every namespace (net.core.fb_tunnels_only_for_init_net); they are born down,
    // and only CAP_NET_ADMIN could change that.
    seen->stray_link = link.ifi_index;
  }
}

bool is_loopback_address(const ifaddrmsg& address, const void* bytes, std::size_t size) noexcept {
  static constexpr unsigned char kLoopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address.ifa_family == AF_INET && size == 4) return *static_cast<const unsigned char*>(bytes) == 127;
  return address.ifa_family == AF_INET6 && size == 16 && std::memcmp(bytes, kLoopback6, 16) == 0;
}

void look_at_address(const nlmsghdr* header, Seen* seen) noexcept {
  const auto* address = static_cast<const ifaddrmsg*>(NLMSG_DATA(header));
  auto left = static_cast<int>(IFA_PAYLOAD(header));
  for (const rtattr* attribute = IFA_RTA(address); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != IFA_ADDRESS) continue;
    const bool loopback = static_cast<int>(address->ifa_index) == kLoopbackIndex &&
                          is_loopback_address(*address, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    if (loopback && address->ifa_family == AF_INET) seen->loopback_address = true;
    if (!loopback) seen->stray_link = static_cast<int>(address->ifa_index);
  }
}

// One request, and its answers to the end. 0 or -errno; `failed` names the call.
long ask(int socket, const void* request, std::size_t size, Seen* seen, Operation* failed) noexcept {
  *failed = Operation::Send;
  long result = sys(SYS_sendto, socket, request, size, 0, nullptr, 0);
  if (result < 0) return result;
  *failed = Operation::Recv;
  for (;;) {
    alignas(nlmsghdr) char buffer[8192] = {};  // the kernel's own bound for a dump's message (NLMSG_GOODSIZE)
    result = sys(SYS_recvfrom, socket, buffer, sizeof buffer, 0, nullptr, nullptr);
    if (result == -EINTR) continue;
    if (result < 0) return result;
    auto left = static_cast<unsigned>(result);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      switch (header->nlmsg_type) {
        case NLMSG_DONE: return 0;
        case NLMSG_ERROR: return static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
        case RTM_NEWLINK: look_at_link(*static_cast<const ifinfomsg*>(NLMSG_DATA(header)), seen); break;
        case RTM_NEWADDR: look_at_address(header, seen); break;
        default: break;
      }
    }
  }
}

}  // namespace

StepResult bring_loopback_up() noexcept {
  const auto socket = static_cast<int>(sys(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (socket < 0) return failure(Operation::Socket, socket);
  Seen seen;
  Operation failed = Operation::None;
  long result = ask(socket, kLoopbackUp, sizeof kLoopbackUp, &seen, &failed);
  if (result >= 0) result = ask(socket, kDumpLinks, sizeof kDumpLinks, &seen, &failed);
  if (result >= 0) result = ask(socket, kDumpAddresses, sizeof kDumpAddresses, &seen, &failed);
  sys(SYS_close, socket);
  if (result < 0) return failure(failed, result);
  if (seen.stray_link >= 0) return failure(Operation::StrayLink, -EEXIST, seen.stray_link);
  if (!seen.loopback_up) return failure(Operation::LoopbackDown, -ENETDOWN, kLoopbackIndex);
  return seen.loopback_address ? success() : failure(Operation::LoopbackAddress, -EADDRNOTAVAIL, kLoopbackIndex);
}

}  // namespace evalrun::netns
