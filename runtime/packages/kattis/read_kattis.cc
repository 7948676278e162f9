#include "runtime/packages/kattis/read_kattis.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/kattis/data_folder.h"
#include "runtime/packages/kattis/group_settings.h"
#include "runtime/packages/kattis/submissions.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/comparison.h"
#include "runtime/problem/language.h"

namespace evalrun::packages {
namespace {

using problem::Format;
using problem::Problem;

constexpr double kMostSeconds = 24 * 3600;
constexpr std::int64_t kMostMebibytes = std::int64_t{1} << 20;
constexpr double kMostFactor = 1000;
constexpr double kMostScore = 1e15;
constexpr std::size_t kMostPrograms = 1000;  // of one folder
constexpr std::size_t kMostHeaders = 1000;   // of one program

struct Validation {
  bool is_custom = false;
  bool scores = false;
};

class KattisReader {
 public:
  explicit KattisReader(Reading& reading) : reading_(reading), problem_(reading.problem) {}

  void read() {
    problem_.groups.emplace_back();
    if (reading_.tree.has_file("problem.yaml")) {
      read_problem_yaml();
    } else {
      problem_.name = problem_.short_name;
    }
    read_domjudge_files();
    choose_older_groups();
    read_validators();
    read_graders();
    read_include();
    kattis::read_data_folder(reading_, validator_flags_, old_grading_, older_groups_);
    read_kattis_submissions(reading_);
  }

 private:
  [[nodiscard]] bool is_legacy() const { return problem_.format == Format::KattisLegacy; }

  // --- problem.yaml ---

  void read_problem_yaml() {
    MapReader yaml(reading_.yaml_of("problem.yaml"), "problem.yaml", reading_.findings);
    read_version(yaml);
    read_name(yaml);
    read_type(yaml);
    yaml.ignore({"uuid", "source", "source_url", "license", "rights_owner", "keywords"});
    if (is_legacy()) {
      read_legacy(yaml);
    } else {
      read_new(yaml);
    }
    read_limits(yaml);
    yaml.finish();
  }

  void read_version(MapReader& yaml) {
    const std::string version = yaml.text("problem_format_version").value_or("legacy");
    if (version == "legacy" || version == "legacy-icpc") {
      is_icpc_ = version == "legacy-icpc";
    } else if (version == "2023-07" || version == "2023-07-draft") {
      problem_.format = Format::Kattis2023;
    } else if (version == "2025-09" || version == "2025-09-draft" || version == "draft") {
      problem_.format = Format::Kattis2025;
    } else {
      yaml.error("problem_format_version",
                 in_quotes(version) + " is not known; use legacy, legacy-icpc, 2023-07 or 2025-09");
    }
    if (is_legacy()) return;
    for (const char* key : {"name", "uuid"}) {
      if (!yaml.has(key))
        yaml.findings().error(yaml.where(), std::string(key) + ": is missing; this version requires it");
    }
  }

  void read_name(MapReader& yaml) {
    problem_.name = problem_.short_name;
    const YamlPointer name = yaml.take("name");
    if (name == nullptr) return;
    if (name->kind == YamlNode::Kind::Scalar) {
      problem_.name = name->text;
    } else if (name->kind == YamlNode::Kind::Map) {
      for (const auto& [language, text] : name->pairs) {
        if (text->kind != YamlNode::Kind::Scalar) {
          reading_.findings.error(text->where, "name." + language->text + ": expected text, not " + kind_of(*text));
        } else if (language->text == "en" || problem_.name == problem_.short_name) {
          problem_.name = text->text;
        }
      }
    } else {
      yaml.error("name", "expected text, or a map of languages, not " + kind_of(*name));
    }
  }

  // A word, words with spaces between them as DOMjudge takes them, or a list.
  void read_type(MapReader& yaml) {
    const YamlPointer node = yaml.take("type");
    if (node == nullptr) return;
    const auto list = scalars(node, "type", reading_.findings);
    if (!list) return;
    std::vector<std::string> words;
    for (const std::string& item : *list) {
      for (std::string& word : split_at_space(item)) words.push_back(std::move(word));
    }
    bool pass_fail = false;
    std::set<std::string> seen;
    for (const std::string& word : words) {
      if (!seen.insert(word).second) {
        yaml.error("type", in_quotes(word) + " stands here twice; remove one");
        break;
      }
      if (word == "pass-fail") {
        pass_fail = true;
      } else if (word == "scoring") {
        problem_.types.scoring = true;
      } else if (word == "interactive") {
        problem_.types.interactive = true;
      } else if (word == "multi-pass") {
        problem_.types.multi_pass = true;
      } else if (word == "submit-answer") {
        problem_.types.submit_answer = true;
      } else {
        const std::string near = nearest(word, {"pass-fail", "scoring", "interactive", "multi-pass", "submit-answer"});
        yaml.error("type", in_quotes(word) + " is not known; " +
                               (near.empty() ? "use pass-fail, scoring, interactive, multi-pass or submit-answer"
                                             : "did you mean " + near + "?"));
      }
    }
    if (pass_fail && problem_.types.scoring) yaml.error("type", "is pass-fail and scoring at once; keep one of them");
    if (problem_.types.submit_answer && (problem_.types.interactive || problem_.types.multi_pass)) {
      yaml.error("type", "a submit-answer problem has no program, so it cannot be interactive or multi-pass");
    }
    if (is_icpc_ && problem_.types.scoring) yaml.error("type", "legacy-icpc has only pass-fail problems; use legacy");
  }

  void read_legacy(MapReader& yaml) {
    yaml.ignore({"author"});
    if (is_icpc_ && yaml.has("grading")) yaml.error("grading", "legacy-icpc has no scores; use legacy");
    read_validation(yaml);
    if (auto flags = yaml.split("validator_flags")) validator_flags_ = std::move(*flags);
    read_grading(yaml);
  }

  void read_grading(MapReader& yaml) {
    MapReader grading = yaml.map("grading");
    if (const auto objective = grading.choice("objective", {"max", "min"}); objective && *objective == "min") {
      problem_.objective = Problem::Objective::Minimize;
    }
    grading.ignore({"show_test_data_groups"});
    read_old_grading(grading);
    grading.finish();
  }

  // The oldest packages say here what holds for every group, whatever its testdata.yaml says.
  void read_old_grading(MapReader& grading) {
    old_grading_.accept_score = grading.number("accept_score", -kMostScore, kMostScore);
    old_grading_.reject_score = grading.number("reject_score", -kMostScore, kMostScore);
    if (const auto words = grading.split("range")) {
      old_grading_.range = kattis::range_of(*words);
      if (!old_grading_.range) {
        grading.error("range", "expected two numbers, the smaller first, as in \"0 100\" or \"-inf +inf\"");
      }
    }
    const auto word = grading.choice("on_reject", {"first_error", "worst_error", "grade"});
    if (word == "first_error") old_grading_.on_reject = "break";
    if (word == "grade") old_grading_.on_reject = "continue";
    for (const char* key : {"accept_score", "reject_score", "range"}) {
      if (grading.has(key) && !problem_.types.scoring)
        grading.error(key, "is for scoring problems; write type: scoring");
    }
  }

  void read_validation(MapReader& yaml) {
    const auto words = yaml.split("validation");
    if (!words) return;
    for (const std::string& word : *words) {
      if (word == "custom") {
        validation_.is_custom = true;
      } else if (word == "score") {
        validation_.scores = true;
      } else if (word == "interactive") {
        problem_.types.interactive = true;
      } else if (word == "multi-pass") {
        problem_.types.multi_pass = true;
      } else if (word != "default") {
        const std::string near = nearest(word, {"default", "custom", "score", "interactive", "multi-pass"});
        yaml.error("validation", in_quotes(word) + " is not known; " +
                                     (near.empty() ? "use default, or custom with score, interactive or multi-pass"
                                                   : "did you mean " + near + "?"));
      }
    }
    const bool is_default = std::ranges::find(*words, "default") != words->end();
    if (is_default && words->size() > 1) yaml.error("validation", "default stands alone; use custom");
    if (!is_default && !validation_.is_custom && !words->empty()) {
      yaml.error("validation", "begins with custom, as in \"custom " + (*words)[0] + "\"");
    }
    if (validation_.scores && !problem_.types.scoring) {
      yaml.error("validation", "score is for scoring problems; write type: scoring");
    }
  }

  void read_new(MapReader& yaml) {
    yaml.ignore({"credits", "version", "embargo_until", "allow_file_writing"});
    if (problem_.format == Format::Kattis2023) {
      yaml.ignore({"author", "show_test_data_groups"});
      read_validation(yaml);
      if (auto flags = yaml.split("validator_flags")) validator_flags_ = std::move(*flags);
      read_grading(yaml);
    }
    read_languages(yaml);
    read_constants(yaml);
  }

  void read_languages(MapReader& yaml) {
    const YamlPointer node = yaml.take("languages");
    if (node == nullptr || (node->kind == YamlNode::Kind::Scalar && node->text == "all")) return;
    const auto codes = scalars(node, "languages", reading_.findings);
    if (!codes) return;
    for (const std::string& code : *codes) {
      if (problem::find_language(code) == nullptr) {
        yaml.error("languages", in_quotes(code) + " is no code of a language, such as cpp, java or python3");
      }
    }
    problem_.languages = *codes;
  }

  void read_constants(MapReader& yaml) {
    const YamlPointer node = yaml.take("constants");
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::Map) {
      yaml.error("constants", "expected a map, not " + kind_of(*node));
      return;
    }
    for (const auto& [name, value] : node->pairs) {
      if (value->kind == YamlNode::Kind::Scalar) {
        problem_.constants[name->text] = value->text;
        continue;
      }
      if (value->kind != YamlNode::Kind::Map) {
        reading_.findings.error(value->where, "constants." + name->text + ": expected a value or a map");
        continue;
      }
      bool has_value = false;
      for (const auto& [variant, text] : value->pairs) {
        if (text->kind != YamlNode::Kind::Scalar) {
          reading_.findings.error(text->where, "constants." + name->text + "." + variant->text + ": expected a value");
          continue;
        }
        has_value = has_value || variant->text == "value";
        problem_.constants[variant->text == "value" ? name->text : name->text + "." + variant->text] = text->text;
      }
      if (!has_value) {
        reading_.findings.error(name->where,
                                "constants." + name->text + ": has no key value; add it beside the variants");
      }
    }
  }

  void read_limits(MapReader& yaml) {
    MapReader limits = yaml.map("limits");
    problem::Limits& is = problem_.limits;
    if (problem_.format != Format::Kattis2025) {
      is.accepted_to_limit = limits.number("time_multiplier", 0.001, kMostFactor).value_or(is_legacy() ? 5 : 2);
      is.limit_to_too_slow = limits.number("time_safety_margin", 0.001, kMostFactor).value_or(is_legacy() ? 2 : 1.5);
    }
    if (is_legacy() && limits.has("time_multipliers")) {
      limits.ignore({"time_multipliers"});
      reading_.findings.note(
          limits.place_of("time_multipliers"),
          "limits.time_multipliers: is a key of later versions and not looked at in this one; here it "
          "is time_multiplier, which is 5 unless it is given");
    }
    if (!is_legacy()) {
      MapReader multipliers = limits.map("time_multipliers");
      is.accepted_to_limit = multipliers.number("ac_to_time_limit", 1, kMostFactor).value_or(is.accepted_to_limit);
      is.limit_to_too_slow = multipliers.number("time_limit_to_tle", 1, kMostFactor).value_or(is.limit_to_too_slow);
      multipliers.finish();
      if (const auto resolution = limits.number("time_resolution", 0.001, kMostSeconds)) {
        is.time_resolution = seconds(*resolution);
      }
    }
    if (const auto time = limits.number("time_limit", 0.001, kMostSeconds)) {
      is.time = seconds(*time);
      if (!is_legacy() && is.time->count() % is.time_resolution.count() != 0) {
        limits.error("time_limit", "is no multiple of time_resolution, which is " +
                                       evalrun::to_string(is.time_resolution) + "; set time_resolution");
      }
    }
    const auto bytes = [&](const char* key, unsigned shift) -> std::optional<Bytes> {
      const auto count = limits.whole(key, 1, kMostMebibytes);
      if (!count) return std::nullopt;
      return Bytes{static_cast<std::uint64_t>(*count) << shift};
    };
    const auto time = [&](const char* key) -> std::optional<Duration> {
      const auto count = limits.number(key, 0.001, kMostSeconds);
      if (!count) return std::nullopt;
      return seconds(*count);
    };
    is.memory = bytes("memory", 20);
    is.output = bytes("output", 20);
    is.code = bytes("code", 10);
    is.compilation_time = time("compilation_time");
    is.compilation_memory = bytes("compilation_memory", 20);
    is.validation_time = time("validation_time");
    is.validation_memory = bytes("validation_memory", 20);
    is.validation_output = bytes("validation_output", 20);
    const auto passes = limits.whole("validation_passes", 2, 1000);
    if (passes && !problem_.types.multi_pass) {
      limits.error("validation_passes", "is for multi-pass problems; add multi-pass to type");
    }
    problem_.passes = problem_.types.multi_pass ? static_cast<unsigned>(passes.value_or(2)) : 1;
    limits.finish();
  }

  // --- DOMjudge's files ---

  void read_domjudge_files() {
    if (reading_.tree.has_file(".timelimit")) {
      if (const auto text = reading_.text_of(".timelimit")) {
        const std::vector<std::string> words = split_at_space(*text);
        const auto limit = words.size() == 1 ? problem::decimal_number(words[0]) : std::nullopt;
        if (!limit || *limit <= 0 || *limit > kMostSeconds) {
          reading_.error(".timelimit", "expected a number of seconds, as in \"2\" or \"1.5\"");
        } else {
          take_time_limit({".timelimit", 1, 1}, *limit);
        }
      }
    }
    if (!reading_.tree.has_file("domjudge-problem.ini")) return;
    if (const auto text = reading_.text_of("domjudge-problem.ini")) read_ini(*text);
  }

  // A package does not say for which judge its groups were made. DOMjudge's has its own file or its own label of
  // scores, and nothing that only Kattis's groups know.
  void choose_older_groups() {
    const archive::Tree& tree = reading_.tree;
    if (!is_legacy() || !problem_.types.scoring || validation_.scores || !tree.has_file("data/testdata.yaml")) return;
    for (const std::string& path : tree.files_below("data")) {
      if (last_part(path) != "testdata.yaml") continue;
      const std::string text = reading_.beginning_of(path, std::size_t{64} << 10);
      for (const char* word : {"first_error", "accept_if_any_accepted", "always_accept", "custom"}) {
        if (text.find(word) != text.npos) return;
      }
    }
    if (tree.has_file("domjudge-problem.ini") || has_expected_scores(reading_))
      older_groups_ = kattis::OlderGroups::Domjudge;
  }

  void take_time_limit(const SourcePosition& where, double limit) {
    const Duration time = seconds(limit);
    if (!problem_.limits.time) problem_.limits.time = time;
    if (*problem_.limits.time == time) return;
    reading_.findings.error(where, "says a time limit of " + evalrun::to_string(time) + ", and another file says " +
                                       evalrun::to_string(*problem_.limits.time) + "; remove one of them");
  }

  void read_ini(const std::string& text) {
    const std::vector<std::string> known = {"name",        "allow_submit",    "allow_judge", "timelimit",
                                            "special_run", "special_compare", "points",      "color",
                                            "externalid",  "short-name",      "probid",      "special_compare_args"};
    unsigned number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t end = std::min(text.find('\n', begin), text.size());
      const SourcePosition where{"domjudge-problem.ini", ++number, 1};
      std::string line = text.substr(begin, end - begin);
      begin = end + 1;
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
      const std::size_t first = line.find_first_not_of(" \t");
      if (first == line.npos || line[first] == ';' || line[first] == '#' || line[first] == '[') continue;
      const std::size_t equals = line.find('=');
      if (equals == line.npos) {
        reading_.findings.error(where, "expected KEY = VALUE");
        continue;
      }
      const std::vector<std::string> key = split_at_space(line.substr(0, equals));
      std::string value = line.substr(equals + 1);
      value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
      if (!value.empty() && (value[0] == '"' || value[0] == '\'')) {
        // A quoted value goes on to its closing quote, over lines.
        const char quote = value[0];
        std::size_t close = value.find(quote, 1);
        while (close == value.npos && begin < text.size()) {
          end = std::min(text.find('\n', begin), text.size());
          value += "\n" + text.substr(begin, end - begin);
          begin = end + 1;
          ++number;
          close = value.find(quote, 1);
        }
        if (close == value.npos) reading_.findings.error(where, "the quote that begins here does not end");
        value = value.substr(1, std::min(close, value.size()) - 1);
      }
      take_ini(where, key.size() == 1 ? key[0] : line.substr(0, equals), value, known);
    }
  }

  void take_ini(const SourcePosition& where, const std::string& key, const std::string& value,
                const std::vector<std::string>& known) {
    if (std::ranges::find(known, key) == known.end()) {
      const std::string near = nearest(key, known);
      reading_.findings.error(
          where, key + ": is no key of this file" + (near.empty() ? "; remove it" : "; did you mean " + near + "?"));
    } else if (key == "timelimit") {
      const auto limit = problem::decimal_number(value);
      if (!limit || *limit <= 0 || *limit > kMostSeconds) {
        reading_.findings.error(where, "timelimit: expected a number of seconds, not " + in_quotes(value));
      } else {
        take_time_limit(where, *limit);
      }
    } else if (key == "name") {
      if (!reading_.tree.has_file("problem.yaml")) problem_.name = value;
    } else if ((key == "special_run" || key == "special_compare") && !value.empty()) {
      reading_.findings.error(where, key +
                                         ": names an executable of DOMjudge's own, which is not in the package; "
                                         "put the validator into output_validators");
    }
  }

  // --- programs ---

  // The programs of a folder: each usable name is one.
  std::vector<problem::ProgramIndex> programs_in(const std::string& folder, problem::Role role) {
    std::vector<problem::ProgramIndex> programs;
    // Scripts right here make the folder one program.
    if (reading_.tree.has_file(archive::below(folder, "build")) ||
        reading_.tree.has_file(archive::below(folder, "run"))) {
      if (const auto program = add_program(reading_, role, folder, problem::Convention::Kattis))
        programs.push_back(*program);
      return programs;
    }
    for (const std::string& name : reading_.tree.names_in(folder)) {
      if (!is_usable_name(name)) continue;
      const std::string path = archive::below(folder, name);
      if (role == problem::Role::InputValidator && (name.ends_with(".ctd") || name.ends_with(".viva"))) {
        reading_.note(path, "checktestdata and VIVA are not supported; this input validator is not run");
        continue;
      }
      if (reading_.tree.has_file(path) && is_no_program(name)) continue;
      if (programs.size() == kMostPrograms) {
        reading_.error(folder, "has more than " + std::to_string(kMostPrograms) + " programs");
        break;
      }
      if (const auto program = add_program(reading_, role, path, problem::Convention::Kattis)) {
        programs.push_back(*program);
        if (reading_.tree.has_file(path)) add_headers(folder, problem_.programs[*program]);
      }
    }
    return programs;
  }

  // A program of one file may include the headers that lie beside it.
  void add_headers(const std::string& folder, problem::Program& program) {
    for (const std::string& name : reading_.tree.names_in(folder)) {
      const bool is_header = name.ends_with(".h") || name.ends_with(".hpp") || name.ends_with(".hh");
      const std::string path = archive::below(folder, name);
      if (!is_header || !is_usable_name(name) || !reading_.tree.has_file(path)) continue;
      if (program.files.size() > kMostHeaders) return;
      if (auto file = reading_.file_of(path)) program.files.push_back({name, std::move(*file)});
    }
  }

  // Headers and texts that lie beside programs.
  static bool is_no_program(const std::string& name) {
    for (const char* ending : {".h", ".hpp", ".hh", ".md", ".txt", ".pyc", ".yaml"}) {
      if (name.ends_with(ending)) return true;
    }
    return name.find('.') == name.npos && (name == "README" || name == "Makefile");
  }

  void read_validators() {
    std::vector<problem::ProgramIndex> validators = programs_in("output_validators", problem::Role::OutputValidator);
    if (reading_.tree.has_folder("output_validator")) {
      // The folder itself is the program; in it there may be one file or folder as in the older form.
      if (!reading_.tree.files_below("output_validator").empty()) {
        const auto program =
            add_program(reading_, problem::Role::OutputValidator, "output_validator", problem::Convention::Kattis);
        if (program) validators.push_back(*program);
      }
    }
    static_cast<void>(programs_in("input_validators", problem::Role::InputValidator));
    static_cast<void>(programs_in("input_format_validators", problem::Role::InputValidator));
    if (!reading_.tree.files_below("static_validator").empty()) {
      add_program(reading_, problem::Role::StaticValidator, "static_validator", problem::Convention::Kattis);
    }
    choose_checker(validators);
  }

  void choose_checker(const std::vector<problem::ProgramIndex>& validators) {
    const bool needs_one = problem_.types.interactive || problem_.types.multi_pass;
    const bool is_custom = is_legacy() ? validation_.is_custom || needs_one : !validators.empty();
    const std::string folder = is_legacy() ? "output_validators" : "output_validator";
    const char* why = problem_.types.interactive  ? "an interactive problem"
                      : problem_.types.multi_pass ? "a multi-pass problem"
                                                  : "validation: custom";
    const bool has_broken_one = validators.empty() && (!reading_.tree.files_below("output_validators").empty() ||
                                                       !reading_.tree.files_below("output_validator").empty());
    if ((validation_.is_custom || needs_one) && validators.empty() && !has_broken_one) {
      reading_.error("problem.yaml", std::string(why) + " needs an output validator, and there is none; add " + folder +
                                         "/ with its sources");
    }
    if (!is_custom && !validators.empty()) {
      reading_.note("output_validators", "is not used, because problem.yaml does not say validation: custom");
    }
    if (validators.empty() && (is_custom || has_broken_one)) {
      problem_.checkers.emplace_back(problem::ProgramChecker{});  // what is missing is told already
      return;
    }
    if (!is_custom) {
      problem_.checkers.emplace_back(problem::DefaultChecker{});
      return;
    }
    problem_.validator_scores =
        problem_.types.scoring && (validation_.scores || !is_legacy() ||
                                   (older_groups_ == kattis::OlderGroups::Domjudge && write_scores(validators)));
    problem_.checkers.emplace_back(problem::ProgramChecker{validators});
    if (!problem_.types.interactive) return;
    if (validators.size() > 1) {
      reading_.error(folder, "an interactive problem has one output validator, and here are " +
                                 std::to_string(validators.size()) + "; keep one");
    }
    problem_.programs[validators[0]].role = problem::Role::Interactor;
    problem_.interaction = problem::Interaction{.interactor = validators[0]};
  }

  // DOMjudge takes score.txt from every validator, and gives a group its accept_score where none has been written. A
  // validator that writes it has the name in its source.
  bool write_scores(const std::vector<problem::ProgramIndex>& validators) {
    constexpr std::size_t kMostSource = std::size_t{1} << 20;
    const auto names_score = [&](const problem::PlacedFile& placed) {
      return reading_.beginning_of(placed.file.path, kMostSource).find("score.txt") != std::string::npos;
    };
    return std::ranges::any_of(validators, [&](problem::ProgramIndex index) {
      return std::ranges::any_of(problem_.programs[index].files, names_score);
    });
  }

  void read_graders() {
    const std::vector<problem::ProgramIndex> graders = programs_in("graders", problem::Role::Grader);
    if (graders.size() > 1) {
      reading_.error("graders",
                     "has " + std::to_string(graders.size()) + " programs; a problem has at most one grader");
    }
  }

  void read_include() {
    if (is_icpc_ && reading_.tree.has_folder("include")) {
      reading_.error("include", "legacy-icpc has no include folder; use legacy");
    }
    for (const std::string& name : reading_.tree.names_in("include")) {
      const std::string path = archive::below("include", name);
      if (!is_usable_name(name) || !reading_.tree.has_folder(path)) continue;
      if (name != "default" && problem::find_language(name) == nullptr) {
        reading_.error(path, in_quotes(name) + " is no code of a language, such as cpp, java or python3; rename it");
        continue;
      }
      problem_.include[name] = reading_.files_of(path);
    }
  }

  Reading& reading_;
  Problem& problem_;
  Validation validation_;
  std::vector<std::string> validator_flags_;
  kattis::OldGrading old_grading_;
  kattis::OlderGroups older_groups_ = kattis::OlderGroups::Kattis;
  bool is_icpc_ = false;
};

}  // namespace

void read_kattis(Reading& reading) {
  KattisReader(reading).read();
}

}  // namespace evalrun::packages
