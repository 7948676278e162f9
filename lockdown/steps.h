// lockdown: the five steps that take everything away, and the seal. Order: runtime/sandbox/step_table.h.
//
// Theory of operation. Each mechanism has a pure or parent-side file that turns the plan into plain data (landlock.h,
// seccomp.h, rlimits.h, capabilities.h), and one function here that the child calls with that data. Each function does
// one thing, checks what it can by reading it back, and says which call failed on which item.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>

#include <cstdint>
#include <span>

#include "lockdown/landlock_abi.h"
#include "runtime/core/step_result.h"

namespace evalrun::lockdown {

struct LandlockPath {
  const char* path;  // absolute, in the sandbox, no links on the way
  std::uint64_t rights;
};

struct LandlockSteps {
  RulesetAttributes attributes;
  std::size_t attributes_size;  // 0: no Landlock
  std::span<const LandlockPath> paths;
  std::span<const NetPort> ports;
};

struct Rlimit {
  int resource;
  std::uint64_t soft;
  std::uint64_t hard;
};

// Items: indexes into paths, then ports.
StepResult restrict_by_landlock(const LandlockSteps& steps) noexcept;

// An empty filter is no filter: the plan accepted a kernel without seccomp. Where `listener` is given, the filter's
// notifications go to the descriptor that is put there; without a reader their calls would fail with ENOSYS.
StepResult load_filter(std::span<const sock_filter> filter, int* listener = nullptr) noexcept;

// The value of RLIMIT_CORE: under 0 the kernel still runs a handler behind a pipe in core_pattern, under 1 it does not
// (core(5)), and no file is that small.
inline constexpr std::uint64_t kCoreLimit = 1;

// For this process and what it clones. A caller whose own hard limit is 0 keeps that.
StepResult forbid_core_dumps() noexcept;

// Items: indexes into `limits`.
StepResult set_rlimits(std::span<const Rlimit> limits) noexcept;

// Ambient set cleared, bounding set dropped, securebits locked, every capability given up, NO_NEW_PRIVS set; then all
// of it read back. Items: the capability's number.
// Dropped: by whoever made this process, in a cell; it is read back all the same.
enum class BoundingSet { Full, Dropped };
StepResult drop_capabilities(int last_capability, BoundingSet bounding) noexcept;

// Takes nothing that is held; needs CAP_SETPCAP.
StepResult drop_bounding_set(int last_capability) noexcept;

// Closes every descriptor from `first` on.
StepResult close_descriptors(unsigned first) noexcept;

}  // namespace evalrun::lockdown
