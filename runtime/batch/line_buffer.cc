#include "runtime/batch/line_buffer.h"

#include <utility>

namespace evalrun::batch {

void LineBuffer::add(std::string_view bytes) {
  bytes_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  bytes_.append(bytes);
}

std::optional<LineBuffer::Line> LineBuffer::take() {
  const std::size_t end = bytes_.find('\n', scanned_);
  if (end == bytes_.npos) {
    scanned_ = bytes_.size();
    if (held() > longest_) skipping_ = true;
    if (skipping_) begin_ = bytes_.size();
    return std::nullopt;
  }
  Line line;
  line.too_long = std::exchange(skipping_, false) || end - begin_ > longest_;
  if (!line.too_long) line.text = bytes_.substr(begin_, end - begin_);
  begin_ = scanned_ = end + 1;
  return line;
}

std::optional<LineBuffer::Line> LineBuffer::take_rest() {
  if (held() == 0 && !skipping_) return std::nullopt;
  Line line{skipping_ ? "" : bytes_.substr(begin_), skipping_};
  begin_ = scanned_ = bytes_.size();
  skipping_ = false;
  return line;
}

}  // namespace evalrun::batch
