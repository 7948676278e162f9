#include "runtime/batch/ordering.h"

#include <utility>

namespace evalrun::batch {

void Ordering::begin(std::uint64_t line) {
  lines_.emplace_hint(lines_.end(), line, std::nullopt);
}

void Ordering::finish(std::uint64_t line, std::string result) {
  held_bytes_ += result.size();
  if (order_ == Order::Completion) {
    lines_.erase(line);
    ready_.push_back(std::move(result));
    return;
  }
  lines_.at(line) = std::move(result);
  while (!lines_.empty() && lines_.begin()->second) {
    ready_.push_back(std::move(*lines_.begin()->second));
    lines_.erase(lines_.begin());
  }
}

std::optional<std::string> Ordering::take() {
  if (ready_.empty()) return std::nullopt;
  std::string result = std::move(ready_.front());
  ready_.pop_front();
  held_bytes_ -= result.size();
  return result;
}

}  // namespace evalrun::batch
