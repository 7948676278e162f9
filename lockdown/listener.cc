#include "lockdown/listener.h"

#include <sys/ioctl.h>

#include <cerrno>

#include "runtime/core/error.h"

namespace evalrun::lockdown {
namespace {

void send(int listener, seccomp_notif_resp response) {
  // EINTR: a signal came before the kernel had its lock. Nothing was sent then.
  while (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0) {
    if (errno == EINTR) continue;
    // The caller has died, or a signal took it out of the call.
    if (errno == ENOENT) return;
    throw SystemError("ioctl(SECCOMP_IOCTL_NOTIF_SEND)", "listener");
  }
}

}  // namespace

std::optional<seccomp_notif> receive_call(int listener) {
  seccomp_notif notification{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) == 0) return notification;
  if (errno == ENOENT || errno == EINTR || errno == EAGAIN) return std::nullopt;
  throw SystemError("ioctl(SECCOMP_IOCTL_NOTIF_RECV)", "listener");
}

bool still_waits(int listener, std::uint64_t id) {
  while (::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOENT) return false;
    throw SystemError("ioctl(SECCOMP_IOCTL_NOTIF_ID_VALID)", "listener");
  }
  return true;
}

void let_go_on(int listener, std::uint64_t id) {
  seccomp_notif_resp response{};
  response.id = id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  send(listener, response);
}

void answer_call(int listener, std::uint64_t id, int error) {
  seccomp_notif_resp response{};
  response.id = id;
  response.error = -error;
  send(listener, response);
}

}  // namespace evalrun::lockdown
