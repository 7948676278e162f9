// A canary: plain work on the host, beside the sandboxes, that shows what they do to everybody else.
//
// A process of its own, in a session of its own, as another user's shell or a service is: the kernel shares the cores
// out among sessions first (sched(7), autogroup). It has two threads. One is due every millisecond and notes how late
// it was woken; a tick that was missed because an earlier one was late counts with its own lateness, so that one long
// stall is not a single sample. The other starts a small static program every 20 ms (posix_spawn, wait) and notes how
// long that took: fork, exec, page faults and exit.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"

namespace evalrun::test {

// Of a set of samples.
struct Spread {
  std::size_t count = 0;
  Duration p50{}, p99{}, max{};
};
Spread spread_of(std::vector<Duration> samples);

class Canary {
 public:
  // Forks: the caller must have no other thread yet.
  Canary();
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  struct Seen {
    Spread wake;   // lateness
    Spread spawn;  // duration
  };
  // Once.
  Seen stop();

 private:
  pid_t pid_ = -1;
  Fd stop_;     // closed: it stops
  Fd samples_;  // where it then writes what it has seen
};

}  // namespace evalrun::test
