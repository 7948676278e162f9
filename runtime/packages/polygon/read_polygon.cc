#include "runtime/packages/polygon/read_polygon.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <pugixml.hpp>
#include <set>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/comparison.h"
#include "runtime/problem/language.h"

namespace evalrun::packages {
namespace {

using problem::Child;
using problem::Convention;
using problem::ProgramIndex;
using problem::Result;
using problem::Role;
using pugi::xml_node;

constexpr const char* kFile = "problem.xml";
constexpr std::int64_t kMostTests = 200'000;
constexpr double kMostPoints = 1e9;
constexpr std::size_t kMostGroups = 1000;

struct TypeRow {
  const char* beginning;  // of Polygon's name for it, before the dot
  const char* code;
};

constexpr TypeRow kTypes[] = {
    {"cpp", "cpp"},         {"c", "c"},           {"java", "java"}, {"kotlin", "kotlin"}, {"pas", "pascal"},
    {"delphi", "pascal"},   {"csharp", "csharp"}, {"go", "go"},     {"rust", "rust"},     {"d", "d"},
    {"haskell", "haskell"}, {"js", "javascript"}, {"ruby", "ruby"}, {"perl", "perl"},     {"php", "php"},
    {"ocaml", "ocaml"},     {"scala", "scala"},
};

constexpr const char* kStandardCheckers =
    "acmp caseicmp casencmp casewcmp dcmp fcmp hcmp icmp lcmp ncmp nyesno pointscmp pointsinfo rcmp rcmp4 rcmp6 rcmp9 "
    "rncmp uncmp wcmp yesno";

struct TagRow {
  const char* tag;
  std::vector<Result> results;
};

const std::vector<TagRow>& tag_rows() {
  using enum Result;
  static const std::vector<TagRow> rows = {
      {"main", {Accepted}},
      {"accepted", {Accepted}},
      {"rejected",
       {WrongAnswer, TimeLimit, RunTimeError, MemoryLimit, OutputLimit, PresentationError, NoOutput, CompileError}},
      {"incorrect",
       {WrongAnswer, TimeLimit, RunTimeError, MemoryLimit, OutputLimit, PresentationError, NoOutput, CompileError}},
      {"wrong-answer", {WrongAnswer}},
      {"presentation-error", {PresentationError}},
      {"time-limit-exceeded", {TimeLimit}},
      {"memory-limit-exceeded", {MemoryLimit}},
      {"failed", {RunTimeError}},
      {"time-limit-exceeded-or-accepted", {TimeLimit, Accepted}},
      {"time-limit-exceeded-or-memory-limit-exceeded", {TimeLimit, MemoryLimit}},
      {"do-not-run", {}},
  };
  return rows;
}

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

class PolygonReader {
 public:
  explicit PolygonReader(Reading& reading) : reading_(reading), problem_(reading.problem) {}

  void read() {
    problem_.format = problem::Format::Polygon;
    problem_.name = problem_.short_name;
    problem_.groups.emplace_back();
    const auto text = reading_.text_of(kFile);
    if (!text) return;
    text_ = *text;
    for (std::size_t at = text_.find('\n'); at != text_.npos; at = text_.find('\n', at + 1))
      line_starts_.push_back(at + 1);
    if (!is_utf8(text_)) return reading_.error(kFile, "is not UTF-8; save it as UTF-8");
    // Without document types: no entity of the package's own is ever expanded.
    const pugi::xml_parse_result parsed =
        document_.load_buffer(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) {
      reading_.findings.error(place(parsed.offset), std::string("this is no XML: ") + parsed.description());
      return;
    }
    const xml_node root = document_.child("problem");
    if (!root) return reading_.error(kFile, "has no element problem");
    check_children(root, {"names", "statements", "tutorials", "judging", "files", "assets", "properties", "stresses",
                          "documents", "tags"});
    read_names(root);
    read_resources(root);
    read_solutions(root.child("assets"));
    read_checker(root.child("assets"));
    read_interactor(root.child("assets"));
    read_validators(root.child("assets"));
    read_judging(root.child("judging"));
  }

 private:
  // --- places and attributes ---

  [[nodiscard]] SourcePosition place(std::ptrdiff_t offset) const {
    const std::size_t end = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0)), text_.size());
    const auto after = std::ranges::upper_bound(line_starts_, end);
    const std::size_t line = static_cast<std::size_t>(after - line_starts_.begin());
    return {kFile, static_cast<unsigned>(line), static_cast<unsigned>(end - line_starts_[line - 1] + 1)};
  }
  [[nodiscard]] SourcePosition place(const xml_node& node) const { return place(node.offset_debug()); }

  void error(const xml_node& node, const std::string& message) {
    reading_.findings.error(place(node), std::string(node.name()) + ": " + message);
  }

  void check_children(const xml_node& node, const std::vector<std::string>& known) {
    for (const xml_node child : node.children()) {
      if (child.type() == pugi::node_element) check_name(child, child.name(), known);
    }
  }

  void check_attributes(const xml_node& node, const std::vector<std::string>& known) {
    for (const pugi::xml_attribute attribute : node.attributes()) check_name(node, attribute.name(), known);
  }

  void check_name(const xml_node& node, const std::string& name, const std::vector<std::string>& known) {
    if (std::ranges::find(known, name) != known.end() || !told_.insert(name).second) return;
    const std::string near = nearest(name, known);
    if (near.empty()) {
      reading_.findings.note(place(node), in_quotes(name) + " is not known here and is not looked at");
    } else {
      reading_.findings.error(place(node), in_quotes(name) + " is not known; did you mean " + near + "?");
    }
  }

  std::optional<double> number(const xml_node& node, const char* name, double least, double most) {
    const pugi::xml_attribute attribute = node.attribute(name);
    if (!attribute || *attribute.value() == '\0') return std::nullopt;
    const auto value = problem::decimal_number(attribute.value());
    if (value && *value >= least && *value <= most) return value;
    error(node, std::string(name) + ": expected a number, not " + in_quotes(attribute.value()));
    return std::nullopt;
  }

  // --- names, files, programs ---

  void read_names(const xml_node& root) {
    for (const xml_node name : root.child("names").children("name")) {
      const std::string language = name.attribute("language").value();
      if (language == "english" || problem_.name == problem_.short_name)
        problem_.name = name.attribute("value").value();
    }
  }

  // What sources include: testlib.h and the like.
  void read_resources(const xml_node& root) {
    for (const xml_node file : root.child("files").child("resources").children("file")) {
      const std::string path = file.attribute("path").value();
      const bool is_source = path.ends_with(".h") || path.ends_with(".hpp") || path.ends_with(".py");
      if (is_source && reading_.tree.has_file(path)) resources_.push_back(path);
    }
    for (const xml_node executable : root.child("files").child("executables").children("executable")) {
      const std::string path = executable.child("source").attribute("path").value();
      const std::string name = last_part(path);
      executables_[name.substr(0, name.rfind('.'))] = executable.child("source");
    }
  }

  static std::string language_of_type(const std::string& type) {
    const std::string beginning = type.substr(0, type.find('.'));
    if (beginning == "python") {
      return type.starts_with("python.2") || type == "python.pypy2" ? "python2" : "python3";
    }
    for (const TypeRow& row : kTypes) {
      if (beginning == row.beginning) return row.code;
    }
    return "";
  }

  std::optional<ProgramIndex> add_source(const xml_node& source, Role role) {
    const std::string path = source.attribute("path").value();
    if (!reading_.tree.has_file(path)) {
      error(source, path.empty() ? "has no path; name the file"
                                 : "there is no file " + in_quotes(path) + " in the package; add it");
      return std::nullopt;
    }
    problem::Program program;
    program.role = role;
    program.name = path;
    program.path = path;
    program.convention = Convention::Testlib;
    program.files = reading_.files_of(path);
    program.entry = last_part(path);
    program.language = language_of(source, program.entry);
    if (program.language.empty()) return std::nullopt;
    for (const std::string& resource : resources_) {
      if (resource == path) continue;
      if (auto file = reading_.file_of(resource)) program.files.push_back({last_part(resource), std::move(*file)});
    }
    problem_.programs.push_back(std::move(program));
    return problem_.programs.size() - 1;
  }

  std::string language_of(const xml_node& source, const std::string& name) {
    std::string language = language_of_type(source.attribute("type").value());
    if (!language.empty()) return language;
    if (const problem::Language* found = problem::language_of({name})) return found->code;
    error(source, "type: " + in_quotes(source.attribute("type").value()) + " is no language that is known here");
    return "";
  }

  void read_solutions(const xml_node& assets) {
    for (const xml_node solution : assets.child("solutions").children("solution")) {
      const xml_node source = solution.child("source");
      const std::string path = source.attribute("path").value();
      const std::string tag = solution.attribute("tag").value();
      if (!reading_.tree.has_file(path)) {
        error(source ? source : solution, "there is no file " + in_quotes(path) + " in the package; add it");
        continue;
      }
      const auto row = std::ranges::find_if(tag_rows(), [&](const TagRow& one) { return tag == one.tag; });
      if (row == tag_rows().end()) {
        error(solution, "tag: " + in_quotes(tag) +
                            " is not known; use main, accepted, rejected, wrong-answer or another of Polygon's");
        continue;
      }
      problem::Submission submission;
      submission.name = last_part(path);
      submission.path = path;
      submission.files = reading_.files_of(path);
      submission.entry = last_part(path);
      submission.language = language_of(source, submission.entry);
      submission.expected.folder = tag;
      submission.expected.final_results = row->results;
      submission.expected.do_not_run = tag == "do-not-run";
      submission.expected.where = place(solution);
      problem_.submissions.push_back(std::move(submission));
      if (tag == "main") main_ = add_source(source, Role::Solution);
    }
  }

  void read_checker(const xml_node& assets) {
    const xml_node checker = assets.child("checker");
    if (!checker) {
      if (!assets.child("interactor")) {
        reading_.error(kFile, "assets has no checker; add one, such as name=\"std::wcmp.cpp\"");
      }
      problem_.checkers.emplace_back(problem::BuiltInChecker{"testlib", "wcmp", {}});
      return;
    }
    has_checker_ = true;
    const std::string name = checker.attribute("name").value();
    if (name.starts_with("std::")) {
      const std::string base = name.substr(5, name.rfind('.') - 5);
      const std::vector<std::string> known = split_at_space(kStandardCheckers);
      if (std::ranges::find(known, base) != known.end()) {
        problem_.checkers.emplace_back(problem::BuiltInChecker{"testlib", base, {}});
        return;
      }
    }
    if (!checker.child("source")) {
      error(checker, "name " + in_quotes(name) + " is no standard checker, and there is no source; add source");
    } else if (const auto program = add_source(checker.child("source"), Role::Checker)) {
      problem_.checkers.emplace_back(problem::ProgramChecker{{*program}});
    }
    if (problem_.checkers.empty()) problem_.checkers.emplace_back(problem::BuiltInChecker{"testlib", "wcmp", {}});
  }

  void read_interactor(const xml_node& assets) {
    const xml_node interactor = assets.child("interactor");
    if (!interactor) return;
    problem_.types.interactive = true;
    for (const xml_node run : interactor.child("runs").children("run")) {
      if (std::string(run.child_value()) != "1") error(interactor, "runs: running a solution twice is not supported");
    }
    const auto program = add_source(interactor.child("source"), Role::Interactor);
    if (!program) return;
    problem::Interaction interaction;
    interaction.interactor = *program;
    if (has_checker_) interaction.verdict = problem::Interaction::Verdict::ByCheckerOfItsOutput;
    problem_.interaction = interaction;
  }

  void read_validators(const xml_node& assets) {
    for (const xml_node validator : assets.child("validators").children("validator")) {
      if (validator.child("source")) add_source(validator.child("source"), Role::InputValidator);
    }
  }

  // --- judging ---

  void read_judging(const xml_node& judging) {
    if (!judging) return reading_.error(kFile, "has no element judging; it holds the tests");
    check_attributes(judging, {"cpu-name", "cpu-speed", "input-file", "output-file", "run-count",
                               "treat-points-from-checker-as-percent"});
    if (number(judging, "run-count", 1, 2).value_or(1) > 1) {
      error(judging, "run-count: running a solution twice is not supported");
    }
    for (auto [key, name] : {std::pair{"input-file", &input_name_}, {"output-file", &output_name_}}) {
      *name = judging.attribute(key).value();
      if (*name == "stdin" || *name == "stdout") name->clear();
      if (!name->empty() && !is_usable_name(*name)) error(judging, std::string(key) + ": is no plain file name");
    }
    xml_node chosen;
    for (const xml_node testset : judging.children("testset")) {
      const std::string name = testset.attribute("name").value();
      if (!chosen || name == "tests") chosen = testset;
    }
    for (const xml_node testset : judging.children("testset")) {
      if (testset != chosen) {
        reading_.findings.note(place(testset), "testset " + in_quotes(testset.attribute("name").value()) +
                                                   " is not judged; " + in_quotes(chosen.attribute("name").value()) +
                                                   " is");
      }
    }
    if (!chosen) return error(judging, "has no testset; it holds the tests");
    read_testset(chosen);
  }

  void read_testset(const xml_node& testset) {
    check_children(testset, {"time-limit", "memory-limit", "test-count", "input-path-pattern", "output-path-pattern",
                             "answer-path-pattern", "tests", "groups"});
    if (const auto time = problem::decimal_number(testset.child("time-limit").child_value());
        time && *time > 0 && *time < 1e8) {
      problem_.limits.time = seconds(*time / 1000);
    } else {
      error(testset, "time-limit: expected a number of milliseconds");
    }
    const auto memory = whole_number(testset.child("memory-limit").child_value());
    if (memory && *memory > 0) {
      problem_.limits.memory = Bytes{static_cast<std::uint64_t>(*memory)};
    } else {
      error(testset, "memory-limit: expected a number of bytes");
    }
    read_tests(testset);
  }

  void read_tests(const xml_node& testset) {
    const std::string input_pattern = testset.child("input-path-pattern").child_value();
    const std::string answer_pattern = testset.child("answer-path-pattern").child_value();
    if (!numbered(input_pattern, 1) || !numbered(answer_pattern, 1)) {
      return error(testset, "input-path-pattern and answer-path-pattern need one number each, as in \"tests/%02d\"");
    }
    const xml_node tests = testset.child("tests");
    const auto declared = whole_number(testset.child("test-count").child_value());
    std::int64_t count = 0;
    for (const xml_node test : tests.children("test")) {
      if (++count > kMostTests) return error(tests, "has more than " + std::to_string(kMostTests) + " tests");
      has_points_ = has_points_ || test.attribute("points");
    }
    if (declared && *declared != count) {
      error(testset.child("test-count"),
            "says " + std::to_string(*declared) + ", and there are " + std::to_string(count) + " tests");
    }
    if (count == 0) return error(testset, "has no tests");
    read_groups(testset.child("groups"));
    problem_.types.scoring = has_points_;
    problem::Scoring& root = problem_.groups[0].scoring;
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
      check_attributes(group, {"name", "points-policy", "feedback-policy", "points"});
      const std::string name = group.attribute("name").value();
      if (groups_.contains(name)) {
        error(group, "the group " + in_quotes(name) + " is there twice; remove one");
        continue;
      }
      if (groups_.size() == kMostGroups) {
        return error(groups, "has more than " + std::to_string(kMostGroups) + " groups");
      }
      has_rules_ = true;
      const problem::GroupIndex index = problem_.groups.size();
      groups_[name] = {index, group};
      problem_.groups.emplace_back().name = name;
      problem::Scoring& scoring = problem_.groups[index].scoring;
      scoring.case_score = problem::OwnPoints{};
      scoring.rejected_counts = true;
      scoring.verdict = problem::VerdictRule::FirstError;
      const std::string policy = group.attribute("points-policy").value();
      if (policy == "complete-group") {
        scoring.score = problem::ScoreRule::AllOrNothing;
        scoring.after_rejection = problem::AfterRejection::Stop;
      } else if (policy != "each-test" && !policy.empty()) {
        error(group, "points-policy: " + in_quotes(policy) + " is not known; use complete-group or each-test");
      }
      if (const auto points = number(group, "points", 0, kMostPoints)) {
        scoring.most = points;
        has_points_ = true;
      }
    }
    for (const auto& [name, entry] : groups_) {
      for (const xml_node dependency : entry.second.child("dependencies").children("dependency")) {
        const std::string wanted = dependency.attribute("group").value();
        const auto found = groups_.find(wanted);
        if (found == groups_.end() || found->second.first == entry.first) {
          error(dependency, "there is no other group " + in_quotes(wanted) + "; name one of groups");
        } else {
          problem_.groups[entry.first].requires_groups.push_back(found->second.first);
        }
      }
    }
    check_circles();
  }

  // A group that waits for itself would never be run.
  void check_circles() {
    for (const auto& [name, entry] : groups_) {
      std::set<problem::GroupIndex> reached;
      std::vector<problem::GroupIndex> next = problem_.groups[entry.first].requires_groups;
      while (!next.empty()) {
        const problem::GroupIndex group = next.back();
        next.pop_back();
        if (!reached.insert(group).second) continue;
        const auto& more = problem_.groups[group].requires_groups;
        next.insert(next.end(), more.begin(), more.end());
      }
      if (reached.contains(entry.first))
        error(entry.second, "the group " + in_quotes(name) + " depends on itself; remove a dependency");
    }
  }

  void read_test(const xml_node& test, std::size_t number_of_test, const std::string& input,
                 const std::string& answer) {
    check_attributes(test, {"method", "cmd", "group", "points", "sample", "description", "from-file"});
    problem::Case one;
    one.name = last_part(input);
    one.points = number(test, "points", 0, kMostPoints);
    if (!one.points && has_points_) one.points = 0;
    one.is_sample = std::string(test.attribute("sample").value()) == "true";
    one.input_name = input_name_;
    one.output_name = output_name_;
    const std::string command = test.attribute("cmd").value();
    if (reading_.tree.has_file(input)) {
      one.input = reading_.file_of(input);
    } else if (command.empty()) {
      error(test, "test " + std::to_string(number_of_test) + " has neither a file " + in_quotes(input) +
                      " nor cmd; add the file");
    } else if (test.attribute("from-file")) {
      error(test, "from-file: a generator that writes several files is not supported, and there is no file " +
                      in_quotes(input) + "; add the file");
    } else {
      one.generated = generated_by(test, command);
    }
    if (reading_.tree.has_file(answer)) {
      one.answer = reading_.file_of(answer);
    } else if (main_) {
      one.answer_by = main_;
    } else {
      error(test, "test " + std::to_string(number_of_test) + " has no answer " + in_quotes(answer) +
                      ", and no solution is tagged main to make it; add one of them");
    }
    problem::GroupIndex group = 0;
    const std::string name = test.attribute("group").value();
    if (!name.empty()) {
      const auto found = groups_.find(name);
      if (found != groups_.end()) {
        group = found->second.first;
      } else if (has_rules_) {
        error(test, "group: there is no group " + in_quotes(name) + " in groups; add it");
      } else {
        group = problem_.groups.size();  // groups without rules
        groups_[name] = {group, test};
        problem_.groups.emplace_back().name = name;
        problem_.groups[group].scoring.case_score = problem::OwnPoints{};
        problem_.groups[group].scoring.rejected_counts = true;
      }
    }
    if (group != 0 && problem_.groups[group].children.empty()) {
      problem_.groups[0].children.push_back({Child::Kind::Group, group});
    }
    problem_.groups[group].children.push_back({Child::Kind::Case, problem_.cases.size()});
    problem_.cases.push_back(std::move(one));
  }

  std::optional<problem::Generated> generated_by(const xml_node& test, const std::string& command) {
    const auto words = command_words(command);
    if (!words || words->empty()) {
      error(test, "cmd: " + in_quotes(command) + " is no command line");
      return std::nullopt;
    }
    const std::string& name = words->front();
    if (!generators_.contains(name)) {
      const auto source = executables_.find(name);
      if (source == executables_.end()) {
        error(test, "cmd: there is no executable " + in_quotes(name) + " in files; add its source");
        generators_[name] = std::nullopt;
      } else {
        generators_[name] = add_source(source->second, Role::Generator);
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
      problem::Group& group = problem_.groups[entry.first];
      if (group.children.empty()) error(entry.second, "the group " + in_quotes(name) + " has no test; remove it");
      if (group.scoring.score != problem::ScoreRule::AllOrNothing || group.scoring.most) continue;
      double points = 0;
      for (const Child& child : group.children) points += problem_.cases[child.index].points.value_or(0);
      group.scoring.most = points;
    }
  }

  Reading& reading_;
  problem::Problem& problem_;
  std::string text_;
  pugi::xml_document document_;
  std::set<std::string> told_;
  std::vector<std::string> resources_;
  std::map<std::string, xml_node> executables_;
  std::vector<std::size_t> line_starts_ = {0};
  std::map<std::string, std::optional<ProgramIndex>> generators_;
  std::map<std::string, std::pair<problem::GroupIndex, xml_node>> groups_;
  bool has_rules_ = false;  // problem.xml lists the groups
  std::optional<ProgramIndex> main_;
  bool has_checker_ = false;
  bool has_points_ = false;
  std::string input_name_, output_name_;
};

}  // namespace

void read_polygon(Reading& reading) {
  PolygonReader(reading).read();
}

}  // namespace evalrun::packages
