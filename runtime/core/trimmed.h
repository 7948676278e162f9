// A text without the white space around it.
#pragma once

#include <string>
#include <string_view>

namespace evalrun {

inline std::string trimmed(std::string_view text, std::string_view white_space = " \t\r\n\f\v") {
  const std::size_t begin = text.find_first_not_of(white_space);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(white_space) - begin + 1));
}

}  // namespace evalrun
