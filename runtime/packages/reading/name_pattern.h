// Python's regular expressions over names, as DMOJ and CMS have them. By PCRE2, which is told how long it may try: a
// package's own expression may be hostile.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace evalrun::packages {

enum class LetterCase { Counts, Ignored };

class NamePattern {
 public:
  // Throws std::invalid_argument, which says what is wrong with the expression.
  NamePattern(const std::string& expression, LetterCase letters);
  ~NamePattern();
  NamePattern(const NamePattern&) = delete;
  NamePattern& operator=(const NamePattern&) = delete;

  [[nodiscard]] bool has_part(const char* part) const;
  // Whether it matches at the name's beginning, as re.match does. Throws std::invalid_argument if that takes too long
  // to find out.
  [[nodiscard]] bool match(const std::string& name) const;
  // The named part of the last match; nothing where it took no part in it.
  [[nodiscard]] std::optional<std::string> part(const char* part) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace evalrun::packages
