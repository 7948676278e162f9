#include "runtime/judge/case_run.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/overloaded.h"
#include "runtime/core/text.h"
#include "runtime/judge/score.h"
#include "runtime/supervise/collect.h"

namespace evalrun::judge {
namespace {

using supervise::RunResult;

constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kMostOfErrorOutput = 2048;

// A file of a jury program's sandbox, from a file of the host.
rootfs::CarriedFile carried_file(const char* path, const std::filesystem::path& source) {
  HostFile file = open_host_file(source.string(), FileUse::Read);
  if (!file.descriptor) throw SystemError("open", source.string(), file.error != 0 ? file.error : EINVAL);
  return {path, std::move(file.descriptor), 0444};
}

WorkFile placed_text(const char* path, std::string text) {
  return {.path = path, .source = std::move(text), .mode = 0444, .position = {}};
}

void keep_secret(supervise::Stream& stream) {
  stream.kept.clear();
  stream.captured = false;
}

}  // namespace

std::string describe(const JuryFault& fault) {
  std::string text = fault.program + ": " + fault.what;
  if (!fault.argv.empty()) {
    text += "; argv:";
    for (const std::string& word : fault.argv) text += " " + word;
  }
  if (!fault.error_output.empty()) text += "; stderr: " + fault.error_output;
  return one_line(text);
}

void set_case(Plan& plan, const Plan& common, const Case& one) {
  plan.job.argv = one.argv.empty() ? common.job.argv : one.argv;
  plan.job.argv.insert(plan.job.argv.end(), one.args.begin(), one.args.end());
  plan.job.input = one.input;
  plan.kind.limits = one.limits;
  plan.origin.positions["stdin"] = one.position;
}

CaseRun::CaseRun(const Context& context, std::size_t index, UseCells cells)
    : context_(context), index_(index), cells_(cells) {
  start_pass();
}

CaseRun::~CaseRun() = default;

const JudgedByPrograms* CaseRun::judged_by() const {
  if (one().judging) return std::get_if<JudgedByPrograms>(&*one().judging);
  return context_.task.judged_by ? &*context_.task.judged_by : nullptr;
}

void CaseRun::feed(std::string_view piece) {
  if (checker_fault_) return;
  try {
    checker_->feed(piece);
  } catch (const SystemError& error) {
    checker_fault_ = {"checker", error.operation(), error.subject(), error.error(), true};
  }
}

void CaseRun::start_pass() {
  phase_ = Phase::Running;
  next_program_ = 0;
  supervise::RunHooks hooks;
  if (judged_by() == nullptr) {
    const auto* own = one().judging ? std::get_if<Checker>(&*one().judging) : nullptr;
    Expected expected = Expected::of(one());
    has_byte_order_mark_ = expected.has_byte_order_mark();
    checker_ = make_checker(own != nullptr ? *own : context_.task.checker, std::move(expected));
    if (!judges_a_file()) hooks.output = [this](std::string_view piece) { feed(piece); };
  } else if (!judges_a_file()) {
    output_.emplace();
    hooks.output = [this](std::string_view piece) { output_->write(piece); };
  }
  run_ = start_program(std::move(hooks));
}

std::unique_ptr<supervise::Run> CaseRun::start_program(supervise::RunHooks hooks) {
  Plan& shared = context_.program.plan();
  set_case(shared, context_.task.plan, one());
  if (pass_input_) shared.job.input = InputFile{Spool::path_of(pass_input_)};
  // Only a case with files of its own copies those that all have.
  std::optional<Plan> own;
  if (!one().files.empty()) {
    own = shared;
    own->job.files = with_files(std::move(own->job.files), one().files);
  }
  const Plan& plan = own ? *own : shared;
  if (cells_ == UseCells::Yes && context_.program.carried() == 0 && !judges_a_file()) {
    return context_.pool.start(plan, std::move(hooks));
  }
  const WorkAfterwards work = judges_a_file() ? WorkAfterwards::Kept : WorkAfterwards::Gone;
  return context_.pool.start_alone(context_.program.compile(plan, work), std::move(hooks));
}

// Its files are its own, the case's input and answer, and what it is to judge.
std::unique_ptr<supervise::Run> CaseRun::start_jury(const JuryProgram& program, JuryTask task,
                                                    supervise::RunHooks hooks) {
  const Program& ready = context_.jury.program(program);
  Plan plan = ready.plan();
  const std::vector<std::string> arguments = jury_arguments(program, task, one().judging_args);
  plan.job.argv.insert(plan.job.argv.end(), arguments.begin(), arguments.end());
  jury_argv_ = plan.job.argv;
  std::vector<rootfs::CarriedFile> more;
  const auto place = [&](const char* path, const std::variant<std::filesystem::path, std::string>& what) {
    std::visit(Overloaded{[&](const std::filesystem::path& file) { more.push_back(carried_file(path, file)); },
                          [&](const std::string& text) { plan.job.files.push_back(placed_text(path, text)); }},
               what);
  };
  if (pass_input_) {
    more.push_back({kJuryInput, Spool::reopen(pass_input_), 0444});
  } else if (const auto* file = std::get_if<InputFile>(&one().input)) {
    place(kJuryInput, file->path);
  } else {
    const auto* text = std::get_if<InputText>(&one().input);
    place(kJuryInput, text == nullptr ? std::string() : text->text);
  }
  place(kJuryAnswer, one().expected);
  plan.job.input = InputNull{};
  if (task == JuryTask::Check && output_) {
    if (reads_output_from_stdin(program.convention)) {
      plan.job.input = InputFile{output_->path()};
    } else {
      more.push_back({kJuryOutput, output_->open(), 0444});
    }
  }
  // A folder is made where a file is in it.
  plan.job.files.push_back(placed_text((std::string(kJuryFeedback) + ".folder").c_str(), ""));
  for (const WorkFile& file : kept_feedback_) plan.job.files.push_back(file);
  return context_.pool.start_alone(ready.compile(plan, WorkAfterwards::Kept, std::move(more)), std::move(hooks));
}

void CaseRun::interrupt(int signal) {
  interrupted_ = true;
  if (run_) run_->interrupt(signal);
}

void CaseRun::advance() {
  try {
    if (phase_ == Phase::Running && run_->finished()) end_program();
    if (phase_ == Phase::Checking && run_ && run_->finished()) end_check();
  } catch (const HostError& error) {
    settle_fault(supervise::fault_of(error));
  } catch (const SystemError& error) {
    settle_fault(supervise::fault_of(error));
  }
}

// Of the passes, the one that took the most time stands for all.
void CaseRun::take_run(RunResult run) {
  const bool failed = verdict_of(run.outcome) != Verdict::Ok;
  if (!has_run_ || failed || run.cpu.total() >= grade_.run.cpu.total()) grade_.run = std::move(run);
  has_run_ = true;
}

void CaseRun::end_program() {
  RunResult run = run_->take_result(nullptr);
  Fd work = judges_a_file() ? run_->take_work_folder() : Fd();
  run_.reset();
  take_run(std::move(run));
  const bool ok = verdict_of(grade_.run.outcome) == Verdict::Ok;
  if (judges_a_file() && ok) {
    judged_by() == nullptr ? feed_output_file(std::move(work)) : open_output_file(std::move(work));
  }
  if (judged_by() == nullptr) return judge_built_in();
  const Verdict verdict = verdict_of(grade_.run.outcome);
  if (verdict != Verdict::Ok || interrupted_) return settle(verdict == Verdict::Ok ? Verdict::Ie : verdict);
  if (!no_output_file_.empty()) {
    grade_.feedback = no_output_file_;
    return settle(Verdict::Wa);
  }
  start_check();
}

void CaseRun::judge_built_in() {
  Judgement judgement{false, no_output_file_};
  if (no_output_file_.empty() && !checker_fault_) {
    try {
      judgement = checker_->finish();
    } catch (const SystemError& error) {
      checker_fault_ = {"checker", error.operation(), error.subject(), error.error(), true};
    }
  }
  if (checker_fault_) grade_.run.outcome = *checker_fault_;
  if (verdict_of(grade_.run.outcome) == Verdict::Ok) grade_.feedback = judgement.feedback;
  grade_.share = judgement.share;
  settle(verdict_of_case(grade_.run.outcome, judgement));
}

// The file that stands in the place of the output, bounded as that is. Without one there is nothing to judge.
void CaseRun::open_output_file(Fd work) {
  supervise::WorkFileOpened file = supervise::open_in_work(work.get(), one().output_file);
  if (!file.refusal.empty()) {
    no_output_file_ =
        one().output_file + ": " + (file.error == ENOENT ? "the program has not written it" : file.refusal);
    return;
  }
  const OutputLimit& limits = one().limits.output;
  const Bytes most = limits.both ? *limits.both : limits.standard_output.value_or(Bytes{});
  if (Bytes{file.size} > most) {
    grade_.run.outcome = supervise::LimitHit{supervise::Limit::Output, {most, Bytes{file.size}}, one().output_file};
    return;
  }
  output_.emplace(std::move(file.descriptor));
}

void CaseRun::feed_output_file(Fd work) {
  open_output_file(std::move(work));
  if (!output_) return;
  const Fd file = output_->open();
  std::vector<char> piece(kChunk);
  for (;;) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    feed({piece.data(), static_cast<std::size_t>(count)});
  }
}

void CaseRun::start_check() {
  phase_ = Phase::Checking;
  const JuryProgram& program = *context_.task.jury[judged_by()->programs[next_program_]];
  run_ = start_jury(program, JuryTask::Check, {});
}

void CaseRun::end_check() {
  const JuryProgram& program = *context_.task.jury[judged_by()->programs[next_program_]];
  const RunResult result = run_->take_result(nullptr);
  Fd work = run_->take_work_folder();
  run_.reset();
  if (interrupted_) return settle(Verdict::Ie);
  const JuryWord word = word_of(program.convention, result, program.plan.kind.limits, work.get(), one().own_points,
                                context_.task.scores);
  if (word.says == JuryWord::Says::Fault) {
    return blame_jury(program, jury_argv_, word.fault, result.error_output.kept);
  }
  hear(program, word, std::move(work));
}

void CaseRun::hear(const JuryProgram& program, const JuryWord& word, Fd work) {
  const std::vector<std::size_t>& programs = judged_by()->programs;
  if (!word.message.empty()) grade_.feedback = word.message;
  if (!word.team_message.empty()) grade_.team_message = word.team_message;
  if (word.share) grade_.share = word.share;
  if (word.score) grade_.score = word.score;
  if (word.multiplier) grade_.multiplier = word.multiplier;
  const bool is_multi_pass = context_.task.passes > 1;
  if (word.says == JuryWord::Says::Reject) {
    if (is_multi_pass && word.asks_for_next_pass) {
      return blame_jury(program, jury_argv_, "it rejects, and asks for another pass with nextpass.in", "");
    }
    return settle(word.rejection == Rejection::Presentation ? Verdict::Pe : Verdict::Wa);
  }
  if (++next_program_ < programs.size()) return start_check();
  if (!is_multi_pass || !word.asks_for_next_pass) return settle(Verdict::Ac);
  if (pass_ == context_.task.passes) {
    return blame_jury(program, jury_argv_,
                      "it asks for pass " + std::to_string(pass_ + 1) + ", and the problem has at most " +
                          std::to_string(context_.task.passes),
                      "");
  }
  begin_next_pass(program, std::move(work));
}

void CaseRun::begin_next_pass(const JuryProgram& program, Fd work) {
  supervise::WorkFileOpened next = supervise::open_in_work(work.get(), std::string(kJuryFeedback) + "nextpass.in");
  if (!next.descriptor) return blame_jury(program, jury_argv_, "nextpass.in " + next.refusal, "");
  pass_input_ = std::move(next.descriptor);
  kept_feedback_ = feedback_to_keep(work.get());
  ++pass_;
  grade_.passes = pass_;
  start_pass();
}

void CaseRun::blame_jury(const JuryProgram& program, const std::vector<std::string>& argv, const std::string& what,
                         const std::string& error_output) {
  grade_.jury_fault = {program.name, argv, what, error_output.substr(0, kMostOfErrorOutput)};
  settle(Verdict::Ie);
}

void CaseRun::settle_fault(const supervise::SandboxFault& fault) {
  run_.reset();
  grade_.run.outcome = fault;
  settle(Verdict::Ie);
}

void CaseRun::settle(Verdict verdict) {
  phase_ = Phase::Done;
  grade_.verdict = verdict;
  if (has_byte_order_mark_) {
    grade_.run.warnings.emplace_back(
        "what is expected begins with a byte order mark (EF BB BF), which the program must write too; save it without");
  }
  if (one().disclosure == Disclosure::Secret) {
    keep_secret(grade_.run.output);
    keep_secret(grade_.run.error_output);
    grade_.feedback.clear();
  }
}

}  // namespace evalrun::judge
