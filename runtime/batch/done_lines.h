// Which lines of the input a journal has results for, in memory that does not grow with their number: ranges, each with
// a sum over the hashes of its jobs. An input that is not the one of the journal shows at the end of the first range
// that differs, before anything behind it is run. Pure.
#pragma once

#include <cstdint>
#include <map>

namespace evalrun::batch {

class DoneLines {
 public:
  // In any order. False where the line is there already.
  bool add(std::uint64_t line, std::uint64_t job);

  [[nodiscard]] bool contains(std::uint64_t line) const;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  // For the lines that are done, in the input's order: false where this line, or one before it in its range, is not the
  // job that was done.
  bool confirm(std::uint64_t line, std::uint64_t job);
  // At the input's end: whether every done line has been confirmed.
  [[nodiscard]] bool all_confirmed() const noexcept { return confirmed_ == count_; }

 private:
  struct Range {
    std::uint64_t last;
    std::uint64_t sum;
  };
  [[nodiscard]] std::map<std::uint64_t, Range>::const_iterator range_of(std::uint64_t line) const;

  std::map<std::uint64_t, Range> ranges_;  // by their first lines; never adjacent
  std::uint64_t count_ = 0, confirmed_ = 0;
  std::uint64_t sum_ = 0;  // of the range that is being confirmed
};

}  // namespace evalrun::batch
