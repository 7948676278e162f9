#include "runtime/problem/constants.h"

namespace evalrun::problem {

std::string with_constants(std::string text, const std::map<std::string, std::string>& constants) {
  constexpr std::string_view kOpen = "{{", kClose = "}}", kValue = ".value";
  if (constants.empty()) return text;
  std::string replaced;
  std::size_t done = 0;
  for (std::size_t open = text.find(kOpen); open != text.npos;) {
    // The innermost pair: "{{{a}}" holds "{{a}}".
    while (text.compare(open + 1, kOpen.size(), kOpen) == 0) ++open;
    const std::size_t begin = open + kOpen.size();
    const std::size_t close = text.find(kClose, begin);
    if (close == text.npos) break;
    std::string name = text.substr(begin, close - begin);
    if (name.ends_with(kValue)) name.resize(name.size() - kValue.size());
    const auto constant = constants.find(name);
    if (constant == constants.end()) {
      open = text.find(kOpen, begin);
      continue;
    }
    replaced.append(text, done, open - done);
    replaced += constant->second;
    done = close + kClose.size();
    open = text.find(kOpen, done);
  }
  replaced.append(text, done, text.npos);
  return replaced;
}

}  // namespace evalrun::problem
