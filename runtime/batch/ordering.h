// In which order results go out: as they come, or as their lines stand in the input. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace evalrun::batch {

enum class Order { Completion, Input };

class Ordering {
 public:
  explicit Ordering(Order order) : order_(order) {}

  // Every line that will have a result, in the input's order.
  void begin(std::uint64_t line);
  // Its result; once.
  void finish(std::uint64_t line, std::string result);
  // The next result that may go out.
  std::optional<std::string> take();

  // Lines that have begun and are not out: how far results can be ahead of the slowest.
  [[nodiscard]] std::size_t span() const noexcept { return lines_.size(); }
  // Of results that wait for others.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  Order order_;
  std::map<std::uint64_t, std::optional<std::string>> lines_;  // begun, without those that are ready
  std::deque<std::string> ready_;
  std::size_t held_bytes_ = 0;
};

}  // namespace evalrun::batch
