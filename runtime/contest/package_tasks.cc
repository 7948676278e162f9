#include "runtime/contest/package_tasks.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "runtime/contest/fifo_script.h"
#include "runtime/contest/handed_in_outputs.h"
#include "runtime/contest/jury_maker.h"
#include "runtime/contest/package_judging.h"
#include "runtime/contest/package_limits.h"
#include "runtime/contest/signature_grader.h"
#include "runtime/contest/time_limit.h"
#include "runtime/core/text.h"
#include "runtime/plan/jury_limits.h"

namespace evalrun::contest {
namespace {

// What the Kattis format calls typical, where a package says nothing.
constexpr Bytes kMemory = 2048_MiB;
constexpr Bytes kOutput = 8_MiB;
// What a plan may ask for. Nothing runs in less either way.
constexpr Bytes kLeastMemory = 1_MiB;
// DMOJ's memory limit is that of the heap alone where a virtual machine runs the program.
constexpr Bytes kVirtualMachine = 256_MiB;

bool is_virtual_machine(const std::string& language) {
  return language == "java" || language == "kotlin" || language == "scala" || language == "csharp";
}

std::string to_string_of(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", number);
  return text;
}

}  // namespace

PackageTasks::PackageTasks(const packages::Package& package, std::string path, const ImageTable& images,
                           TaskOptions options)
    : package_(package),
      images_(images),
      options_(std::move(options)),
      context_{package_, images_, options_},
      files_(package.tree, std::move(path)) {
  const problem::Problem& problem = package_.problem;
  std::set<std::size_t> needed;
  for (const problem::Checker& checker : problem.checkers) {
    if (const auto* programs = std::get_if<problem::ProgramChecker>(&checker)) {
      needed.insert(programs->programs.begin(), programs->programs.end());
    } else if (const auto* validator = std::get_if<problem::StaticChecker>(&checker)) {
      needed.insert(validator->program);
    }
  }
  if (problem.interaction) needed.insert(problem.interaction->interactor);
  for (const problem::Group& group : problem.groups) {
    if (group.scoring.grader) needed.insert(*group.scoring.grader);
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
  common_.passes = problem.passes;
  const bool may_score = problem.types.scoring && std::ranges::any_of(problem.checkers, [](const auto& checker) {
                           return std::holds_alternative<problem::StaticChecker>(checker);
                         });
  if (problem.validator_scores || may_score) {
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
  auto program = make_jury_program(context_, package_.problem.programs[index]);
  if (const auto* refusal = std::get_if<Refusal>(&program)) {
    refuse(refusal->message);
    return made_[index] = nullptr;
  }
  return made_[index] = std::move(std::get<std::shared_ptr<const JuryProgram>>(program));
}

std::optional<Judging> PackageTasks::judging_by(const problem::Checker& checker,
                                                const std::vector<std::string>& validator_args, const std::string& of) {
  auto judging = judging_of(checker, validator_args, of, options_.compat);
  if (auto* known = std::get_if<Judging>(&judging)) return std::move(*known);
  refuse(std::get<std::string>(judging));
  return {};
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

void PackageTasks::judge_by(Case& made, const problem::Case& one) {
  const problem::Checker& judge = package_.problem.checkers.at(one.checker);
  made.judging = judging_by(judge, one.validator_args, one.name);
  if (!made.judging) return;
  if (std::holds_alternative<problem::StaticChecker>(judge)) made.judged_part = JudgedPart::ItsSource;
  if (auto* checker = std::get_if<Checker>(&*made.judging)) checker->dmoj.binary_data = !one.normal_newlines;
  const auto* programs = std::get_if<JudgedByPrograms>(&*made.judging);
  const bool is_module = programs != nullptr && std::ranges::any_of(programs->programs, [&](std::size_t index) {
                           return package_.problem.programs[index].convention == problem::Convention::DmojPython;
                         });
  if (is_module) made.judging_args = {to_string_of(made.own_points), std::to_string(common_.cases.size() + 1)};
}

SourceOptions PackageTasks::source_options() const {
  SourceOptions options;
  options.preferred_images = options_.python;
  for (const auto& [language, files] : package_.problem.include) {
    std::vector<WorkFile>& included = options.include[language];
    included = read_files(package_.tree, files, kMostOfCaseFiles);
    replace_constants(included, package_.problem.constants);
  }
  options.included_entry = package_.problem.included_entry;
  options.only_file_name = package_.problem.submission_name;
  return options;
}

// The package's own submissions may hold its constants; those of others may not.
SourcesOrRefusal PackageTasks::sources_of(const problem::Submission& submission) const {
  if (package_.problem.types.submit_answer && submission.language.empty()) {
    return outputs_from(read_files(package_.tree, submission.files, kMostOfCaseFiles), images_);
  }
  SourcesOrRefusal found = contest::sources_of(package_.tree, submission, images_, source_options());
  if (auto* sources = std::get_if<Sources>(&found)) replace_constants(sources->files, package_.problem.constants);
  return found;
}

std::optional<SourcesOrRefusal> PackageTasks::outputs_at(const std::string& path, const SourceOptions& options) const {
  if (!package_.problem.types.submit_answer || !options.language.empty()) return {};
  auto files = files_at(path, options);
  if (auto* refusal = std::get_if<Refusal>(&files)) return std::move(*refusal);
  return outputs_from(std::move(std::get<std::vector<WorkFile>>(files)), images_);
}

SourcesOrRefusal PackageTasks::finished(SourcesOrRefusal sources) const {
  auto* known = std::get_if<Sources>(&sources);
  if (known == nullptr) return sources;
  const std::vector<std::string>& languages = package_.problem.languages;
  if (!languages.empty() && std::ranges::find(languages, known->language) == languages.end()) {
    return Refusal{Refusal::Cause::NoImage, "the package has nothing to compile it with in " + known->language};
  }
  const std::optional<Bytes> code = package_.problem.limits.code;
  if (code && known->code_bytes > code->count) {
    return Refusal{Refusal::Cause::TooLarge, "the submission has " + std::to_string(known->code_bytes) +
                                                 " bytes of source, and limits.code allows " +
                                                 std::to_string(code->count)};
  }
  if (!package_.problem.signature_grader) return sources;
  return with_signature_grader(package_, std::move(*known));
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

// What the submission prints goes nowhere: the two FIFOs alone lead to the manager.
void PackageTasks::give_fifos(Task& task) const {
  using Ends = problem::Interaction::SubmissionEnds;
  const auto& interaction = package_.problem.interaction;
  if (!interaction || interaction->submission_ends != Ends::FifosAsArguments) return;
  std::vector<std::string> argv = {"bash", "-c", kFifoScript, "submission", "/dev/null", "/dev/null", ""};
  argv.insert(argv.end(), task.plan.job.argv.begin(), task.plan.job.argv.end());
  task.plan.job.argv = std::move(argv);
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
  const bool is_output = are_outputs(sources);
  Task task = is_output ? task_of_outputs(sources, images_, all) : contest::task_for(sources, images_, all);
  // The submissions that the time limit is found from, and those that it is held against, must begin alike.
  if (!limits.time) task.plan.kind.snapshot.mode = SnapshotMode::Off;
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
  if (is_output) show_outputs(task, sources, package_.problem);
  if (!is_output) give_fifos(task);
  task.jury = common_.jury;
  task.interaction = common_.interaction;
  task.passes = common_.passes;
  task.scores = common_.scores;
  task.groups = common_.groups;
  if (std::ranges::find(task.cases, JudgedPart::ItsSource, &Case::judged_part) != task.cases.end()) {
    task.handed_in = HandedIn{.language = sources.language,
                              .entry_point = sources.main_class.empty() ? sources.source : sources.main_class,
                              .files = sources.files};
  }
  if (task.interaction) {
    // The pair's wall limit is the submission's; the interactor has some seconds more, for what it does afterwards.
    std::shared_ptr<const JuryProgram>& interactor = task.jury[task.interaction->program];
    interactor = with_wall_limit(interactor, task.plan.kind.limits.wall + kWallAfterDialogue);
  }
  tell_python_checkers(task, sources);
  return task;
}

}  // namespace evalrun::contest
