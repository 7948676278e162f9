// Lines out of bytes that come in pieces. Holds no more than what has come, and of a line that is too long nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace evalrun::batch {

class LineBuffer {
 public:
  // A longer line comes as TooLong, when its end has come.
  explicit LineBuffer(std::size_t longest) : longest_(longest) {}

  struct Line {
    std::string text;  // without the newline
    bool too_long = false;
  };

  void add(std::string_view bytes);
  // The next line that has ended.
  std::optional<Line> take();
  // At the end of the bytes: what stands behind the last newline, where anything does.
  std::optional<Line> take_rest();
  // Bytes that have come and were not taken.
  [[nodiscard]] std::size_t held() const noexcept { return bytes_.size() - begin_; }

 private:
  std::size_t longest_;
  std::string bytes_;
  std::size_t begin_ = 0;    // of the next line
  std::size_t scanned_ = 0;  // no newline between begin_ and here
  bool skipping_ = false;    // the front of this line was dropped
};

}  // namespace evalrun::batch
