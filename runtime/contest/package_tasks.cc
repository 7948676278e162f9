#include "runtime/contest/package_tasks.h"

#include <algorithm>
#include <set>

#include "runtime/core/overloaded.h"
#include "runtime/core/text.h"
#include "runtime/plan/jury_limits.h"
#include "runtime/problem/comparison.h"
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

// For who waits without using the CPU, and on a loaded host.
Duration wall_for(Duration cpu, double factor) {
  const Duration generous = cpu * 2 + std::chrono::seconds(3);
  if (factor <= 0) return generous;
  const auto scaled = std::chrono::duration_cast<Duration>(cpu * factor);
  return std::max(scaled, cpu + std::chrono::seconds(1));
}

Limits jury_limits(const problem::Program& program, const problem::Limits& limits) {
  Limits own = evalrun::jury_limits();
  own.cpu = program.time_limit.value_or(limits.validation_time.value_or(own.cpu));
  own.wall = wall_of_jury(own.cpu);
  own.memory = program.memory_limit.value_or(limits.validation_memory.value_or(own.memory));
  return own;
}

void give_compiler_room(std::optional<CompileStep>& compile, const problem::Limits& limits) {
  if (!compile) return;
  const Duration cpu = limits.compilation_time.value_or(kCompilationTime);
  compile->limits.cpu = std::max(compile->limits.cpu, cpu);
  compile->limits.wall = std::max(compile->limits.wall, cpu * 3);
  compile->limits.memory = std::max(compile->limits.memory, limits.compilation_memory.value_or(kCompilationMemory));
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
  for (const std::size_t index : needed) common_.jury[index] = jury_program(problem.programs[index]);
  if (problem.interaction) {
    common_.interaction = Interaction{problem.interaction->interactor, problem.interaction->verdict ==
                                                                           problem::Interaction::Verdict::ByCheckerOfItsOutput};
  }
  if (problem.types.submit_answer) refuse("submit-answer problems are not supported yet");
  if (problem.signature_grader) refuse("signature_grader is not supported yet");
  common_.passes = problem.passes;
  if (problem.validator_scores) {
    common_.scores = problem.format == problem::Format::KattisLegacy ? JuryScores::MustBeWritten : JuryScores::MayBeWritten;
  }
  common_.groups = problem.groups;
  make_cases();
}

void PackageTasks::refuse(std::string why) {
  refusals_.push_back(one_line(why));
}

std::shared_ptr<const JuryProgram> PackageTasks::jury_program(const problem::Program& program) {
  auto jury = std::make_shared<JuryProgram>();
  jury->name = problem::name_of(program.role) + (" " + program.name);
  jury->convention = program.convention;
  jury->flags = program.flags;
  jury->arguments_format = program.arguments_format;
  if (program.convention == problem::Convention::DmojPython) {
    refuse(jury->name + ": checkers that are Python modules are not supported yet");
    return nullptr;
  }
  problem::Program made = program;
  const bool by_scripts = program.build == problem::Build::ByScripts;
  SourceOptions options;
  options.preferred_images = {"python", "pypy"};  // a jury's Python leans on CPython
  Task task;
  if (by_scripts) {
    Sources sources;
    sources.files = read_files(package_.tree, program.files, kMostOfCaseFiles);
    const auto runs_python = [&](const WorkFile& file) {
      const auto* text = std::get_if<std::string>(&file.source);
      return (file.path == "run" || file.path == "build") && text != nullptr &&
             text->find("python") != std::string::npos;
    };
    const bool python = std::ranges::any_of(sources.files, runs_python);
    const auto choice = image_for(python ? "python3" : "cpp", images_, options.preferred_images);
    if (const auto* refusal = std::get_if<Refusal>(&choice)) {
      refuse(jury->name + ": " + refusal->message);
      return nullptr;
    }
    sources.image = std::get<ImageChoice>(choice).image;
    for (WorkFile& file : sources.files) {
      if (file.path == "run" || file.path == "build") file.mode = 0755;
    }
    task.plan = parse_plan({"image = \"" + sources.image + "\"\nargv = [\"./run\"]\n", jury->name, jury->name, "/"}, options_.overrides,
                           images_.search_path());
    task.plan.job.files = sources.files;
    if (std::ranges::find(sources.files, "build", &WorkFile::path) != sources.files.end()) {
      task.compile.emplace().argv = {"./build"};
    }
  } else {
    const SourcesOrRefusal sources = contest::sources_of(package_.tree, made, images_, options);
    if (const auto* refusal = std::get_if<Refusal>(&sources)) {
      refuse(jury->name + ": " + refusal->message);
      return nullptr;
    }
    const Limits limits = jury_limits(program, package_.problem.limits);
    std::vector<std::string> overrides = options_.overrides;
    overrides.push_back("limits.memory=" + to_string(limits.memory));
    task = contest::task_for(std::get<Sources>(sources), images_, overrides);
    if (task.compile) {
      task.compile->argv.insert(task.compile->argv.end(), program.compile_flags.begin(), program.compile_flags.end());
    }
  }
  jury->plan = std::move(task.plan);
  jury->plan.kind.limits = jury_limits(program, package_.problem.limits);
  jury->plan.kind.output = OutputCapture{kJuryExcerpt};
  jury->plan.kind.error_output = OutputCapture{kJuryExcerpt};
  jury->compile = std::move(task.compile);
  give_compiler_room(jury->compile, package_.problem.limits);
  return jury;
}

void PackageTasks::make_cases() {
  for (const problem::Case& one : package_.problem.cases) common_.cases.push_back(case_of(one));
}

Case PackageTasks::case_of(const problem::Case& one) {
  Case made;
  made.name = one.name;
  const Newlines newlines = one.normal_newlines ? Newlines::Normal : Newlines::AsTheyAre;
  if (one.generated || one.answer_by) {
    refuse("case " + one.name + ": its data must be generated, which is not supported yet");
    return made;
  }
  if (one.input) {
    const std::filesystem::path path = files_.path_of(*one.input, newlines);
    made.input = InputFile{path};
    if (!one.input_name.empty()) {
      made.files.push_back({.path = one.input_name, .source = path, .mode = 0644, .position = {}});
    }
  }
  if (one.answer) {
    made.expected = files_.path_of(*one.answer, newlines);
  } else {
    made.expected = std::string();
  }
  made.output_file = one.output_name;
  for (WorkFile& file : read_files(package_.tree, one.files, kMostOfCaseFiles)) made.files.push_back(std::move(file));
  made.args = one.args;
  made.judging_args = one.validator_args;
  made.own_points = one.points.value_or(0);
  made.key = one.key;
  const problem::Checker& checker = package_.problem.checkers.at(one.checker);
  std::visit(Overloaded{[&](const problem::DefaultChecker&) {
                          const auto rules = problem::comparison_of(one.validator_args);
                          if (const auto* why = std::get_if<std::string>(&rules)) {
                            return refuse("case " + one.name + ": " + *why);
                          }
                          made.judging = kattis_checker(std::get<problem::Comparison>(rules), options_.compat);
                        },
                        [&](const problem::BuiltInChecker& named) {
                          const auto known = built_in_checker(named);
                          if (!known) return refuse("checker " + named.name + " is not supported");
                          made.judging = *known;
                        },
                        [&](const problem::ProgramChecker& programs) { made.judging = JudgedByPrograms{programs.programs}; }},
             checker);
  return made;
}

SourceOptions PackageTasks::source_options() const {
  SourceOptions options;
  options.preferred_images = options_.python;
  for (const auto& [language, files] : package_.problem.include) {
    options.include[language] = read_files(package_.tree, files, kMostOfCaseFiles);
  }
  return options;
}

SourcesOrRefusal PackageTasks::sources_of(const problem::Submission& submission) const {
  return contest::sources_of(package_.tree, submission, images_, source_options());
}

SourcesOrRefusal PackageTasks::sources_at(const std::string& path, const std::string& language) const {
  SourceOptions options = source_options();
  options.language = language;
  return contest::sources_at(path, images_, options);
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

Task PackageTasks::task_for(const Sources& sources, Duration time_limit) const {
  const problem::Limits& limits = package_.problem.limits;
  const Bytes memory = options_.memory.value_or(limits.memory.value_or(kMemory));
  // A little more than the limit: whoever passes it is known by how much.
  const Duration stopped_at = time_limit + time_limit / 8 + std::chrono::milliseconds(20);
  std::vector<std::string> all = {"limits.cpu=" + to_string(stopped_at),
                                  "limits.wall=" + to_string(wall_for(stopped_at, limits.wall_factor)),
                                  "limits.memory=" + to_string(memory),
                                  "limits.stack=unlimited",
                                  "limits.output=" + to_string(limits.output.value_or(kOutput)),
                                  "limits.workspace=256MiB"};
  all.insert(all.end(), options_.overrides.begin(), options_.overrides.end());
  Task task = contest::task_for(sources, images_, all);
  give_compiler_room(task.compile, limits);
  task.plan.kind.limits.processes = std::max(task.plan.kind.limits.processes, 64U);
  task.cases = common_.cases;
  for (Case& one : task.cases) {
    one.limits = task.plan.kind.limits;
    one.time_limit = time_limit;
  }
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
  return task;
}

}  // namespace evalrun::contest
