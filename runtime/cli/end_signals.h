// The signals by which people end a command, as a descriptor while this lives.
#pragma once

#include <signal.h>

#include "runtime/core/fd.h"

namespace evalrun::cli {

class EndSignals {
 public:
  // Throws SystemError.
  EndSignals();
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  [[nodiscard]] int get() const { return fd_.get(); }
  // The signal that came; 0 where none did.
  [[nodiscard]] int take() const;

 private:
  sigset_t before_{};
  Fd fd_;
};

}  // namespace evalrun::cli
