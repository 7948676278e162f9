// What a sandbox's processes use right now, read from /proc: the source of last resort, where no cgroup counts. It
// cannot see what happens between two looks; init's report at the end closes the gap for CPU time, and the result names
// both.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "runtime/core/units.h"

namespace evalrun::supervise {

struct TreeUsage {
  Duration cpu{};           // of every live process below init, and of all that those have waited for
  Bytes memory;             // resident; shared pages counted once where the sum would pass `memory_limit`
  std::uint64_t tasks = 0;  // processes and threads, init not among them
};

// Looks once. Processes that end meanwhile are left out. `memory_limit`: only a sum of resident sizes above it is worth
// the page-table walk that tells shared pages apart (proportional set size).
TreeUsage look_at_tree(pid_t init, Bytes memory_limit);

}  // namespace evalrun::supervise
