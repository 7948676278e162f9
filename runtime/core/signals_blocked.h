// All signals of the calling thread are blocked for as long as this lives.
#pragma once

#include <signal.h>

namespace evalrun {

// No signal handler of the caller's may run in a child, which shares its code and a copy of its memory.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace evalrun
