// How a line of a report is taken apart, from its front on.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace evalrun::testreports {

// False, and nothing taken, where `text` begins otherwise.
inline bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

inline std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace evalrun::testreports
