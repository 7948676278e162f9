// What a run makes the host hold, told apart from clean pages of files.
//
// Theory of operation. A memory group is charged for the pages of every file that its processes are the first to touch:
// a program's own binary and libraries, where they are not in the page cache yet. At the group's limit the kernel drops
// such pages and reads them again instead of killing, so that a leak shows as time, and whether it does depends on who
// ran before. So the kernel's limit begins as the plan's, which is exact where no file page is charged, and follows the
// file pages where some are: whenever the usage comes near the limit, what is held is looked at, and either it has
// passed the plan's limit, or the kernel's limit is raised by what files take (docs/decisions/043).
//
// HeldMemory is the arithmetic; RunGroups reads and writes the group's files.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/core/units.h"

namespace evalrun::groups {

// What a memory group says, all but `usage` and `peak` from its memory.stat.
struct MemoryReading {
  Bytes usage, peak;   // the kernel's count, pages of files among it
  Bytes files;         // pages of files on disk: the page cache without what lives in memory alone
  Bytes file_lists;    // pages that the kernel may drop: `files`, and what a program gave away by MADV_FREE
  Bytes held;          // anonymous, shared, and the kernel's own, added up; late by some pages for each processor
  Bytes read_again{};  // pages of files that were dropped and had to be read once more
};

class HeldMemory {
 public:
  explicit HeldMemory(Bytes limit) noexcept : limit_(limit), kernel_limit_(limit) {}

  // Whether the usage alone leaves open what is held, so that memory.stat must be read.
  [[nodiscard]] bool is_near(Bytes usage) const noexcept { return usage.count + margin().count > limit_.count; }
  [[nodiscard]] bool has_risen(Bytes peak) const noexcept { return peak > kernel_peak_; }

  // Takes a look. What the kernel's limit should be from now on, where it must be raised.
  std::optional<Bytes> look(const MemoryReading& reading) noexcept;
  void raised_to(Bytes kernel_limit) noexcept { kernel_limit_ = kernel_limit; }
  // Only looks hold the plan's limit then.
  [[nodiscard]] bool is_raised() const noexcept { return kernel_limit_ > limit_; }

  // What is held has been seen above the plan's limit.
  [[nodiscard]] bool has_passed() const noexcept { return has_passed_; }
  // The program was kept from its own pages: little is left beside what it holds, and it read as much again as its
  // limit allows it to hold.
  [[nodiscard]] bool is_thrashing() const noexcept;
  // The most that was held, where the kernel's own peak is `kernel_peak` by now and no page of a file has come since.
  // It stands still from the look on that found the limit passed, as the run's clocks do.
  [[nodiscard]] Bytes peak(Bytes kernel_peak) const noexcept;
  // How long the limit cannot be met, however fast the program is.
  [[nodiscard]] Duration time_until_near(Bytes usage) const noexcept;

 private:
  [[nodiscard]] Bytes margin() const noexcept;

  Bytes limit_, kernel_limit_;
  Bytes kernel_peak_, peak_;
  Bytes most_files_;
  Bytes last_held_, last_read_again_;
  bool has_passed_ = false;
};

}  // namespace evalrun::groups
