#include "runtime/core/text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
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

struct Character {
  std::string_view bytes;
  bool is_utf8;
  std::uint32_t code;  // of a byte that is not UTF-8: the byte
};

Character take_front(std::string_view& bytes) {
  const std::size_t length = sequence_length(bytes);
  const auto first = static_cast<std::uint8_t>(bytes.front());
  Character front{bytes.substr(0, std::max<std::size_t>(1, length)), length != 0, first};
  if (length > 1) {
    front.code = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i)
      front.code = front.code << 6 | (static_cast<std::uint8_t>(bytes[i]) & 0x3F);
  }
  bytes.remove_prefix(front.bytes.size());
  return front;
}

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};

template <std::size_t Size>
bool is_within(std::uint32_t code, const CodeRange (&ranges)[Size]) {
  return std::ranges::any_of(ranges, [&](const CodeRange& each) { return each.first <= code && code <= each.last; });
}

// Ends a line, moves a terminal's cursor, or turns the direction of what follows.
bool is_control(std::uint32_t code) {
  static constexpr CodeRange kControls[] = {{0, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}};
  return is_within(code, kControls);
}

// Takes no place: two names that differ in it look the same.
bool is_invisible(std::uint32_t code) {
  static constexpr CodeRange kInvisible[] = {{0xAD, 0xAD},     {0x61C, 0x61C},   {0x180E, 0x180E}, {0x200B, 0x200F},
                                             {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
  return is_within(code, kInvisible);
}

bool is_plain(const Character& one) {
  return one.is_utf8 && !is_control(one.code) && !is_invisible(one.code);
}

std::string formatted(const char* format, std::uint32_t code) {
  char text[16];
  std::snprintf(text, sizeof text, format, code);
  return text;
}

std::string bytes_escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += formatted("\\x%02x", static_cast<std::uint8_t>(byte));
  return text;
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

std::string one_line(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Character next = take_front(bytes);
    is_plain(next) ? text.append(next.bytes) : text.append(bytes_escaped(next.bytes));
  }
  return text;
}

std::string printable(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Character next = take_front(bytes);
    const bool stays = next.is_utf8 && (next.code == '\n' || next.code == '\t' || !is_control(next.code));
    stays ? text.append(next.bytes) : text.append(bytes_escaped(next.bytes));
  }
  return text;
}

std::string toml_string(std::string_view bytes) {
  std::string text = "\"";
  while (!bytes.empty()) {
    const Character next = take_front(bytes);
    if (next.code == '"' || next.code == '\\') text += '\\';
    if (is_plain(next)) {
      text += next.bytes;
    } else if (next.is_utf8) {
      text += formatted(next.code > 0xFFFF ? "\\U%08x" : "\\u%04x", next.code);
    } else {
      text += "\\" + bytes_escaped(next.bytes);
    }
  }
  return text + "\"";
}

std::string json_text(std::string_view bytes) {
  return is_utf8(bytes) ? std::string(bytes) : printable(bytes);
}

std::string json_escaped(std::string serialised) {
  // Below U+007F the serialiser has escaped what is no layout of its own.
  const auto is_suspect = [](char byte) { return static_cast<std::uint8_t>(byte) >= 0x7F; };
  const auto first = std::ranges::find_if(serialised, is_suspect);
  if (first == serialised.end()) return serialised;
  std::string text(serialised.begin(), first);
  std::string_view rest(std::to_address(first), static_cast<std::size_t>(serialised.end() - first));
  while (!rest.empty()) {
    const Character next = take_front(rest);
    if (next.code < 0x7F || is_plain(next)) {
      text += next.bytes;
    } else if (next.code > 0xFFFF) {
      text += formatted("\\u%04x", 0xD800 + ((next.code - 0x10000) >> 10)) +
              formatted("\\u%04x", 0xDC00 + ((next.code - 0x10000) & 0x3FF));
    } else {
      text += formatted("\\u%04x", next.code);
    }
  }
  return text;
}

std::string shell_word(std::string_view bytes) {
  constexpr std::string_view kHarmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,=-";
  if (!bytes.empty() && bytes.find_first_not_of(kHarmless) == bytes.npos) return std::string(bytes);
  const bool is_fit = one_line(bytes) == bytes;
  std::string word = is_fit ? "'" : "$'";  // bash, ksh, zsh and POSIX 2024 know the second
  for (const char each : bytes) {
    if (is_fit) {
      word += each == '\'' ? "'\\''" : std::string(1, each);
    } else if (static_cast<std::uint8_t>(each) < 0x20 || static_cast<std::uint8_t>(each) >= 0x7F) {
      word += bytes_escaped(std::string_view(&each, 1));
    } else {
      if (each == '\'' || each == '\\') word += '\\';
      word += each;
    }
  }
  return word + "'";
}

std::string html_text(std::string_view bytes) {
  std::string text;
  for (const char each : one_line(bytes)) {
    switch (each) {
      case '&': text += "&amp;"; break;
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '"': text += "&quot;"; break;
      case '\'': text += "&#39;"; break;
      default: text += each;
    }
  }
  return text;
}

std::string script_json(std::string serialised) {
  std::string text;
  // In JSON these stand in strings alone, so that each can be written as an escape.
  for (const char each : json_escaped(std::move(serialised))) {
    const bool is_markup = each == '<' || each == '>' || each == '&';
    if (is_markup) {
      text += formatted("\\u%04x", static_cast<std::uint8_t>(each));
    } else {
      text += each;
    }
  }
  return text;
}

std::string xml_text(std::string_view bytes) {
  const std::string fit = printable(bytes);
  std::string text;
  for (std::string_view rest = fit; !rest.empty();) {
    const Character next = take_front(rest);
    const bool stays = next.code != 0xFFFE && next.code != 0xFFFF;
    stays ? text.append(next.bytes) : text.append(bytes_escaped(next.bytes));
  }
  return text;
}

std::string csv_field(std::string_view bytes) {
  // one_line() leaves no tab and no carriage return, which some spreadsheets skip before they look for a formula.
  constexpr std::string_view kFormulas = "=+-@";
  std::string text = one_line(bytes);
  if (!text.empty() && kFormulas.find(text.front()) != kFormulas.npos) text.insert(0, 1, '\'');
  if (text.find_first_of(",\" ") == text.npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + "\"";
}

std::string in_quotes(std::string_view text) {
  return "\"" + one_line(text) + "\"";
}

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
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
    // No closer than their lengths differ: a long word costs nothing.
    const auto [shorter, longer] = std::minmax(word.size(), candidate.size());
    if (longer - shorter >= best_distance) continue;
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
