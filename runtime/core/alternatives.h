// Words to choose from.
#pragma once

#include <string>
#include <vector>

namespace evalrun {

// "a, b or c"; "" for none.
inline std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace evalrun
