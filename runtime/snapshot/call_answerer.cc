#include "runtime/snapshot/call_answerer.h"

#include <poll.h>
#include <sys/syscall.h>

#include <cerrno>
#include <optional>

#include "lockdown/listener.h"
#include "runtime/core/error.h"

namespace evalrun::snapshot {

CallAnswerer::CallAnswerer(Fd listener) : listener_(std::move(listener)), thread_([this] { answer_all(); }) {}

CallAnswerer::~CallAnswerer() {
  thread_.join();
}

void CallAnswerer::answer_all() const {
  const int listener = listener_.get();
  for (;;) {
    pollfd asked{listener, POLLIN, 0};
    if (::poll(&asked, 1, -1) < 0 && errno != EINTR) return;
    if ((asked.revents & POLLIN) == 0 && (asked.revents & (POLLHUP | POLLERR)) != 0) return;
    try {
      const std::optional<seccomp_notif> call = lockdown::receive_call(listener);
      if (!call) continue;
      if (call->data.nr == SYS_exit_group || call->data.nr == SYS_exit) {
        lockdown::let_go_on(listener, call->id);
      } else {
        lockdown::answer_call(listener, call->id, ENOSYS);
      }
    } catch (const SystemError&) {
      return;  // the recording ends by its time
    }
  }
}

}  // namespace evalrun::snapshot
