#include "runtime/sandbox/messages.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "runtime/core/sys.h"

namespace evalrun::sandbox {
namespace {

constexpr std::size_t kAncillary = CMSG_SPACE(kDescriptorsPerMessage * sizeof(int));

}  // namespace

long send_message(int socket, const void* data, std::size_t size, std::span<const int> descriptors) noexcept {
  iovec part{const_cast<void*>(data), size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char ancillary[kAncillary] = {};
  if (descriptors.size() > kDescriptorsPerMessage) return -E2BIG;
  if (!descriptors.empty()) {
    message.msg_control = ancillary;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  long sent = 0;
  do {
    sent = sys(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
  } while (sent == -EINTR);
  return sent < 0 ? sent : 0;
}

long receive_message(int socket, void* data, std::size_t size, std::span<int> room, std::size_t* count) noexcept {
  *count = 0;
  iovec part{data, size};
  alignas(cmsghdr) char ancillary[kAncillary] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary;
  message.msg_controllen = room.empty() ? 0 : CMSG_SPACE(room.size_bytes());
  long received = 0;
  do {
    received = sys(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
  } while (received == -EINTR);
  if (received <= 0) return received;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (*count > room.size()) *count = room.size();  // CMSG_SPACE is rounded up
    std::memcpy(room.data(), CMSG_DATA(header), *count * sizeof(int));
  }
  return (message.msg_flags & MSG_CTRUNC) != 0 ? -EMFILE : received;
}

}  // namespace evalrun::sandbox
