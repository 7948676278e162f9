#include "runtime/contest/validation.h"

#include <unistd.h>

#include "runtime/checkers/checker.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/path_parts.h"
#include "runtime/judge/jury_call.h"

namespace evalrun::contest {
namespace {

using problem::Convention;

constexpr std::size_t kChunk = std::size_t{64} << 10;

// "{name: words}" names a validator with or without its ending; "" stands for all.
std::vector<std::string> arguments_for(const std::map<std::string, std::vector<std::string>>& arguments,
                                       const std::string& program) {
  const std::string name = last_part(program);
  for (const std::string& key : {name, name.substr(0, name.rfind('.')), std::string()}) {
    if (const auto found = arguments.find(key); found != arguments.end()) return found->second;
  }
  return {};
}

std::string key_of(std::size_t program, const std::vector<std::string>& words, const std::string& files) {
  std::string key = std::to_string(program) + '\0' + files;
  for (const std::string& word : words) key += '\0' + word;
  return key;
}

// Whether the first line ends as Windows ends them.
bool is_text_of_windows(const std::filesystem::path& path) {
  const Fd file = open_to_read(path.string());
  std::string beginning(kChunk, '\0');
  const ssize_t count = ::read(file.get(), beginning.data(), beginning.size());
  if (count < 0) throw SystemError("read", path.string());
  const std::size_t end = beginning.find('\n');
  return end != beginning.npos && end != 0 && beginning[end - 1] == '\r';
}

// What the built-in checker says of a file.
judge::Judgement judgement_of(const Checker& checker, const std::filesystem::path& answer,
                              const std::filesystem::path& output) {
  Case one;
  one.expected = answer;
  const auto comparing = judge::make_checker(checker, judge::Expected::of(one));
  const Fd file = open_to_read(output.string());
  std::vector<char> piece(kChunk);
  for (;;) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("read", output.string());
    if (count == 0) return comparing->finish();
    comparing->feed({piece.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace

Validation::Validation(pool::CellPool& pool, judge::Jury& jury, PackageTasks& tasks, unsigned jobs)
    : tasks_(tasks), runs_(pool, jury, jobs, [this](std::size_t run, JuryRunEnd& end) {
        this->end(asked_[asked_by_run_[run]], end);
      }) {
  look_at_cases();
  look_at_data_for_validators();
}

std::vector<problem::ProgramIndex> Validation::input_validators() const {
  const std::vector<problem::Program>& programs = tasks_.problem().programs;
  std::vector<problem::ProgramIndex> found;
  for (problem::ProgramIndex i = 0; i < programs.size(); ++i) {
    if (programs[i].role == problem::Role::InputValidator) found.push_back(i);
  }
  return found;
}

// Polygon makes packages for Windows too, and testlib's validators take the line ends of the system that they run on.
std::filesystem::path Validation::for_validators(const problem::Case& one, const std::filesystem::path& input) const {
  const bool may_be_of_windows = tasks_.problem().format == problem::Format::Polygon && one.input;
  if (!may_be_of_windows || input_validators().empty() || !is_text_of_windows(input)) return input;
  return tasks_.files()->path_of(*one.input, Newlines::Normal);
}

void Validation::look_at_cases() {
  const problem::Problem& problem = tasks_.problem();
  for (std::size_t i = 0; i < problem.cases.size(); ++i) {
    const problem::Case& one = problem.cases[i];
    const Case& made = tasks_.common().cases[i];
    const auto* input = std::get_if<InputFile>(&made.input);
    if (input == nullptr) continue;  // it could not be made: PackageTasks::faults() says why
    const std::string key = one.input ? one.input->sha256 : input->path.string();
    look_at(Input{.name = one.input ? one.input->path : one.name,
                  .key = key,
                  .file = for_validators(one, input->path),
                  .arguments = one.input_validator_args,
                  .wanted = Wanted::ValidInput});
    const auto* answer = std::get_if<std::filesystem::path>(&made.expected);
    const bool is_judged_by_programs = made.judging && std::holds_alternative<JudgedByPrograms>(*made.judging);
    if (answer == nullptr || !is_judged_by_programs || problem.interaction || problem.passes > 1) continue;
    look_at(Output{.name = one.answer ? one.answer->path : one.name,
                   .key = key + '\0' + (one.answer ? one.answer->sha256 : answer->string()),
                   .input = input->path,
                   .answer = *answer,
                   .file = *answer,
                   .judging = *made.judging,
                   .arguments = made.judging_args,
                   .wanted = Wanted::AcceptedAnswer,
                   .is_sample = one.is_sample});
  }
}

void Validation::look_at_data_for_validators() {
  using Expect = problem::Problem::ValidatorCase::Expect;
  const problem::Problem& problem = tasks_.problem();
  CaseFiles& files = *tasks_.files();
  for (const auto& one : problem.validator_cases) {
    if (one.expect == Expect::InvalidInput) {
      look_at(Input{.name = one.input.path,
                    .key = one.name + '\0' + one.input.sha256,
                    .file = files.path_of(one.input),
                    .arguments = {{"", one.input_validator_args}},
                    .wanted = Wanted::InvalidInput});
      continue;
    }
    if (!one.answer || !one.output || problem.interaction || problem.checkers.empty()) continue;
    const std::optional<Judging> judging = tasks_.judging_by(problem.checkers.front(), one.validator_args, one.name);
    if (!judging) continue;  // PackageTasks::refusals() says why
    look_at(Output{.name = one.output->path,
                   .key = one.name + '\0' + one.output->sha256,
                   .input = files.path_of(one.input),
                   .answer = files.path_of(*one.answer),
                   .file = files.path_of(*one.output),
                   .judging = *judging,
                   .arguments = one.validator_args,
                   .wanted = one.expect == Expect::ValidOutput ? Wanted::AcceptedOutput : Wanted::RejectedOutput});
  }
}

void Validation::ask(Asked asked, JuryRun run) {
  run.program = asked.program;
  asked_by_run_.push_back(asked_.size());
  asked_.push_back(std::move(asked));
  runs_.add(std::move(run));
}

void Validation::look_at(const Input& what) {
  ++groups_;
  const std::vector<problem::ProgramIndex> validators = input_validators();
  if (validators.empty() && what.wanted == Wanted::InvalidInput) {
    asked_.push_back({.wanted = what.wanted, .of = what.name, .group = groups_});
  }
  for (const problem::ProgramIndex index : validators) {
    const std::shared_ptr<const JuryProgram> program = tasks_.jury_program(index);
    if (!program) continue;  // PackageTasks::refusals() says why
    const std::vector<std::string> words = arguments_for(what.arguments, tasks_.problem().programs[index].name);
    if (!known_.insert(key_of(index, words, what.key)).second) continue;
    JuryRun run;
    run.arguments = judge::jury_arguments(*program, judge::JuryTask::ValidateInput, words);
    if (judge::reads_input_from_stdin(program->convention)) {
      run.input = what.file;
    } else {
      run.placed = {{judge::kJuryInput, what.file}};
    }
    ask({.wanted = what.wanted, .of = what.name, .program = program, .group = groups_}, std::move(run));
  }
}

void Validation::look_at(const Output& what) {
  ++groups_;
  if (const auto* checker = std::get_if<Checker>(&what.judging)) return compare(what, *checker);
  for (const problem::ProgramIndex index : std::get<JudgedByPrograms>(what.judging).programs) {
    const std::shared_ptr<const JuryProgram> program = tasks_.jury_program(index);
    // A module of DMOJ's is told the time and the memory of the run that it judges, and there is none.
    if (!program || program->convention == Convention::DmojPython) continue;
    if (!known_.insert(key_of(index, what.arguments, what.key)).second) continue;
    JuryRun run;
    run.arguments = judge::jury_arguments(*program, judge::JuryTask::Check, what.arguments);
    run.placed = {{judge::kJuryInput, what.input}, {judge::kJuryAnswer, what.answer}};
    if (judge::reads_output_from_stdin(program->convention)) {
      run.input = what.file;
    } else {
      run.placed.push_back({judge::kJuryOutput, what.file});
    }
    run.files.push_back({.path = std::string(judge::kJuryFeedback) + judge::kFolderMark,
                         .source = std::string(),
                         .mode = 0444,
                         .position = {}});
    run.work = judge::WorkAfterwards::Kept;
    ask({.wanted = what.wanted, .of = what.name, .program = program, .is_sample = what.is_sample, .group = groups_},
        std::move(run));
  }
}

void Validation::compare(const Output& what, const Checker& checker) {
  const judge::Judgement judgement = judgement_of(checker, what.answer, what.file);
  Asked asked{.wanted = what.wanted, .of = what.name, .group = groups_, .has_rejected = !judgement.accepted};
  if (!judgement.accepted && what.wanted != Wanted::RejectedOutput) {
    asked.found = "the comparison with the answer rejects it: " + judgement.feedback;
  }
  asked_.push_back(std::move(asked));
}

void Validation::end(Asked& asked, JuryRunEnd& end) const {
  if (end.not_run) {
    asked.found = judge::describe(*end.not_run);
    return;
  }
  const bool is_input = asked.wanted == Wanted::ValidInput || asked.wanted == Wanted::InvalidInput;
  const Limits& limits = asked.program->plan.kind.limits;
  const judge::JuryWord word =
      is_input ? judge::word_of_input_validator(asked.program->convention, end.run, limits)
               : judge::word_of(asked.program->convention, end.run, limits, end.work.get(), 1, JuryScores::None);
  const auto tell = [&](std::string what) {
    const std::string& said = end.run.error_output.kept.empty() ? end.run.output.kept : end.run.error_output.kept;
    asked.found = judge::describe({asked.program->name, std::move(end.argv), std::move(what), said});
  };
  switch (word.says) {
    case judge::JuryWord::Says::Accept: return;
    case judge::JuryWord::Says::Fault: return tell(word.fault);
    case judge::JuryWord::Says::Reject: break;
  }
  asked.has_rejected = true;
  switch (asked.wanted) {
    case Wanted::InvalidInput:
    case Wanted::RejectedOutput: return;
    case Wanted::ValidInput:
    case Wanted::AcceptedAnswer:
    case Wanted::AcceptedOutput:
      return tell(word.message.empty() ? "it rejects it: " + judge::message_of(end.run, limits)
                                       : "it rejects it: " + word.message);
  }
}

void Validation::report(problem::Findings& findings) const {
  for (const std::string& why : tasks_.refusals()) findings.error({}, why);
  for (const auto& [index, why] : tasks_.faults()) {
    findings.error({}, "case " + tasks_.problem().cases[index].name + ": " + judge::describe(why));
  }
  std::set<std::size_t> rejected;
  for (const Asked& asked : asked_) {
    if (asked.has_rejected) rejected.insert(asked.group);
  }
  std::set<std::size_t> told;
  for (const Asked& asked : asked_) {
    const SourcePosition where{asked.of, 0, 0};
    // The answers of samples are shown to people. Others may be in a form that no program writes.
    const bool is_note =
        asked.wanted == Wanted::AcceptedAnswer && !(asked.is_sample && problem::is_of_kattis(tasks_.problem().format));
    if (!asked.found.empty()) {
      is_note ? findings.note(where, asked.found) : findings.error(where, asked.found);
      told.insert(asked.group);
    }
    if (rejected.contains(asked.group) || !told.insert(asked.group).second) continue;
    if (asked.wanted == Wanted::InvalidInput) {
      findings.error(where, input_validators().empty() ? "there is no input validator that could reject it; add "
                                                         "input_validators"
                                                       : "no input validator rejects it");
    } else if (asked.wanted == Wanted::RejectedOutput) {
      findings.error(where, "it is accepted as an output, and it must be rejected");
    }
  }
}

}  // namespace evalrun::contest
