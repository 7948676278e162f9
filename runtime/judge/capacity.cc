#include "runtime/judge/capacity.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

namespace evalrun::judge {
namespace {

// A sandbox's own descriptors in the supervisor, and those that the whole command needs.
constexpr rlim_t kDescriptorsPerRun = 64;
constexpr rlim_t kDescriptorsInAll = 64;

rlim_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
}

unsigned most_sandboxes(std::size_t carried) {
  const rlim_t limit = descriptor_limit();
  const rlim_t most = limit > kDescriptorsInAll ? (limit - kDescriptorsInAll) / (kDescriptorsPerRun + carried) : 0;
  return static_cast<unsigned>(std::clamp<rlim_t>(most, 1, 1U << 20));
}

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace evalrun::judge
