// A batch's lines as one board, bounded: a report of a hundred thousand jobs holds some and counts the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/board.h"

namespace evalrun::jobs {

class JobBoard {
 public:
  struct Bounds {
    std::size_t rows = 5000;
    std::size_t bytes = 64 << 20;  // of what the rows hold
  };

  explicit JobBoard(std::string title) : JobBoard(std::move(title), Bounds{}) {}
  JobBoard(std::string title, Bounds bounds);

  // What result_line() or error_line() made. Where there is no room for a row, one that passed makes room for one that
  // did not; otherwise the new one is counted alone.
  void add(std::string_view line);

  // In the order of the input. Once.
  report::Board take();

 private:
  struct Place {
    std::uint64_t line = 0;
    std::size_t bytes = 0;
  };

  void remove_row(std::size_t index);
  [[nodiscard]] std::size_t last_passed() const;

  Bounds bounds_;
  report::Board board_;
  std::vector<Place> places_;  // of each row
  std::size_t bytes_ = 0;
  std::size_t passed_ = 0;
};

}  // namespace evalrun::jobs
