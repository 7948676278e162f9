#include "runtime/core/quiet_write.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace evalrun {
namespace {

// While this lives, the two signals stay pending in this thread; those that were not pending before are taken back.
class WriteSignalsBlocked {
 public:
  WriteSignalsBlocked() noexcept {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int signal : kSignals) sigaddset(&ours, signal);
    ::pthread_sigmask(SIG_BLOCK, &ours, &before_);
    sigemptyset(&pending_before_);
    // Only a thread that blocked one of them before can have it pending.
    for (const int signal : kSignals) {
      if (sigismember(&before_, signal) == 1) {
        ::sigpending(&pending_before_);
        break;
      }
    }
  }
  ~WriteSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WriteSignalsBlocked(const WriteSignalsBlocked&) = delete;
  WriteSignalsBlocked& operator=(const WriteSignalsBlocked&) = delete;

  void take_back(int signal) const noexcept {
    if (sigismember(&pending_before_, signal) == 1) return;
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal);
    const timespec now{};
    while (::sigtimedwait(&one, nullptr, &now) < 0 && errno == EINTR) {
    }
  }

 private:
  static constexpr int kSignals[] = {SIGPIPE, SIGXFSZ};
  sigset_t before_;
  sigset_t pending_before_;
};

}  // namespace

ssize_t write_quietly(int fd, std::string_view bytes) noexcept {
  const WriteSignalsBlocked blocked;
  const ssize_t count = ::write(fd, bytes.data(), bytes.size());
  if (count >= 0) return count;
  const int error = errno;
  if (error == EPIPE) blocked.take_back(SIGPIPE);
  if (error == EFBIG) blocked.take_back(SIGXFSZ);
  errno = error;
  return count;
}

}  // namespace evalrun
