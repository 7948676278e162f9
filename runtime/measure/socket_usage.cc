#include "runtime/measure/socket_usage.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "runtime/core/children.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"
#include "runtime/core/sys.h"

namespace evalrun::measure {
namespace {

template <typename Request>
struct Message {
  nlmsghdr header;
  Request request;
};

template <typename Request>
Message<Request> dump_of(const Request& request) {
  Message<Request> message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request = request;
  return message;
}

// Received and not read, and sent and not received. TCP counts the latter in another place than the others.
std::uint64_t held_by(const std::uint32_t (&memory)[SK_MEMINFO_VARS]) {
  return std::uint64_t{memory[SK_MEMINFO_RMEM_ALLOC]} + memory[SK_MEMINFO_BACKLOG] +
         std::max(memory[SK_MEMINFO_WMEM_ALLOC], memory[SK_MEMINFO_WMEM_QUEUED]);
}

// The sum over one answer's sockets, whose attributes stand after a `head` of that size. False: it was the last, or a
// refusal.
enum class More { Yes, No, Refused };
More add_up(const char* text, std::size_t size, std::size_t head, int wanted, Bytes& held, int& error) {
  auto left = static_cast<int>(size);
  for (auto* message = reinterpret_cast<const nlmsghdr*>(text); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == NLMSG_DONE) return More::No;
    if (message->nlmsg_type == NLMSG_ERROR) {
      nlmsgerr refusal{};
      std::memcpy(&refusal, NLMSG_DATA(message), std::min<std::size_t>(sizeof refusal, NLMSG_PAYLOAD(message, 0)));
      error = -refusal.error;
      return More::Refused;
    }
    const auto* attribute =
        reinterpret_cast<const rtattr*>(static_cast<const char*>(NLMSG_DATA(message)) + NLMSG_ALIGN(head));
    int rest = static_cast<int>(message->nlmsg_len) - static_cast<int>(NLMSG_LENGTH(head));
    for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest)) {
      std::uint32_t memory[SK_MEMINFO_VARS] = {};
      if (attribute->rta_type != wanted) continue;
      std::memcpy(memory, RTA_DATA(attribute), std::min<std::size_t>(sizeof memory, RTA_PAYLOAD(attribute)));
      held.count += held_by(memory);
    }
  }
  return More::Yes;
}

// 0 or -errno.
template <typename Request>
long dump(int socket, const Request& request, std::size_t head, int wanted, Bytes& held) {
  const Message<Request> message = dump_of(request);
  if (::send(socket, &message, sizeof message, 0) < 0) return -errno;
  constexpr std::size_t kRoom = std::size_t{32} << 10;
  const auto text = std::make_unique_for_overwrite<char[]>(kRoom);
  for (;;) {
    const ssize_t size = ::recv(socket, text.get(), kRoom, 0);
    if (size <= 0) return size == 0 ? -EPIPE : -errno;
    int error = 0;
    const More more = add_up(text.get(), static_cast<std::size_t>(size), head, wanted, held, error);
    if (more != More::Yes) return -error;
  }
}

long dump_unix(int socket, Bytes& held) {
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0U;
  request.udiag_show = UDIAG_SHOW_MEMINFO;
  return dump(socket, request, sizeof(unix_diag_msg), UNIX_DIAG_MEMINFO, held);
}

long dump_inet(int socket, int family, int protocol, Bytes& held) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = static_cast<std::uint8_t>(protocol);
  request.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
  request.idiag_states = ~0U;
  return dump(socket, request, sizeof(inet_diag_msg), INET_DIAG_SKMEMINFO, held);
}

}  // namespace

// A short process that shares this one's memory and descriptors enters the network namespace of `process` and opens a
// socket there.
long open_socket_diagnosis(pid_t process) {
  const Fd network(::open(("/proc/" + std::to_string(process) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  const Fd user(network ? ::ioctl(network.get(), NS_GET_USERNS) : -1);
  if (!user) return -ESRCH;
  NamespaceVisit visit{user.get(), network.get(), -1};
  alignas(16) char stack[8 << 10];
  // All signals blocked: none of this process's handlers may run there. It waits here until the visit is over.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int pid = ::clone(visit_namespace, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &visit);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return -error;
  while (sys(SYS_wait4, pid, nullptr, __WALL, nullptr) == -EINTR) {
  }
  return visit.result;
}

long held_by_unix_sockets(int diagnosis, Bytes& held) {
  return dump_unix(diagnosis, held);
}

std::optional<Bytes> SocketUsage::look() {
  if (!diagnosis_) {
    const std::optional<pid_t> first = first_child_of(init_);
    const long opened = first ? open_socket_diagnosis(*first) : -ESRCH;
    if (opened < 0 && opened != -ESRCH) refused_ = static_cast<int>(-opened);
    if (opened < 0) return std::nullopt;
    diagnosis_ = Fd(static_cast<int>(opened));
  }
  Bytes held;
  if (const long result = dump_unix(diagnosis_.get(), held); result < 0) {
    refused_ = static_cast<int>(-result);
    return std::nullopt;
  }
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP}) dump_inet(diagnosis_.get(), family, protocol, held);
  }
  return held;
}

std::string SocketUsage::note() const {
  if (refused_ == 0) return "";
  return "memory: no control group counts it; what sockets hold that nobody has read is missing from the figure and "
         "from the limit, since sock_diag is refused here (" +
         errno_text(refused_) + "); require.cgroup = \"yes\" keeps such a plan to hosts that count it";
}

}  // namespace evalrun::measure
