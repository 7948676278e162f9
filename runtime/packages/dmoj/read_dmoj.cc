#include "runtime/packages/dmoj/read_dmoj.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <stdexcept>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/dmoj/case_names.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/language.h"

namespace evalrun::packages {
namespace {

using problem::Child;
using problem::Convention;
using problem::ProgramIndex;
using problem::Role;

constexpr double kMostPoints = 1e9;
constexpr double kMostSeconds = 24 * 3600;
constexpr const char* kFile = "init.yml";

struct CheckerRow {
  const char* name;
  const char* arguments;  // with spaces between them
};

constexpr CheckerRow kCheckers[] = {
    {"standard", ""},
    {"identical", "pe_allowed"},
    {"easy", ""},
    {"floats", "precision error_mode"},
    {"floatsabs", "precision"},
    {"floatsrel", "precision"},
    {"linecount", "feedback"},
    {"linematches", "point_distribution filler_lines_required"},
    {"rstripped", "filter_new_line"},
    {"sorted", "split_on"},
    {"unordered", ""},
};

struct LanguageRow {
  const char* dmoj;  // the beginning of its name
  const char* code;
};

// The longer beginnings first.
constexpr LanguageRow kLanguages[] = {
    {"CPP", "cpp"},      {"CLANGX", "cpp"},  {"CLANG", "c"},         {"CSHARP", "csharp"},     {"COBOL", "cobol"},
    {"CBL", "cobol"},    {"C", "c"},         {"PYPY2", "python2"},   {"PYPY", "python3"},      {"PY2", "python2"},
    {"PY", "python3"},   {"JAVA", "java"},   {"KOTLIN", "kotlin"},   {"RUST", "rust"},         {"GO", "go"},
    {"RUBY", "ruby"},    {"PAS", "pascal"},  {"PHP", "php"},         {"PERL", "perl"},         {"PRO", "prolog"},
    {"HASK", "haskell"}, {"LUA", "lua"},     {"OCAML", "ocaml"},     {"MONOCS", "csharp"},     {"ADA", "ada"},
    {"SWIFT", "swift"},  {"SCALA", "scala"}, {"V8JS", "javascript"}, {"NODEJS", "javascript"}, {"D", "d"},
};

std::string language_named(const std::string& name) {
  std::string capitals = name;
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  for (const LanguageRow& row : kLanguages) {
    const std::string_view beginning = row.dmoj;
    if (!capitals.starts_with(beginning)) continue;
    const std::string rest = capitals.substr(beginning.size());
    if (rest.find_first_not_of("0123456789") == std::string::npos) return row.code;
  }
  return "";
}

// What a case has, with what it inherits.
struct Settings {
  std::optional<std::string> in, out, generator_in;
  std::optional<std::vector<std::string>> generator_args;
  std::optional<ProgramIndex> generator;
  double points = 1;
  std::size_t checker = 0;
  bool binary = false;
};

class DmojReader {
 public:
  explicit DmojReader(Reading& reading) : reading_(reading), problem_(reading.problem) {}

  void read() {
    problem_.format = problem::Format::Dmoj;
    problem_.name = problem_.short_name;
    problem_.types.scoring = true;
    problem_.groups.emplace_back();
    problem::Scoring& scoring = problem_.groups[0].scoring;
    scoring.after_rejection = problem::AfterRejection::StopTheRest;
    scoring.case_score = problem::OwnPoints{};
    scoring.rejected_counts = true;
    scoring.verdict = problem::VerdictRule::WorstFlag;
    problem_.checkers.emplace_back(problem::BuiltInChecker{"dmoj", "standard", {}});
    problem_.limits.wall_factor = 3;
    problem_.limits.output = Bytes{25165824};

    const YamlPointer root = reading_.yaml_of(kFile);
    MapReader yaml(root, kFile, reading_.findings);
    if (root != nullptr && root->kind == YamlNode::Kind::Map) refuse_dynamic_keys(*root);
    Settings settings;
    read_common(yaml, settings);
    read_top(yaml);
    read_test_cases(yaml, settings);
    yaml.finish();
    if (problem_.cases.empty() && !reading_.findings.has_errors()) {
      reading_.error(kFile, "test_cases: has no case, and no file is named like one, such as 1.in; list the cases");
    }
    read_tests();
  }

 private:
  void refuse_dynamic_keys(const YamlNode& node) {
    for (const auto& [key, value] : node.pairs) {
      if (key->text.ends_with("++")) {
        reading_.findings.error(key->where, key->text + ": dynamic keys are not supported; write the value out");
      }
      if (value->kind == YamlNode::Kind::Map) refuse_dynamic_keys(*value);
    }
  }

  // --- keys of every level ---

  void read_common(MapReader& yaml, Settings& settings) {
    if (auto name = yaml.text("in")) settings.in = std::move(name);
    if (auto name = yaml.text("out")) settings.out = std::move(name);
    if (auto name = yaml.text("generator_in")) settings.generator_in = std::move(name);
    if (const YamlPointer node = yaml.take("generator_args")) read_generator_args(*node, settings);
    if (const YamlPointer node = yaml.take("generator")) settings.generator = read_generator(yaml, node);
    if (const auto points = yaml.number("points", 0, kMostPoints)) settings.points = *points;
    if (const YamlPointer node = yaml.take("checker")) settings.checker = read_checker(yaml, node);
    if (const auto binary = yaml.boolean("binary_data")) settings.binary = *binary;
    yaml.ignore({"output_prefix_length"});
  }

  void read_generator_args(const YamlNode& node, Settings& settings) {
    std::vector<std::string> words;
    if (node.kind != YamlNode::Kind::List) {
      reading_.findings.error(node.where, "generator_args: expected a list, not " + kind_of(node));
      return;
    }
    for (const YamlPointer& item : node.items) {
      if (item->kind == YamlNode::Kind::List || item->kind == YamlNode::Kind::Map) {
        reading_.findings.error(item->where, "generator_args: expected a word, not " + kind_of(*item));
        return;
      }
      // Python's str() of the value.
      const auto is = item->is_quoted ? std::nullopt : truth(item->text);
      words.push_back(item->kind == YamlNode::Kind::Null ? "None" : is ? (*is ? "True" : "False") : item->text);
    }
    settings.generator_args = std::move(words);
  }

  // --- programs ---

  struct Native {
    std::vector<std::string> files;
    std::string language;
  };

  // A program of files beside init.yml.
  std::optional<ProgramIndex> add_native(MapReader& yaml, const std::string& key, Role role, const Native& native,
                                         Convention convention) {
    if (native.files.empty()) {
      yaml.error(key, "names no file; add files");
      return std::nullopt;
    }
    problem::Program program;
    program.role = role;
    program.name = native.files.front();
    program.path = native.files.front();
    program.convention = convention;
    for (const std::string& name : native.files) {
      if (!reading_.tree.has_file(name)) {
        yaml.error(key, "there is no file " + in_quotes(name) + " in the package; add it");
        return std::nullopt;
      }
      if (auto file = reading_.file_of(name)) program.files.push_back({last_part(name), std::move(*file)});
    }
    program.entry = last_part(native.files.front());
    program.language = native.language;
    if (program.language.empty()) {
      const problem::Language* language = problem::language_of({program.entry});
      if (language == nullptr) {
        yaml.error(key, "the ending of " + in_quotes(program.entry) + " is that of no known language; add lang");
        return std::nullopt;
      }
      program.language = language->code;
    }
    problem_.programs.push_back(std::move(program));
    return problem_.programs.size() - 1;
  }

  std::string read_language(MapReader& yaml, const std::string& key) {
    const auto name = yaml.text(key);
    if (!name) return "";
    const std::string code = language_named(*name);
    if (code.empty()) yaml.error(key, in_quotes(*name) + " is no language that is known here, such as CPP17 or PY3");
    return code;
  }

  void read_program_limits(MapReader& yaml, ProgramIndex index) {
    problem::Program& program = problem_.programs[index];
    if (const auto time = yaml.number("time_limit", 0.001, kMostSeconds)) program.time_limit = seconds(*time);
    if (const auto memory = yaml.whole("memory_limit", 1, std::int64_t{1} << 30))
      program.memory_limit = kibibytes(*memory);
    if (auto flags = yaml.words("flags")) program.compile_flags = std::move(*flags);
    if (auto format = yaml.text("args_format_string")) program.arguments_format = std::move(*format);
  }

  std::optional<ProgramIndex> read_generator(MapReader& yaml, const YamlPointer& node) {
    std::optional<ProgramIndex> program;
    if (node->kind != YamlNode::Kind::Map) {
      const auto files = scalars(node, "generator", reading_.findings);
      if (files) program = add_native(yaml, "generator", Role::Generator, {*files, ""}, Convention::DmojDefault);
    } else {
      MapReader inner(node, kFile, reading_.findings, "generator.");
      const auto files = scalars(inner.take("source"), "generator.source", reading_.findings);
      const std::string language = read_language(inner, "language");
      if (files) program = add_native(yaml, "generator", Role::Generator, {*files, language}, Convention::DmojDefault);
      if (auto args = inner.words("args")) default_generator_args_ = std::move(*args);
      if (program) {
        read_program_limits(inner, *program);
      } else {
        inner.ignore({"time_limit", "memory_limit", "flags"});
      }
      inner.ignore({"compiler_time_limit"});
      inner.finish();
    }
    if (program && !problem_.programs[*program].time_limit) {
      problem_.programs[*program].time_limit = std::chrono::seconds(20);
    }
    if (program && !problem_.programs[*program].memory_limit) problem_.programs[*program].memory_limit = 512_MiB;
    return program;
  }

  std::optional<Convention> contrib_type(MapReader& yaml) {
    const auto word = yaml.choice("type", {"default", "testlib", "coci", "peg"});
    if (!word) return yaml.has("type") ? std::nullopt : std::optional(Convention::DmojDefault);
    if (*word == "testlib") return Convention::DmojTestlib;
    if (*word == "coci") return Convention::DmojCoci;
    if (*word == "peg") return Convention::DmojPeg;
    return *word == "default" ? std::optional(Convention::DmojDefault) : std::nullopt;
  }

  std::size_t add_checker(problem::Checker checker) {
    problem_.checkers.push_back(std::move(checker));
    return problem_.checkers.size() - 1;
  }

  std::size_t read_checker(MapReader& yaml, const YamlPointer& node) {
    if (node->kind == YamlNode::Kind::Scalar) return checker_named(yaml, node->text, nullptr);
    if (node->kind == YamlNode::Kind::Map) {
      MapReader inner(node, kFile, reading_.findings, "checker.");
      const std::string name = inner.text("name").value_or("");
      const YamlPointer args = inner.take("args");
      inner.finish();
      if (name.empty()) {
        yaml.error("checker", "has no name; add name");
        return 0;
      }
      return checker_named(yaml, name, args);
    }
    yaml.error("checker", "expected a name, or a map of name and args, not " + kind_of(*node));
    return 0;
  }

  std::size_t checker_named(MapReader& yaml, const std::string& name, const YamlPointer& args) {
    MapReader arguments(args, kFile, reading_.findings, "checker.args.");
    if (name == "bridged") return read_bridged(yaml, arguments);
    if (name.ends_with(".py")) {
      const auto program = add_native(yaml, "checker", Role::Checker, {{name}, "python3"}, Convention::DmojPython);
      return program ? add_checker(problem::ProgramChecker{{*program}}) : 0;
    }
    const auto* row = std::ranges::find_if(kCheckers, [&](const CheckerRow& one) { return name == one.name; });
    if (row == std::end(kCheckers)) {
      std::vector<std::string> names = {"bridged"};
      for (const CheckerRow& one : kCheckers) names.emplace_back(one.name);
      const std::string near = nearest(name, names);
      yaml.error("checker",
                 in_quotes(name) + " is no checker of DMOJ's" +
                     (near.empty() ? "; a checker of your own is a file NAME.py" : "; did you mean " + near + "?"));
      return 0;
    }
    problem::BuiltInChecker checker{"dmoj", name, {}};
    for (const std::string& argument : split_at_space(row->arguments)) {
      const YamlPointer value = arguments.take(argument);
      if (value == nullptr) continue;
      const auto words = scalars(value, "checker.args." + argument, reading_.findings);
      if (!words) continue;
      std::string text;
      for (const std::string& word : *words) text += (text.empty() ? "" : " ") + word;
      checker.arguments[argument] = text;
    }
    arguments.finish();
    return add_checker(std::move(checker));
  }

  std::size_t read_bridged(MapReader& yaml, MapReader& arguments) {
    const auto files = scalars(arguments.take("files"), "checker.args.files", reading_.findings);
    const std::string language = read_language(arguments, "lang");
    const auto convention = contrib_type(arguments);
    std::optional<ProgramIndex> program;
    if (files && convention) program = add_native(yaml, "checker", Role::Checker, {*files, language}, *convention);
    if (program) {
      read_program_limits(arguments, *program);
    } else {
      arguments.ignore({"time_limit", "memory_limit", "flags", "args_format_string"});
    }
    arguments.ignore({"feedback", "cached", "compiler_time_limit", "name"});
    arguments.finish();
    return program ? add_checker(problem::ProgramChecker{{*program}}) : 0;
  }

  // --- keys of the whole file ---

  void read_top(MapReader& yaml) {
    yaml.ignore({"archive", "hints", "short_circuit", "output_limit_length", "pretest_test_cases"});
    if (const auto length = yaml.whole("output_limit_length", 1, std::int64_t{1} << 40)) {
      problem_.limits.output = Bytes{static_cast<std::uint64_t>(*length)};
    }
    if (const auto factor = yaml.number("wall_time_factor", 1, 1000)) problem_.limits.wall_factor = *factor;
    if (yaml.boolean("unbuffered").value_or(false)) {
      reading_.findings.note(yaml.place_of("unbuffered"),
                             "unbuffered: output goes through pipes; the submission flushes it");
    }
    yaml.refuse("custom_judge",
                "a Python class that runs inside DMOJ's judge is not supported; use interactive or a checker");
    read_links(yaml);
    read_signature_grader(yaml);
    read_interactive(yaml);
    if (const YamlPointer io = yaml.take("file_io")) {
      MapReader inner(io, kFile, reading_.findings, "file_io.");
      input_name_ = stream_name(inner, "input");
      output_name_ = stream_name(inner, "output");
      inner.finish();
    }
  }

  static std::string stream_name(MapReader& yaml, const std::string& key) {
    const std::string name = yaml.text(key).value_or("");
    if (name.empty() || is_usable_name(name)) return name;
    yaml.error(key, in_quotes(name) + " is no name of a file in the working folder; write one without a '/'");
    return "";
  }

  void read_links(MapReader& yaml) {
    const YamlPointer node = yaml.take("symlinks");
    if (node == nullptr) return;
    for (const auto& [name, target] : node->pairs) {
      const bool is_stream =
          target->text == "/dev/stdin" || target->text == "/dev/stdout" || target->text == "/dev/stderr";
      if (!is_stream || !is_usable_name(name->text)) {
        reading_.findings.error(name->where,
                                "symlinks: only names for /dev/stdin, /dev/stdout and /dev/stderr are supported");
      } else {
        problem_.stream_links[name->text] = target->text;
      }
    }
  }

  void read_signature_grader(MapReader& yaml) {
    const YamlPointer node = yaml.take("signature_grader");
    if (node == nullptr) return;
    MapReader inner(node, kFile, reading_.findings, "signature_grader.");
    problem::SignatureGrader grader;
    for (auto [key, file] : {std::pair{"entry", &grader.entry}, {"header", &grader.header}}) {
      const auto name = inner.text(key);
      if (!name || !reading_.tree.has_file(*name)) {
        inner.error(
            key, name ? "there is no file " + in_quotes(*name) + " in the package; add it" : "is missing; name a file");
      } else if (auto found = reading_.file_of(*name)) {
        *file = std::move(*found);
      }
    }
    grader.allows_main = inner.boolean("allow_main").value_or(false);
    inner.finish();
    problem_.signature_grader = std::move(grader);
  }

  void read_interactive(MapReader& yaml) {
    const YamlPointer node = yaml.take("interactive");
    if (node == nullptr) return;
    MapReader inner(node, kFile, reading_.findings, "interactive.");
    problem_.types.interactive = true;
    const auto files = scalars(inner.take("files"), "interactive.files", reading_.findings);
    const std::string language = read_language(inner, "lang");
    const auto convention = contrib_type(inner);
    std::optional<ProgramIndex> program;
    if (files && convention)
      program = add_native(yaml, "interactive", Role::Interactor, {*files, language}, *convention);
    const double more = inner.number("preprocessing_time", 0, kMostSeconds).value_or(2);
    if (program) {
      read_program_limits(inner, *program);
      problem_.interaction = problem::Interaction{.interactor = *program, .more_time = seconds(more)};
    } else {
      inner.ignore({"memory_limit", "flags", "args_format_string"});
    }
    inner.ignore({"feedback", "unbuffered", "cached", "compiler_time_limit"});
    inner.finish();
  }

  // --- cases ---

  void read_test_cases(MapReader& yaml, const Settings& settings) {
    const YamlPointer pretests = yaml.take("pretest_test_cases");
    if (pretests != nullptr) {
      is_pretest_ = true;
      read_list(pretests, "pretest_test_cases", settings);
      is_pretest_ = false;
    }
    const YamlPointer node = yaml.take("test_cases");
    if (node != nullptr && node->kind == YamlNode::Kind::List) return read_list(node, "test_cases", settings);
    MapReader inner(node, kFile, reading_.findings, "test_cases.");
    const std::string input_names = inner.text("input_format").value_or(kDmojInputNames);
    const std::string output_names = inner.text("output_format").value_or(kDmojOutputNames);
    const std::vector<std::string> points = inner.words("case_points").value_or(std::vector<std::string>{});
    inner.finish();
    const auto inputs = files_by_id(inner, "input_format", input_names);
    const auto outputs = files_by_id(inner, "output_format", output_names);
    find_cases(settings, points, inputs, outputs);
  }

  // The batch and the case in it; a case of no batch stands where a batch of its number would.
  using Place = std::pair<DmojId, std::optional<DmojId>>;
  using FilesById = std::map<Place, std::string>;

  FilesById files_by_id(MapReader& yaml, const std::string& key, const std::string& expression) {
    FilesById files;
    try {
      const DmojNamePattern pattern(expression);
      for (const std::string& path : reading_.tree.files_below("")) {
        if (path.starts_with("tests/")) continue;
        const auto name = pattern.match(path);
        if (!name) continue;
        files.try_emplace(name->batch ? Place{*name->batch, name->case_id} : Place{name->case_id, std::nullopt}, path);
      }
    } catch (const std::invalid_argument& wrong) {
      yaml.error(key, wrong.what());
    }
    return files;
  }

  void read_list(const YamlPointer& list, const std::string& key, const Settings& settings) {
    if (list->kind != YamlNode::Kind::List) {
      reading_.findings.error(list->where, key + ": expected a list of cases, not " + kind_of(*list));
      return;
    }
    for (const YamlPointer& item : list->items) {
      const bool has_batch =
          item->kind == YamlNode::Kind::Map &&
          std::ranges::any_of(item->pairs, [](const auto& pair) { return pair.first->text == "batched"; });
      if (has_batch) {
        read_batch(item, settings);
      } else {
        read_case(item, settings, 0);
      }
    }
  }

  void read_batch(const YamlPointer& item, const Settings& inherited) {
    MapReader yaml(item, kFile, reading_.findings);
    Settings settings = inherited;
    read_common(yaml, settings);
    const problem::GroupIndex index = problem_.groups.size();
    problem_.groups[0].children.push_back({Child::Kind::Group, index});
    problem_.groups.emplace_back().name = "batch " + std::to_string(++batches_);
    problem::Scoring& scoring = problem_.groups[index].scoring;
    scoring.score = problem::ScoreRule::Minimum;
    scoring.after_rejection = problem::AfterRejection::Stop;
    scoring.case_score = problem::OwnPoints{};
    scoring.rejected_counts = true;
    scoring.verdict = problem::VerdictRule::WorstFlag;
    batch_groups_.push_back(index);
    read_dependencies(yaml, index);
    const YamlPointer cases = yaml.take("batched");
    yaml.finish();
    if (cases == nullptr || cases->kind != YamlNode::Kind::List || cases->items.empty()) {
      yaml.error("batched", "expected a list of cases, and at least one");
      return;
    }
    for (const YamlPointer& one : cases->items) read_case(one, settings, index);
  }

  // Numbers of earlier batches; the first is 1.
  void read_dependencies(MapReader& yaml, problem::GroupIndex index) {
    const auto words = yaml.words("dependencies");
    if (!words) return;
    for (const std::string& word : *words) {
      const auto number = whole_number(word);
      if (!number || *number < 1 || *number >= static_cast<std::int64_t>(batch_groups_.size())) {
        yaml.error("dependencies", in_quotes(word) + " is no batch before this one, which is batch " +
                                       std::to_string(batch_groups_.size()) + "; batches are numbered from 1");
      } else {
        problem_.groups[index].requires_groups.push_back(batch_groups_[static_cast<std::size_t>(*number - 1)]);
      }
    }
  }

  void read_case(const YamlPointer& item, const Settings& inherited, problem::GroupIndex group) {
    MapReader yaml(item, kFile, reading_.findings);
    Settings settings = inherited;
    read_common(yaml, settings);
    if (yaml.has("batched")) yaml.error("batched", "a batch cannot lie in a batch; move it out");
    yaml.ignore({"batched"});
    yaml.finish();
    add_case(settings, group, yaml.where());
  }

  void add_case(const Settings& settings, problem::GroupIndex group, const SourcePosition& where) {
    problem::Case one;
    one.name = (is_pretest_ ? "pretest " : "") + std::to_string(problem_.cases.size() + 1);
    one.points = is_pretest_ ? 0 : settings.points;
    one.checker = settings.checker;
    one.normal_newlines = !settings.binary;
    one.input_name = input_name_;
    one.output_name = output_name_;
    if (settings.in && settings.generator_args) {
      reading_.findings.error(where, "this case has in and generator_args; keep one of them");
    }
    if (settings.in) {
      one.input = file_named(*settings.in, "in", where);
    } else if (settings.generator) {
      problem::Generated generated;
      generated.generator = *settings.generator;
      const std::vector<std::string>& words =
          settings.generator_args ? *settings.generator_args : default_generator_args_;
      if (!reading_.spend_words(words, where)) return;
      generated.arguments = words;
      generated.makes = settings.out ? problem::Generated::Makes::Input : problem::Generated::Makes::InputAndAnswer;
      if (settings.generator_in) generated.input = file_named(*settings.generator_in, "generator_in", where);
      one.generated = std::move(generated);
    } else if (settings.generator_in || settings.generator_args) {
      reading_.findings.error(where, "this case has words for a generator, and no generator; add generator");
    }
    if (settings.out) one.answer = file_named(*settings.out, "out", where);
    problem_.groups[group].children.push_back({Child::Kind::Case, problem_.cases.size()});
    problem_.cases.push_back(std::move(one));
  }

  std::optional<problem::File> file_named(const std::string& name, const char* key, const SourcePosition& where) {
    if (reading_.tree.has_file(name)) return reading_.file_of(name);
    reading_.findings.error(
        where, std::string(key) + ": there is no file " + in_quotes(name) + " in the package or its archive; add it");
    return std::nullopt;
  }

  // Cases by the names of files, where none are listed.
  void find_cases(const Settings& settings, const std::vector<std::string>& points, const FilesById& inputs,
                  const FilesById& outputs) {
    problem::GroupIndex batch = 0;
    std::optional<DmojId> last;
    std::size_t next = 0;
    Settings one = settings;
    for (const auto& [place, input] : inputs) {
      const bool is_new = last != place.first || !place.second;
      if (is_new) {
        one.points = settings.points;
        if (next < points.size()) one.points = static_cast<double>(whole_number(points[next]).value_or(1));
        ++next;
        batch = 0;
      }
      if (is_new && place.second) {
        batch = problem_.groups.size();
        problem_.groups[0].children.push_back({Child::Kind::Group, batch});
        problem_.groups.emplace_back().name = "batch " + std::to_string(++batches_);
        problem::Scoring& scoring = problem_.groups[batch].scoring;
        scoring.score = problem::ScoreRule::Minimum;
        scoring.after_rejection = problem::AfterRejection::Stop;
        scoring.case_score = problem::OwnPoints{};
        scoring.rejected_counts = true;
        scoring.verdict = problem::VerdictRule::WorstFlag;
      }
      last = place.first;
      one.in = input;
      const auto output = outputs.find(place);
      if (output == outputs.end()) {
        reading_.error(input, "this input has no answer; add a file of the same numbers, as in 1.in and 1.out");
        continue;
      }
      one.out = output->second;
      add_case(one, batch, {kFile, 0, 0});
    }
  }

  // --- tests/*/test.yml ---

  void read_tests() {
    for (const std::string& name : reading_.tree.names_in("tests")) {
      const std::string folder = "tests/" + name;
      for (const char* file : {"/test.yml", "/test.posix.yml"}) {
        if (!reading_.tree.has_file(folder + file)) continue;
        read_test(folder, folder + file);
        break;
      }
    }
  }

  // Of several sources each is a submission of its own, under the same label.
  void read_test(const std::string& folder, const std::string& file) {
    MapReader yaml(reading_.yaml_of(file), file, reading_.findings);
    problem::Submission common;
    common.expected.where = {file, 0, 0};
    if (const auto language = yaml.text("language")) {
      common.language = language_named(*language);
      if (common.language.empty()) {
        reading_.findings.note(yaml.place_of("language"),
                               "language: " + in_quotes(*language) + " is not known here; it is skipped");
      }
    }
    if (const auto time = yaml.number("time", 0.001, kMostSeconds)) common.time_limit = seconds(*time);
    if (const auto memory = yaml.whole("memory", 1, std::int64_t{1} << 30)) common.memory_limit = kibibytes(*memory);
    common.expected.final_results = {problem::Result::Accepted};
    if (const YamlPointer expect = yaml.take("expect")) common.expected.final_results = results(yaml, "expect", expect);
    read_case_results(yaml, common.expected);
    if (const auto score = yaml.number("score", 0, kMostPoints)) common.expected.score = std::pair(*score, *score);
    common.expected.do_not_run = yaml.boolean("skip").value_or(false);
    const auto sources = scalars(yaml.take("source"), "source", reading_.findings);
    if (!sources || sources->empty()) yaml.error("source", "is missing; name the submission's file");
    yaml.ignore({"score_cases", "feedback", "feedback_cases", "extended_feedback", "extended_feedback_cases", "arch",
                 "points", "required_auxiliary_executors"});
    for (const std::string& source : sources.value_or(std::vector<std::string>{})) {
      const std::string path = folder + "/" + source;
      if (!reading_.tree.has_file(path)) {
        yaml.error("source", "there is no file " + in_quotes(path) + "; add it");
        continue;
      }
      problem::Submission submission = common;
      submission.name = sources->size() == 1 ? folder : path;
      submission.path = path;
      if (auto found = reading_.file_of(path)) submission.files.push_back({source, std::move(*found)});
      submission.entry = source;
      problem_.submissions.push_back(std::move(submission));
    }
    yaml.finish();
  }

  std::vector<problem::Result> results(MapReader& yaml, const std::string& key, const YamlPointer& node) {
    std::vector<problem::Result> found;
    const auto words = scalars(node, key, reading_.findings);
    if (!words) return found;
    for (const std::string& word : *words) {
      if (word == "*") {
        found.push_back(problem::Result::Any);
      } else if (const auto result = result_named(word)) {
        found.push_back(*result);
      } else {
        yaml.error(key, in_quotes(word) + " is no result; use AC, WA, TLE, MLE, OLE, RTE, IR, CE, SC or IE");
      }
    }
    return found;
  }

  void read_case_results(MapReader& yaml, problem::Expectation& expected) {
    const YamlPointer node = yaml.take("cases");
    if (node == nullptr) return;
    if (node->kind == YamlNode::Kind::List) {
      std::size_t number = 0;
      for (const YamlPointer& item : node->items) {
        expected.case_results[std::to_string(++number)] = results(yaml, "cases", item);
      }
    } else if (node->kind == YamlNode::Kind::Map) {
      for (const auto& [number, item] : node->pairs) expected.case_results[number->text] = results(yaml, "cases", item);
    } else {
      yaml.error("cases", "expected a list or a map of results, not " + kind_of(*node));
    }
  }

  Reading& reading_;
  problem::Problem& problem_;
  std::vector<std::string> default_generator_args_;
  std::vector<problem::GroupIndex> batch_groups_;
  std::size_t batches_ = 0;
  bool is_pretest_ = false;
  std::string input_name_, output_name_;
};

}  // namespace

void read_dmoj(Reading& reading) {
  DmojReader(reading).read();
}

void add_dmoj_archive(archive::Tree& tree, problem::Findings& findings) {
  problem::Findings told_later;
  Reading reading{tree, told_later, {}};
  MapReader yaml(reading.yaml_of(kFile), kFile, told_later);
  const auto name = yaml.text("archive");
  if (!name) return;
  if (!tree.has_file(*name)) {
    findings.error(yaml.place_of("archive"),
                   "archive: there is no file " + in_quotes(*name) + " in the package; add it");
    return;
  }
  try {
    tree.add_archive(*name);
  } catch (const archive::TreeError& error) {
    findings.error(yaml.place_of("archive"), "archive: " + *name + ": " + error.what());
  }
}

}  // namespace evalrun::packages
