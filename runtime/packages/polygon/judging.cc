#include "runtime/packages/polygon/judging.h"

#include <map>
#include <set>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages::polygon {
namespace {

using problem::Child;
using problem::ProgramIndex;
using problem::Role;
using pugi::xml_node;

constexpr std::int64_t kMostTests = 200'000;
constexpr std::size_t kMostGroups = 1000;

// "tests/%02d" for 3: "tests/03". Nothing for a pattern without one %d or %0Nd.
std::optional<std::string> numbered(const std::string& pattern, std::size_t number) {
  const std::size_t percent = pattern.find('%');
  if (percent == pattern.npos || pattern.find('%', percent + 1) != pattern.npos) return std::nullopt;
  const std::size_t end = pattern.find('d', percent);
  if (end == pattern.npos) return std::nullopt;
  const std::string width = pattern.substr(percent + 1, end - percent - 1);
  std::string digits = std::to_string(number);
  if (!width.empty()) {
    const auto wanted = whole_number(width);
    if (!wanted || width[0] != '0' || *wanted > 9) return std::nullopt;
    if (digits.size() < static_cast<std::size_t>(*wanted)) {
      digits.insert(0, static_cast<std::size_t>(*wanted) - digits.size(), '0');
    }
  }
  return pattern.substr(0, percent) + digits + pattern.substr(end + 1);
}

// The words of a command line, with quotes and backslashes as a shell has them.
std::optional<std::vector<std::string>> command_words(const std::string& line) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      if (!word) word.emplace();
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      if (!word) word.emplace();
      *word += line[++i];
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      if (word) words.push_back(std::move(*word));
      word.reset();
    } else {
      if (!word) word.emplace();
      *word += c;
    }
  }
  if (word) words.push_back(std::move(*word));
  if (quote != 0) return std::nullopt;
  return words;
}

class JudgingReader {
 public:
  JudgingReader(Reading& reading, ProblemXml& xml, const SourceFiles& files, std::optional<ProgramIndex> main)
      : reading_(reading), xml_(xml), files_(files), main_(main) {}

  void read(const xml_node& judging) {
    if (!judging) return reading_.error(kProblemFile, "has no element judging; it holds the tests");
    xml_.check_attributes(judging, {"cpu-name", "cpu-speed", "input-file", "output-file", "run-count",
                                    "treat-points-from-checker-as-percent"});
    if (xml_.number(judging, "run-count", 1, 2).value_or(1) > 1) {
      xml_.error(judging, "run-count: running a solution twice is not supported");
    }
    for (auto [key, name] : {std::pair{"input-file", &input_name_}, {"output-file", &output_name_}}) {
      *name = judging.attribute(key).value();
      if (*name == "stdin" || *name == "stdout") name->clear();
      if (!name->empty() && !is_usable_name(*name)) xml_.error(judging, std::string(key) + ": is no plain file name");
    }
    xml_node chosen;
    for (const xml_node testset : judging.children("testset")) {
      const std::string name = testset.attribute("name").value();
      if (!chosen || name == "tests") chosen = testset;
    }
    for (const xml_node testset : judging.children("testset")) {
      if (testset != chosen) {
        reading_.findings.note(xml_.place(testset), "testset " + in_quotes(testset.attribute("name").value()) +
                                                        " is not judged; " +
                                                        in_quotes(chosen.attribute("name").value()) + " is");
      }
    }
    if (!chosen) return xml_.error(judging, "has no testset; it holds the tests");
    read_testset(chosen);
  }

 private:
  void read_testset(const xml_node& testset) {
    xml_.check_children(testset, {"time-limit", "memory-limit", "test-count", "input-path-pattern",
                                  "output-path-pattern", "answer-path-pattern", "tests", "groups"});
    if (const auto time = problem::decimal_number(testset.child("time-limit").child_value());
        time && *time > 0 && *time < 1e8) {
      reading_.problem.limits.time = seconds(*time / 1000);
    } else {
      xml_.error(testset, "time-limit: expected a number of milliseconds");
    }
    const auto memory = whole_number(testset.child("memory-limit").child_value());
    if (memory && *memory > 0) {
      reading_.problem.limits.memory = Bytes{static_cast<std::uint64_t>(*memory)};
    } else {
      xml_.error(testset, "memory-limit: expected a number of bytes");
    }
    read_tests(testset);
  }

  void read_tests(const xml_node& testset) {
    const std::string input_pattern = testset.child("input-path-pattern").child_value();
    const std::string answer_pattern = testset.child("answer-path-pattern").child_value();
    if (!numbered(input_pattern, 1) || !numbered(answer_pattern, 1)) {
      return xml_.error(testset,
                        "input-path-pattern and answer-path-pattern need one number each, as in \"tests/%02d\"");
    }
    const xml_node tests = testset.child("tests");
    const auto declared = whole_number(testset.child("test-count").child_value());
    std::int64_t count = 0;
    for (const xml_node test : tests.children("test")) {
      if (++count > kMostTests) return xml_.error(tests, "has more than " + std::to_string(kMostTests) + " tests");
      has_points_ = has_points_ || test.attribute("points");
    }
    if (declared && *declared != count) {
      xml_.error(testset.child("test-count"),
                 "says " + std::to_string(*declared) + ", and there are " + std::to_string(count) + " tests");
    }
    if (count == 0) return xml_.error(testset, "has no tests");
    read_groups(testset.child("groups"));
    reading_.problem.types.scoring = has_points_;
    problem::Scoring& root = reading_.problem.groups[0].scoring;
    root.rejected_counts = has_points_;
    root.after_rejection = has_points_ ? problem::AfterRejection::GoOn : problem::AfterRejection::Stop;
    root.verdict = problem::VerdictRule::FirstError;
    if (has_points_) root.case_score = problem::OwnPoints{};
    std::size_t number_of_test = 0;
    for (const xml_node test : tests.children("test")) {
      ++number_of_test;
      read_test(test, number_of_test, *numbered(input_pattern, number_of_test),
                *numbered(answer_pattern, number_of_test));
    }
    finish_groups();
  }

  void read_groups(const xml_node& groups) {
    for (const xml_node group : groups.children("group")) {
      xml_.check_attributes(group, {"name", "points-policy", "feedback-policy", "points"});
      const std::string name = group.attribute("name").value();
      if (groups_.contains(name)) {
        xml_.error(group, "the group " + in_quotes(name) + " is there twice; remove one");
        continue;
      }
      if (groups_.size() == kMostGroups) {
        return xml_.error(groups, "has more than " + std::to_string(kMostGroups) + " groups");
      }
      has_rules_ = true;
      const problem::GroupIndex index = reading_.problem.groups.size();
      groups_[name] = {index, group};
      reading_.problem.groups.emplace_back().name = name;
      problem::Scoring& scoring = reading_.problem.groups[index].scoring;
      scoring.case_score = problem::OwnPoints{};
      scoring.rejected_counts = true;
      scoring.verdict = problem::VerdictRule::FirstError;
      const std::string policy = group.attribute("points-policy").value();
      if (policy == "complete-group") {
        scoring.score = problem::ScoreRule::AllOrNothing;
        scoring.after_rejection = problem::AfterRejection::Stop;
      } else if (policy != "each-test" && !policy.empty()) {
        xml_.error(group, "points-policy: " + in_quotes(policy) + " is not known; use complete-group or each-test");
      }
      if (const auto points = xml_.number(group, "points", 0, kMostPoints)) {
        scoring.most = points;
        has_points_ = true;
      }
    }
    for (const auto& [name, entry] : groups_) {
      for (const xml_node dependency : entry.second.child("dependencies").children("dependency")) {
        const std::string wanted = dependency.attribute("group").value();
        const auto found = groups_.find(wanted);
        if (found == groups_.end() || found->second.first == entry.first) {
          xml_.error(dependency, "there is no other group " + in_quotes(wanted) + "; name one of groups");
        } else {
          reading_.problem.groups[entry.first].requires_groups.push_back(found->second.first);
        }
      }
    }
    check_circles();
  }

  // A group that waits for itself would never be run.
  void check_circles() {
    for (const auto& [name, entry] : groups_) {
      std::set<problem::GroupIndex> reached;
      std::vector<problem::GroupIndex> next = reading_.problem.groups[entry.first].requires_groups;
      while (!next.empty()) {
        const problem::GroupIndex group = next.back();
        next.pop_back();
        if (!reached.insert(group).second) continue;
        const auto& more = reading_.problem.groups[group].requires_groups;
        next.insert(next.end(), more.begin(), more.end());
      }
      if (reached.contains(entry.first))
        xml_.error(entry.second, "the group " + in_quotes(name) + " depends on itself; remove a dependency");
    }
  }

  void read_test(const xml_node& test, std::size_t number_of_test, const std::string& input,
                 const std::string& answer) {
    xml_.check_attributes(test, {"method", "cmd", "group", "points", "sample", "description", "from-file"});
    problem::Case one;
    one.name = last_part(input);
    one.points = xml_.number(test, "points", 0, kMostPoints);
    if (!one.points && has_points_) one.points = 0;
    one.is_sample = std::string(test.attribute("sample").value()) == "true";
    one.input_name = input_name_;
    one.output_name = output_name_;
    const std::string command = test.attribute("cmd").value();
    if (reading_.tree.has_file(input)) {
      one.input = reading_.file_of(input);
    } else if (command.empty()) {
      xml_.error(test, "test " + std::to_string(number_of_test) + " has neither a file " + in_quotes(input) +
                           " nor cmd; add the file");
    } else if (test.attribute("from-file")) {
      xml_.error(test, "from-file: a generator that writes several files is not supported, and there is no file " +
                           in_quotes(input) + "; add the file");
    } else {
      one.generated = generated_by(test, command);
    }
    if (reading_.tree.has_file(answer)) {
      one.answer = reading_.file_of(answer);
    } else if (main_) {
      one.answer_by = main_;
    } else {
      xml_.error(test, "test " + std::to_string(number_of_test) + " has no answer " + in_quotes(answer) +
                           ", and no solution is tagged main to make it; add one of them");
    }
    problem::GroupIndex group = 0;
    const std::string name = test.attribute("group").value();
    if (!name.empty()) {
      const auto found = groups_.find(name);
      if (found != groups_.end()) {
        group = found->second.first;
      } else if (has_rules_) {
        xml_.error(test, "group: there is no group " + in_quotes(name) + " in groups; add it");
      } else {
        group = reading_.problem.groups.size();  // groups without rules
        groups_[name] = {group, test};
        reading_.problem.groups.emplace_back().name = name;
        reading_.problem.groups[group].scoring.case_score = problem::OwnPoints{};
        reading_.problem.groups[group].scoring.rejected_counts = true;
      }
    }
    if (group != 0 && reading_.problem.groups[group].children.empty()) {
      reading_.problem.groups[0].children.push_back({Child::Kind::Group, group});
    }
    reading_.problem.groups[group].children.push_back({Child::Kind::Case, reading_.problem.cases.size()});
    reading_.problem.cases.push_back(std::move(one));
  }

  std::optional<problem::Generated> generated_by(const xml_node& test, const std::string& command) {
    const auto words = command_words(command);
    if (!words || words->empty()) {
      xml_.error(test, "cmd: " + in_quotes(command) + " is no command line");
      return std::nullopt;
    }
    const std::string& name = words->front();
    if (!generators_.contains(name)) {
      const auto source = files_.executables.find(name);
      if (source == files_.executables.end()) {
        xml_.error(test, "cmd: there is no executable " + in_quotes(name) + " in files; add its source");
        generators_[name] = std::nullopt;
      } else {
        generators_[name] = add_source(reading_, xml_, files_, source->second, Role::Generator);
      }
    }
    if (!generators_[name]) return std::nullopt;
    problem::Generated generated;
    generated.generator = *generators_[name];
    generated.arguments.assign(words->begin() + 1, words->end());
    return generated;
  }

  // The points of a complete group are its own, or those of its tests together.
  void finish_groups() {
    for (const auto& [name, entry] : groups_) {
      problem::Group& group = reading_.problem.groups[entry.first];
      if (group.children.empty()) xml_.error(entry.second, "the group " + in_quotes(name) + " has no test; remove it");
      if (group.scoring.score != problem::ScoreRule::AllOrNothing || group.scoring.most) continue;
      double points = 0;
      for (const Child& child : group.children) points += reading_.problem.cases[child.index].points.value_or(0);
      group.scoring.most = points;
    }
  }

  Reading& reading_;
  ProblemXml& xml_;
  const SourceFiles& files_;
  const std::optional<ProgramIndex> main_;
  std::map<std::string, std::optional<ProgramIndex>> generators_;
  std::map<std::string, std::pair<problem::GroupIndex, xml_node>> groups_;
  bool has_rules_ = false;  // problem.xml lists the groups
  bool has_points_ = false;
  std::string input_name_, output_name_;
};

}  // namespace

void read_judging(Reading& reading, ProblemXml& xml, const SourceFiles& files, std::optional<ProgramIndex> main) {
  JudgingReader(reading, xml, files, main).read(xml.root().child("judging"));
}

}  // namespace evalrun::packages::polygon
