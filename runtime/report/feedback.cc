#include "runtime/report/feedback.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>

#include "runtime/core/error.h"
#include "runtime/core/new_file.h"
#include "runtime/core/plural.h"
#include "runtime/core/text.h"
#include "runtime/core/write_all.h"
#include "runtime/report/figures.h"

namespace evalrun::report {
namespace {

// A text of so many failed cases is read; the rest is counted.
constexpr std::size_t kMostCases = 20;
constexpr std::size_t kMostNameLength = 100;

bool is_shown(const Board& board, std::size_t index) {
  return board.columns[index].disclosure == Disclosure::Shown;
}

std::string points(const std::optional<double>& score, const std::optional<double>& score_max) {
  if (!score) return "";
  return to_string(*score) + (score_max ? " of " + to_string(*score_max) : "") + " points";
}

void add_excerpt(std::string& text, const std::string& title, const std::optional<Excerpt>& excerpt) {
  if (!excerpt) return;
  text += "  " + title;
  if (excerpt->total == 0) {
    text += ": empty\n";
    return;
  }
  if (excerpt->is_cut()) {
    text += " (bytes " + std::to_string(excerpt->begin) + " to " +
            std::to_string(excerpt->begin + excerpt->bytes.size()) + " of " + std::to_string(excerpt->total) + ")";
  }
  text += ":\n";
  std::string shown = printable(excerpt->bytes);
  if (shown.ends_with('\n')) shown.pop_back();
  for (std::string_view rest = shown;;) {
    const std::size_t end = rest.find('\n');
    text += "    " + std::string(rest.substr(0, end)) + "\n";
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
}

void add_transcript(std::string& text, const Cell& cell) {
  if (cell.transcript.empty()) return;
  text += "  exchange:\n";
  for (const Exchange& one : cell.transcript) {
    const bool is_own = one.direction == Exchange::Direction::FromSubmission;
    text += "    " + milliseconds(one.at) + (is_own ? "  you:    " : "  judge:  ") + one_line(one.text.bytes) +
            (one.text.is_cut() ? "…" : "") + "\n";
  }
  if (cell.exchanges_left_out != 0) text += "    and " + std::to_string(cell.exchanges_left_out) + " more\n";
}

void add_case(std::string& text, const Column& column, const Cell& cell) {
  text += "\nCase " + one_line(column.name) + ": " + std::string(words_of(cell.verdict)) + "\n";
  if (!cell.message.empty() && cell.message != words_of(cell.verdict)) text += "  " + one_line(cell.message) + "\n";
  if (!cell.feedback.empty()) text += "  " + one_line(cell.feedback) + "\n";
  add_excerpt(text, "input", cell.input ? cell.input : column.input);
  add_excerpt(text, "your output", cell.output);
  add_excerpt(text, "expected output", cell.expected ? cell.expected : column.expected);
  if (cell.error_output && cell.error_output->total != 0) add_excerpt(text, "standard error", cell.error_output);
  add_transcript(text, cell);
}

struct Tally {
  std::size_t passed = 0, failed = 0, not_run = 0;
};

void count(Tally& tally, std::string_view verdict) {
  switch (standing_of(verdict)) {
    case Standing::Passed: ++tally.passed; break;
    case Standing::Failed:
    case Standing::Faulty: ++tally.failed; break;
    case Standing::NotRun: ++tally.not_run; break;
  }
}

std::string in_words(const Tally& tally, const std::string& noun) {
  const std::size_t all = tally.passed + tally.failed + tally.not_run;
  return std::to_string(tally.passed) + " of " + plural(all, noun) + " passed" +
         (tally.not_run == 0 ? "" : ", " + std::to_string(tally.not_run) + " not run") + "\n";
}

// ASCII alone: every file system and every archive keeps it.
std::string safe_stem(const std::string& name) {
  std::string stem;
  for (const char each : name.substr(0, kMostNameLength)) {
    const bool is_fit = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
                        each == '.' || each == '_' || each == '-';
    stem += is_fit ? each : '_';
  }
  // Neither hidden, nor "..", nor an option of whatever is given it.
  if (stem.empty() || stem.front() == '.' || stem.front() == '-') stem.insert(0, 1, '_');
  return stem;
}

std::string in_lower_case(std::string text) {
  for (char& each : text) each = each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  return text;
}

}  // namespace

std::string feedback_text(const Board& board, const Row& row) {
  std::string text = one_line(board.title) + "\n" + one_line(row.name) + "\n\n";
  text += row.verdict.empty() ? "Not judged" : "Result: " + std::string(words_of(row.verdict));
  if (row.verdict.empty() && !row.skipped.empty()) text += ": " + one_line(row.skipped);
  if (row.score) text += ", " + points(row.score, row.score_max);
  text += "\n";
  if (row.verdict == "CE") {
    text += "\nIt did not compile: " + one_line(row.compile_message) + "\n";
    add_excerpt(text, "compiler", row.compiler);
    return text;
  }
  Tally shown, secret;
  for (std::size_t i = 0; i < board.columns.size(); ++i) {
    count(is_shown(board, i) ? shown : secret, verdict_of(row, i));
  }
  const auto all = [](const Tally& tally) { return tally.passed + tally.failed + tally.not_run; };
  if (all(shown) != 0) text += in_words(shown, "case");
  if (all(secret) != 0) text += in_words(secret, "secret case");
  std::size_t told = 0;
  for (std::size_t i = 0; i < std::min(board.columns.size(), row.cells.size()) && told < kMostCases; ++i) {
    const Standing standing = standing_of(row.cells[i].verdict);
    if (!is_shown(board, i) || standing == Standing::Passed || standing == Standing::NotRun) continue;
    add_case(text, board.columns[i], row.cells[i]);
    ++told;
  }
  if (shown.failed > told) text += "\nand " + plural(shown.failed - told, "more case") + " that failed\n";
  return text;
}

std::vector<std::string> feedback_names(const Board& board) {
  std::vector<std::string> names;
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, std::size_t> last_numbers;  // of each stem; thousands may have the same
  for (const Row& row : board.rows) {
    const std::string stem = safe_stem(row.name);
    std::size_t& number = last_numbers.try_emplace(in_lower_case(stem), 1).first->second;
    std::string name = stem;
    while (!taken.insert(in_lower_case(name)).second) name = stem + "-" + std::to_string(++number);
    names.push_back(name + ".txt");
  }
  return names;
}

void write_feedback(int folder, const Board& board) {
  const std::vector<std::string> names = feedback_names(board);
  for (std::size_t i = 0; i < names.size(); ++i) {
    NewFile file(folder, names[i]);
    if (file.error() != 0) throw SystemError("open", names[i], file.error());
    write_all(file.get(), feedback_text(board, board.rows[i]), names[i]);
    if (const int error = file.publish(); error != 0) throw SystemError("linkat", names[i], error);
  }
}

}  // namespace evalrun::report
