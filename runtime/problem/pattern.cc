#include "runtime/problem/pattern.h"

#include <algorithm>
#include <stdexcept>

namespace evalrun::problem {
namespace {

constexpr std::size_t kMostAlternatives = 256;

[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument(why);
}

std::string without_spaces_around(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// The texts that "a{b, c}" stands for. Spaces around an alternative are no part of it, as in BAPCtools.
std::vector<std::string> expanded(const std::string& text) {
  const std::size_t open = text.find('{');
  if (open == text.npos) {
    if (text.find('}') != text.npos) refuse("\"}\" without \"{\"");
    return {text};
  }
  std::size_t depth = 0;
  std::vector<std::string> parts(1);
  std::size_t i = open;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' && depth++ == 0) continue;
    if (c == '}' && --depth == 0) break;
    if (c == ',' && depth == 1) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (i == text.size()) refuse("\"{\" without \"}\"");
  std::vector<std::string> all;
  for (const std::string& part : parts) {
    for (std::string& whole : expanded(text.substr(0, open) + without_spaces_around(part) + text.substr(i + 1))) {
      all.push_back(std::move(whole));
      if (all.size() > kMostAlternatives) refuse("more than " + std::to_string(kMostAlternatives) + " alternatives");
    }
  }
  return all;
}

// One star is retried at a time, so a pattern of many stars takes no more than pattern × text.
bool matches_whole(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = pattern.npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
      ++p;
      ++t;
    } else if (star != pattern.npos && text[star_text] != '/') {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Pattern::Pattern(const std::string& text) : text_(text) {
  if (text.size() > 1024) refuse("longer than 1024 bytes");
  if (text.find("**") != text.npos) refuse("\"**\" is not known; write one \"*\" for each folder");
  if (text.find('[') != text.npos) refuse("\"[\" is not known; write {a,b}");
  alternatives_ = expanded(text);
}

bool Pattern::matches_exactly(std::string_view path) const {
  return std::ranges::any_of(alternatives_, [&](const std::string& one) { return matches_whole(one, path); });
}

bool Pattern::matches(std::string_view path) const {
  for (std::string_view part = path;; part = part.substr(0, part.rfind('/'))) {
    if (matches_exactly(part)) return true;
    if (part.find('/') == part.npos) return false;
  }
}

}  // namespace evalrun::problem
