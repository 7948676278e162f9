// The lines of the input, read when they are wanted and no sooner: what is not read stays in the pipe, and its writer
// waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/batch/line_buffer.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::batch {

struct InputLine {
  std::uint64_t number = 0;  // from 1 on
  std::string text;
  bool too_long = false;
};

// As long as a plan may be.
constexpr std::size_t kLongestLine = 16U << 20;

class LineReader {
 public:
  // `fd` is borrowed; it may be anything that can be read.
  LineReader(loop::EventLoop& loop, int fd);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line that is not blank, where that can be had now. Throws SystemError.
  std::optional<InputLine> next();
  // There will be none.
  [[nodiscard]] bool ended() const noexcept { return ended_ && !buffered_; }
  // Where next() gave none: the loop turns when there is more to read. To be left when none is wanted.
  void wait();
  void leave() noexcept;

  // Of the lines that next() gave.
  [[nodiscard]] std::uint64_t bytes_taken() const noexcept { return bytes_read_ - buffer_.held(); }

 private:
  std::optional<InputLine> buffered_line();
  void read();

  loop::EventLoop& loop_;
  int fd_;
  LineBuffer buffer_{kLongestLine};
  std::uint64_t number_ = 0;
  std::uint64_t bytes_read_ = 0;
  bool always_ready_ = false;  // a regular file
  bool ready_ = false;
  bool waiting_ = false;
  bool ended_ = false;
  bool buffered_ = false;  // lines may be left in the buffer
};

}  // namespace evalrun::batch
