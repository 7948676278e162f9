#include "runtime/groups/held_memory.h"

#include <algorithm>

namespace evalrun::groups {
namespace {

using namespace std::chrono_literals;

// The most that the kernel's limit is raised by: no program runs from so many pages of files at once, and what it holds
// between two looks is bounded by it.
constexpr Bytes kMostFiles = 256_MiB;
// Fewer file pages are no reason to raise it.
constexpr Bytes kFewFiles = 1_MiB;
constexpr Bytes kMargin = 16_MiB;
constexpr std::uint64_t kMarginShare = 8;
// No program that was measured fills new pages faster.
constexpr std::uint64_t kBytesPerMicrosecond = 4000;

Bytes less(Bytes from, Bytes what) {
  return {from.count - std::min(from.count, what.count)};
}

}  // namespace

Bytes HeldMemory::margin() const noexcept {
  return std::min(kMargin, Bytes{limit_.count / kMarginShare});
}

std::optional<Bytes> HeldMemory::look(const MemoryReading& reading) noexcept {
  if (has_passed_) return std::nullopt;
  kernel_peak_ = std::max(kernel_peak_, reading.peak);
  most_files_ = std::max(most_files_, reading.files);
  last_read_again_ = reading.read_again;
  last_held_ = less(reading.usage, reading.files);
  peak_ = std::max(peak(reading.peak), last_held_);
  // All three: the first counts what MADV_FREE gave away, the first and the second count pages of files that
  // memory.stat does not know of yet, and the third lacks what it does not know of yet.
  if (last_held_ > limit_ && less(reading.usage, reading.file_lists) > limit_ && reading.held > limit_) {
    has_passed_ = true;
    return std::nullopt;
  }
  if (reading.usage.count + margin().count <= kernel_limit_.count || reading.files < kFewFiles) return std::nullopt;
  const Bytes wanted{limit_.count + std::min(reading.files, kMostFiles).count};
  return wanted > kernel_limit_ ? std::optional(wanted) : std::nullopt;
}

Bytes HeldMemory::peak(Bytes kernel_peak) const noexcept {
  return has_passed_ ? peak_ : std::max(peak_, less(kernel_peak, most_files_));
}

bool HeldMemory::is_thrashing() const noexcept {
  return last_held_.count + margin().count > limit_.count && last_read_again_ >= limit_;
}

Duration HeldMemory::time_until_near(Bytes usage) const noexcept {
  const Bytes room = is_near(usage) ? less(limit_, last_held_) : less(less(limit_, margin()), usage);
  return std::chrono::microseconds(room.count / kBytesPerMicrosecond);
}

}  // namespace evalrun::groups
