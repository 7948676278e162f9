#include "runtime/batch/done_lines.h"

#include <iterator>
#include <utility>

namespace evalrun::batch {
namespace {

// Jobs that have changed places do not give the same sum.
constexpr std::uint64_t weighted(std::uint64_t line, std::uint64_t job) {
  return job * (2 * line + 1);
}

}  // namespace

std::map<std::uint64_t, DoneLines::Range>::const_iterator DoneLines::range_of(std::uint64_t line) const {
  auto after = ranges_.upper_bound(line);
  if (after == ranges_.begin()) return ranges_.end();
  const auto range = std::prev(after);
  return line <= range->second.last ? range : ranges_.end();
}

bool DoneLines::contains(std::uint64_t line) const {
  return range_of(line) != ranges_.end();
}

bool DoneLines::add(std::uint64_t line, std::uint64_t job) {
  if (contains(line)) return false;
  ++count_;
  auto range = ranges_.emplace(line, Range{line, weighted(line, job)}).first;
  if (const auto next = std::next(range); next != ranges_.end() && next->first == line + 1) {
    range->second = {next->second.last, range->second.sum + next->second.sum};
    ranges_.erase(next);
  }
  if (range == ranges_.begin()) return true;
  if (const auto before = std::prev(range); before->second.last + 1 == line) {
    before->second = {range->second.last, before->second.sum + range->second.sum};
    ranges_.erase(range);
  }
  return true;
}

bool DoneLines::confirm(std::uint64_t line, std::uint64_t job) {
  const auto range = range_of(line);
  if (range == ranges_.end()) return false;
  ++confirmed_;
  sum_ += weighted(line, job);
  return line < range->second.last || std::exchange(sum_, 0) == range->second.sum;
}

}  // namespace evalrun::batch
