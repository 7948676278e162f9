#include "runtime/packages/kattis/submissions.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "runtime/core/text.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/comparison.h"
#include "runtime/problem/language.h"
#include "runtime/problem/pattern.h"

namespace evalrun::packages::kattis {
namespace {

using problem::CaseRule;
using problem::Result;
using problem::UseForTimeLimit;

// What the folders of 2025-09 mean.
struct FolderRule {
  const char* folder;
  std::vector<Result> permitted;
  std::vector<Result> required;
};

const std::vector<FolderRule>& folder_rules() {
  using enum Result;
  static const std::vector<FolderRule> rules = {
      {"accepted", {Accepted}, {}},
      {"rejected", {}, {RunTimeError, TimeLimit, WrongAnswer}},
      {"wrong_answer", {Accepted, WrongAnswer}, {WrongAnswer}},
      {"time_limit_exceeded", {Accepted, TimeLimit}, {TimeLimit}},
      {"run_time_error", {Accepted, RunTimeError}, {RunTimeError}},
      {"brute_force", {Accepted, RunTimeError, TimeLimit}, {RunTimeError, TimeLimit}},
  };
  return rules;
}

// What every submission of a pattern is given by submissions.yaml.
struct Entry {
  problem::Pattern pattern;
  std::optional<std::string> language, entry;
  std::optional<CaseRule> rule;      // for all cases
  std::vector<CaseRule> case_rules;  // for those of a pattern
  std::optional<UseForTimeLimit> use_for_time_limit;
  bool says_permitted = false;
  bool says_required = false;
  SourcePosition where;
  bool is_used = false;
};

constexpr std::array kStandard = {"accepted", "wrong_answer", "time_limit_exceeded", "run_time_error"};

class SubmissionReader {
 public:
  explicit SubmissionReader(Reading& reading) : reading_(reading) {}

  void read() {
    read_yaml();
    for (const std::string& folder : reading_.tree.names_in("submissions")) {
      const std::string path = "submissions/" + folder;
      if (!is_usable_name(folder) || !reading_.tree.has_folder(path)) continue;
      for (const std::string& name : reading_.tree.names_in(path)) {
        if (!is_usable_name(name) || name.ends_with(".disabled")) continue;  // as BAPCtools names what is put aside
        problem::Submission& submission = add_submission(reading_, folder + "/" + name, path + "/" + name);
        expect(submission, folder);
      }
    }
    for (const Entry& entry : entries_) {
      if (!entry.is_used && !is_rule_of_folder(entry.pattern.text())) {
        reading_.findings.note(entry.where, in_quotes(entry.pattern.text()) + " selects no submission");
      }
    }
  }

 private:
  [[nodiscard]] bool has_rules() const { return reading_.problem.format == problem::Format::Kattis2025 || has_yaml_; }

  static bool is_rule_of_folder(const std::string& folder) {
    return std::ranges::any_of(folder_rules(), [&](const FolderRule& rule) { return folder == rule.folder; });
  }

  // --- submissions.yaml ---

  void read_yaml() {
    const std::string file = "submissions/submissions.yaml";
    has_yaml_ = reading_.tree.has_file(file);
    const YamlPointer root = reading_.yaml_of(file);
    if (root == nullptr || root->kind == YamlNode::Kind::Null) return;
    if (root->kind != YamlNode::Kind::Map) {
      reading_.findings.error(root->where, "expected a map of patterns, not " + kind_of(*root));
      return;
    }
    for (const auto& [name, value] : root->pairs) read_entry(file, name, value);
  }

  std::optional<problem::Pattern> pattern_of(const YamlNode& node) {
    try {
      return problem::Pattern(node.text);
    } catch (const std::invalid_argument& wrong) {
      reading_.findings.error(node.where, in_quotes(node.text) + " is no pattern: " + wrong.what());
      return std::nullopt;
    }
  }

  void read_entry(const std::string& file, const YamlPointer& name, const YamlPointer& value) {
    auto pattern = pattern_of(*name);
    if (!pattern) return;
    Entry entry{std::move(*pattern), {}, {}, {}, {}, {}, false, false, name->where, false};
    MapReader yaml(value, file, reading_.findings, name->text + ".");
    if ((entry.language = yaml.text("language")) && problem::find_language(*entry.language) == nullptr) {
      yaml.error("language", in_quotes(*entry.language) + " is no code of a language, such as cpp, java or python3");
      entry.language.reset();
    }
    entry.entry = yaml.text("entrypoint");
    yaml.ignore({"authors", "model_solution"});
    entry.says_permitted = yaml.has("permitted");
    entry.says_required = yaml.has("required");
    const bool says_more = yaml.has("score") || yaml.has("message");
    CaseRule rule = read_rule(yaml);
    entry.use_for_time_limit = yaml.has("use_for_time_limit") ? std::optional(rule.use_for_time_limit) : std::nullopt;
    if (entry.says_permitted || entry.says_required || says_more || entry.use_for_time_limit) {
      rule.where = name->where;
      entry.rule = std::move(rule);
    }
    read_case_rules(file, value, yaml, entry);
    yaml.finish();
    entries_.push_back(std::move(entry));
  }

  // Every other key whose value is a map is a pattern over cases.
  void read_case_rules(const std::string& file, const YamlPointer& value, MapReader& yaml, Entry& entry) {
    if (value->kind != YamlNode::Kind::Map) return;
    for (const auto& [name, inner] : value->pairs) {
      if (inner->kind != YamlNode::Kind::Map) continue;
      yaml.ignore({name->text});
      if (!pattern_of(*name)) continue;
      MapReader rule_yaml(inner, file, reading_.findings, yaml.prefix() + name->text + ".");
      CaseRule rule = read_rule(rule_yaml);
      rule.pattern = name->text;
      rule.where = name->where;
      rule_yaml.finish();
      check_selects_cases(rule);
      entry.case_rules.push_back(std::move(rule));
    }
  }

  void check_selects_cases(const CaseRule& rule) {
    const problem::Pattern pattern(rule.pattern);
    if (!reading_.spend_matches(reading_.problem.cases.size(), rule.where)) return;
    const bool any = std::ranges::any_of(reading_.problem.cases,
                                         [&](const problem::Case& one) { return pattern.matches(one.name); });
    if (!any) reading_.findings.note(rule.where, in_quotes(rule.pattern) + " selects no case");
  }

  CaseRule read_rule(MapReader& yaml) {
    CaseRule rule;
    rule.permitted = results(yaml, "permitted");
    rule.required = results(yaml, "required");
    rule.score = score(yaml);
    rule.message = yaml.text("message").value_or("");
    if (const auto word = yaml.text("use_for_time_limit")) {
      const auto is = truth(*word);
      if (*word == "lower" || is == true) {
        rule.use_for_time_limit = *word == "lower" ? UseForTimeLimit::Lower : UseForTimeLimit::ByVerdict;
      } else if (*word == "upper") {
        rule.use_for_time_limit = UseForTimeLimit::Upper;
      } else if (is == false) {
        rule.use_for_time_limit = UseForTimeLimit::No;
      } else {
        yaml.error("use_for_time_limit", "expected true, false, lower or upper, not " + in_quotes(*word));
      }
    }
    return rule;
  }

  std::vector<Result> results(MapReader& yaml, const std::string& key) {
    std::vector<Result> found;
    const auto words = yaml.words(key);
    if (!words) return found;
    for (const std::string& word : *words) {
      if (word == "AC") {
        found.push_back(Result::Accepted);
      } else if (word == "WA") {
        found.push_back(Result::WrongAnswer);
      } else if (word == "TLE") {
        found.push_back(Result::TimeLimit);
      } else if (word == "RTE") {
        found.push_back(Result::RunTimeError);
      } else {
        yaml.error(key, in_quotes(word) + " is no verdict of a case; use AC, WA, TLE or RTE");
      }
    }
    return found;
  }

  std::optional<std::pair<double, double>> score(MapReader& yaml) {
    const YamlPointer node = yaml.take("score");
    if (node == nullptr) return std::nullopt;
    const auto words = scalars(node, yaml.prefix() + "score", reading_.findings);
    if (!words) return std::nullopt;
    const auto least = words->empty() ? std::nullopt : problem::decimal_number(words->front());
    const auto most = words->empty() ? std::nullopt : problem::decimal_number(words->back());
    if (words->size() <= 2 && least && most && *least <= *most) return std::pair(*least, *most);
    yaml.error("score", "expected a number, or two of them with the smaller first");
    return std::nullopt;
  }

  // --- what is expected ---

  void expect(problem::Submission& submission, const std::string& folder) {
    problem::Expectation& expected = submission.expected;
    expected.folder = folder;
    expected.where = {submission.path, 0, 0};
    const Tags tags = tags_of(reading_, submission);
    if (has_rules()) {
      expect_by_rules(submission);
    } else {
      expect_by_folder(expected, folder);
    }
    expect_by_tags(submission, tags);
    const bool says_nothing = expected.final_results.empty() && expected.rules.empty() && !expected.score &&
                              expected.group_results.empty() && !expected.not_full_score;
    if (says_nothing) reading_.note(submission.path, "nothing says what this submission should get; it is not checked");
  }

  static void expect_by_folder(problem::Expectation& expected, const std::string& folder) {
    if (folder == "partially_accepted") {
      expected.final_results = {Result::Accepted};
      expected.not_full_score = true;
      return;
    }
    for (const FolderRule& rule : folder_rules()) {
      // The two that only the newer version has.
      if (folder == rule.folder && (folder == "rejected" || folder == "brute_force")) {
        expected.final_results = rule.required;
        return;
      }
    }
    if (const auto result = result_named(folder)) expected.final_results = {*result};
  }

  void expect_by_rules(problem::Submission& submission) {
    problem::Expectation& expected = submission.expected;
    const std::string& folder = expected.folder;
    if (folder == "partially_accepted") expected.not_full_score = true;
    CaseRule of_folder;
    of_folder.where = {"submissions/" + folder, 0, 0};
    bool has_folder_rule = false;
    for (const FolderRule& rule : folder_rules()) {
      if (folder != rule.folder) continue;
      of_folder.permitted = rule.permitted;
      of_folder.required = rule.required;
      has_folder_rule = true;
    }
    if (!entries_.empty() && !reading_.spend_matches(entries_.size(), entries_[0].where)) return;
    for (Entry& entry : entries_) {
      if (!entry.pattern.matches(submission.name)) continue;
      entry.is_used = true;
      if (entry.language) submission.language = *entry.language;
      if (entry.entry) submission.entry = *entry.entry;
      for (const CaseRule& rule : entry.case_rules) expected.rules.push_back(rule);
      if (!entry.rule) continue;
      // An entry of the folder's own name changes what the folder means, key by key. Any other is one rule more.
      if (has_folder_rule && entry.pattern.text() == folder) {
        if (entry.says_permitted) of_folder.permitted = entry.rule->permitted;
        if (entry.says_required) of_folder.required = entry.rule->required;
        if (entry.rule->score) of_folder.score = entry.rule->score;
        if (!entry.rule->message.empty()) of_folder.message = entry.rule->message;
        if (entry.use_for_time_limit) of_folder.use_for_time_limit = *entry.use_for_time_limit;
        of_folder.where = entry.where;
      } else {
        expected.rules.push_back(*entry.rule);
      }
    }
    if (has_folder_rule) expected.rules.insert(expected.rules.begin(), of_folder);
    if (!submission.entry.empty()) check_entry(submission);
  }

  void check_entry(const problem::Submission& submission) {
    const bool is_there = std::ranges::any_of(
        submission.files, [&](const problem::PlacedFile& placed) { return placed.name == submission.entry; });
    // Java's and Kotlin's entry points are classes.
    if (!is_there && submission.entry.find('.') != std::string::npos) {
      reading_.error(submission.path,
                     "entrypoint: there is no file " + in_quotes(submission.entry) + " in this submission");
    }
  }

  void expect_by_tags(problem::Submission& submission, const Tags& tags) {
    problem::Expectation& expected = submission.expected;
    if (tags.score) expected.score = std::pair(*tags.score, *tags.score);
    expected.group_results = tags.grades;
    if (!tags.results) return;
    const bool is_standard = std::ranges::find(kStandard, expected.folder) != kStandard.end();
    if (!is_standard) {
      expected.final_results = *tags.results;
      return;
    }
    const auto by_folder = result_named(expected.folder);
    if (by_folder && std::ranges::find(*tags.results, *by_folder) == tags.results->end() &&
        std::ranges::find(*tags.results, Result::Any) == tags.results->end()) {
      reading_.note(submission.path,
                    std::string("its @EXPECTED_RESULTS@ and its folder contradict each other; the folder, ") +
                        expected.folder + ", counts");
    }
  }

  Reading& reading_;
  std::vector<Entry> entries_;
  bool has_yaml_ = false;
};

}  // namespace

void read_submissions(Reading& reading) {
  SubmissionReader(reading).read();
}

}  // namespace evalrun::packages::kattis
