#include "runtime/report/board.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace evalrun::report {
namespace {

struct VerdictWords {
  std::string_view verdict;
  std::string_view words;
};

constexpr VerdictWords kVerdictWords[] = {
    {"OK", "ran well"},           {"AC", "accepted"},           {"WA", "wrong answer"},  {"PE", "presentation error"},
    {"RE", "run-time error"},     {"RTE", "run-time error"},    {"TLE", "time limit"},   {"MLE", "memory limit"},
    {"OLE", "output limit"},      {"SV", "security violation"}, {"CE", "compile error"}, {"IE", "fault of the sandbox"},
    {"JE", "fault of the judge"}, {"CANCELLED", "cancelled"},
};

}  // namespace

Standing standing_of(std::string_view verdict) {
  if (verdict.empty()) return Standing::NotRun;
  if (verdict == "AC" || verdict == "OK") return Standing::Passed;
  return verdict == "IE" || verdict == "JE" || verdict == "CANCELLED" ? Standing::Faulty : Standing::Failed;
}

std::string_view words_of(std::string_view verdict) {
  if (verdict.empty()) return "not run";
  const auto* found = std::ranges::find(kVerdictWords, verdict, &VerdictWords::verdict);
  return found == std::end(kVerdictWords) ? verdict : found->words;
}

Excerpt excerpt_of(std::string_view known, std::uint64_t total, std::optional<std::uint64_t> around) {
  // A quarter before the place: what led up to it is less telling than what follows.
  constexpr std::size_t kBefore = kExcerptBytes / 4;
  std::size_t begin = 0;
  if (around && *around >= kExcerptBytes && *around <= known.size()) {
    begin = static_cast<std::size_t>(*around) - kBefore;
    const std::size_t newline = known.find('\n', begin);
    if (newline != std::string_view::npos && newline < *around) begin = newline + 1;
  }
  return {std::string(known.substr(begin, kExcerptBytes)), begin, total};
}

std::string_view verdict_of(const Row& row, std::size_t column) {
  return column < row.cells.size() ? std::string_view(row.cells[column].verdict) : std::string_view();
}

std::string to_string(double score) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", std::clamp(score, -1e15, 1e15));
  std::string digits = text;
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

std::optional<Duration> longest_time(const Row& row) {
  std::optional<Duration> longest;
  for (const Cell& cell : row.cells) {
    if (!cell.verdict.empty()) longest = std::max(longest.value_or(Duration{}), cell.time);
  }
  return longest;
}

std::optional<Bytes> largest_memory(const Row& row) {
  std::optional<Bytes> largest;
  for (const Cell& cell : row.cells) {
    if (!cell.verdict.empty()) largest = std::max(largest.value_or(Bytes{}), cell.memory);
  }
  return largest;
}

}  // namespace evalrun::report
