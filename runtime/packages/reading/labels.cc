// What submissions are expected to get, as the words of labels say it.

#include <algorithm>
#include <array>

#include "runtime/core/trimmed.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages {
namespace {

using problem::Result;

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kMostLabels = 1000;                  // of one tag in one file
constexpr std::size_t kMostSource = std::size_t{1} << 20;  // labels are looked for in files up to this size

struct Word {
  const char* word;
  Result result;
};

// In capitals and with "_".
constexpr Word kWords[] = {
    {"AC", Result::Accepted},
    {"CORRECT", Result::Accepted},
    {"ACCEPTED", Result::Accepted},
    {"WA", Result::WrongAnswer},
    {"WRONG_ANSWER", Result::WrongAnswer},
    {"TLE", Result::TimeLimit},
    {"TIMELIMIT", Result::TimeLimit},
    {"TIME_LIMIT_EXCEEDED", Result::TimeLimit},
    {"RTE", Result::RunTimeError},
    {"RE", Result::RunTimeError},
    {"RUN_ERROR", Result::RunTimeError},
    {"RUN_TIME_ERROR", Result::RunTimeError},
    {"RUNTIME_ERROR", Result::RunTimeError},
    {"IR", Result::RunTimeError},
    {"MLE", Result::MemoryLimit},
    {"MEMORY_LIMIT", Result::MemoryLimit},
    {"MEMORY_LIMIT_EXCEEDED", Result::MemoryLimit},
    {"OLE", Result::OutputLimit},
    {"OUTPUT_LIMIT", Result::OutputLimit},
    {"OUTPUT_LIMIT_EXCEEDED", Result::OutputLimit},
    {"NO_OUTPUT", Result::NoOutput},
    {"PE", Result::PresentationError},
    {"CE", Result::CompileError},
    {"COMPILER_ERROR", Result::CompileError},
    {"COMPILE_ERROR", Result::CompileError},
    {"SC", Result::Skipped},
    {"IE", Result::JudgeError},
    {"JE", Result::JudgeError},
    {"CHECK_MANUALLY", Result::Any},
};

std::string capitals(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return text;
}

// What follows `tag` in its line, for every place where it stands.
std::vector<std::string> lines_after(const std::string& text, std::string_view tag) {
  const auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; };
  std::vector<std::string> lines;
  // All tags begin with '@', which is rare: most of a large file is passed over at once.
  for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at + 1)) {
    if (text.size() - at < tag.size() ||
        !std::equal(tag.begin(), tag.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                    [&](char a, char b) { return same(b, a); }))
      continue;
    const std::size_t begin = at + tag.size();
    lines.push_back(text.substr(begin, text.find_first_of("\r\n", begin) - begin));
    if (lines.size() == kMostLabels) return lines;
  }
  return lines;
}

std::vector<Result> results_in(Reading& reading, const std::string& file, const std::string& line) {
  std::vector<Result> results;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    const std::string word = trimmed(std::string_view(line).substr(begin, end - begin), kBlanks);
    begin = end + 1;
    if (const auto result = result_named(word)) {
      results.push_back(*result);
    } else {
      reading.error(file, "@EXPECTED_RESULTS@ names \"" + word +
                              "\", which is no result; see DOMjudge's names, such as WRONG-ANSWER");
    }
  }
  return results;
}

}  // namespace

std::optional<Result> result_named(std::string_view word) {
  const std::string name = capitals(word);
  const auto* found = std::ranges::find_if(kWords, [&](const Word& row) { return name == row.word; });
  if (found == std::end(kWords)) return std::nullopt;
  return found->result;
}

bool has_expected_scores(Reading& reading) {
  problem::Findings ignored;  // the submissions are read again later
  Reading looking{reading.tree, ignored, {}};
  return std::ranges::any_of(reading.tree.files_below("submissions"), [&](const std::string& path) {
    const std::string text = looking.beginning_of(path, kMostSource);
    return std::ranges::any_of(lines_after(text, "@EXPECTED_SCORE@: "), [](const std::string& line) {
      const std::vector<std::string> words = split_at_space(line);
      return !words.empty() && problem::decimal_number(words[0]).has_value();
    });
  });
}

std::vector<LabelLine> lines_with(Reading& reading, const problem::Submission& submission, std::string_view word) {
  std::vector<LabelLine> lines;
  for (const problem::PlacedFile& placed : submission.files) {
    if (placed.file.size > kMostSource) continue;
    const std::string text = reading.text_of(placed.file.path).value_or("");
    std::size_t counted = 0;
    unsigned line = 1;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) {
      line += static_cast<unsigned>(std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                                               text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
      counted = at;
      if (lines.size() == kMostLabels) return lines;
      lines.push_back({text.substr(at, text.find_first_of("\r\n", at) - at), {placed.file.path, line, 1}});
    }
  }
  return lines;
}

Tags tags_of(Reading& reading, const problem::Submission& submission) {
  std::vector<std::pair<std::string, std::string>> results, scores, grades;  // file, line
  for (const problem::PlacedFile& placed : submission.files) {
    if (placed.file.size > kMostSource) continue;
    const std::optional<std::string> text = reading.text_of(placed.file.path);
    if (!text) continue;
    for (std::string& line : lines_after(*text, "@EXPECTED_RESULTS@: ")) results.emplace_back(placed.file.path, line);
    for (std::string& line : lines_after(*text, "@EXPECTED_SCORE@: ")) scores.emplace_back(placed.file.path, line);
    for (std::string& line : lines_after(*text, "@EXPECTED_GRADES@")) grades.emplace_back(placed.file.path, line);
  }
  // DOMjudge had this spelling for results before it had scores.
  std::erase_if(scores, [&](const std::pair<std::string, std::string>& found) {
    const std::string first = trimmed(found.second.substr(0, found.second.find(',')), kBlanks);
    if (!result_named(first)) return false;
    results.push_back(found);
    return true;
  });
  Tags tags;
  // DOMjudge takes two of a kind as none.
  if (results.size() == 1) tags.results = results_in(reading, results[0].first, results[0].second);
  if (results.size() > 1)
    reading.note(submission.path, "@EXPECTED_RESULTS@ stands here twice; its folder counts instead");
  if (scores.size() == 1) {
    const std::vector<std::string> words = split_at_space(scores[0].second);
    const auto score = words.empty() ? std::nullopt : problem::decimal_number(words[0]);
    if (!score) reading.error(scores[0].first, "@EXPECTED_SCORE@ is followed by no number");
    tags.score = score;
  }
  if (scores.size() > 1) reading.note(submission.path, "@EXPECTED_SCORE@ stands here twice and is not looked at");
  if (grades.size() == 1) {
    for (const std::string& word : split_at_space(grades[0].second)) {
      const auto result = result_named(word);
      if (!result) break;  // the end of a comment
      tags.grades.push_back(*result);
    }
  }
  return tags;
}

}  // namespace evalrun::packages
