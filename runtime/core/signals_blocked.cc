#include "runtime/core/signals_blocked.h"

namespace evalrun {

SignalsBlocked::SignalsBlocked() noexcept {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace evalrun
