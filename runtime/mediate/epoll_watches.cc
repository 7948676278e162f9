#include "runtime/mediate/epoll_watches.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/mediate/address_space.h"

namespace evalrun::mediate {

bool asks_for_epoll_watch(const seccomp_notif& notification) noexcept {
  return notification.data.nr == SYS_epoll_ctl;
}

void EpollWatches::answer(int listener, const seccomp_notif& request) {
  if (added_ < kMost) {
    ++added_;
    return let_go_on(listener, request.id);
  }
  ++refused_;
  seccomp_notif_resp response{};
  response.id = request.id;
  response.error = -ENOSPC;
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT) {
    throw SystemError("ioctl(SECCOMP_IOCTL_NOTIF_SEND)", "listener");
  }
}

std::string EpollWatches::note() const {
  if (refused_ == 0) return "";
  return "epoll_ctl was refused " + std::to_string(refused_) + " times: a run adds " + std::to_string(kMost) +
         " descriptors to its epolls; seccomp.allow = [\"epoll_ctl\"] lifts that";
}

}  // namespace evalrun::mediate
