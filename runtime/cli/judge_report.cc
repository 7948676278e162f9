#include "runtime/cli/judge_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runtime/contest/expectation.h"
#include "runtime/core/plural.h"
#include "runtime/core/text.h"
#include "runtime/judge/blame.h"
#include "runtime/report/figures.h"

namespace evalrun::cli {
namespace {

using report::mebibytes;
using report::seconds;

using contest::Judged;
using judge::Verdict;

constexpr std::size_t kWidestName = 44;

std::string_view verdict_of(const Judged& one) {
  return one.refusal ? "-" : judge::kattis_name_of(one.grade.verdict);
}

Bytes most_memory(const judge::Grade& grade) {
  Bytes most{};
  for (const judge::CaseGrade& one : grade.cases) most = std::max(most, one.run.memory.peak);
  return most;
}

std::size_t ran(const judge::Grade& grade) {
  return static_cast<std::size_t>(std::ranges::count_if(
      grade.cases, [](const judge::CaseGrade& one) { return one.verdict && one.why_skipped.empty(); }));
}

std::string figures(const Judged& one) {
  std::string text = "slowest case " + seconds(one.slowest);
  text += ", most memory " + mebibytes(most_memory(one.grade));
  text += ", " + plural(ran(one.grade), "case");
  const std::size_t left = one.grade.cases.size() - ran(one.grade);
  if (left > 0) text += " (" + std::to_string(left) + " not needed)";
  if (one.is_near_limit) text += ", near the limit: the median of " + std::to_string(one.runs) + " runs";
  return text;
}

bool has_failed(const Judged& one) {
  return !one.refusal && one.grade.verdict == Verdict::Ie;
}

// The case that has decided, with what there is to say of it.
std::string deciding_case(const Judged& one) {
  const auto decides = [&](const judge::CaseGrade& grade) {
    return grade.verdict == one.grade.verdict && grade.why_skipped.empty();
  };
  const auto found = std::ranges::find_if(one.grade.cases, decides);
  if (one.grade.verdict == Verdict::Ac || found == one.grade.cases.end()) return "";
  std::string text;
  const auto add = [&](const std::string& title, const std::string& what) {
    if (!what.empty()) text += "    " + title + ": " + one_line(what) + "\n";
  };
  add("feedback", found->feedback);
  add("for the team", found->team_message);
  add("rule", found->rule);
  add("by other rules", judge::describe(found->opinions));
  add("stderr", found->run.error_output.kept.substr(0, 300));
  return text;
}

std::string groups_text(const Judged& one) {
  std::string text;
  for (std::size_t i = 1; i < one.grade.groups.size(); ++i) {
    const judge::GroupGrade& group = one.grade.groups[i];
    text += "    group " + one_line(one.task->groups[i].name) + ": ";
    text += group.verdict
                ? std::string(judge::kattis_name_of(*group.verdict)) + ", score " + contest::score_text(group.score)
                : "not run: " + one_line(group.why_not_run);
    text += "\n";
  }
  return text;
}

std::string block(const problem::Problem& problem, const Judged& one) {
  std::string text = padded(std::string(verdict_of(one)), 4) + " " + one_line(one.name);
  if (one.refusal) return text + ": " + one_line(one.refusal->message) + "\n";
  text += " (" + one.language + "): " + one_line(one.grade.message);
  if (problem.types.scoring && !one.grade.groups.empty())
    text += "; score " + contest::score_text(one.grade.groups[0].score);
  text += "\n    " + figures(one) + "\n";
  if (problem.types.scoring) text += groups_text(one);
  if (one.grade.compile && one.grade.compile->verdict != Verdict::Ok) {
    text += printable(one.grade.compile->run.output.kept + one.grade.compile->run.error_output.kept);
    if (!text.ends_with('\n')) text += "\n";
  }
  return text + deciding_case(one);
}

enum class Agreement { AsLabelled, Otherwise, Skipped, NotLabelled };

struct Row {
  const Judged& one;
  Agreement agreement = Agreement::AsLabelled;
  std::vector<std::string> mismatches;
};

Row row_of(const problem::Problem& problem, const Judged& one) {
  if (one.refusal && one.refusal->cause == contest::Refusal::Cause::NotInstalled) return {one, Agreement::Skipped, {}};
  if (one.refusal) return {one, Agreement::Skipped, {}};
  const problem::Expectation& expected = one.labelled->expected;
  if (contest::words_of(expected).empty()) return {one, Agreement::NotLabelled, {}};
  std::vector<std::string> found = contest::mismatches(problem, expected, *one.task, one.grade);
  const Agreement agreement = found.empty() ? Agreement::AsLabelled : Agreement::Otherwise;
  return {one, agreement, std::move(found)};
}

std::vector<Row> rows_of(const SelfTestReport& report) {
  std::vector<Row> rows;
  for (const Judged& one : report.judged) rows.push_back(row_of(report.problem, one));
  return rows;
}

std::string line_of(const problem::Problem& problem, Duration limit, const Row& row, std::size_t width) {
  const char* word = row.agreement == Agreement::AsLabelled  ? "ok"
                     : row.agreement == Agreement::Otherwise ? "DIFFERS"
                     : row.agreement == Agreement::Skipped   ? "skipped"
                                                             : "no label";
  std::string text = padded(word, 9) + padded(one_line(row.one.name), width + 2);
  if (row.one.refusal) return text + one_line(row.one.refusal->message) + "\n";
  text += padded(std::string(verdict_of(row.one)), 5) + seconds(row.one.slowest);
  if (problem.types.scoring && !row.one.grade.groups.empty()) {
    text += "  score " + contest::score_text(row.one.grade.groups[0].score);
  }
  if (row.one.is_near_limit) text += "  near the limit";
  if (row.one.limit > row.one.labelled->time_limit.value_or(limit))
    text += "  with a limit of " + seconds(row.one.limit);
  text += "\n";
  for (const std::string& mismatch : row.mismatches) text += "         " + one_line(mismatch) + "\n";
  return text;
}

}  // namespace

std::string progress_of(const Judged& one) {
  return padded(std::string(verdict_of(one)), 4) + " " + one_line(one.name) +
         (one.refusal ? "" : "  " + seconds(one.slowest));
}

std::string to_text(const JudgeReport& report) {
  std::string text = one_line(report.problem.name.empty() ? report.problem.short_name : report.problem.name) + ": " +
                     problem::type_words(report.problem) + ", " + plural(report.problem.cases.size(), "case") +
                     ", time limit " + seconds(report.limit) + "\n";
  for (const Judged& one : report.judged) text += block(report.problem, one);
  return text;
}

int exit_status_of(const std::vector<Judged>& judged) {
  int status = 0;
  for (const Judged& one : judged) {
    if (has_failed(one)) return 3;
    if (one.refusal || one.grade.verdict != Verdict::Ac) status = 1;
  }
  return status;
}

std::string to_text(const SelfTestReport& report) {
  const std::vector<Row> rows = rows_of(report);
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, std::min(kWidestName, one_line(row.one.name).size()));
  std::string text;
  std::size_t as_labelled = 0, otherwise = 0, skipped = 0, unlabelled = 0;
  for (const Row& row : rows) {
    text += line_of(report.problem, report.limit, row, width);
    as_labelled += row.agreement == Agreement::AsLabelled ? 1 : 0;
    otherwise += row.agreement == Agreement::Otherwise ? 1 : 0;
    skipped += row.agreement == Agreement::Skipped ? 1 : 0;
    unlabelled += row.agreement == Agreement::NotLabelled ? 1 : 0;
  }
  text += plural(rows.size(), "submission") + ": " + std::to_string(as_labelled) + " as labelled, " +
          std::to_string(otherwise) + " otherwise";
  if (skipped > 0) text += ", " + std::to_string(skipped) + " skipped";
  if (unlabelled > 0) text += ", " + std::to_string(unlabelled) + " without a label";
  text += "; " + plural(report.problem.cases.size(), "case") + ", " +
          std::to_string(problem::distinct_cases(report.problem)) + " distinct\n";
  text += "time limit " + seconds(report.limit);
  if (report.slowest_accepted) {
    const double factor = std::chrono::duration<double>(report.limit).count() /
                          std::max(1e-9, std::chrono::duration<double>(*report.slowest_accepted).count());
    text += ", " + contest::score_text(std::round(factor * 100) / 100) + " times the slowest accepted, " +
            one_line(report.slowest_name) + " (" + seconds(*report.slowest_accepted) + ")";
  }
  return text + "\n";
}

int exit_status_of(const SelfTestReport& report) {
  int status = 0;
  for (const Row& row : rows_of(report)) {
    if (row.agreement == Agreement::Otherwise) status = has_failed(row.one) ? 3 : std::max(status, 1);
  }
  return status;
}

}  // namespace evalrun::cli
