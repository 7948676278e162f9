#include "runtime/supervise/descriptor_reserve.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <string>

#include "runtime/core/error.h"

namespace evalrun::supervise {
namespace {

// What looks and answers of all runs open for a moment; one thread does one of them at a time.
constexpr std::size_t kForAMoment = 4;
constexpr std::size_t kOfARun = kDescriptorsAtSpawn + kDescriptorsToCome + kForAMoment;
// poll(2) copies its array in pieces of a page.
constexpr std::size_t kAtOnce = 512;

std::atomic<std::size_t>& live_runs() {
  static std::atomic<std::size_t> count{0};
  return count;
}

}  // namespace

// From the top down: the kernel gives the lowest number that is free, so far from the limit the first look is enough.
std::size_t count_free_descriptors(std::size_t limit, std::size_t enough) {
  std::array<pollfd, kAtOnce> asked;
  std::size_t free = 0;
  for (std::size_t top = limit; top > 0 && free < enough;) {
    const std::size_t count = std::min({kAtOnce, top, enough - free});
    for (std::size_t i = 0; i < count; ++i) asked[i] = {static_cast<int>(top - count + i), 0, 0};
    while (::poll(asked.data(), count, 0) < 0 && errno == EINTR) {
    }
    free += static_cast<std::size_t>(
        std::ranges::count_if(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(count),
                              [](const pollfd& one) { return (one.revents & POLLNVAL) != 0; }));
    top -= count;
  }
  return free;
}

DescriptorReserve::DescriptorReserve() {
  const std::size_t others = live_runs().fetch_add(1);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // Numbers are ints.
  const auto most = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1U << 30));
  const std::size_t needed = kOfARun + others * kDescriptorsToCome;
  const std::size_t free = count_free_descriptors(most, needed);
  if (free >= needed) return;
  live_runs().fetch_sub(1);
  throw HostError("spawn", "reserve", std::to_string(kOfARun) + " descriptors", EMFILE,
                  "RLIMIT_NOFILE is " + std::to_string(most) + ", " + std::to_string(free) +
                      " are free, and the runs that live (" + std::to_string(others) + ") may need " +
                      std::to_string(others * kDescriptorsToCome) + " of them; raise it (ulimit -n)");
}

DescriptorReserve::~DescriptorReserve() {
  live_runs().fetch_sub(1);
}

}  // namespace evalrun::supervise
