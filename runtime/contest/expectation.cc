#include "runtime/contest/expectation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "runtime/problem/pattern.h"

namespace evalrun::contest {
namespace {

using judge::Verdict;
using problem::Result;

constexpr double kNear = 1e-6;  // of scores, which labels write in decimals

std::string words_of_results(const std::vector<Result>& results) {
  std::string text;
  for (const Result result : results) text += (text.empty() ? "" : " or ") + std::string(problem::code_of(result));
  return text;
}

std::string words_of_range(const std::pair<double, double>& range) {
  return range.first == range.second ? score_text(range.first)
                                     : score_text(range.first) + " to " + score_text(range.second);
}

// The labels of the problem package format know AC, WA, TLE and RTE alone. Who is stopped here at the output limit is
// let run on by some tools, to the time limit, and has a run-time error in others.
bool is_as_labelled(problem::Format format, Verdict verdict, Result result) {
  if (problem::is_of_kattis(format) && verdict == Verdict::Ole &&
      (result == Result::TimeLimit || result == Result::RunTimeError))
    return true;
  return is_result(verdict, result);
}

bool is_in(double score, const std::pair<double, double>& range) {
  return score >= range.first - kNear && score <= range.second + kNear;
}

std::string name(Verdict verdict) {
  return std::string(judge::kattis_name_of(verdict));
}

class Comparison {
 public:
  Comparison(const problem::Problem& problem, const problem::Expectation& expected, const Task& task,
             const judge::Grade& grade)
      : problem_(problem), expected_(expected), task_(task), grade_(grade) {}

  std::vector<std::string> take() {
    if (problem_.format == problem::Format::Dmoj) {
      look_at_dmoj();
      return std::move(found_);
    }
    look_at_verdict();
    look_at_score();
    for (const problem::CaseRule& rule : expected_.rules) look_at_rule(rule);
    look_at_groups();
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool is_one_of(Verdict verdict, const std::vector<Result>& results) const {
    return std::ranges::any_of(results, [&](Result one) { return is_as_labelled(problem_.format, verdict, one); });
  }

  [[nodiscard]] double score() const { return grade_.groups.empty() ? 0 : grade_.groups.front().score; }

  void look_at_verdict() {
    if (expected_.final_results.empty() || is_one_of(grade_.verdict, expected_.final_results)) return;
    found_.push_back("expected " + words_of_results(expected_.final_results) + ", got " + name(grade_.verdict) + ": " +
                     grade_.message);
  }

  void look_at_score() {
    if (expected_.score && !is_in(score(), *expected_.score)) {
      found_.push_back("expected a score of " + words_of_range(*expected_.score) + ", got " + score_text(score()));
    }
    const auto most = problem_.groups.empty() ? std::nullopt : problem_.groups.front().scoring.most;
    if (expected_.not_full_score && most && grade_.verdict == Verdict::Ac && score() >= *most - kNear) {
      found_.push_back("expected less than the full score, got " + score_text(score()));
    }
  }

  void look_at_rule(const problem::CaseRule& rule) {
    const problem::Pattern pattern(rule.pattern.empty() ? "*" : rule.pattern);
    bool has_required = rule.required.empty();
    bool has_message = rule.message.empty();
    std::string seen;
    if (grade_.cases.empty() || (grade_.compile && grade_.compile->verdict != Verdict::Ok)) {
      if (!rule.permitted.empty() && !is_one_of(grade_.verdict, rule.permitted)) {
        found_.push_back("permitted " + words_of_results(rule.permitted) + ", got " + name(grade_.verdict));
      }
      return;
    }
    for (std::size_t i = 0; i < grade_.cases.size(); ++i) {
      const judge::CaseGrade& one = grade_.cases[i];
      if (!one.verdict || (!rule.pattern.empty() && !pattern.matches(task_.cases[i].name))) continue;
      has_required = has_required || is_one_of(*one.verdict, rule.required);
      has_message = has_message || one.feedback.find(rule.message) != std::string::npos;
      const std::string verdict = name(*one.verdict);
      if (seen.find(verdict) == std::string::npos) seen += (seen.empty() ? "" : ", ") + verdict;
      if (!rule.permitted.empty() && !is_one_of(*one.verdict, rule.permitted)) {
        found_.push_back("case " + task_.cases[i].name + ": permitted " + words_of_results(rule.permitted) + ", got " +
                         verdict + ": " + one.message);
        return;
      }
    }
    const std::string of = rule.pattern.empty() ? "" : " of " + rule.pattern;
    if (!has_required) {
      found_.push_back("no case" + of + " got the required " + words_of_results(rule.required) + "; they got " +
                       (seen.empty() ? "nothing" : seen));
    }
    if (!has_message) found_.push_back("no message of the jury" + of + " holds \"" + rule.message + "\"");
    if (rule.score && rule.pattern.empty() && !is_in(score(), *rule.score)) {
      found_.push_back("expected a score of " + words_of_range(*rule.score) + ", got " + score_text(score()));
    }
    if (rule.score && !rule.pattern.empty()) look_at_group_scores(pattern, *rule.score);
  }

  // A score is that of a group as a whole, not of the cases in it.
  void look_at_group_scores(const problem::Pattern& pattern, const std::pair<double, double>& range) {
    for (std::size_t i = 1; i < std::min(task_.groups.size(), grade_.groups.size()); ++i) {
      const std::string& name = task_.groups[i].name;
      const double score = grade_.groups[i].score;
      if (!pattern.matches_exactly(name) || is_in(score, range)) continue;
      found_.push_back("group " + name + ": expected a score of " + words_of_range(range) + ", got " +
                       score_text(score));
    }
  }

  // Those in secret, in their order.
  void look_at_groups() {
    if (expected_.group_results.empty()) return;
    std::vector<std::size_t> groups;
    constexpr std::string_view kSecret = "secret/";
    for (std::size_t i = 0; i < task_.groups.size(); ++i) {
      const std::string& name = task_.groups[i].name;
      // Groups in these are not labelled.
      if (name.starts_with(kSecret) && name.find('/', kSecret.size()) == name.npos) groups.push_back(i);
    }
    for (std::size_t i = 0; i < std::min(groups.size(), expected_.group_results.size()); ++i) {
      const judge::GroupGrade& group =
          grade_.groups.size() > groups[i] ? grade_.groups[groups[i]] : judge::GroupGrade{};
      const Result wanted = expected_.group_results[i];
      if (group.verdict && is_as_labelled(problem_.format, *group.verdict, wanted)) continue;
      found_.push_back("group " + task_.groups[groups[i]].name + ": expected " + problem::code_of(wanted) + ", got " +
                       (group.verdict ? name(*group.verdict) : "nothing"));
    }
  }

  // DMOJ's labels are about cases: each has one of the codes, and earns the score, if one is named. A judge error is
  // one of the whole.
  void look_at_dmoj() {
    if (grade_.verdict == Verdict::Ie || (grade_.compile && grade_.compile->verdict != Verdict::Ok)) {
      return look_at_verdict();
    }
    for (const auto& [number, results] : expected_.case_results) {
      std::size_t place = 0;
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), place);
      const bool is_number = error == std::errc() && end == number.data() + number.size();
      if (!is_number || place < 1 || place > task_.cases.size()) found_.push_back("there is no case " + number);
    }
    for (std::size_t i = 0; i < task_.cases.size(); ++i) look_at_dmoj_case(i);
  }

  void look_at_dmoj_case(std::size_t index) {
    const judge::CaseGrade& one = grade_.cases[index];
    const auto own = expected_.case_results.find(std::to_string(index + 1));
    const std::vector<Result>& results = own == expected_.case_results.end() ? expected_.final_results : own->second;
    const bool skipped = !one.verdict || !one.why_skipped.empty();
    const bool may_be_skipped =
        std::ranges::any_of(results, [](Result result) { return result == Result::Skipped || result == Result::Any; });
    if (skipped ? !may_be_skipped : !is_one_of(*one.verdict, results)) {
      found_.push_back("case " + task_.cases[index].name + ": expected " + words_of_results(results) + ", got " +
                       (skipped ? "SC: " + one.why_skipped : name(*one.verdict) + ": " + one.message));
    }
    const double share = skipped ? 0 : one.share.value_or(one.verdict == Verdict::Ac ? 1 : 0);
    const double points = share * task_.cases[index].own_points;
    if (expected_.score && !is_in(points, *expected_.score)) {
      found_.push_back("case " + task_.cases[index].name + ": expected a score of " + words_of_range(*expected_.score) +
                       ", got " + score_text(points));
    }
  }

  const problem::Problem& problem_;
  const problem::Expectation& expected_;
  const Task& task_;
  const judge::Grade& grade_;
  std::vector<std::string> found_;
};

}  // namespace

std::string score_text(double score) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", score);
  return text;
}

bool is_result(Verdict verdict, Result result) {
  switch (result) {
    case Result::Accepted: return verdict == Verdict::Ac;
    case Result::WrongAnswer: return verdict == Verdict::Wa || verdict == Verdict::Pe;
    case Result::TimeLimit: return verdict == Verdict::Tle;
    case Result::RunTimeError: return verdict == Verdict::Re || verdict == Verdict::Mle || verdict == Verdict::Sv;
    case Result::MemoryLimit: return verdict == Verdict::Mle || verdict == Verdict::Re;
    case Result::OutputLimit: return verdict == Verdict::Ole;
    case Result::NoOutput: return verdict == Verdict::Wa || verdict == Verdict::Pe;
    case Result::PresentationError: return verdict == Verdict::Pe;
    case Result::CompileError: return verdict == Verdict::Ce;
    case Result::Skipped: return false;
    case Result::JudgeError: return verdict == Verdict::Ie;
    case Result::Any: return true;
  }
  return false;
}

std::string words_of(const problem::Expectation& expected) {
  std::string text = words_of_results(expected.final_results);
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  for (const problem::CaseRule& rule : expected.rules) {
    const std::string of = rule.pattern.empty() ? "" : " in " + rule.pattern;
    if (!rule.permitted.empty()) add("permitted " + words_of_results(rule.permitted) + of);
    if (!rule.required.empty()) add("required " + words_of_results(rule.required) + of);
    if (rule.score) add("score " + words_of_range(*rule.score) + of);
    if (!rule.message.empty()) add("the message \"" + rule.message + "\"" + of);
  }
  if (expected.score) add("score " + words_of_range(*expected.score));
  if (expected.not_full_score) add("not the full score");
  if (!expected.group_results.empty()) {
    std::string groups = "groups";
    for (const Result result : expected.group_results) groups += std::string(" ") + problem::code_of(result);
    add(groups);
  }
  return text;
}

bool needs_all_cases(const problem::Expectation& expected) {
  return !expected.rules.empty();
}

std::vector<std::string> mismatches(const problem::Problem& problem, const problem::Expectation& expected,
                                    const Task& task, const judge::Grade& grade) {
  return Comparison(problem, expected, task, grade).take();
}

}  // namespace evalrun::contest
