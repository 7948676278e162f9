#include "runtime/cli/end_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/core/error.h"

namespace evalrun::cli {

EndSignals::EndSignals() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  ::sigprocmask(SIG_BLOCK, &ends, &before_);
  fd_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw SystemError("signalfd", "");
}

EndSignals::~EndSignals() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int EndSignals::take() const {
  signalfd_siginfo info{};
  return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace evalrun::cli
