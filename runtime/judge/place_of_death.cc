#include "runtime/judge/place_of_death.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace evalrun::judge {
namespace {

constexpr std::size_t kLookedAt = 16 << 10;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

// What stands between the two; none where one is missing.
std::optional<std::string_view> between(std::string_view line, std::string_view before, std::string_view after) {
  const std::size_t begin = line.find(before);
  if (begin == line.npos) return std::nullopt;
  const std::string_view rest = line.substr(begin + before.size());
  const std::size_t end = after.empty() ? rest.size() : rest.find(after);
  if (end == rest.npos) return std::nullopt;
  return rest.substr(0, end);
}

std::string_view leading_number(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

std::string in_words(std::string_view file, std::string_view line, std::string_view function, std::string_view what) {
  std::string text = std::string(file_name(file)) + ":" + std::string(line);
  if (!function.empty()) text += ", in " + std::string(function);
  if (!what.empty()) text += " (" + std::string(what) + ")";
  return text;
}

// The last `  File "/work/main.py", line 3, in solve`, and the exception on the last line that is not indented.
std::string of_python(const std::vector<std::string_view>& lines) {
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (!lines[i].starts_with("  File \"")) continue;
    const auto file = between(lines[i], "File \"", "\"");
    const auto line = between(lines[i], ", line ", "");
    if (!file || !line || leading_number(*line).empty()) continue;
    const auto function = between(*line, ", in ", "");
    std::string_view what;
    for (std::size_t j = i + 1; j < lines.size() && what.empty(); ++j) {
      if (!lines[j].empty() && lines[j].front() != ' ') what = lines[j];
    }
    const bool is_module = !function || *function == "<module>";
    return in_words(*file, leading_number(*line), is_module ? "" : *function, what);
  }
  return "";
}

// "Exception in thread "main" java.lang.X: why", and the first "\tat Main.solve(Main.java:7)" after it.
std::string of_java(const std::vector<std::string_view>& lines) {
  const auto thrown =
      std::ranges::find_if(lines, [](std::string_view line) { return line.starts_with("Exception in thread \""); });
  for (auto line = thrown; line != lines.end(); ++line) {
    if (!line->starts_with("\tat ")) continue;
    const auto place = between(*line, "(", ")");
    const auto function = between(*line, "\tat ", "(");
    const std::size_t colon = place ? place->rfind(':') : std::string_view::npos;
    if (!function || colon == std::string_view::npos) continue;
    const auto what = between(thrown->substr(std::string_view("Exception in thread \"").size()), "\" ", "");
    return in_words(place->substr(0, colon), place->substr(colon + 1), *function, what.value_or(""));
  }
  return "";
}

// "RangeError: Maximum call stack size exceeded", which Node follows with frames: "    at f (/work/a.js:1:14)".
std::string of_node(const std::vector<std::string_view>& lines) {
  const bool is_node = std::ranges::any_of(lines, [](std::string_view line) { return line.starts_with("Node.js v"); });
  if (!is_node) return "";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const bool is_first = lines[i].starts_with("    at ") && !lines[i - 1].starts_with("    at ");
    if (!is_first) continue;
    for (std::size_t j = i; j < lines.size() && lines[j].starts_with("    at "); ++j) {
      const std::string_view frame = lines[j].substr(std::string_view("    at ").size());
      const auto inner = between(frame, " (", ")");
      const std::string_view place = inner.value_or(frame);
      const std::size_t column = place.rfind(':');
      const std::size_t line = column == place.npos || column == 0 ? place.npos : place.rfind(':', column - 1);
      if (place.starts_with("node:") || line == place.npos) continue;
      const std::string_view function = inner ? frame.substr(0, frame.find(" (")) : "";
      return in_words(place.substr(0, line), leading_number(place.substr(line + 1)),
                      function.starts_with("Object.<anonymous>") ? "" : function, lines[i - 1]);
    }
  }
  return "";
}

// "    #1 0x55d0 in solve(int) /src/a.cc:4:10" of the sanitizers, which print "SUMMARY: …" at the end.
std::string of_sanitizer(const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines) {
    const auto summary = between(line, "SUMMARY: ", "");
    if (!summary) continue;
    const auto what = between(*summary, ": ", " ");
    const auto rest = between(*summary, ": ", "");
    const std::size_t space = rest ? rest->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos) continue;
    const std::string_view place = rest->substr(space + 1);
    const std::size_t colon = place.find(':');
    if (colon == place.npos || leading_number(place.substr(colon + 1)).empty()) continue;
    const auto function = between(place, " in ", "");
    return in_words(place.substr(0, colon), leading_number(place.substr(colon + 1)), function.value_or(""),
                    what.value_or(""));
  }
  return "";
}

// "a.out: main.c:5: solve: Assertion `x > 0' failed."
std::string of_assertion(std::string_view line) {
  const std::size_t at = line.find(": Assertion `");
  if (at == line.npos || !line.ends_with("' failed.")) return "";
  std::string_view head = line.substr(0, at);  // "a.out: main.c:5: int solve(int)"
  const std::size_t program = head.find(": ");
  if (program == head.npos) return "";
  head.remove_prefix(program + 2);
  const std::size_t colon = head.find(':');
  const std::string_view number = colon == head.npos ? "" : leading_number(head.substr(colon + 1));
  if (number.empty()) return "";
  const std::string_view rest = head.substr(colon + 1 + number.size());
  const std::string_view function = rest.starts_with(": ") ? rest.substr(2) : "";
  return in_words(head.substr(0, colon), number, function, line.substr(at + 2, line.size() - at - 3));
}

// "thread 'main' panicked at src/main.rs:2:5:" (before Rust 1.73: "panicked at 'why', src/main.rs:2:5").
std::string of_rust(const std::vector<std::string_view>& lines, std::size_t i) {
  const auto place = between(lines[i], " panicked at ", "");
  if (!lines[i].starts_with("thread '") || !place) return "";
  const bool is_old = place->starts_with("'");
  const std::size_t end = is_old ? place->rfind("', ") : std::string_view::npos;
  const std::string_view where = end == std::string_view::npos ? *place : place->substr(end + 3);
  const std::size_t colon = where.find(':');
  if (colon == where.npos || leading_number(where.substr(colon + 1)).empty()) return "";
  const std::string_view what = is_old                 ? place->substr(1, end == std::string_view::npos ? 0 : end - 1)
                                : i + 1 < lines.size() ? lines[i + 1]
                                                       : "";
  return in_words(where.substr(0, colon), leading_number(where.substr(colon + 1)), "", what);
}

// "panic: why", and the first "\t/work/main.go:4 +0x1d" after it.
std::string of_go(const std::vector<std::string_view>& lines, std::size_t i) {
  if (!lines[i].starts_with("panic: ")) return "";
  for (std::size_t j = i + 1; j < lines.size(); ++j) {
    if (!lines[j].starts_with("\t")) continue;
    const std::size_t colon = lines[j].find(".go:");
    if (colon == std::string_view::npos) continue;
    const std::string_view call = lines[j - 1].substr(0, lines[j - 1].find('('));
    return in_words(lines[j].substr(1, colon + 2), leading_number(lines[j].substr(colon + 4)), call,
                    lines[i].substr(std::string_view("panic: ").size()));
  }
  return "";
}

std::string of_one_line(const std::vector<std::string_view>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::string place : {of_assertion(lines[i]), of_rust(lines, i), of_go(lines, i)}) {
      if (!place.empty()) return place;
    }
  }
  return "";
}

// The end of a long text; or what begins with Java's last exception, whose frames alone may be longer: of a stack that
// overflows it shows a thousand.
std::string_view worth_looking_at(std::string_view text) {
  if (text.size() <= kLookedAt) return text;
  const std::string_view end = text.substr(text.size() - kLookedAt);
  constexpr std::string_view kThrown = "Exception in thread \"";
  const std::size_t thrown = text.rfind(kThrown);
  const bool is_line = thrown != text.npos && (thrown == 0 || text[thrown - 1] == '\n');
  return is_line && thrown < text.size() - kLookedAt ? text.substr(thrown, kLookedAt) : end;
}

// One line of readable bytes.
std::string cleaned(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  if (text.size() <= kMostOfPlace) return text;
  std::size_t end = kMostOfPlace - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // no half character
  return text.substr(0, end) + "...";
}

}  // namespace

std::string place_of_death(std::string_view error_output) {
  const std::vector<std::string_view> lines = lines_of(worth_looking_at(error_output));
  for (std::string place :
       {of_sanitizer(lines), of_java(lines), of_python(lines), of_one_line(lines), of_node(lines)}) {
    if (!place.empty()) return cleaned(std::move(place));
  }
  return "";
}

}  // namespace evalrun::judge
