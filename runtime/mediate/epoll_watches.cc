#include "runtime/mediate/epoll_watches.h"

#include <sys/syscall.h>

#include <cerrno>

#include "lockdown/listener.h"

namespace evalrun::mediate {

bool asks_for_epoll_watch(const seccomp_notif& notification) noexcept {
  return notification.data.nr == SYS_epoll_ctl;
}

void EpollWatches::answer(int listener, const seccomp_notif& request) {
  if (added_ < kMost) {
    ++added_;
    return lockdown::let_go_on(listener, request.id);
  }
  ++refused_;
  lockdown::answer_call(listener, request.id, ENOSPC);
}

std::string EpollWatches::note() const {
  if (refused_ == 0) return "";
  return "epoll_ctl was refused " + std::to_string(refused_) + " times: a run adds " + std::to_string(kMost) +
         " descriptors to its epolls; seccomp.allow = [\"epoll_ctl\"] lifts that";
}

}  // namespace evalrun::mediate
