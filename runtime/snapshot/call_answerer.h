// What a filter hands over to its supervisor must be answered, or its caller waits for ever. While an interpreter is
// recorded nobody else is there to do it: a thread answers, and lets nothing go on but the end of a process.
#pragma once

#include <thread>

#include "runtime/core/fd.h"

namespace evalrun::snapshot {

class CallAnswerer {
 public:
  explicit CallAnswerer(Fd listener);
  // Waits until nobody is left who could call: the sandbox must have ended.
  ~CallAnswerer();
  CallAnswerer(const CallAnswerer&) = delete;
  CallAnswerer& operator=(const CallAnswerer&) = delete;

 private:
  void answer_all() const;

  Fd listener_;
  std::thread thread_;
};

}  // namespace evalrun::snapshot
