// CMS: a task in the Italian format (italy_yaml), as CMS's own loader reads it: task.yaml, gen/GEN, and files in
// folders of fixed names. The loader takes programs that are built and inputs that are there; packages in repositories
// often have their sources alone, as cmsMake builds them, so those are taken too.
//
// What is a matter of the contest (tokens, feedback, statements) is known and passed over. CMS takes no notice of a key
// that it does not know, so an unknown one is noted here, unless it is nearly a known one.

#include "runtime/packages/cms/read_cms.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <stdexcept>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/name_pattern.h"
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
using problem::ScoreRule;

constexpr const char* kFile = "task.yaml";
constexpr const char* kGen = "gen/GEN";
constexpr double kMostSeconds = 24 * 3600;
constexpr double kMostMebibytes = 1 << 20;
constexpr double kMostScore = 1e9;
constexpr std::int64_t kMostCases = 200'000;
constexpr std::int64_t kMostProcesses = 64;
constexpr std::size_t kMostSubtasks = 10'000;
constexpr std::size_t kMostTargets = 400'000;                // cases of all subtasks: one case may be in many
constexpr Duration kManagerTime = std::chrono::seconds(10);  // CMS's trusted_sandbox_max_time_s

// The endings that CMS copies beside a submission, besides those of its language.
constexpr const char* kHeaders[] = {".h", ".hpp", "lib.pas"};

// A line of gen/GEN that stands for a case.
struct GenLine {
  enum class Kind { Generate, Copy } kind = Kind::Generate;
  std::string text;
  unsigned line = 0;
  std::size_t subtask = 0;  // from 1 on; 0: before the first
};

struct Subtask {
  double points = 0;
  std::size_t cases = 0;
  std::string name;  // of task-maker's "# STNAME:", which CMS takes for a comment
};

struct Gen {
  std::vector<GenLine> cases;
  std::vector<Subtask> subtasks;
};

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

std::string codename(std::size_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return digits;
}

// A name without folders, for a file that is made in a sandbox.
bool is_file_name(const std::string& name) {
  return is_usable_name(name);
}

std::string shown(double number) {
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return error == std::errc() ? std::string(text, end) : "?";
}

class CmsReader {
 public:
  explicit CmsReader(Reading& reading)
      : reading_(reading), problem_(reading.problem), yaml_(reading.yaml_of(kFile), kFile, reading.findings) {}

  void read() {
    problem_.format = problem::Format::Cms;
    problem_.types.scoring = true;
    problem_.groups.emplace_back();
    problem_.groups[0].scoring.case_score = problem::OwnPoints{};
    problem_.groups[0].scoring.rejected_counts = true;
    for (const char* define : {"c", "cpp"}) problem_.compile_flags[define] = {"-DEVAL"};
    problem_.compile_flags["pascal"] = {"-dEVAL"};
    read_names();
    ignore_the_contest();
    read_limits();
    read_gen();
    const auto count = read_count();
    read_kind();
    read_checker();
    read_streams();
    find_makers();
    if (count) {
      add_cases(*count);
      read_scores(*count);
      read_public(*count);
      note_more_inputs(*count);
    }
    read_submissions();
    yaml_.note_rest("is no key of CMS's and is not looked at");
  }

 private:
  // The first of the names that is there, as CMS's loader looks for them.
  std::string key_of(const char* english, const char* older) {
    const bool has_english = yaml_.has(english);
    const bool has_older = yaml_.has(older);
    yaml_.ignore({english, older});
    if (has_english && has_older) {
      yaml_.error(older, std::string("stands beside ") + english + ", which means the same; remove one of them");
    }
    return has_english || !has_older ? english : older;
  }

  void read_names() {
    const std::string key = key_of("name", "nome_breve");
    const auto name = yaml_.text(key);
    problem_.name = problem_.short_name;
    if (!name) {
      if (yaml_.take(key) == nullptr)
        reading_.findings.error(yaml_.where(), "name: is missing; CMS names submissions by it");
    } else if (!is_file_name(*name)) {
      yaml_.error(key, in_quotes(*name) + " is no name of a file; use letters, digits, '_', '-' and '.'");
    } else {
      problem_.submission_name = *name;
      problem_.name = *name;
    }
    const std::string title = key_of("title", "nome");
    if (auto text = yaml_.text(title)) problem_.name = std::move(*text);
  }

  void ignore_the_contest() {
    yaml_.ignore({"primary_language",
                  "feedback_level",
                  "score_mode",
                  "score_precision",
                  "version",
                  "token_mode",
                  "token_max_number",
                  "token_min_interval",
                  "token_gen_initial",
                  "token_gen_number",
                  "token_gen_interval",
                  "token_gen_max",
                  "token_initial",
                  "token_gen_time",
                  "token_total",
                  "token_max",
                  "max_submission_number",
                  "max_user_test_number",
                  "min_submission_interval",
                  "min_user_test_interval",
                  "only_gen"});
  }

  void read_limits() {
    const std::string time = key_of("time_limit", "timeout");
    if (const auto limit = yaml_.number(time, 0.001, kMostSeconds)) problem_.limits.time = seconds(*limit);
    const std::string memory = key_of("memory_limit", "memlimit");
    if (const auto limit = yaml_.number(memory, 0.001, kMostMebibytes)) {
      problem_.limits.memory = Bytes{static_cast<std::uint64_t>(*limit * 1024 * 1024)};
    }
  }

  // --- gen/GEN ---

  void read_gen() {
    if (!reading_.tree.has_file(kGen)) return;
    const auto text = reading_.text_of(kGen);
    if (!text) return;
    if (!is_utf8(*text)) return reading_.error(kGen, "is not UTF-8; save it as UTF-8");
    gen_.emplace();
    unsigned number = 0;
    for (std::size_t begin = 0; begin < text->size();) {
      const std::size_t end = std::min(text->find('\n', begin), text->size());
      read_gen_line(trimmed(std::string_view(*text).substr(begin, end - begin)), ++number);
      begin = end + 1;
    }
  }

  void read_gen_line(const std::string& line, unsigned number) {
    if (line.empty()) return;
    const SourcePosition where{kGen, number, 1};
    const std::size_t hash = line.find('#');
    const std::string test = trimmed(std::string_view(line).substr(0, hash));
    const std::string comment = hash == line.npos ? "" : trimmed(std::string_view(line).substr(hash + 1));
    const bool is_copy = comment.starts_with("COPY:");
    const bool is_subtask = comment.starts_with("ST:");
    if (!test.empty() && (is_copy || is_subtask)) {
      return reading_.findings.error(
          where, std::string("has a case and ") + (is_copy ? "COPY:" : "ST:") + "; write them on two lines");
    }
    if (!test.empty()) return add_gen_case({GenLine::Kind::Generate, test, number, gen_->subtasks.size()});
    if (is_copy) {
      return add_gen_case({GenLine::Kind::Copy, trimmed(comment.substr(5)), number, gen_->subtasks.size()});
    }
    if (comment.starts_with("STNAME:") && !gen_->subtasks.empty()) {
      gen_->subtasks.back().name = trimmed(comment.substr(7));
    }
    if (!is_subtask) return;
    const std::string words = trimmed(comment.substr(3));
    const auto points = whole_number(words);
    if (!points || *points < 0) {
      reading_.findings.error(where, "ST: expected a whole number of points, not " + in_quotes(words));
    }
    if (gen_->subtasks.empty() && !gen_->cases.empty()) {
      reading_.findings.error(where, "ST: cases stand before the first subtask; move them into one");
    }
    if (gen_->subtasks.size() == kMostSubtasks) {
      return reading_.findings.error(where, "ST: there are more than " + std::to_string(kMostSubtasks) + " subtasks");
    }
    gen_->subtasks.push_back({static_cast<double>(points.value_or(0)), 0, ""});
  }

  void add_gen_case(GenLine line) {
    if (!gen_->subtasks.empty()) ++gen_->subtasks.back().cases;
    gen_->cases.push_back(std::move(line));
  }

  // --- how many cases ---

  // A key without a value is as good as none.
  [[nodiscard]] bool has_own_scores() {
    const bool has_type = yaml_.take("score_type") != nullptr;
    const bool has_parameters = yaml_.take("score_type_parameters") != nullptr;
    return has_type && has_parameters && yaml_.take("n_input") != nullptr;
  }

  std::optional<std::size_t> read_count() {
    const bool is_given = yaml_.take("n_input") != nullptr;
    const auto count = yaml_.whole("n_input", 0, kMostCases);
    if (has_own_scores()) return to_size(count);
    if (gen_) {
      const std::size_t lines = gen_->cases.size();
      if (lines > static_cast<std::size_t>(kMostCases)) {
        reading_.error(kGen, "has more than " + std::to_string(kMostCases) + " cases");
        return std::nullopt;
      }
      if (count && static_cast<std::size_t>(*count) != lines) {
        yaml_.error("n_input", "is " + std::to_string(*count) + ", and gen/GEN has " + std::to_string(lines) +
                                   " cases; correct one of them");
      }
      return lines;
    }
    if (reading_.tree.has_file(kGen)) return std::nullopt;  // what is wrong with it is told
    if (!is_given && reading_.tree.has_file("gen/cases.gen")) {
      reading_.error("gen/cases.gen", "is of task-maker's own and not supported; let task-maker write gen/GEN");
    } else if (!is_given) {
      std::size_t inputs = 0;
      while (reading_.tree.has_file("input/input" + std::to_string(inputs) + ".txt")) ++inputs;
      reading_.findings.error(yaml_.where(),
                              "n_input: is missing, and there is no gen/GEN; write " +
                                  (inputs == 0 ? "how many cases there are" : "n_input: " + std::to_string(inputs)));
    }
    return to_size(count);
  }

  static std::optional<std::size_t> to_size(const std::optional<std::int64_t>& count) {
    if (!count) return std::nullopt;
    return static_cast<std::size_t>(*count);
  }

  // --- programs ---

  // The program of this name in the folder: its source, or what it was built to.
  std::optional<ProgramIndex> program_at(const std::string& folder, const std::string& name, Role role) {
    for (const std::string& file : reading_.tree.names_in(folder)) {
      const std::string path = archive::below(folder, file);
      const std::size_t dot = file.rfind('.');
      if (dot == file.npos || file.substr(0, dot) != name || !reading_.tree.has_file(path)) continue;
      if (problem::language_of({file}) == nullptr) continue;
      const auto program = add_program(reading_, role, path, Convention::Cms);
      if (program) add_neighbours(folder, problem_.programs[*program]);
      return program;
    }
    const std::string path = archive::below(folder, name);
    if (!reading_.tree.has_file(path)) return std::nullopt;
    return add_built(path, role);
  }

  // An executable file without an ending.
  std::optional<ProgramIndex> add_built(const std::string& path, Role role) {
    auto file = reading_.file_of(path);
    if (!file) return std::nullopt;
    const std::string beginning = reading_.beginning_of(path, 256);
    problem::Program program;
    program.role = role;
    program.name = path;
    program.path = path;
    program.convention = Convention::Cms;
    program.entry = last_part(path);
    program.files = {{program.entry, std::move(*file)}};
    const std::string first_line = beginning.substr(0, beginning.find('\n'));
    if (beginning.starts_with("#!") && first_line.find("python3") != first_line.npos) {
      program.language = "python3";
    } else if (beginning.starts_with("#!") || beginning.starts_with("\x7f"
                                                                    "ELF")) {
      program.build = problem::Build::IsBuilt;
    } else {
      reading_.error(path, std::string("this ") + problem::name_of(role) +
                               " is no program: it is no ELF file and does not begin with \"#!\"; add its source as " +
                               program.entry + ".cpp");
      return std::nullopt;
    }
    problem_.programs.push_back(std::move(program));
    return problem_.programs.size() - 1;
  }

  // What a program may include or import: the headers beside it; for scripts, all that lies there.
  void add_neighbours(const std::string& folder, problem::Program& program) {
    const bool is_compiled = program.language == "c" || program.language == "cpp";
    if (!is_compiled && program.language != "python3" && program.language != "bash") return;
    for (const std::string& name : reading_.tree.names_in(folder)) {
      const std::string path = archive::below(folder, name);
      const bool is_header = name.ends_with(".h") || name.ends_with(".hpp");
      if (name == program.entry || (is_compiled && !is_header)) continue;
      if (!is_usable_name(name) || !reading_.tree.has_file(path)) continue;
      if (program.files.size() > kMostHeaders) return;
      if (auto file = reading_.file_of(path)) program.files.push_back({name, std::move(*file)});
    }
  }

  std::optional<ProgramIndex> first_program(const std::vector<std::pair<std::string, std::string>>& places, Role role) {
    for (const auto& [folder, name] : places) {
      const std::size_t errors = reading_.findings.errors();
      const auto program = program_at(folder, name, role);
      if (program || reading_.findings.errors() != errors) return program;
    }
    return std::nullopt;
  }

  // --- the kind of task ---

  void read_kind() {
    yaml_.refuse("output_only_testcases",
                 "tasks of the kind BatchAndOutput are not supported; make two tasks of it, or remove the key");
    yaml_.refuse("output_optional_testcases",
                 "tasks of the kind BatchAndOutput are not supported; make two tasks of it, or remove the key");
    const auto processes = yaml_.whole("num_processes", 1, kMostProcesses);
    const YamlPointer io = yaml_.take("user_io");
    if (yaml_.boolean("output_only").value_or(false)) {
      problem_.types.submit_answer = true;
      problem_.limits.time.reset();
      problem_.limits.memory.reset();
      problem_.submission_name.clear();
      problem_.compile_flags.clear();
      refuse_for("output_only is true", {"num_processes", "user_io"});
      return;
    }
    const std::size_t errors = reading_.findings.errors();
    const auto manager = first_program({{"check", "manager"}, {"cor", "manager"}}, Role::Manager);
    if (!manager) {
      if (reading_.findings.errors() == errors) {
        refuse_for("there is no check/manager", {"num_processes", "user_io"});
        read_companion("grader");
      }
      return;
    }
    problem_.types.interactive = true;
    problem::Interaction interaction{.interactor = *manager};
    interaction.processes = static_cast<unsigned>(processes.value_or(1));
    read_companion("stub");
    const bool has_stub = !problem_.included_entry.empty();
    using Ends = problem::Interaction::SubmissionEnds;
    interaction.submission_ends = has_stub ? Ends::FifosAsArguments : Ends::StandardStreams;
    if (io != nullptr) {
      if (io->text == "std_io") {
        interaction.submission_ends = Ends::StandardStreams;
      } else if (io->text == "fifo_io") {
        interaction.submission_ends = Ends::FifosAsArguments;
      } else {
        yaml_.error("user_io", in_quotes(io->text) + " is not known; use std_io or fifo_io");
      }
    }
    // As CMS has it: as much for the manager as all processes may need together, and no less than for a checker.
    const Duration limit = problem_.limits.time.value_or(Duration{0});
    const Duration most = std::max<Duration>(interaction.processes * (limit + std::chrono::seconds(1)), kManagerTime);
    interaction.more_time = most - limit;
    problem_.interaction = interaction;
  }

  void refuse_for(const char* why, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      if (yaml_.has(key)) yaml_.error(key, std::string("is for communication tasks, and ") + why + "; remove it");
    }
  }

  // sol/grader.* or sol/stub.*, and the headers that lie beside it: what a submission is compiled with.
  void read_companion(const std::string& name) {
    std::vector<std::string> headers;
    std::map<std::string, std::string> found;  // by language
    for (const std::string& file : reading_.tree.names_in("sol")) {
      const std::string path = archive::below("sol", file);
      if (!reading_.tree.has_file(path) || !is_usable_name(file)) continue;
      if (std::ranges::any_of(kHeaders, [&](const char* ending) { return file.ends_with(ending); })) {
        headers.push_back(file);
        continue;
      }
      const std::size_t dot = file.rfind('.');
      if (dot == file.npos || file.substr(0, dot) != name) continue;
      const problem::Language* language = problem::language_of({file});
      if (language != nullptr) found.emplace(language->code, file);
    }
    if (found.empty()) return;
    problem_.included_entry = name;
    for (const auto& [language, file] : found) {
      std::vector<problem::PlacedFile>& files = problem_.include[language];
      place("sol", file, files);
      for (const std::string& header : headers) {
        const bool is_pascal = header.ends_with(".pas");
        const bool fits = language == "c" || language == "cpp" ? !is_pascal : language == "pascal" && is_pascal;
        if (fits && files.size() <= kMostHeaders) place("sol", header, files);
      }
      problem_.languages.push_back(language);
    }
  }

  void place(const std::string& folder, const std::string& name, std::vector<problem::PlacedFile>& files) {
    if (auto file = reading_.file_of(archive::below(folder, name))) files.push_back({name, std::move(*file)});
  }

  void read_checker() {
    if (problem_.interaction) {
      // The manager says the outcome; there is no output to look at.
      problem_.checkers.emplace_back(problem::ProgramChecker{});
      return;
    }
    const std::size_t errors = reading_.findings.errors();
    const auto checker = first_program({{"check", "checker"}, {"cor", "correttore"}}, Role::Checker);
    if (checker || reading_.findings.errors() != errors) {
      problem_.checkers.emplace_back(
          problem::ProgramChecker{checker ? std::vector<ProgramIndex>{*checker} : std::vector<ProgramIndex>{}});
    } else {
      problem_.checkers.emplace_back(problem::BuiltInChecker{"cms", "white-diff", {}});
    }
  }

  // Files instead of standard streams: "input.txt" and "output.txt", unless the task says otherwise. "" is a stream.
  void read_streams() {
    input_name_ = stream("infile", "input.txt");
    output_name_ = stream("outfile", "output.txt");
    if (problem_.types.submit_answer || problem_.interaction) {
      input_name_.clear();
      output_name_.clear();
    }
  }

  std::string stream(const char* key, const char* usual) {
    const auto name = yaml_.text(key);
    if (!name) return yaml_.has(key) ? "" : usual;
    if (name->empty() || is_file_name(*name)) return *name;
    yaml_.error(key, in_quotes(*name) + " is no name of a file in the working folder; write one without a '/'");
    return "";
  }

  // --- cases ---

  // What makes inputs and answers where the package has none: cmsMake's generator and its main solution.
  void find_makers() {
    const auto first = [&](const std::string& folder, const std::vector<std::string>& names, Role role) {
      std::optional<ProgramIndex> program;
      for (const std::string& name : names) {
        if (!program && has_program(folder, name)) program = program_at(folder, name, role);
      }
      return program;
    };
    has_validator_ = first("gen", {"validator", "valida"}, Role::InputValidator).has_value();
    generator_ = first("gen", {"generator", "generatore"}, Role::Generator);
  }

  [[nodiscard]] bool has_program(const std::string& folder, const std::string& name) const {
    return std::ranges::any_of(reading_.tree.names_in(folder), [&](const std::string& file) {
      return reading_.tree.has_file(archive::below(folder, file)) && file.substr(0, file.rfind('.')) == name &&
             (file == name || problem::language_of({file}) != nullptr);
    });
  }

  // The jury's solution, with what submissions are compiled with.
  std::optional<ProgramIndex> main_solution() {
    if (looked_for_solution_) return solution_;
    looked_for_solution_ = true;
    for (const char* name : {"solution", "soluzione"}) {
      if (solution_ || !has_program("sol", name)) continue;
      solution_ = program_at("sol", name, Role::Solution);
    }
    if (!solution_) return solution_;
    problem::Program& program = problem_.programs[*solution_];
    if (const auto files = problem_.include.find(program.language); files != problem_.include.end()) {
      for (const problem::PlacedFile& placed : files->second) {
        const bool is_there = std::ranges::any_of(
            program.files, [&](const problem::PlacedFile& other) { return other.name == placed.name; });
        if (!is_there) program.files.push_back(placed);
        if (placed.name.substr(0, placed.name.rfind('.')) == problem_.included_entry) program.entry = placed.name;
      }
    }
    if (const auto flags = problem_.compile_flags.find(program.language); flags != problem_.compile_flags.end()) {
      program.compile_flags = flags->second;
    }
    return solution_;
  }

  void add_cases(std::size_t count) {
    if (count == 0) {
      reading_.error(kFile, "this task has no cases; add them to input/ and output/, and say n_input");
    }
    cases_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      problem::Case one;
      one.name = codename(i);
      add_input(one, i);
      add_answer(one, i);
      one.input_name = input_name_;
      one.output_name = output_name_;
      if (problem_.types.submit_answer) one.submitted_name = "output_" + codename(i) + ".txt";
      if (has_validator_) {
        const std::size_t subtask = gen_ && i < gen_->cases.size() ? gen_->cases[i].subtask : 0;
        one.input_validator_args[""] =
            subtask == 0 ? std::vector<std::string>{} : std::vector<std::string>{std::to_string(subtask)};
      }
      cases_.push_back(std::move(one));
    }
  }

  void add_input(problem::Case& one, std::size_t number) {
    const std::string path = "input/input" + std::to_string(number) + ".txt";
    if (reading_.tree.has_file(path)) {
      one.input = reading_.file_of(path);
      return;
    }
    const GenLine* line = gen_ && number < gen_->cases.size() ? &gen_->cases[number] : nullptr;
    if (line != nullptr && line->kind == GenLine::Kind::Copy) {
      if (reading_.tree.has_file(line->text)) {
        one.input = reading_.file_of(line->text);
      } else {
        reading_.findings.error({kGen, line->line, 1}, "COPY: there is no file " + in_quotes(line->text) +
                                                           " in the package, and no " + path + "; add one of them");
      }
    } else if (line != nullptr && generator_) {
      std::vector<std::string> words = split_at_space(line->text);
      if (!reading_.spend_words(words, {kGen, line->line, 1})) return;
      one.generated = problem::Generated{*generator_, std::move(words), std::nullopt, problem::Generated::Makes::Input};
    } else {
      reading_.error(path,
                     "is missing; add it" + std::string(line != nullptr ? ", or gen/generator with its source" : ""));
    }
  }

  void add_answer(problem::Case& one, std::size_t number) {
    const std::string path = "output/output" + std::to_string(number) + ".txt";
    if (reading_.tree.has_file(path)) {
      one.answer = reading_.file_of(path);
    } else if (problem_.interaction) {
      return;  // the manager needs none
    } else if (const auto solution = problem_.types.submit_answer ? std::nullopt : main_solution()) {
      one.answer_by = solution;
    } else {
      reading_.error(path, "is missing; add it");
    }
  }

  // Inputs that no case is made of: n_input is wrong, or they are.
  void note_more_inputs(std::size_t count) {
    const std::string path = "input/input" + std::to_string(count) + ".txt";
    if (reading_.tree.has_file(path)) {
      reading_.note(path, "is not used, because there are " + std::to_string(count) + " cases, counted from 0");
    }
  }

  void read_public(std::size_t count) {
    const std::string key = key_of("public_testcases", "risultati");
    const auto words = yaml_.text(key);
    if (!words) return;
    std::set<std::string> names;
    if (*words == "all") {
      for (problem::Case& one : problem_.cases) one.full_feedback = true;
      return;
    }
    for (std::size_t begin = 0; begin <= words->size() && !words->empty();) {
      const std::size_t end = std::min(words->find(',', begin), words->size());
      const std::string word = trimmed(std::string_view(*words).substr(begin, end - begin));
      begin = end + 1;
      const auto number = whole_number(word);
      if (!number || *number < 0 || static_cast<std::size_t>(*number) >= count) {
        yaml_.error(key, in_quotes(word) + " is no number of a case; cases are numbered from 0 to " +
                             std::to_string(count == 0 ? 0 : count - 1));
        return;
      }
      names.insert(codename(static_cast<std::size_t>(*number)));
    }
    for (problem::Case& one : problem_.cases) one.full_feedback = names.contains(last_part(one.name));
  }

  // --- scores ---

  void read_scores(std::size_t count) {
    const auto total = yaml_.number("total_value", 0, kMostScore);
    const YamlPointer parameters = yaml_.take("score_type_parameters");
    if (has_own_scores()) {
      const auto type = yaml_.choice("score_type", {"Sum", "GroupMin", "GroupMul", "GroupThreshold"});
      if (type && parameters != nullptr) read_score_type(*type, parameters, count);
      return;
    }
    for (const char* key : {"score_type", "score_type_parameters"}) {
      if (!yaml_.has(key)) continue;
      reading_.findings.note(yaml_.place_of(key), std::string(key) +
                                                      ": CMS looks at it only where score_type, "
                                                      "score_type_parameters and n_input are all there");
    }
    yaml_.ignore({"score_type"});
    if (gen_ && !gen_->subtasks.empty()) return add_gen_subtasks();
    add_sum(count == 0 ? 0 : total.value_or(100) / static_cast<double>(count));
  }

  void add_sum(double points) {
    problem_.groups[0].scoring.most = points * static_cast<double>(cases_.size());
    for (problem::Case& one : cases_) {
      one.points = points;
      problem_.groups[0].children.push_back({Child::Kind::Case, problem_.cases.size()});
      problem_.cases.push_back(std::move(one));
    }
  }

  void add_gen_subtasks() {
    double sum = 0;
    std::size_t next = 0;
    const std::vector<std::size_t> order = by_codename();
    for (const Subtask& subtask : gen_->subtasks) {
      sum += subtask.points;
      std::vector<std::size_t> targets;
      for (std::size_t i = 0; i < subtask.cases && next < order.size(); ++i) targets.push_back(order[next++]);
      add_subtask(targets, subtask.points, ScoreRule::Minimum, 0);
    }
    if (sum != 100) {
      reading_.error(kGen, "the points of its subtasks come to " + shown(sum) +
                               ", and CMS wants 100; correct them, or write score_type, score_type_parameters and "
                               "n_input into task.yaml");
    }
  }

  // CMS counts cases out to the subtasks in the order of their names, where 1000 stands before 101.
  [[nodiscard]] std::vector<std::size_t> by_codename() const {
    std::vector<std::size_t> order(cases_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return cases_[i].name; });
    return order;
  }

  void add_subtask(const std::vector<std::size_t>& targets, double points, ScoreRule rule, double within) {
    const problem::GroupIndex index = problem_.groups.size();
    problem_.groups[0].children.push_back({Child::Kind::Group, index});
    problem_.groups.emplace_back().name = "subtask " + std::to_string(index - 1);
    problem::Scoring& scoring = problem_.groups[index].scoring;
    scoring.score = rule;
    scoring.within = within;
    scoring.case_score = problem::OwnPoints{};
    scoring.rejected_counts = true;
    scoring.most = points;
    const bool is_minimum = rule == ScoreRule::Minimum;
    if (!is_minimum) scoring.factor = points;
    problem_.groups[0].scoring.most = problem_.groups[0].scoring.most.value_or(0) + points;
    for (const std::size_t target : targets) {
      problem::Case one = cases_[target];
      one.name = problem_.groups[index].name + "/" + one.name;
      one.points = is_minimum ? points : 1;
      problem_.groups[index].children.push_back({Child::Kind::Case, problem_.cases.size()});
      problem_.cases.push_back(std::move(one));
      is_judged_.insert(target);
    }
  }

  void read_score_type(const std::string& type, const YamlPointer& parameters, std::size_t count) {
    if (type == "Sum") {
      const auto points = yaml_.number("score_type_parameters", 0, kMostScore);
      if (points) add_sum(*points);
      return;
    }
    if (parameters->kind != YamlNode::Kind::List || parameters->items.empty()) {
      return yaml_.error("score_type_parameters",
                         "expected a list of subtasks, as in [[40, 3], [60, 5]], not " +
                             (parameters->kind == YamlNode::Kind::List ? "an empty list" : kind_of(*parameters)));
    }
    const ScoreRule rule = type == "GroupMin"   ? ScoreRule::Minimum
                           : type == "GroupMul" ? ScoreRule::Product
                                                : ScoreRule::AllWithin;
    Targets targets{by_codename(), 0, 0, "", {}};
    for (std::size_t i = 0; i < cases_.size(); ++i) targets.by_name[cases_[i].name] = i;
    for (const YamlPointer& item : parameters->items) read_subtask(*item, rule, targets);
    for (std::size_t i = 0; i < count; ++i) {
      if (is_judged_.contains(i)) continue;
      reading_.findings.note(yaml_.place_of("score_type_parameters"),
                             "score_type_parameters: case " + codename(i) + " is in no subtask; it is not judged");
    }
  }

  struct Targets {
    std::vector<std::size_t> order;
    std::size_t next = 0;
    std::size_t all = 0;
    std::string kind;  // of the first subtask: all have the same
    std::map<std::string, std::size_t> by_name;
  };

  void read_subtask(const YamlNode& item, ScoreRule rule, Targets& targets) {
    YamlPointer points, cases, threshold;
    if (item.kind == YamlNode::Kind::List) {
      const std::size_t wanted = rule == ScoreRule::AllWithin ? 3 : 2;
      if (item.items.size() != wanted) {
        reading_.findings.error(item.where, std::string("score_type_parameters: expected ") +
                                                (wanted == 3 ? "[POINTS, CASES, THRESHOLD]" : "[POINTS, CASES]") +
                                                ", and here are " + std::to_string(item.items.size()) + " values");
        return;
      }
      points = item.items[0];
      cases = item.items[1];
      if (wanted == 3) threshold = item.items[2];
    } else if (item.kind == YamlNode::Kind::Map) {
      MapReader map(std::make_shared<YamlNode>(item), kFile, reading_.findings, "score_type_parameters.");
      points = map.take("max_score");
      cases = map.take("testcases");
      if (rule == ScoreRule::AllWithin) threshold = map.take("threshold");
      map.ignore({"always_show_testcases"});
      map.finish();
    }
    const auto most = points == nullptr ? std::nullopt : number_in(*points);
    if (!most || cases == nullptr) {
      reading_.findings.error(item.where,
                              "score_type_parameters: expected the points of a subtask and its cases, as in [40, 3]");
      return;
    }
    std::optional<double> within;
    if (rule == ScoreRule::AllWithin) {
      within = threshold == nullptr ? std::nullopt : number_in(*threshold);
      if (!within) {
        reading_.findings.error(item.where,
                                "score_type_parameters: GroupThreshold needs a threshold; add a third value");
        return;
      }
    }
    const auto chosen = targets_of(*cases, targets);
    if (!chosen) return;
    targets.all += chosen->size();
    if (targets.all > kMostTargets) {
      reading_.findings.error(item.where, "score_type_parameters: the subtasks have more than " +
                                              std::to_string(kMostTargets) + " cases together");
      return;
    }
    add_subtask(*chosen, *most, rule, within.value_or(0));
  }

  static std::optional<double> number_in(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::Scalar) return std::nullopt;
    const auto value = problem::decimal_number(node.text);
    return value && *value >= 0 && *value <= kMostScore ? value : std::nullopt;
  }

  // So many of the next cases, those whose names match a regular expression, or those of the names.
  std::optional<std::vector<std::size_t>> targets_of(const YamlNode& cases, Targets& targets) {
    const auto number =
        cases.kind == YamlNode::Kind::Scalar && !cases.is_quoted ? whole_number(cases.text) : std::nullopt;
    const std::string kind = cases.kind == YamlNode::Kind::List ? "lists" : number ? "numbers" : "expressions";
    const auto wrong = [&](const std::string& what) {
      reading_.findings.error(cases.where, "score_type_parameters: " + what);
      return std::nullopt;
    };
    if (cases.kind == YamlNode::Kind::Map) return wrong("expected a number of cases, an expression or a list of names");
    if (targets.kind.empty()) targets.kind = kind;
    if (targets.kind != kind) {
      return wrong("the cases of the subtasks are " + targets.kind + " and " + kind + "; use one of them for all");
    }
    std::vector<std::size_t> chosen;
    if (number) {
      if (*number < 1 || static_cast<std::size_t>(*number) > targets.order.size() - targets.next) {
        return wrong("this subtask has " + std::to_string(*number) + " cases, and " +
                     std::to_string(targets.order.size() - targets.next) + " are left");
      }
      for (std::int64_t i = 0; i < *number; ++i) chosen.push_back(targets.order[targets.next++]);
      return chosen;
    }
    if (cases.kind == YamlNode::Kind::Scalar) {
      if (!reading_.spend_matches(targets.order.size(), cases.where)) return std::nullopt;
      try {
        const NamePattern pattern(cases.text, LetterCase::Counts);
        for (const std::size_t i : targets.order) {
          if (pattern.match(cases_[i].name)) chosen.push_back(i);
        }
      } catch (const std::invalid_argument& error) {
        return wrong(in_quotes(cases.text) + " " + error.what());
      }
      if (chosen.empty()) return wrong("no case has a name that matches " + in_quotes(cases.text) + ", such as 000");
      return chosen;
    }
    for (const YamlPointer& item : cases.items) {
      const auto found = targets.by_name.find(item->text);
      if (item->kind != YamlNode::Kind::Scalar || found == targets.by_name.end()) {
        return wrong(kind_of(*item) + " is no name of a case, such as 000");
      }
      chosen.push_back(found->second);
    }
    if (chosen.empty()) return wrong("this subtask has no case; name one");
    return chosen;
  }

  // --- submissions ---

  void read_submissions() {
    if (problem_.types.submit_answer) {
      if (!reading_.tree.names_in("sol").empty()) {
        reading_.note("sol",
                      "holds no submissions: those of an output-only task are the files output_000.txt and so on");
      }
      return;
    }
    for (const std::string& name : reading_.tree.names_in("sol")) {
      const std::string path = archive::below("sol", name);
      if (!is_usable_name(name) || !reading_.tree.has_file(path)) continue;
      const problem::Language* language = problem::language_of({name});
      const std::string base = name.substr(0, name.rfind('.'));
      if (language == nullptr || base == "grader" || base == "stub" || name.ends_with("lib.pas")) continue;
      problem::Submission& submission = add_submission(reading_, name, path);
      expect(submission, base);
      const bool fits = problem_.languages.empty() ||
                        std::ranges::find(problem_.languages, submission.language) != problem_.languages.end();
      if (!fits) {
        reading_.note(path, "is not judged, because there is no sol/" + problem_.included_entry + " in its language");
        submission.expected.do_not_run = true;
      }
    }
  }

  void expect(problem::Submission& submission, const std::string& base) {
    problem::Expectation& expected = submission.expected;
    expected.folder = "sol";
    expected.where = {submission.path, 0, 0};
    const Tags tags = tags_of(reading_, submission);
    if (tags.results) expected.final_results = *tags.results;
    if (tags.score) expected.score = std::pair(*tags.score, *tags.score);
    expected.group_results = tags.grades;
    expect_by_checks(submission);
    const bool says_something = tags.results || tags.score || !tags.grades.empty() || !expected.rules.empty();
    if (!says_something && (base == "solution" || base == "soluzione")) expected.final_results = {Result::Accepted};
  }

  // task-maker's comments: "@check-accepted: SUBTASK..." and its like, each a pattern over the names of subtasks.
  void expect_by_checks(problem::Submission& submission) {
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
    for (const auto& [line, where] : lines_with(reading_, submission, "@check-")) {
      for (const CheckRow& row : rows) {
        if (!line.starts_with(row.word)) continue;
        for (const std::string& word : split_at_space(line.substr(std::string_view(row.word).size()))) {
          if (word == "*/") break;
          add_check(submission.expected, word, row.permitted, row.required, where);
        }
      }
    }
  }

  void add_check(problem::Expectation& expected, const std::string& word, const std::vector<Result>& permitted,
                 const std::vector<Result>& required, const SourcePosition& where) {
    problem::CaseRule rule;
    rule.permitted = permitted;
    rule.required = required;
    rule.where = where;
    if (word == "*") {
      // Each of the subtasks by itself.
      for (std::size_t i = 1; i < problem_.groups.size(); ++i) {
        rule.pattern = problem_.groups[i].name;
        expected.rules.push_back(rule);
      }
      return;
    }
    if (!gen_) return;
    for (std::size_t i = 0; i < gen_->subtasks.size() && i + 1 < problem_.groups.size(); ++i) {
      if (gen_->subtasks[i].name != word) continue;
      rule.pattern = problem_.groups[i + 1].name;
      expected.rules.push_back(rule);
      return;
    }
    reading_.findings.note(where, in_quotes(word) + " is the name of no subtask of gen/GEN (# STNAME:)");
  }

  static constexpr std::size_t kMostHeaders = 1000;

  Reading& reading_;
  problem::Problem& problem_;
  MapReader yaml_;
  std::optional<Gen> gen_;
  std::vector<problem::Case> cases_;  // by number, before they are placed in groups
  std::set<std::size_t> is_judged_;
  std::string input_name_, output_name_;
  std::optional<ProgramIndex> generator_, solution_;
  bool looked_for_solution_ = false;
  bool has_validator_ = false;
};

}  // namespace

void read_cms(Reading& reading) {
  CmsReader(reading).read();
}

}  // namespace evalrun::packages
