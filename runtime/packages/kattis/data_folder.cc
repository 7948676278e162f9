#include "runtime/packages/kattis/data_folder.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages {
namespace {

using problem::AfterRejection;
using problem::Child;
using problem::GroupIndex;
using problem::ScoreRule;
using problem::VerdictRule;

using Words = std::vector<std::string>;
constexpr double kMostScore = 1e15;
constexpr std::size_t kMostFlags = 4096;  // bytes of grader_flags: each group has them
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Placed {
  Words words;
  SourcePosition where;
};

// What a folder of cases says, with what it inherits.
struct Settings {
  std::string on_reject = "break";
  bool custom_grading = false;
  std::string grader_flags;
  double accept_score = 1;
  double reject_score = 0;
  double least = -kInfinity;
  double most = kInfinity;
  Words args;
  std::map<std::string, Words> input_validator_args;
  Placed output_validator_args;
  std::optional<bool> full_feedback;
  // Of the newer groups; never inherited.
  std::optional<std::string> aggregation;
  std::optional<std::optional<double>> max_score;  // the inner one is absent for "unbounded"
  std::vector<std::pair<std::string, SourcePosition>> require_pass;
  std::optional<std::optional<double>> static_score;  // the inner one is absent for "pass-fail"
  Words static_args;
  SourcePosition where;
};

enum class System { GraderFlags, MaximumScores, Domjudge };

class DataReader {
 public:
  DataReader(Reading& reading, const Words& validator_flags, const OldGrading& grading, OlderGroups older_groups)
      : reading_(reading),
        problem_(reading.problem),
        validator_flags_(validator_flags),
        grading_(grading),
        older_groups_(older_groups) {}

  void read() {
    if (!reading_.tree.has_folder("data")) {
      reading_.error("data", has_generators()
                                 ? "there is no folder data, and generators/ is not run here; generate the cases first"
                                 : "there is no folder data; put the cases into data/sample and data/secret");
      return;
    }
    choose_system();
    Settings root;
    read_settings("data", root);
    for (const char* part : {"sample", "secret"}) {
      const std::string folder = std::string("data/") + part;
      if (!reading_.tree.has_folder(folder)) continue;
      switch (system_) {
        case System::GraderFlags:
        case System::Domjudge: add_older_group(folder, 0, root); break;
        case System::MaximumScores: add_newer_part(folder, root); break;
      }
    }
    finish_root(root);
    name_submitted_files();
    if (problem_.cases.empty()) {
      reading_.error("data", has_generators()
                                 ? "has no cases, and generators/ is not run here; generate the cases first"
                                 : "has no cases; a case is NAME.in with NAME.ans in data/secret");
    }
    read_validator_cases(root);
  }

 private:
  [[nodiscard]] bool is_legacy() const { return problem_.format == problem::Format::KattisLegacy; }
  [[nodiscard]] bool has_generators() const { return reading_.tree.has_folder("generators"); }

  void choose_system() {
    if (older_groups_ == OlderGroups::Domjudge) {
      system_ = System::Domjudge;
      return;
    }
    system_ = is_legacy() ? System::GraderFlags : System::MaximumScores;
    problem::Findings ignored;
    Reading looking{reading_.tree, ignored, {}};  // with bounds of its own
    for (const std::string& path : reading_.tree.files_below("data")) {
      const std::string name = last_part(path);
      if (name == "test_group.yaml") {
        system_ = System::MaximumScores;
        return;
      }
      if (name != "testdata.yaml" || is_legacy()) continue;
      MapReader yaml(looking.yaml_of(path), path, ignored);
      for (const char* key : {"on_reject", "grading", "grader_flags", "accept_score", "reject_score", "range"}) {
        if (yaml.has(key)) system_ = System::GraderFlags;
      }
    }
  }

  // --- testdata.yaml and test_group.yaml ---

  [[nodiscard]] std::string config_of(const std::string& folder) const {
    for (const char* name : {"test_group.yaml", "testdata.yaml"}) {
      if (reading_.tree.has_file(folder + "/" + name)) return folder + "/" + name;
    }
    return "";
  }

  void read_settings(const std::string& folder, Settings& settings) {
    settings.where = {folder, 0, 0};
    const std::string path = config_of(folder);
    if (path.empty()) return apply_old_grading(settings);
    if (path.ends_with("test_group.yaml") && reading_.tree.has_file(folder + "/testdata.yaml")) {
      reading_.error(folder, "has both test_group.yaml and testdata.yaml; keep one of them");
    }
    MapReader yaml(reading_.yaml_of(path), path, reading_.findings);
    settings.where = yaml.where();
    switch (system_) {
      case System::GraderFlags:
      case System::Domjudge: read_flags(yaml, settings); break;
      case System::MaximumScores: read_maximum(yaml, folder, settings); break;
    }
    // Both spellings of arguments, whatever the system: packages mix them.
    if (auto args = yaml.words("args")) settings.args = std::move(*args);
    read_input_validator_args(yaml, "input_validator_args", settings);
    read_input_validator_args(yaml, "input_validator_flags", settings);
    read_output_validator_args(yaml, settings);
    if (const auto feedback = yaml.boolean("full_feedback")) settings.full_feedback = feedback;
    yaml.ignore({"input_visualizer_args", "output_visualizer_args", "hint", "description"});
    yaml.finish();
    apply_old_grading(settings);
  }

  void apply_old_grading(Settings& settings) const {
    if (grading_.accept_score) settings.accept_score = *grading_.accept_score;
    if (grading_.reject_score) settings.reject_score = *grading_.reject_score;
    if (grading_.range) std::tie(settings.least, settings.most) = *grading_.range;
    if (grading_.on_reject) settings.on_reject = *grading_.on_reject;
  }

  void read_flags(MapReader& yaml, Settings& settings) {
    if (auto word = yaml.choice("on_reject", {"break", "continue"})) settings.on_reject = *word;
    if (auto word = yaml.choice("grading", {"default", "custom"})) settings.custom_grading = *word == "custom";
    if (auto flags = yaml.text("grader_flags")) settings.grader_flags = *flags;
    if (auto score = yaml.number("accept_score", -kMostScore, kMostScore)) settings.accept_score = *score;
    if (auto score = yaml.number("reject_score", -kMostScore, kMostScore)) settings.reject_score = *score;
    if (const auto words = yaml.split("range")) {
      if (const auto range = range_of(*words)) {
        std::tie(settings.least, settings.most) = *range;
      } else {
        yaml.error("range", "expected two numbers, the smaller first, as in \"0 100\" or \"-inf +inf\"");
      }
    }
    if (!problem_.types.scoring) return;
    check_score("accept_score", settings.accept_score, yaml, settings);
  }

  static void check_score(const char* key, double score, MapReader& yaml, const Settings& settings) {
    if (yaml.has(key) && yaml.has("range") && (score < settings.least || score > settings.most)) {
      yaml.error(key, "lies outside this group's range; widen range");
    }
  }

  void read_maximum(MapReader& yaml, const std::string& folder, Settings& settings) {
    // The draft of 2023 has the same under a key of its own.
    if (yaml.has("scoring")) {
      MapReader scoring = yaml.map("scoring");
      read_scores(scoring, "score", "aggregation", "require-pass", folder, settings);
      scoring.finish();
    }
    read_scores(yaml, "max_score", "score_aggregation", "require_pass", folder, settings);
    if (const auto word = yaml.text("static_validation_score")) {
      const auto score = whole_number(*word);
      if (*word == "pass-fail") {
        settings.static_score.emplace();
      } else if (score && *score >= 0) {
        settings.static_score.emplace(static_cast<double>(*score));
      } else {
        yaml.error("static_validation_score", "expected a whole number or pass-fail, not " + in_quotes(*word));
      }
    }
    if (auto args = yaml.words("static_validator_args")) settings.static_args = std::move(*args);
  }

  void read_scores(MapReader& yaml, const char* max_key, const char* aggregation_key, const char* require_key,
                   const std::string& folder, Settings& settings) {
    for (const char* key : {max_key, aggregation_key, require_key}) {
      if (!yaml.has(key)) continue;
      if (folder == "data/sample") yaml.error(key, "is not permitted in data/sample, which has no score; remove it");
      if (!problem_.types.scoring) yaml.error(key, "is for scoring problems; write type: scoring or remove it");
    }
    if (const auto word = yaml.text(max_key)) {
      const auto score = whole_number(*word);
      if (*word == "unbounded") {
        settings.max_score.emplace();
      } else if (score && *score >= 0) {
        settings.max_score.emplace(static_cast<double>(*score));
      } else {
        yaml.error(max_key, "expected a whole number of 0 or more, or unbounded, not " + in_quotes(*word));
      }
    }
    if (auto word = yaml.choice(aggregation_key, {"pass-fail", "sum", "min"})) settings.aggregation = *word;
    const YamlPointer names = yaml.take(require_key);
    if (const auto list = scalars(names, yaml.prefix() + require_key, reading_.findings)) {
      for (const std::string& name : *list) settings.require_pass.emplace_back(name, yaml.place_of(require_key));
    }
  }

  // A list or a string of words for every validator, or a map of them by its name.
  void read_input_validator_args(MapReader& yaml, const char* key, Settings& settings) {
    const YamlPointer node = yaml.take(key);
    if (node == nullptr) return;
    settings.input_validator_args.clear();
    if (node->kind != YamlNode::Kind::Map) {
      settings.input_validator_args[""] = words_of(*node, key).value_or(Words{});
      return;
    }
    // The older map is {name, flags}; the newer one has the validators' names for keys.
    MapReader inner(node, yaml.file(), reading_.findings, std::string(key) + ".");
    if (inner.has("flags")) {
      const std::string name = inner.text("name").value_or("");
      settings.input_validator_args[name] = inner.split("flags").value_or(Words{});
      inner.finish();
      return;
    }
    for (const auto& [name, words] : node->pairs) {
      if (auto list = words_of(*words, std::string(key) + "." + name->text)) {
        settings.input_validator_args[name->text] = std::move(*list);
      }
    }
  }

  void read_output_validator_args(MapReader& yaml, Settings& settings) {
    for (const char* key : {"output_validator_args", "output_validator_flags"}) {
      const YamlPointer node = yaml.take(key);
      if (node == nullptr) continue;
      if (node->kind == YamlNode::Kind::Map) {
        MapReader inner(node, yaml.file(), reading_.findings, std::string(key) + ".");
        inner.ignore({"name"});
        settings.output_validator_args = {inner.split("flags").value_or(Words{}), yaml.place_of(key)};
        inner.finish();
      } else if (auto words = words_of(*node, key)) {
        settings.output_validator_args = {std::move(*words), yaml.place_of(key)};
      }
    }
  }

  std::optional<Words> words_of(const YamlNode& node, const std::string& key) {
    if (node.kind == YamlNode::Kind::Scalar) return split_at_space(node.text);
    if (node.kind == YamlNode::Kind::Null) return Words{};
    return scalars(std::make_shared<YamlNode>(node), key, reading_.findings);
  }

  // --- cases ---

  [[nodiscard]] static std::string case_name(const std::string& path) {
    return path.substr(std::string("data/").size());
  }

  // The case of `path`, which is without its ending. `file` is what stands there of it.
  void add_case(const std::string& path, GroupIndex group, const Settings& of_group) {
    Settings settings = of_group;
    read_case_yaml(path, settings);
    problem::Case one;
    one.name = case_name(path);
    one.is_sample = one.name.starts_with("sample/");
    if (!reading_.tree.has_file(path + ".ans")) {
      reading_.error(path + ".in", "this case has no answer; add " + path + ".ans");
    } else {
      one.answer = reading_.file_of(path + ".ans");
    }
    if (!reading_.tree.has_file(path + ".in")) {
      reading_.error(path + ".ans", "this answer has no input; add " + path + ".in");
    } else {
      one.input = reading_.file_of(path + ".in");
    }
    if (reading_.tree.has_folder(path + ".files")) {
      for (const std::string& file : reading_.tree.files_below(path + ".files")) {
        if (auto placed = reading_.file_of(file)) {
          one.files.push_back({file.substr(path.size() + std::string(".files/").size()), std::move(*placed)});
        }
      }
    }
    one.args = settings.args;
    one.input_validator_args = settings.input_validator_args;
    one.validator_args = validator_flags_;
    one.validator_args.insert(one.validator_args.end(), settings.output_validator_args.words.begin(),
                              settings.output_validator_args.words.end());
    one.full_feedback = settings.full_feedback.value_or(one.is_sample);
    if (!spend_words_of(one, settings)) return;
    check_comparison(one.validator_args, settings.output_validator_args.where);
    problem_.groups[group].children.push_back({Child::Kind::Case, problem_.cases.size()});
    problem_.cases.push_back(std::move(one));
  }

  // The format says that a submission of submit-answer is the answers, and not what they are called. One case needs no
  // name; of several each has its own.
  void name_submitted_files() {
    if (!problem_.types.submit_answer || problem_.cases.size() == 1) return;
    for (problem::Case& one : problem_.cases) one.submitted_name = last_part(one.name) + ".out";
  }

  // What is said for a folder is copied into each of its cases.
  bool spend_words_of(const problem::Case& one, const Settings& settings) {
    const SourcePosition& where = settings.where;
    bool fits = reading_.spend_words(one.args, where) && reading_.spend_words(one.validator_args, where);
    for (const auto& [validator, words] : one.input_validator_args) {
      fits = fits && reading_.spend_words(words, where) && reading_.spend_words({validator}, where);
    }
    return fits;
  }

  void read_case_yaml(const std::string& path, Settings& settings) {
    if (is_legacy() || !reading_.tree.has_file(path + ".yaml")) return;
    MapReader yaml(reading_.yaml_of(path + ".yaml"), path + ".yaml", reading_.findings);
    if (auto args = yaml.words("args")) settings.args = std::move(*args);
    read_input_validator_args(yaml, "input_validator_args", settings);
    read_output_validator_args(yaml, settings);
    if (const auto feedback = yaml.boolean("full_feedback")) settings.full_feedback = feedback;
    yaml.ignore({"input_visualizer_args", "output_visualizer_args", "hint", "description"});
    yaml.finish();
  }

  // Each list of words once.
  void check_comparison(const Words& words, const SourcePosition& where) {
    if (problem_.checkers.empty() || !std::holds_alternative<problem::DefaultChecker>(problem_.checkers[0])) return;
    if (!checked_.insert(words).second) return;
    const auto meaning = problem::comparison_of(words);
    if (const auto* wrong = std::get_if<std::string>(&meaning)) {
      reading_.findings.error(where.file.empty() ? SourcePosition{"problem.yaml", 0, 0} : where, *wrong);
    }
  }

  // The names of the cases and folders of a folder, sorted as their files are.
  struct Contents {
    struct Item {
      Child::Kind kind;
      std::string path;  // of a case without its ending
    };
    std::vector<Item> items;
  };

  [[nodiscard]] Contents contents_of(const std::string& folder) const {
    Contents contents;
    std::set<std::string> cases;
    for (const std::string& name : reading_.tree.names_in(folder)) {
      if (!is_usable_name(name)) continue;
      const std::string path = folder + "/" + name;
      if (reading_.tree.has_folder(path)) {
        if (!name.ends_with(".files")) contents.items.push_back({Child::Kind::Group, path});
        continue;
      }
      for (const char* ending : {".ans", ".in"}) {
        const auto base = without_ending(name, ending);
        if (base && cases.insert(*base).second) contents.items.push_back({Child::Kind::Case, folder + "/" + *base});
      }
    }
    return contents;
  }

  // --- the older groups ---

  void add_older_group(const std::string& folder, GroupIndex parent, const Settings& inherited) {
    Settings settings = system_ == System::Domjudge ? for_domjudge_group(inherited) : inherited;
    read_settings(folder, settings);
    const Contents contents = contents_of(folder);
    if (contents.items.empty()) return;
    const GroupIndex index = problem_.groups.size();
    problem_.groups[parent].children.push_back({Child::Kind::Group, index});
    problem_.groups.emplace_back().name = case_name(folder);
    problem_.groups[index].scoring = older_scoring(settings);
    if (system_ == System::Domjudge) {
      const bool is_leaf =
          std::ranges::none_of(contents.items, [](const auto& item) { return item.kind == Child::Kind::Group; });
      score_as_domjudge(index, settings, is_leaf);
    }
    for (const Contents::Item& item : contents.items) {
      if (item.kind == Child::Kind::Case) {
        add_case(item.path, index, settings);
      } else {
        add_older_group(item.path, index, settings);
      }
    }
  }

  problem::Scoring older_scoring(const Settings& settings) {
    problem::Scoring scoring;
    scoring.after_rejection = settings.on_reject == "break" ? AfterRejection::Stop : AfterRejection::GoOn;
    scoring.case_score = problem::AcceptReject{settings.accept_score, settings.reject_score};
    scoring.least = settings.least;
    if (settings.most != kInfinity) scoring.most = settings.most;
    if (settings.grader_flags.size() > kMostFlags) {
      reading_.findings.error(settings.where, "grader_flags: is longer than " + std::to_string(kMostFlags) + " bytes");
      return scoring;
    }
    scoring.grader_flags = split_at_space(settings.grader_flags);
    if (settings.custom_grading) {
      scoring.grader = grader(settings.where);
      return scoring;
    }
    for (const std::string& flag : scoring.grader_flags) {
      if (flag == "worst_error" || flag == "no_errors") {
        scoring.verdict = VerdictRule::WorstError;
      } else if (flag == "first_error") {
        scoring.verdict = VerdictRule::FirstError;
      } else if (flag == "always_accept") {
        scoring.verdict = VerdictRule::AlwaysAccept;
      } else if (flag == "sum") {
        scoring.score = ScoreRule::Sum;
      } else if (flag == "avg") {
        scoring.score = ScoreRule::Average;
      } else if (flag == "min") {
        scoring.score = ScoreRule::Minimum;
      } else if (flag == "max") {
        scoring.score = ScoreRule::Maximum;
      } else if (flag == "ignore_sample") {
        scoring.ignore_sample = true;
      } else if (flag == "accept_if_any_accepted") {
        scoring.accept_if_any_accepted = true;
      } else if (told_flags_.insert(flag).second) {
        const std::string near = nearest(flag, {"worst_error", "no_errors", "first_error", "always_accept", "sum",
                                                "avg", "min", "max", "ignore_sample", "accept_if_any_accepted"});
        reading_.findings.error(
            settings.where,
            "grader_flags: the default grader does not know " + in_quotes(flag) + "; " +
                (near.empty() ? "add grading: custom and a program in graders/" : "did you mean " + near + "?"));
      }
    }
    return scoring;
  }

  // DOMjudge's groups inherit no scores and no flags. What is not said is a sum, a score of 0, and a stop.
  static Settings for_domjudge_group(const Settings& inherited) {
    Settings settings;
    settings.accept_score = 0;
    settings.args = inherited.args;
    settings.input_validator_args = inherited.input_validator_args;
    settings.output_validator_args = inherited.output_validator_args;
    return settings;
  }

  // A group without others in it gets its accept_score once, if all its cases are accepted. With a validator that
  // scores, each case has what score.txt says. A group's verdict is the first that is not AC, and its score counts
  // whatever its verdict is.
  void score_as_domjudge(GroupIndex index, const Settings& settings, bool is_leaf) {
    problem::Scoring& scoring = problem_.groups[index].scoring;
    scoring.verdict = VerdictRule::FirstError;
    scoring.rejected_counts = true;
    scoring.most.reset();  // it does not look at the range of a sum
    if (!is_leaf || problem_.validator_scores) return;
    scoring.score = ScoreRule::AllOrNothing;
    scoring.most = settings.accept_score;
  }

  std::optional<problem::ProgramIndex> grader(const SourcePosition& where) {
    for (std::size_t i = 0; i < problem_.programs.size(); ++i) {
      if (problem_.programs[i].role == problem::Role::Grader) return i;
    }
    if (!told_no_grader_) {
      reading_.findings.error(where, "grading: custom needs a program in graders/, and there is none; add it");
      told_no_grader_ = true;
    }
    return std::nullopt;
  }

  void finish_root(const Settings& root) {
    problem::Scoring& scoring = problem_.groups[0].scoring;
    if (system_ == System::GraderFlags) {
      scoring = older_scoring(root);
      return;
    }
    if (system_ == System::Domjudge) {
      scoring = older_scoring(root);
      score_as_domjudge(0, root, false);
      if (config_of("data/sample").empty()) scoring.ignore_sample = true;  // without the file it is no group
      return;
    }
    // A submission's score is secret's; its verdict is everything's.
    scoring.after_rejection = problem_.types.scoring ? AfterRejection::GoOn : AfterRejection::Stop;
    scoring.ignore_sample = problem_.types.scoring;
    scoring.rejected_counts = problem_.types.scoring;
  }

  // --- the newer groups ---

  void add_newer_part(const std::string& folder, const Settings& root) {
    Settings settings = for_group(root);
    read_settings(folder, settings);
    const bool is_secret = folder == "data/secret";
    Contents contents = contents_of(folder);
    if (contents.items.empty() && !settings.static_score) return;
    const GroupIndex index = problem_.groups.size();
    problem_.groups[0].children.push_back({Child::Kind::Group, index});
    problem_.groups.emplace_back().name = case_name(folder);
    const auto is_group = [&](const Contents::Item& item) {
      return item.kind == Child::Kind::Group && !config_of(item.path).empty();
    };
    const bool has_groups = is_secret && std::ranges::any_of(contents.items, is_group);
    if (!settings.aggregation && is_secret) settings.aggregation = "sum";
    if (!settings.max_score && is_secret) settings.max_score.emplace(100);
    take_requirements(index, settings);
    if (!has_groups) {
      add_cases(folder, index, settings);
      set_newer_scoring(index, settings);
      return;
    }
    for (const Contents::Item& item : contents.items) {
      if (item.kind == Child::Kind::Case) {
        reading_.error(item.path + ".in",
                       "stands beside groups; data/secret has cases or groups, so move it into a group");
      } else if (!is_group(item)) {
        reading_.error(item.path,
                       "has no test_group.yaml, but other folders of data/secret have; add one, which may be empty");
      } else {
        add_newer_group(item.path, index, root, settings);
      }
    }
    set_newer_scoring(index, settings);
  }

  // Arguments of data/ itself are defaults; the rest is each group's own.
  static Settings for_group(const Settings& root) {
    Settings settings;
    settings.args = root.args;
    settings.input_validator_args = root.input_validator_args;
    settings.output_validator_args = root.output_validator_args;
    settings.full_feedback = root.full_feedback;
    return settings;
  }

  void add_newer_group(const std::string& folder, GroupIndex parent, const Settings& root, const Settings& secret) {
    // The draft of 2023 inherits arguments from secret, the version of 2025 does not.
    Settings settings = for_group(problem_.format == problem::Format::Kattis2023 ? secret : root);
    read_settings(folder, settings);
    const GroupIndex index = problem_.groups.size();
    problem_.groups[parent].children.push_back({Child::Kind::Group, index});
    problem_.groups.emplace_back().name = case_name(folder);
    take_requirements(index, settings);
    add_cases(folder, index, settings);
    if (problem_.groups[index].children.empty() && !settings.static_score) {
      reading_.error(folder, "this group has no case; add one or remove the folder");
    }
    if (problem_.types.scoring && secret.max_score->has_value() &&
        (!settings.max_score || !settings.max_score->has_value())) {
      reading_.findings.error(
          settings.where,
          "max_score: this group needs one, because data/secret is bounded; add it, or make secret unbounded");
    }
    if (secret.aggregation == "pass-fail" && settings.aggregation.value_or("pass-fail") != "pass-fail") {
      reading_.findings.error(settings.where,
                              "score_aggregation: data/secret is pass-fail, so its groups are too; change one of them");
    }
    set_newer_scoring(index, settings);
  }

  // All cases below, in folders too.
  void add_cases(const std::string& folder, GroupIndex index, const Settings& settings) {
    for (const Contents::Item& item : contents_of(folder).items) {
      if (item.kind == Child::Kind::Case) {
        if (reading_.tree.has_folder(item.path)) {
          reading_.error(item.path, "is a folder of the same name as a case; rename one of them");
        }
        add_case(item.path, index, settings);
        continue;
      }
      if (!config_of(item.path).empty()) {
        reading_.error(config_of(item.path),
                       "groups lie directly in data/secret, and none in another; move this one up");
      }
      add_cases(item.path, index, settings);
    }
  }

  // The first group before `end` of this name, with or without "secret/".
  std::optional<GroupIndex> group_named(const std::string& name, GroupIndex end) {
    for (; named_ < end; ++named_) {
      const std::string& full = problem_.groups[named_].name;
      by_name_.emplace(full, named_);
      if (full.starts_with("secret/")) by_name_.emplace(full.substr(std::string("secret/").size()), named_);
    }
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
  }

  void take_requirements(GroupIndex index, const Settings& settings) {
    const std::string& name = problem_.groups[index].name;
    for (const auto& [required, where] : settings.require_pass) {
      const std::optional<GroupIndex> named = group_named(required, index);
      const GroupIndex place = named.value_or(0);
      const problem::Group* found = &problem_.groups[place];
      if (!named || place >= index || (place == 2 && found->name == "secret")) {
        reading_.findings.error(where, "require_pass: " + in_quotes(required) +
                                           " is no group before this one; name sample or an earlier group, such as "
                                           "secret/group1");
      } else if (name == "secret" && found->name != "sample") {
        reading_.findings.error(where, "require_pass: data/secret may require sample alone");
      } else if (problem_.types.scoring && found->name != "sample" && found->scoring.score != ScoreRule::AllOrNothing) {
        reading_.findings.error(where, "require_pass: " + in_quotes(required) +
                                           " is no pass-fail group; only such a group is passed or not");
      } else {
        problem_.groups[index].requires_groups.push_back(place);
      }
    }
  }

  void set_newer_scoring(GroupIndex index, const Settings& settings) {
    problem::Group& group = problem_.groups[index];
    problem::Scoring& scoring = group.scoring;
    scoring.static_validator_args = settings.static_args;
    const std::string aggregation =
        group.name == "sample" || !problem_.types.scoring ? "pass-fail" : settings.aggregation.value_or("pass-fail");
    if (settings.static_score) {
      scoring.static_validation = true;
      scoring.static_validation_score = *settings.static_score;
      const bool has_validator = std::ranges::any_of(problem_.programs, [](const problem::Program& program) {
        return program.role == problem::Role::StaticValidator;
      });
      if (!has_validator) {
        reading_.findings.error(
            settings.where, "static_validation_score needs a program in static_validator/, and there is none; add it");
      }
      if (!*settings.static_score && aggregation != "pass-fail") {
        reading_.findings.error(settings.where,
                                "static_validation_score: is pass-fail, so score_aggregation is pass-fail too");
      }
    }
    scoring.after_rejection = aggregation == "sum" ? AfterRejection::GoOn : AfterRejection::Stop;
    scoring.score = aggregation == "sum"   ? ScoreRule::Sum
                    : aggregation == "min" ? ScoreRule::Minimum
                                           : ScoreRule::AllOrNothing;
    if (!problem_.types.scoring || group.name == "sample") {
      scoring.case_score = problem::AcceptReject{};
      return;
    }
    scoring.rejected_counts = true;
    if (settings.max_score) scoring.most = *settings.max_score;
    if (aggregation == "pass-fail") {
      scoring.case_score = problem::AcceptReject{};
      if (!scoring.most) {
        reading_.findings.error(settings.where,
                                "max_score: a pass-fail group needs one; add it, or set score_aggregation");
      }
      return;
    }
    if (!scoring.most) {
      scoring.case_score = problem::UnboundedScore{};
      if (!problem_.validator_scores) {
        reading_.findings.error(
            settings.where, "max_score: is unbounded, so an output validator must write scores; add output_validator/");
      }
      return;
    }
    const double of_static = settings.static_score ? settings.static_score->value_or(0) : 0;
    const double count = static_cast<double>(std::max<std::size_t>(group.children.size(), 1));
    scoring.case_score =
        problem::BoundedScore{aggregation == "sum" ? (*scoring.most - of_static) / count : *scoring.most};
  }

  // --- cases for validators ---

  void read_validator_cases(const Settings& root) {
    using ValidatorCase = problem::Problem::ValidatorCase;
    const std::pair<const char*, ValidatorCase::Expect> parts[] = {
        {"data/invalid_input", ValidatorCase::Expect::InvalidInput},
        {"data/invalid_output", ValidatorCase::Expect::InvalidOutput},
        {"data/valid_output", ValidatorCase::Expect::ValidOutput},
    };
    for (const auto& [folder, expect] : parts) {
      std::map<std::string, Settings> settings_of_folder;
      for (const std::string& path : reading_.tree.files_below(folder)) {
        const auto base = without_ending(path, ".in");
        if (!base || !is_usable_name(last_part(path))) continue;
        const std::string parent = parent_of(path);
        if (!settings_of_folder.contains(parent)) {
          Settings of_folder = for_group(root);
          for (const std::string& above : {std::string(folder), parent}) {
            if (!config_of(above).empty()) read_settings(above, of_folder);
            if (above == parent) break;
          }
          settings_of_folder.emplace(parent, std::move(of_folder));
        }
        Settings settings = settings_of_folder.at(parent);
        read_case_yaml(*base, settings);
        auto input = reading_.file_of(path);
        if (!input) continue;
        ValidatorCase one;
        one.name = case_name(*base);
        one.expect = expect;
        one.input = std::move(*input);
        if (const auto args = settings.input_validator_args.find(""); args != settings.input_validator_args.end()) {
          one.input_validator_args = args->second;
        }
        one.validator_args = validator_flags_;
        one.validator_args.insert(one.validator_args.end(), settings.output_validator_args.words.begin(),
                                  settings.output_validator_args.words.end());
        if (!reading_.spend_words(one.input_validator_args, settings.where) ||
            !reading_.spend_words(one.validator_args, settings.where)) {
          return;
        }
        if (expect != ValidatorCase::Expect::InvalidInput) {
          for (const char* ending : {".ans", ".out"}) {
            if (!reading_.tree.has_file(*base + ending)) {
              reading_.error(path, std::string("this case has no ") + last_part(*base) + ending + "; add it");
            }
          }
          if (reading_.tree.has_file(*base + ".ans")) one.answer = reading_.file_of(*base + ".ans");
          if (reading_.tree.has_file(*base + ".out")) one.output = reading_.file_of(*base + ".out");
        }
        problem_.validator_cases.push_back(std::move(one));
      }
    }
  }

  Reading& reading_;
  problem::Problem& problem_;
  const Words& validator_flags_;
  const OldGrading& grading_;
  const OlderGroups older_groups_;
  System system_ = System::GraderFlags;
  std::set<Words> checked_;
  std::map<std::string, GroupIndex> by_name_;
  GroupIndex named_ = 1;  // the first group that is not in by_name_
  std::set<std::string> told_flags_;
  bool told_no_grader_ = false;
};

}  // namespace

std::optional<std::pair<double, double>> range_of(const std::vector<std::string>& words) {
  if (words.size() != 2) return std::nullopt;
  const auto end_of = [](const std::string& word) -> std::optional<double> {
    if (word == "inf" || word == "+inf") return kInfinity;
    if (word == "-inf") return -kInfinity;
    return problem::decimal_number(word);
  };
  const auto least = end_of(words[0]);
  const auto most = end_of(words[1]);
  if (!least || !most || *least > *most) return std::nullopt;
  return std::pair(*least, *most);
}

void read_kattis_data(Reading& reading, const std::vector<std::string>& validator_flags, const OldGrading& grading,
                      OlderGroups older_groups) {
  DataReader(reading, validator_flags, grading, older_groups).read();
}

}  // namespace evalrun::packages
