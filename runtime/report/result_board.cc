#include "runtime/report/result_board.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "runtime/core/base64.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/overloaded.h"

namespace evalrun::report {
namespace {

using nlohmann::json;

constexpr const char* kOnlyColumn = "run";
constexpr std::size_t kMostWarnings = 5;

// --- of a task -------------------------------------------------------------------------------------------------------

std::optional<Excerpt> beginning_of(const std::filesystem::path& path) {
  try {
    const HostFile file = open_host_file(path, FileUse::Read);
    if (!file.descriptor) return std::nullopt;
    std::string bytes(std::min<std::uint64_t>(kExcerptBytes, file.size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t count = ::read(file.descriptor.get(), bytes.data() + have, bytes.size() - have);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::nullopt;
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return Excerpt{std::move(bytes), 0, file.size};
  } catch (const SystemError&) {
    return std::nullopt;
  }
}

Excerpt of_text(const std::string& text) {
  return excerpt_of(text, text.size());
}

std::optional<Excerpt> excerpt_of_input(const Input& input) {
  return std::visit(Overloaded{[](const InputNull&) { return std::optional(Excerpt{}); },
                               [](const InputInherit&) { return std::optional<Excerpt>(); },
                               [](const InputFile& file) { return beginning_of(file.path); },
                               [](const InputText& text) { return std::optional(of_text(text.text)); }},
                    input);
}

Column column_of(const Case& one) {
  Column column{.name = one.name, .group = one.group, .disclosure = one.disclosure};
  column.time_limit = one.limits.cpu;
  column.memory_limit = one.limits.memory;
  if (one.disclosure == Disclosure::Secret) return column;
  column.input = excerpt_of_input(one.input);
  column.expected = std::visit(Overloaded{[](const std::filesystem::path& path) { return beginning_of(path); },
                                          [](const std::string& text) { return std::optional(of_text(text)); }},
                               one.expected);
  return column;
}

// --- of a result -----------------------------------------------------------------------------------------------------

// Results are evalrun's own, but a journal is a file: what is not as expected is as if it were not there.
const json& member(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_in(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::uint64_t count_in(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::optional<double> number_in(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

Duration microseconds_in(const json& object, const char* key) {
  constexpr std::uint64_t kYear = 365ULL * 24 * 3600 * 1000 * 1000;
  return std::chrono::microseconds(static_cast<std::int64_t>(std::min(count_in(object, key), kYear)));
}

std::optional<Excerpt> stream_in(const json& object, const char* key, std::optional<std::uint64_t> around) {
  const json& stream = member(object, key);
  if (!member(stream, "text").is_string() && !member(stream, "base64").is_string()) return std::nullopt;
  const std::string encoded = text_in(stream, "base64");
  const std::string bytes = member(stream, "text").is_string() ? text_in(stream, "text")
                            : is_base64(encoded)               ? bytes_of_base64(encoded)
                                                               : std::string();
  return excerpt_of(bytes, std::max<std::uint64_t>(count_in(stream, "bytes"), bytes.size()), around);
}

std::optional<std::uint64_t> byte_in(const json& difference, const char* side) {
  const json& byte = member(member(difference, side), "byte");
  return byte.is_number_unsigned() ? std::optional(byte.get<std::uint64_t>()) : std::nullopt;
}

void add_facts(Cell& cell, const json& run) {
  const json& warnings = member(run, "warnings");
  for (std::size_t i = 0; i < std::min(warnings.size(), kMostWarnings) && warnings.is_array(); ++i) {
    if (warnings[i].is_string()) cell.facts.push_back({"warning", warnings[i].get<std::string>()});
  }
}

// What is said is cut where it is long; the result has bounded it before.
void add_dialogue(Cell& cell, const json& dialogue) {
  if (!dialogue.is_object()) return;
  cell.facts.push_back({"dialogue", text_in(dialogue, "message")});
  const json& pieces = member(dialogue, "transcript");
  if (!pieces.is_array()) return;
  for (const json& piece : pieces) {
    const std::string encoded = text_in(piece, "base64");
    const std::string bytes = member(piece, "text").is_string() ? text_in(piece, "text")
                              : is_base64(encoded)              ? bytes_of_base64(encoded)
                                                                : std::string();
    cell.transcript.push_back({.direction = text_in(piece, "from") == "submission" ? Exchange::Direction::FromSubmission
                                                                                   : Exchange::Direction::ToSubmission,
                               .at = microseconds_in(piece, "at_us"),
                               .text = excerpt_of(bytes, bytes.size())});
  }
  cell.exchanges_left_out = count_in(dialogue, "transcript_pieces_left_out");
}

void add_judging(Cell& cell, const json& run) {
  const json& fault = member(run, "jury_fault");
  if (fault.is_object()) {
    cell.facts.push_back({"jury's fault", text_in(fault, "program") + ": " + text_in(fault, "what")});
    if (const std::string said = text_in(fault, "stderr"); !said.empty()) {
      cell.facts.push_back({"stderr of " + text_in(fault, "program"), said});
    }
  }
  if (const std::string rule = text_in(run, "rule"); !rule.empty()) cell.facts.push_back({"rule", rule});
  if (const std::uint64_t passes = count_in(run, "passes"); passes > 1) {
    cell.facts.push_back({"passes", std::to_string(passes)});
  }
  add_dialogue(cell, member(run, "dialogue"));
}

std::vector<GroupResult> groups_in(const json& result) {
  std::vector<GroupResult> groups;
  const json& list = member(result, "groups");
  if (!list.is_array()) return groups;
  for (const json& one : list) {
    groups.push_back(
        {text_in(one, "name"), text_in(one, "verdict"), number_in(one, "score"), number_in(one, "score_max")});
  }
  return groups;
}

// Of one run: a case's, or all of a plain result.
Cell cell_of(const json& run, const Column& column, const Board& board) {
  Cell cell;
  cell.verdict = text_in(run, "verdict");
  cell.message = text_in(run, "message");
  cell.score = number_in(run, "points");
  cell.score_max = number_in(run, "points_max");
  if (cell.verdict.empty()) {
    cell.skipped = std::exchange(cell.message, "");
    return cell;
  }
  cell.feedback = text_in(run, "feedback");
  cell.time = microseconds_in(member(run, "cpu"), "total_us");
  cell.wall = microseconds_in(run, "wall_us");
  cell.memory = Bytes{count_in(member(run, "memory"), "peak_bytes")};
  const std::optional<Duration> limit = column.time_limit ? column.time_limit : board.time_limit;
  cell.near_limit = limit && standing_of(cell.verdict) == Standing::Passed && cell.time >= *limit - *limit / 10;
  if (const json& difference = member(run, "difference"); difference.is_object()) {
    cell.difference.emplace();
    // Of a file that was judged, no excerpt is known.
    if (member(difference, "file").is_null()) cell.difference->output_byte = byte_in(difference, "output");
    cell.difference->expected_byte = byte_in(difference, "expected");
  }
  cell.output = stream_in(run, "stdout", cell.difference ? cell.difference->output_byte : std::nullopt);
  cell.error_output = stream_in(run, "stderr", std::nullopt);
  add_facts(cell, run);
  add_judging(cell, run);
  return cell;
}

// Where the column of this name is; the number of columns if there is none and no room for one.
std::size_t find_column(Board& board, const std::string& name, const std::string& group, std::size_t guess) {
  if (guess < board.columns.size() && board.columns[guess].name == name) return guess;
  const auto found = std::ranges::find(board.columns, name, &Column::name);
  const auto at = static_cast<std::size_t>(found - board.columns.begin());
  if (at == board.columns.size() && at < kMostColumns) board.columns.push_back({.name = name, .group = group});
  return at;
}

void add_cell(Row& row, std::size_t at, Cell cell) {
  if (row.cells.size() <= at) row.cells.resize(at + 1);
  row.cells[at] = std::move(cell);
}

void add_compile(Row& row, const json& compile) {
  if (!compile.is_object()) return;
  row.compile_message = text_in(compile, "message");
  const std::optional<Excerpt> error_output = stream_in(compile, "stderr", std::nullopt);
  const std::optional<Excerpt> output = stream_in(compile, "stdout", std::nullopt);
  row.compiler = error_output && error_output->total != 0 ? error_output : output;
}

}  // namespace

Board board_of(const Task& task) {
  Board board;
  board.title = task.plan.origin.name;
  if (!task.plan.kind.image.empty()) board.facts.push_back({"image", task.plan.kind.image});
  board.time_limit = task.plan.kind.limits.cpu;
  board.memory_limit = task.plan.kind.limits.memory;
  for (const Case& one : task.cases) board.columns.push_back(column_of(one));
  for (const PlanStep& step : task.steps) {
    board.columns.push_back({.name = step.name});
    board.columns.back().input = excerpt_of_input(step.input);
  }
  if (task.cases.empty() && task.steps.empty()) {
    board.columns.push_back({.name = kOnlyColumn});
    board.columns.back().input = excerpt_of_input(task.plan.job.input);
  }
  return board;
}

std::string submission_of(const Task& task) {
  return task.plan.job.source.empty() ? task.plan.origin.name : task.plan.job.source;
}

void add_result(Board& board, Row row, const json& result) {
  row.verdict = text_in(result, "verdict");
  row.message = text_in(result, "message");
  row.score = number_in(result, "score");
  row.score_max = number_in(result, "score_max");
  row.groups = groups_in(result);
  add_compile(row, member(result, "compile"));
  const json& steps = member(result, "steps");
  const json& runs = steps.is_array() ? steps : member(result, "cases");
  if (runs.is_array()) {
    std::size_t next = 0;
    for (const json& one : runs) {
      const std::size_t at = find_column(board, text_in(one, "name"), text_in(one, "group"), next);
      if (at >= board.columns.size()) continue;
      add_cell(row, at, cell_of(one, board.columns[at], board));
      next = at + 1;
    }
  } else if (member(result, "cpu").is_object()) {
    const std::size_t at = find_column(board, kOnlyColumn, "", 0);
    if (at < board.columns.size()) add_cell(row, at, cell_of(result, board.columns[at], board));
  }
  board.rows.push_back(std::move(row));
}

}  // namespace evalrun::report
