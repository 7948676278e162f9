#include "runtime/checkers/excerpt.h"

#include "runtime/core/text.h"

namespace evalrun::judge {

std::string excerpt(std::string_view bytes) {
  const bool is_cut = bytes.size() > kShown;
  std::string_view shown = bytes.substr(0, kShown);
  // Not in the middle of a character.
  for (int cut = 0; is_cut && cut < 3 && !is_utf8(shown); ++cut) shown.remove_suffix(1);
  if (is_cut && !is_utf8(shown)) shown = bytes.substr(0, kShown);
  std::string text = "\"";
  for (const char c : printable(shown)) {
    switch (c) {
      case '\n': text += "\\n"; break;
      case '\t': text += "\\t"; break;
      case '"': text += "\\\""; break;
      default: text += c;
    }
  }
  return text + (is_cut ? "…\"" : "\"");
}

}  // namespace evalrun::judge
