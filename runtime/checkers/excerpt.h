// Bytes of a submission or of an expected output in a message: cut short, escaped, in quotes.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::judge {

// What a message shows of each side.
inline constexpr std::size_t kShown = 40;

// White space as C and Unicode's ASCII part have it. A newline is also one.
constexpr bool is_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// "\"abc…\"": `bytes` may be longer than what is shown; control characters and quotes are escaped, "\n" and "\t" too.
std::string excerpt(std::string_view bytes);

}  // namespace evalrun::judge
