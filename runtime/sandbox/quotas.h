// What the kernel counts for a user and in every user namespace above (ucounts, user_namespaces(7)), and how much of it
// one run may take: written into the run's own user namespace, so that no run takes what another, or the host's user,
// needs. docs/quotas.md has every count of this kind and what bounds it.
#pragma once

#include <array>
#include <cstdint>

namespace evalrun::sandbox {

struct NamespaceQuota {
  const char* file;   // of the run's user namespace
  const char* value;  // a decimal number
  std::uint32_t size;
};

template <std::uint32_t kSize>
constexpr NamespaceQuota quota(const char* file, const char (&value)[kSize]) {
  return {file, value, kSize - 1};
}

// fs.inotify.max_user_instances is 128 on most hosts: 32 runs at once leave nothing, each with its fill. An event loop
// takes one.
inline constexpr unsigned kInotifyInstances = 4;
inline constexpr unsigned kInotifyWatches = 1024;

inline constexpr std::array kNamespaceQuotas = {
    // With 0 a nested one fails with ENOSPC whatever the call: a second wall behind the filter.
    quota("/proc/sys/user/max_user_namespaces", "0"),
    quota("/proc/sys/user/max_inotify_instances", "4"),
    quota("/proc/sys/user/max_inotify_watches", "1024"),
};

constexpr unsigned number_of(const NamespaceQuota& quota) {
  unsigned number = 0;
  for (std::uint32_t i = 0; i < quota.size; ++i) number = number * 10 + static_cast<unsigned>(quota.value[i] - '0');
  return number;
}
static_assert(number_of(kNamespaceQuotas[1]) == kInotifyInstances);
static_assert(number_of(kNamespaceQuotas[2]) == kInotifyWatches);

}  // namespace evalrun::sandbox
