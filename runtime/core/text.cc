#include "runtime/core/text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <utility>

namespace evalrun {
namespace {

// The length of the UTF-8 sequence at the front of `bytes`; 0 where it is malformed.
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const std::uint8_t second = at(1);
  if (first == 0xE0 && second < 0xA0) return 0;  // overlong
  if (first == 0xED && second > 0x9F) return 0;  // surrogate
  if (first == 0xF0 && second < 0x90) return 0;  // overlong
  if (first == 0xF4 && second > 0x8F) return 0;  // past U+10FFFF
  return length;
}

// Two letters that changed places count as one edit, as people mistype.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

bool is_shown_as_text(std::string_view bytes) {
  constexpr std::size_t kShort = 4096;
  constexpr std::size_t kShare = 5;
  const auto takes_six = [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != '\b' && c != '\f';
  };
  if (bytes.size() > kShort) {
    const auto long_ones = static_cast<std::size_t>(std::ranges::count_if(bytes, takes_six));
    if (long_ones > bytes.size() / kShare) return false;
  }
  return is_utf8(bytes);
}

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (j < have ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(j <= have ? kAlphabet[(group >> (18 - 6 * j)) & 63] : '=');
    }
  }
  return text;
}

std::string printable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    const auto first = static_cast<std::uint8_t>(bytes.front());
    // U+0080…U+009F are the eight-bit control characters of a terminal.
    const bool c1_control = length == 2 && first == 0xC2 && static_cast<std::uint8_t>(bytes[1]) < 0xA0;
    const bool control = (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F || c1_control;
    if (length == 0 || control) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", first);
      text.append(escaped);
      bytes.remove_prefix(1);
      continue;
    }
    text.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return text;
}

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text.append(i + 1 == words.size() ? " and " : ", ");
    text.append(words[i]);
  }
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string wrapped(const std::vector<std::string>& words, std::string_view indent) {
  constexpr std::size_t kWidth = 100;
  std::string text;
  std::size_t column = 0;
  for (const std::string& word : words) {
    if (column != 0 && column + 1 + word.size() > kWidth) {
      text += '\n';
      column = 0;
    }
    text += column == 0 ? indent : " ";
    text += word;
    column += (column == 0 ? indent.size() : 1) + word.size();
  }
  if (column != 0) text += '\n';
  return text;
}

}  // namespace evalrun
