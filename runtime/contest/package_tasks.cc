#include "runtime/contest/package_tasks.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "runtime/contest/dmoj_python.h"
#include "runtime/contest/python2.h"
#include "runtime/contest/time_limit.h"
#include "runtime/core/overloaded.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/plan/jury_limits.h"
#include "runtime/problem/comparison.h"
#include "runtime/problem/constants.h"
#include "runtime/problem/language.h"
#include "runtime/reader/parse.h"

namespace evalrun::contest {
namespace {

using problem::Role;

// What the Kattis format calls typical, where a package says nothing.
constexpr Bytes kMemory = 2048_MiB;
constexpr Bytes kOutput = 8_MiB;
constexpr Duration kCompilationTime = std::chrono::seconds(60);
constexpr Bytes kCompilationMemory = 2048_MiB;
// Of what a jury program writes, what a result shows.
constexpr Bytes kJuryExcerpt = 16_KiB;
constexpr std::uint64_t kMostOfCaseFiles = std::uint64_t{64} << 20;
// What a generator or the jury's solution may write.
constexpr Bytes kMostOfData = 1024_MiB;
// What a plan may ask for. Nothing runs in less either way.
constexpr Bytes kLeastMemory = 1_MiB;
// DMOJ's memory limit is that of the heap alone where a virtual machine runs the program.
constexpr Bytes kVirtualMachine = 256_MiB;

// For who waits without using the CPU, and on a loaded host.
Duration wall_for(Duration cpu, double factor) {
  const Duration generous = cpu * 3 + std::chrono::seconds(5);
  if (factor <= 0) return generous;
  const auto scaled = std::chrono::duration_cast<Duration>(cpu * factor);
  return std::max(scaled, cpu + std::chrono::seconds(1));
}

Limits jury_limits(const problem::Program& program, const problem::Limits& limits) {
  Limits own = evalrun::jury_limits();
  own.cpu = program.time_limit.value_or(limits.validation_time.value_or(own.cpu));
  own.wall = wall_of_jury(own.cpu);
  own.memory = program.memory_limit.value_or(limits.validation_memory.value_or(own.memory));
  if (program.role == Role::Generator || program.role == Role::Solution) own.output.both = kMostOfData;
  return own;
}

void give_compiler_room(std::optional<CompileStep>& compile, const problem::Limits& limits) {
  if (!compile) return;
  const Duration cpu = limits.compilation_time.value_or(kCompilationTime);
  compile->limits.cpu = std::max(compile->limits.cpu, cpu);
  compile->limits.wall = std::max(compile->limits.wall, cpu * 3);
  compile->limits.memory = std::max(compile->limits.memory, limits.compilation_memory.value_or(kCompilationMemory));
}

// A manager is given the FIFO from the submission and the FIFO to it, and the input as its standard input and as
// input.txt. Here its standard streams are the dialogue: two copies of cat join them to FIFOs of its own sandbox.
constexpr const char* kManagerScript = R"SH(mkfifo /tmp/from /tmp/to || exit 99
cp judge/input input.txt
exec 3<&0 4>&1
cat <&3 >/tmp/from 4>&- & reader=$!
cat </tmp/to >&4 3<&- & writer=$!
exec 3<&- 4>&-
"$@" /tmp/from /tmp/to <judge/input >judge/feedback/outcome 2>judge/feedback/text
code=$?
kill $reader $writer 2>/dev/null
cat judge/feedback/text >&2
exit $code
)SH";

// In place of a language, where outputs are handed in.
constexpr const char* kOutputs = "output";

// A jury's Python leans on CPython.
std::vector<std::string> jury_images() {
  return {"python", "pypy"};
}

bool is_c(const std::string& language) {
  return language == "c" || language == "cpp";
}

bool is_virtual_machine(const std::string& language) {
  return language == "java" || language == "kotlin" || language == "scala" || language == "csharp";
}

Checker kattis_checker(const problem::Comparison& comparison, Compat compat) {
  Checker checker;
  checker.kind = CheckerKind::Kattis;
  checker.kattis = {.compat = compat,
                    .case_sensitive = comparison.case_sensitive,
                    .space_change_sensitive = comparison.space_change_sensitive,
                    .absolute = comparison.absolute,
                    .relative = comparison.relative};
  return checker;
}

std::string to_string_of(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", number);
  return text;
}

bool is_true(const std::string& text) {
  return text == "true" || text == "True" || text == "yes" || text == "1";
}

// The built-in checker of this family and name; none where plans have none.
std::optional<Checker> built_in_checker(const problem::BuiltInChecker& named) {
  const std::string name = named.family + "/" + named.name;
  const auto* row = std::ranges::find(kCheckers, name, &CheckerRow::name);
  if (row == std::end(kCheckers)) return {};
  Checker checker;
  checker.kind = row->kind;
  for (const auto& [key, value] : named.arguments) {
    if (key == "precision") {
      checker.dmoj.precision = static_cast<unsigned>(std::stoul(value));
    } else if (key == "error_mode") {
      checker.dmoj.error_mode = value == "absolute"   ? ErrorMode::Absolute
                                : value == "relative" ? ErrorMode::Relative
                                                      : ErrorMode::Default;
    } else if (key == "pe_allowed") {
      checker.dmoj.pe_allowed = is_true(value);
    } else if (key == "filler_lines_required") {
      checker.dmoj.filler_lines_required = is_true(value);
    } else if (key == "filter_new_line") {
      checker.dmoj.filter_new_line = is_true(value);
    } else if (key == "split_on") {
      checker.dmoj.split_on = value == "whitespace" ? SplitOn::WhiteSpace : SplitOn::Lines;
    }
  }
  return checker;
}

std::vector<std::string> with(std::vector<std::string> overrides, std::string more) {
  overrides.push_back(std::move(more));
  return overrides;
}

}  // namespace

PackageTasks::PackageTasks(const packages::Package& package, std::string path, const ImageTable& images,
                           TaskOptions options)
    : package_(package), images_(images), options_(std::move(options)), files_(package.tree, std::move(path)) {
  const problem::Problem& problem = package_.problem;
  std::set<std::size_t> needed;
  for (const problem::Checker& checker : problem.checkers) {
    if (const auto* programs = std::get_if<problem::ProgramChecker>(&checker)) {
      needed.insert(programs->programs.begin(), programs->programs.end());
    }
  }
  if (problem.interaction) needed.insert(problem.interaction->interactor);
  for (const problem::Group& group : problem.groups) {
    if (group.scoring.grader) needed.insert(*group.scoring.grader);
    if (group.scoring.static_validation) refuse("static validation is not supported yet: group " + group.name);
  }
  common_.jury.resize(problem.programs.size());
  for (const std::size_t index : needed) common_.jury[index] = jury_program(index);
  if (problem.interaction) {
    common_.interaction =
        Interaction{problem.interaction->interactor,
                    problem.interaction->verdict == problem::Interaction::Verdict::ByCheckerOfItsOutput};
  }
  refuse_streams();
  if (problem.interaction && problem.interaction->processes > 1) {
    refuse("num_processes: a manager that talks with several processes of a submission is not supported yet");
  }
  if (problem.interaction &&
      problem.interaction->submission_ends == problem::Interaction::SubmissionEnds::FifosAsArguments) {
    refuse("user_io: fifo_io, a submission that is given two FIFOs, is not supported yet; std_io is");
  }
  common_.passes = problem.passes;
  if (problem.validator_scores) {
    // Kattis's graders need a score, the newer format has one without a file, and DOMjudge's groups take what there is.
    const bool takes_any =
        problem.format != problem::Format::KattisLegacy || problem.groups.at(0).scoring.rejected_counts;
    common_.scores = takes_any ? JuryScores::MayBeWritten : JuryScores::MustBeWritten;
  }
  common_.groups = problem.groups;
  make_cases();
}

void PackageTasks::refuse(std::string why) {
  refusals_.push_back(one_line(why));
}

const std::shared_ptr<const JuryProgram>& PackageTasks::jury_program(problem::ProgramIndex index) {
  const auto found = made_.find(index);
  if (found != made_.end()) return found->second;
  return made_[index] = make_jury_program(package_.problem.programs[index]);
}

// Throws a Refusal.
Task PackageTasks::task_of_scripts(const problem::Program& program, const std::string& name) {
  Sources sources;
  sources.files = read_files(package_.tree, program.files, kMostOfCaseFiles);
  replace_constants(sources.files);
  const auto runs_python = [&](const WorkFile& file) {
    const auto* text = std::get_if<std::string>(&file.source);
    return (file.path == "run" || file.path == "build") && text != nullptr && text->find("python") != std::string::npos;
  };
  const bool python = std::ranges::any_of(sources.files, runs_python);
  auto choice = image_for(python ? "python3" : "cpp", images_, jury_images());
  if (auto* refusal = std::get_if<Refusal>(&choice)) throw std::move(*refusal);
  sources.image = std::get<ImageChoice>(choice).image;
  for (WorkFile& file : sources.files) {
    if (file.path == "run" || file.path == "build") file.mode = 0755;
  }
  Task task;
  task.plan = parse_plan({"image = \"" + sources.image + "\"\nargv = [\"./run\"]\n", name, name, "/"},
                         options_.overrides, images_.search_path());
  task.plan.job.files = sources.files;
  if (std::ranges::find(sources.files, "build", &WorkFile::path) != sources.files.end()) {
    task.compile.emplace().argv = {"./build"};
  }
  return task;
}

// The module is run by a driver of ours, beside what it may import. Throws a Refusal.
Task PackageTasks::task_of_python_module(const problem::Program& program) {
  std::vector<WorkFile> files = read_files(package_.tree, program.files, kMostOfCaseFiles);
  for (const WorkFile& file : files) {
    if (const auto why = why_not_run(std::get<std::string>(file.source))) {
      throw Refusal{Refusal::Cause::Unreadable, *why};
    }
  }
  for (WorkFile& file : dmoj_python_files()) files.push_back(std::move(file));
  SourceOptions options;
  options.preferred_images = jury_images();
  SourcesOrRefusal sources = sources_from(std::move(files), "python3", kDmojDriver, images_, options);
  if (auto* refusal = std::get_if<Refusal>(&sources)) throw std::move(*refusal);
  Task task = contest::task_for(std::get<Sources>(sources), images_, with(options_.overrides, "limits.memory=512MiB"));
  task.compile.reset();  // it would look at the driver alone
  task.plan.job.argv.push_back(program.entry);
  return task;
}

std::shared_ptr<const JuryProgram> PackageTasks::make_jury_program(const problem::Program& program) {
  auto jury = std::make_shared<JuryProgram>();
  jury->name = problem::name_of(program.role) + (" " + program.name);
  jury->convention = program.convention;
  jury->flags = program.flags;
  jury->arguments_format = program.arguments_format;
  SourceOptions options;
  options.preferred_images = jury_images();
  Task task;
  try {
    if (program.build == problem::Build::ByScripts) {
      task = task_of_scripts(program, jury->name);
    } else if (program.convention == problem::Convention::DmojPython) {
      task = task_of_python_module(program);
    } else {
      SourcesOrRefusal sources = contest::sources_of(package_.tree, program, images_, options);
      if (auto* refusal = std::get_if<Refusal>(&sources)) throw std::move(*refusal);
      replace_constants(std::get<Sources>(sources).files);
      for (WorkFile& file : std::get<Sources>(sources).files) {
        auto* text = std::get_if<std::string>(&file.source);
        if (text != nullptr && file.path.ends_with(".py")) *text = with_print_calls(*text);
      }
      const Limits limits = jury_limits(program, package_.problem.limits);
      task = contest::task_for(std::get<Sources>(sources), images_,
                               with(options_.overrides, "limits.memory=" + to_string(limits.memory)));
      if (task.compile && is_c(std::get<Sources>(sources).language)) {
        task.compile->argv.insert(task.compile->argv.end(), program.compile_flags.begin(), program.compile_flags.end());
      }
    }
  } catch (const Refusal& refusal) {
    refuse(jury->name + ": " + refusal.message);
    return nullptr;
  }
  if (program.role == Role::Manager) {
    const std::vector<std::string> own = std::move(task.plan.job.argv);
    task.plan.job.argv = {"sh", "-c", kManagerScript, "manager"};
    task.plan.job.argv.insert(task.plan.job.argv.end(), own.begin(), own.end());
  }
  jury->plan = std::move(task.plan);
  jury->plan.kind.limits = jury_limits(program, package_.problem.limits);
  jury->plan.kind.output = OutputCapture{kJuryExcerpt};
  jury->plan.kind.error_output = OutputCapture{kJuryExcerpt};
  jury->compile = std::move(task.compile);
  give_compiler_room(jury->compile, package_.problem.limits);
  return jury;
}

// Links to streams are files with the input here, so that a program sees the same under that name.
void PackageTasks::refuse_streams() {
  for (const auto& [name, target] : package_.problem.stream_links) {
    if (target != "/dev/stdin") refuse("symlinks: " + name + ": a link to " + target + " is not supported");
  }
}

void PackageTasks::make_cases() {
  for (const problem::Case& one : package_.problem.cases) common_.cases.push_back(case_of(one));
}

void PackageTasks::give_input(Case& made, const problem::Case& one, const std::filesystem::path& path) const {
  made.input = InputFile{path};
  const auto place = [&](const std::string& name) {
    made.files.push_back({.path = name, .source = path, .mode = 0644, .position = {}});
  };
  if (!one.input_name.empty()) place(one.input_name);
  for (const auto& [name, target] : package_.problem.stream_links) place(name);
}

void PackageTasks::order_data(const problem::Case& one) {
  DataOrder order;
  order.index = common_.cases.size();
  order.one = &one;
  if (one.input) order.input = files_.path_of(*one.input);
  if (one.generated) {
    order.generator = jury_program(one.generated->generator);
    if (one.generated->input) {
      order.generator_input = files_.path_of(*one.generated->input);
    }
  }
  if (one.answer_by && !package_.problem.interaction) order.solution = jury_program(*one.answer_by);
  if (one.answer_by && package_.problem.interaction) {
    refuse("case " + one.name + ": the answer of an interactive problem cannot be made here; add it to the package");
  }
  missing_.push_back(std::move(order));
}

void PackageTasks::take_data(const std::vector<MadeData>& made) {
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    const DataOrder& order = missing_[i];
    Case& one = common_.cases[order.index];
    if (made[i].fault) {
      faults_[order.index] = *made[i].fault;
      continue;
    }
    if (order.generator) give_input(one, *order.one, made[i].input);
    if (!made[i].answer.empty()) one.expected = made[i].answer;
  }
  missing_.clear();
}

Case PackageTasks::case_of(const problem::Case& one) {
  Case made;
  made.name = one.name;
  const Newlines newlines = one.normal_newlines ? Newlines::Normal : Newlines::AsTheyAre;
  if (one.input) give_input(made, one, files_.path_of(*one.input, newlines));
  made.expected = std::string();
  if (one.answer) made.expected = files_.path_of(*one.answer, newlines);
  if (one.generated || (one.answer_by && !one.answer)) order_data(one);
  made.output_file = one.output_name;
  for (WorkFile& file : read_files(package_.tree, one.files, kMostOfCaseFiles)) made.files.push_back(std::move(file));
  made.args = one.args;
  made.judging_args = one.validator_args;
  made.own_points = one.points.value_or(0);
  made.key = one.key;
  judge_by(made, one);
  return made;
}

std::optional<Judging> PackageTasks::judging_by(const problem::Checker& checker,
                                                const std::vector<std::string>& validator_args, const std::string& of) {
  std::optional<Judging> judging;
  std::visit(
      Overloaded{[&](const problem::DefaultChecker&) {
                   const auto rules = problem::comparison_of(validator_args);
                   if (const auto* why = std::get_if<std::string>(&rules)) {
                     return refuse("case " + of + ": " + *why);
                   }
                   judging = kattis_checker(std::get<problem::Comparison>(rules), options_.compat);
                 },
                 [&](const problem::BuiltInChecker& named) {
                   const auto known = built_in_checker(named);
                   if (!known) return refuse("checker " + named.name + " is not supported");
                   judging = *known;
                 },
                 [&](const problem::ProgramChecker& programs) { judging = JudgedByPrograms{programs.programs}; }},
      checker);
  return judging;
}

void PackageTasks::judge_by(Case& made, const problem::Case& one) {
  made.judging = judging_by(package_.problem.checkers.at(one.checker), one.validator_args, one.name);
  if (!made.judging) return;
  if (auto* checker = std::get_if<Checker>(&*made.judging)) checker->dmoj.binary_data = !one.normal_newlines;
  const auto* programs = std::get_if<JudgedByPrograms>(&*made.judging);
  const bool is_module = programs != nullptr && std::ranges::any_of(programs->programs, [&](std::size_t index) {
                           return package_.problem.programs[index].convention == problem::Convention::DmojPython;
                         });
  if (is_module) made.judging_args = {to_string_of(made.own_points), std::to_string(common_.cases.size() + 1)};
}

void PackageTasks::replace_constants(std::vector<WorkFile>& files) const {
  for (WorkFile& file : files) {
    if (auto* text = std::get_if<std::string>(&file.source)) {
      *text = problem::with_constants(std::move(*text), package_.problem.constants);
    }
  }
}

SourceOptions PackageTasks::source_options() const {
  SourceOptions options;
  options.preferred_images = options_.python;
  for (const auto& [language, files] : package_.problem.include) {
    std::vector<WorkFile>& included = options.include[language];
    included = read_files(package_.tree, files, kMostOfCaseFiles);
    replace_constants(included);
  }
  options.included_entry = package_.problem.included_entry;
  options.only_file_name = package_.problem.submission_name;
  return options;
}

// The package's own submissions may hold its constants; those of others may not.
SourcesOrRefusal PackageTasks::sources_of(const problem::Submission& submission) const {
  if (package_.problem.types.submit_answer && submission.language.empty()) {
    return outputs_from(read_files(package_.tree, submission.files, kMostOfCaseFiles));
  }
  SourcesOrRefusal found = contest::sources_of(package_.tree, submission, images_, source_options());
  if (auto* sources = std::get_if<Sources>(&found)) replace_constants(sources->files);
  return found;
}

std::optional<SourcesOrRefusal> PackageTasks::outputs_at(const std::string& path, const SourceOptions& options) const {
  if (!package_.problem.types.submit_answer || !options.language.empty()) return {};
  auto files = files_at(path, options);
  if (auto* refusal = std::get_if<Refusal>(&files)) return std::move(*refusal);
  return outputs_from(std::move(std::get<std::vector<WorkFile>>(files)));
}

// What was handed in is the output. A program in the sandbox shows it, so that it is judged, bounded and told of like
// any other.
SourcesOrRefusal PackageTasks::outputs_from(std::vector<WorkFile> files) const {
  auto choice = image_for("bash", images_, {"bash"});
  if (auto* refusal = std::get_if<Refusal>(&choice)) return std::move(*refusal);
  Sources sources;
  sources.image = std::get<ImageChoice>(choice).image;
  sources.language = kOutputs;
  for (const WorkFile& file : files) sources.code_bytes += std::get<std::string>(file.source).size();
  sources.files = std::move(files);
  return sources;
}

Task PackageTasks::task_of_outputs(const Sources& sources, const std::vector<std::string>& overrides) const {
  Task task;
  task.plan = parse_plan({"image = \"" + sources.image + "\"\nargv = [\"true\"]\n", "<outputs>", "outputs", "/"},
                         overrides, images_.search_path());
  task.plan.job.files = sources.files;
  return task;
}

// A case whose file was not handed in has an empty output.
void PackageTasks::show_outputs(Task& task, const Sources& sources) const {
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    std::string name = package_.problem.cases[i].submitted_name;
    if (name.empty() && sources.files.size() == 1) name = sources.files.front().path;
    const bool is_there = std::ranges::find(sources.files, name, &WorkFile::path) != sources.files.end();
    if (is_there) task.cases[i].argv = {"cat", "--", name};
  }
}

SourcesOrRefusal PackageTasks::finished(SourcesOrRefusal sources) const {
  auto* known = std::get_if<Sources>(&sources);
  if (known == nullptr) return sources;
  const std::vector<std::string>& languages = package_.problem.languages;
  if (!languages.empty() && std::ranges::find(languages, known->language) == languages.end()) {
    return Refusal{Refusal::Cause::NoImage, "the package has nothing to compile it with in " + known->language};
  }
  if (!package_.problem.signature_grader) return sources;
  return with_signature_grader(std::move(*known));
}

// DMOJ's way: the jury's file is what is compiled, and the submission lies beside it, with the header included and its
// own main out of the way.
SourcesOrRefusal PackageTasks::with_signature_grader(Sources sources) const {
  const problem::SignatureGrader& grader = *package_.problem.signature_grader;
  if (!is_c(sources.language)) {
    return Refusal{Refusal::Cause::NoImage,
                   "signature_grader takes submissions in C and C++ alone, not in " + sources.language};
  }
  const std::string ending = sources.language == "c" ? ".c" : ".cpp";
  const auto name_of = [](const problem::File& file) { return file.path.substr(file.path.rfind('/') + 1); };
  const std::string header = name_of(grader.header);
  const std::string entry = "entry_" + name_of(grader.entry).substr(0, name_of(grader.entry).rfind('.')) + ending;
  std::vector<WorkFile> files =
      read_files(package_.tree, {{entry, grader.entry}, {header, grader.header}}, kMostOfCaseFiles);
  for (WorkFile& file : sources.files) {
    std::string& text = std::get<std::string>(file.source);
    const bool is_source = file.path == sources.source;
    if (is_source) {
      std::string before = "#include \"" + header + "\"\n";
      if (!grader.allows_main) before += "#define main main_" + sha256_hex(text).substr(0, 32) + "\n";
      text = before + "#line 1 \"" + file.path + "\"\n" + text;
      file.path = "submission" + ending;
    }
    const bool is_taken = std::ranges::any_of(files, [&](const WorkFile& other) { return other.path == file.path; });
    if (!is_taken) files.push_back(std::move(file));
  }
  sources.files = std::move(files);
  std::ranges::sort(sources.files, {}, &WorkFile::path);
  sources.source = entry;
  return sources;
}

// A module may look at the submission's source: its program is one of this submission's alone.
void PackageTasks::tell_python_checkers(Task& task, const Sources& sources) const {
  for (std::shared_ptr<const JuryProgram>& program : task.jury) {
    if (!program || program->convention != problem::Convention::DmojPython) continue;
    auto copy = std::make_shared<JuryProgram>(*program);
    const auto source = std::ranges::find(sources.files, sources.source, &WorkFile::path);
    if (source != sources.files.end()) {
      copy->plan.job.files.push_back({.path = "judge/source", .source = source->source, .mode = 0444, .position = {}});
    }
    copy->plan.job.files.push_back(
        {.path = "judge/language", .source = sources.language, .mode = 0444, .position = {}});
    program = std::move(copy);
  }
}

// The same one for the same limit: the jury's programs are built once each.
std::shared_ptr<const JuryProgram> PackageTasks::with_wall_limit(const std::shared_ptr<const JuryProgram>& interactor,
                                                                 Duration wall) const {
  if (!interactor) return interactor;
  std::shared_ptr<const JuryProgram>& made = interactors_[wall];
  if (!made) {
    auto copy = std::make_shared<JuryProgram>(*interactor);
    copy->plan.kind.limits.wall = wall;
    made = std::move(copy);
  }
  return made;
}

void PackageTasks::add_compile_flags(Task& task, const Sources& sources) const {
  if (!task.compile) return;
  std::vector<std::string>& argv = task.compile->argv;
  const auto flags = package_.problem.compile_flags.find(sources.language);
  if (flags != package_.problem.compile_flags.end()) {
    argv.insert(argv.end(), flags->second.begin(), flags->second.end());
  }
  if (package_.problem.signature_grader) argv.emplace_back("-DSIGNATURE_GRADER");
}

Task PackageTasks::task_for(const Sources& sources, Duration time_limit, std::optional<Bytes> memory_limit,
                            const std::vector<std::string>& overrides) const {
  const problem::Limits& limits = package_.problem.limits;
  const Bytes wanted = options_.memory.value_or(memory_limit.value_or(limits.memory.value_or(kMemory)));
  const Bytes memory = std::max(wanted, kLeastMemory);
  const Duration stopped = stopped_at(time_limit);
  std::vector<std::string> all = {"limits.cpu=" + to_string(stopped),
                                  "limits.wall=" + to_string(wall_for(stopped, limits.wall_factor)),
                                  "limits.memory=" + to_string(memory),
                                  "limits.stack=unlimited",
                                  "limits.output=" + to_string(limits.output.value_or(kOutput)),
                                  "limits.workspace=256MiB"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  const bool is_output = sources.language == kOutputs;
  Task task = is_output ? task_of_outputs(sources, all) : contest::task_for(sources, images_, all);
  give_compiler_room(task.compile, limits);
  add_compile_flags(task, sources);
  if (package_.problem.format == problem::Format::Dmoj && is_virtual_machine(sources.language)) {
    task.plan.kind.limits.memory = Bytes{task.plan.kind.limits.memory.count + kVirtualMachine.count};
  }
  task.plan.kind.limits.processes = std::max(task.plan.kind.limits.processes, 64U);
  task.cases = common_.cases;
  for (Case& one : task.cases) {
    one.limits = task.plan.kind.limits;
    one.time_limit = time_limit;
  }
  if (is_output) show_outputs(task, sources);
  task.jury = common_.jury;
  task.interaction = common_.interaction;
  task.passes = common_.passes;
  task.scores = common_.scores;
  task.groups = common_.groups;
  if (task.interaction) {
    // The pair's wall limit is the submission's; the interactor has some seconds more, for what it does afterwards.
    std::shared_ptr<const JuryProgram>& interactor = task.jury[task.interaction->program];
    interactor = with_wall_limit(interactor, task.plan.kind.limits.wall + kWallAfterDialogue);
  }
  tell_python_checkers(task, sources);
  return task;
}

}  // namespace evalrun::contest
