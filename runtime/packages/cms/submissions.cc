#include "runtime/packages/cms/submissions.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/problem/language.h"

namespace evalrun::packages::cms {
namespace {

using problem::Result;

void add_check(Reading& reading, const std::optional<Gen>& gen, problem::Expectation& expected, const std::string& word,
               problem::CaseRule rule) {
  if (word == "*") {
    // Each of the subtasks by itself.
    for (std::size_t i = 1; i < reading.problem.groups.size(); ++i) {
      rule.pattern = reading.problem.groups[i].name;
      expected.rules.push_back(rule);
    }
    return;
  }
  if (!gen) return;
  for (std::size_t i = 0; i < gen->subtasks.size() && i + 1 < reading.problem.groups.size(); ++i) {
    if (gen->subtasks[i].name != word) continue;
    rule.pattern = reading.problem.groups[i + 1].name;
    expected.rules.push_back(rule);
    return;
  }
  reading.findings.note(rule.where, in_quotes(word) + " is the name of no subtask of gen/GEN (# STNAME:)");
}

// task-maker's comments: "@check-accepted: SUBTASK..." and its like, each a pattern over the names of subtasks.
void expect_by_checks(Reading& reading, const std::optional<Gen>& gen, problem::Submission& submission) {
  using enum Result;
  struct CheckRow {
    const char* word;
    std::vector<Result> permitted, required;
  };
  static const std::vector<CheckRow> rows = {
      {"@check-accepted:", {Accepted}, {}},
      {"@check-wrong-answer:", {}, {WrongAnswer}},
      {"@check-time-limit-exceeded:", {}, {TimeLimit}},
      {"@check-memory-limit-exceeded:", {}, {MemoryLimit}},
      {"@check-runtime-error:", {}, {RunTimeError}},
      {"@check-zero:", {}, {WrongAnswer, TimeLimit, MemoryLimit, RunTimeError, OutputLimit, NoOutput}},
  };
  for (const auto& [line, where] : lines_with(reading, submission, "@check-")) {
    for (const CheckRow& row : rows) {
      if (!line.starts_with(row.word)) continue;
      problem::CaseRule rule;
      rule.permitted = row.permitted;
      rule.required = row.required;
      rule.where = where;
      for (const std::string& word : split_at_space(line.substr(std::string_view(row.word).size()))) {
        if (word == "*/") break;
        add_check(reading, gen, submission.expected, word, rule);
      }
    }
  }
}

void expect(Reading& reading, const std::optional<Gen>& gen, problem::Submission& submission, const std::string& base) {
  problem::Expectation& expected = submission.expected;
  expected.folder = "sol";
  expected.where = {submission.path, 0, 0};
  const Tags tags = tags_of(reading, submission);
  if (tags.results) expected.final_results = *tags.results;
  if (tags.score) expected.score = std::pair(*tags.score, *tags.score);
  expected.group_results = tags.grades;
  expect_by_checks(reading, gen, submission);
  const bool says_something = tags.results || tags.score || !tags.grades.empty() || !expected.rules.empty();
  if (!says_something && (base == "solution" || base == "soluzione")) expected.final_results = {Result::Accepted};
}

}  // namespace

void read_submissions(Reading& reading, const std::optional<Gen>& gen) {
  if (reading.problem.types.submit_answer) {
    if (!reading.tree.names_in("sol").empty()) {
      reading.note("sol", "holds no submissions: those of an output-only task are the files output_000.txt and so on");
    }
    return;
  }
  for (const std::string& name : reading.tree.names_in("sol")) {
    const std::string path = archive::below("sol", name);
    if (!is_usable_name(name) || !reading.tree.has_file(path)) continue;
    const problem::Language* language = problem::language_of({name});
    const std::string base = name.substr(0, name.rfind('.'));
    if (language == nullptr || base == "grader" || base == "stub" || name.ends_with("lib.pas")) continue;
    problem::Submission& submission = add_submission(reading, name, path);
    expect(reading, gen, submission, base);
    const bool fits =
        reading.problem.languages.empty() ||
        std::ranges::find(reading.problem.languages, submission.language) != reading.problem.languages.end();
    if (!fits) {
      reading.note(path,
                   "is not judged, because there is no sol/" + reading.problem.included_entry + " in its language");
      submission.expected.do_not_run = true;
    }
  }
}

}  // namespace evalrun::packages::cms
