#include "runtime/packages/cms/gen_file.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/core/trimmed.h"
#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages::cms {
namespace {

constexpr std::size_t kMostSubtasks = 10'000;

void add_case(Gen& gen, GenLine line) {
  if (!gen.subtasks.empty()) ++gen.subtasks.back().cases;
  gen.cases.push_back(std::move(line));
}

void read_line(Gen& gen, const std::string& line, unsigned number, problem::Findings& findings) {
  if (line.empty()) return;
  const SourcePosition where{kGenFile, number, 1};
  const std::size_t hash = line.find('#');
  const std::string test = trimmed(std::string_view(line).substr(0, hash));
  const std::string comment = hash == line.npos ? "" : trimmed(std::string_view(line).substr(hash + 1));
  const bool is_copy = comment.starts_with("COPY:");
  const bool is_subtask = comment.starts_with("ST:");
  if (!test.empty() && (is_copy || is_subtask)) {
    return findings.error(where,
                          std::string("has a case and ") + (is_copy ? "COPY:" : "ST:") + "; write them on two lines");
  }
  if (!test.empty()) return add_case(gen, {GenLine::Kind::Generate, test, number, gen.subtasks.size()});
  if (is_copy) {
    return add_case(gen, {GenLine::Kind::Copy, trimmed(comment.substr(5)), number, gen.subtasks.size()});
  }
  if (comment.starts_with("STNAME:") && !gen.subtasks.empty()) {
    gen.subtasks.back().name = trimmed(comment.substr(7));
  }
  if (!is_subtask) return;
  const std::string words = trimmed(comment.substr(3));
  const auto points = whole_number(words);
  if (!points || *points < 0) {
    findings.error(where, "ST: expected a whole number of points, not " + in_quotes(words));
  }
  if (gen.subtasks.empty() && !gen.cases.empty()) {
    findings.error(where, "ST: cases stand before the first subtask; move them into one");
  }
  if (gen.subtasks.size() == kMostSubtasks) {
    return findings.error(where, "ST: there are more than " + std::to_string(kMostSubtasks) + " subtasks");
  }
  gen.subtasks.push_back({static_cast<double>(points.value_or(0)), 0, ""});
}

}  // namespace

Gen parse_gen(const std::string& text, problem::Findings& findings) {
  Gen gen;
  unsigned number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    read_line(gen, trimmed(std::string_view(text).substr(begin, end - begin)), ++number, findings);
    begin = end + 1;
  }
  return gen;
}

std::optional<Gen> read_gen(Reading& reading) {
  if (!reading.tree.has_file(kGenFile)) return std::nullopt;
  const auto text = reading.text_of(kGenFile);
  if (!text) return std::nullopt;
  if (!is_utf8(*text)) {
    reading.error(kGenFile, "is not UTF-8; save it as UTF-8");
    return std::nullopt;
  }
  return parse_gen(*text, reading.findings);
}

}  // namespace evalrun::packages::cms
