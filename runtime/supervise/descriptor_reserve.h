// What a run may still open, kept free for it while it lives. The kernel has no reservation of descriptors: so a spawn
// counts what is free below RLIMIT_NOFILE, and fails where that is less than what it needs and what the runs that live
// may still open. What other code of this process opens afterwards it must leave room for itself.
//
// The counts are those of the whole process, over all engines and threads.
#pragma once

#include <cstddef>

namespace evalrun::supervise {

// The most that a spawn opens: streams, what the sandbox is heard and ended by, its control groups, its cores.
inline constexpr std::size_t kDescriptorsAtSpawn = 15;
// The most that a run opens after that and keeps: the filter's listener, /work, the tracer, the two of a mediated call.
inline constexpr std::size_t kDescriptorsToCome = 7;

// How many more descriptors may be opened where the limit is `limit`; no more than `enough` are looked for. Pure but
// for the calls to poll(2).
std::size_t count_free_descriptors(std::size_t limit, std::size_t enough);

class DescriptorReserve {
 public:
  // Throws HostError with EMFILE, which names the limit and the numbers. Before anything is opened for the run.
  DescriptorReserve();
  ~DescriptorReserve();
  DescriptorReserve(const DescriptorReserve&) = delete;
  DescriptorReserve& operator=(const DescriptorReserve&) = delete;
};

}  // namespace evalrun::supervise
