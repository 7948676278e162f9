// Patterns over paths, as submissions.yaml has them: "*" and "?" stop at a slash, "{a,b}" is one of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evalrun::problem {

class Pattern {
 public:
  // `text` as it stands. Throws std::invalid_argument for "**", "[", braces that do not match, or too many
  // alternatives.
  explicit Pattern(const std::string& text);

  // Whether it matches the path or one of its folders.
  [[nodiscard]] bool matches(std::string_view path) const;
  // Whether it matches the path itself.
  [[nodiscard]] bool matches_exactly(std::string_view path) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> alternatives_;
};

}  // namespace evalrun::problem
