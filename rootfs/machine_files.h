// What /proc tells of the machine, as it is for one run: the cores and the memory that its plan gives it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/plan/plan.h"

namespace evalrun::rootfs {

// These three facts of the host stand in the files. Every program can learn them anyway, by sched_getaffinity(2) and
// the clocks.
struct MachineFacts {
  unsigned cores = 1;          // that the caller may use
  std::uint64_t uptime_s = 0;  // CLOCK_BOOTTIME
  std::uint64_t booted_s = 0;  // when it was started, since the epoch
};

struct MachineFile {
  std::string_view name;  // in /proc
  std::string text;
};

inline constexpr std::array<std::string_view, 5> kMachineFileNames = {"cpuinfo", "loadavg", "meminfo", "stat",
                                                                      "uptime"};
inline constexpr std::size_t kMachineFiles = kMachineFileNames.size();

// In the order of their names. Nothing in them changes while the program runs: all memory is free, all
// cores are idle.
std::array<MachineFile, kMachineFiles> machine_files(const Limits& limits, const MachineFacts& facts);

}  // namespace evalrun::rootfs
