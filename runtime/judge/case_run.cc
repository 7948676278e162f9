#include "runtime/judge/case_run.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/overloaded.h"
#include "runtime/core/text.h"
#include "runtime/judge/score.h"
#include "runtime/judge/scoring.h"
#include "runtime/judge/secret_stream.h"
#include "runtime/supervise/collect.h"

namespace evalrun::judge {
namespace {

using supervise::RunResult;

constexpr std::size_t kChunk = 64 << 10;

WorkFile placed_text(const char* path, std::string text) {
  return {.path = path, .source = std::move(text), .mode = 0444, .position = {}};
}

Conclusion conclusion_of(problem::Convention convention, int code) {
  switch (convention) {
    case problem::Convention::Kattis: return conclude_as_kattis(code);
    case problem::Convention::Testlib:
    case problem::Convention::DmojTestlib:
    case problem::Convention::DmojCoci: return code == 7 ? Conclusion::Accept : conclude_as_testlib(code);
    case problem::Convention::DmojDefault:
    case problem::Convention::DmojPython:
      return code == 0 ? Conclusion::Accept : code == 1 ? Conclusion::Reject : Conclusion::JudgeError;
    case problem::Convention::DmojPeg:
    case problem::Convention::Cms: return code == 0 ? Conclusion::Accept : Conclusion::JudgeError;
  }
  return Conclusion::JudgeError;
}

// What a jury program's score files say of the points of a case that has some.
JuryWord with_share(JuryWord word, double worth) {
  if (word.says != JuryWord::Says::Accept || worth <= 0) return word;
  if (word.multiplier) word.share = word.multiplier;
  if (!word.score) return word;
  if (*word.score < 0 || *word.score > worth) {
    word.says = JuryWord::Says::Fault;
    word.fault = "its score.txt gives " + plain(*word.score) + " points to a case that is worth " + plain(worth);
  }
  word.share = *word.score / worth;
  return word;
}

// A static validator begins in a folder of the submission's files, and is told what they are.
void show_source(Plan& plan, const HandedIn& source, std::vector<std::string>& arguments) {
  plan.job.argv = from_another_folder(std::move(plan.job.argv), plan.job.files);
  plan.kind.cwd = std::string("/work/") + kJurySource;
  arguments.insert(arguments.begin(), {source.language, source.entry_point});
  for (WorkFile file : source.files) {
    file.path = std::string(kJurySource) + "/" + file.path;
    plan.job.files.push_back(std::move(file));
  }
}

}  // namespace

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

const JudgedByPrograms* programs_judging(const Task& task, const Case& one) {
  if (one.judging) return std::get_if<JudgedByPrograms>(&*one.judging);
  return task.judged_by ? &*task.judged_by : nullptr;
}

const Checker& CaseRun::built_in_checker() const {
  const auto* own = one().judging ? std::get_if<Checker>(&*one().judging) : nullptr;
  return own != nullptr ? *own : context_.task.checker;
}

void CaseRun::feed(std::string_view piece) {
  if (checker_fault_) return;
  try {
    checker_->feed(piece);
  } catch (const SystemError& error) {
    checker_fault_ = checker_fault(error);
  }
}

void CaseRun::make_checker_for_case() {
  Expected expected = Expected::of(one());
  try {
    has_byte_order_mark_ = expected.has_byte_order_mark();
  } catch (const SystemError& error) {
    checker_fault_ = checker_fault(error);
  }
  checker_ = make_checker(built_in_checker(), std::move(expected));
}

void CaseRun::start_pass() {
  phase_ = Phase::Running;
  next_program_ = 0;
  if (one().judged_part == JudgedPart::ItsSource) return judge_source();
  if (context_.task.tests) return start_examination();
  if (context_.task.interaction) return start_dialogue();
  supervise::RunHooks hooks;
  if (judged_by() == nullptr) {
    make_checker_for_case();
    if (!judges_a_file()) hooks.output = [this](std::string_view piece) { feed(piece); };
  } else if (!judges_a_file()) {
    output_.emplace();
    hooks.output = [this](std::string_view piece) { output_->write(piece); };
  }
  run_ = start_program(std::move(hooks));
}

void CaseRun::start_dialogue() {
  const JuryProgram& interactor = *context_.task.jury[context_.task.interaction->program];
  DialogueOptions options;
  options.conclude = [convention = interactor.convention](int code) { return conclusion_of(convention, code); };
  if (one().disclosure == Disclosure::Secret) options.transcript = Bytes{};
  dialogue_ = std::make_unique<Dialogue>(
      context_.pool.loop(),
      [&](supervise::RunHooks hooks) { return start_jury(interactor, JuryTask::Interact, std::move(hooks)); },
      [&](supervise::RunHooks hooks) { return start_program(std::move(hooks)); }, std::move(options));
}

// Nothing of the submission is run, so nothing of it can fail.
void CaseRun::judge_source() {
  RunResult nothing;
  nothing.outcome = supervise::Exited{0};
  take_run(std::move(nothing));
  start_check();
}

std::unique_ptr<supervise::Run> CaseRun::start_program(supervise::RunHooks hooks) {
  Plan& shared = context_.program.plan();
  set_case(shared, context_.task.plan, one());
  if (pass_input_) shared.job.input = InputFile{Spool::path_of(pass_input_)};
  if (!token_.empty()) shared.job.input = InputText{token_};
  // Only a case with files of its own copies those that all have.
  std::optional<Plan> own;
  if (!one().files.empty()) {
    own = shared;
    own->job.files = with_files(std::move(own->job.files), one().files);
  }
  const Plan& plan = own ? *own : shared;
  const snapshot::Choice& start = context_.starts.of(one());
  if (cells_ == UseCells::Yes && context_.program.carried() == 0 && !judges_a_file()) {
    return context_.pool.start_as(start, plan, std::move(hooks));
  }
  const WorkAfterwards work = judges_a_file() ? WorkAfterwards::Kept : WorkAfterwards::Gone;
  return context_.pool.start_alone(context_.program.compile(plan, work, start), std::move(hooks));
}

// Its files are its own, the case's input and answer, and what it is to judge.
std::unique_ptr<supervise::Run> CaseRun::start_jury(const JuryProgram& program, JuryTask task,
                                                    supervise::RunHooks hooks) {
  const Program& ready = context_.jury.program(program);
  Plan plan = ready.plan();
  std::vector<std::string> arguments = jury_arguments(program, task, one().judging_args);
  if (task == JuryTask::ValidateSource) show_source(plan, *context_.task.handed_in, arguments);
  plan.job.argv.insert(plan.job.argv.end(), arguments.begin(), arguments.end());
  if (program.convention == problem::Convention::DmojPython) {
    plan.job.argv.push_back(std::to_string(std::chrono::duration<double>(grade_.run.cpu.total()).count()));
    plan.job.argv.push_back(std::to_string(grade_.run.memory.peak.count / 1024));
  }
  jury_argv_ = plan.job.argv;
  std::vector<rootfs::CarriedFile> more;
  const auto place = [&](const char* path, const std::variant<std::filesystem::path, std::string>& what) {
    std::visit(Overloaded{[&](const std::filesystem::path& file) {
                            more.push_back({path, open_to_read(file.string()), 0444});
                          },
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
  plan.job.files.push_back(placed_text((std::string(kJuryFeedback) + kFolderMark).c_str(), ""));
  for (const WorkFile& file : kept_feedback_) plan.job.files.push_back(file);
  return context_.pool.start_alone(ready.compile(plan, WorkAfterwards::Kept, {}, std::move(more)), std::move(hooks));
}

void CaseRun::interrupt(int signal) {
  interrupted_ = true;
  if (dialogue_) dialogue_->interrupt(signal);
  if (run_) run_->interrupt(signal);
}

void CaseRun::advance() {
  try {
    if (dialogue_) dialogue_->advance();
    if (dialogue_ && dialogue_->finished()) {
      end_dialogue();
    } else if (phase_ == Phase::Running && run_ && run_->finished()) {
      end_program();
    }
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

bool CaseRun::took_too_long() const {
  return one().time_limit && grade_.run.cpu.total() > *one().time_limit &&
         verdict_of(grade_.run.outcome) != Verdict::Ie;
}

void CaseRun::end_program() {
  RunResult run = run_->take_result(nullptr);
  Fd work = judges_a_file() ? run_->take_work_folder() : Fd();
  run_.reset();
  take_run(std::move(run));
  if (context_.task.tests) {
    return context_.task.tests->mode == TestsMode::Reported ? end_reported(std::move(work)) : end_in_process();
  }
  const bool ok = verdict_of(grade_.run.outcome) == Verdict::Ok;
  if (judges_a_file() && ok) {
    judged_by() == nullptr ? feed_output_file(std::move(work)) : open_output_file(std::move(work));
  }
  if (judged_by() == nullptr) return judge_built_in();
  const Verdict verdict = took_too_long() ? Verdict::Tle : verdict_of(grade_.run.outcome);
  if (interrupted_) return settle(verdict == Verdict::Ok ? Verdict::Cancelled : verdict);
  if (verdict != Verdict::Ok) return settle_by_rules({}, verdict);
  if (!no_output_file_.empty()) {
    grade_.feedback = no_output_file_;
    return settle(Verdict::Wa);
  }
  start_check();
}

JuryWord CaseRun::word_of_jury(const JuryProgram& program, const RunResult& run, const Fd& work) const {
  const double worth = one().own_points;
  return with_share(word_of(program.convention, run, program.plan.kind.limits, work.get(), worth, context_.task.scores),
                    worth);
}

void CaseRun::end_dialogue() {
  if (context_.task.tests) return end_examination();
  const JuryProgram& interactor = *context_.task.jury[context_.task.interaction->program];
  Fd work = dialogue_->take_interactor_work();
  DialogueEnd& end = grade_.dialogue.emplace(dialogue_->take_end());
  dialogue_.reset();
  take_run(std::move(end.submission.run));
  const RunResult& interactor_run = end.interactor.run;
  if (interrupted_) return settle(Verdict::Cancelled);
  DialogueFacts facts = facts_of(end, time_limit());
  facts.submission = grade_.run.outcome;
  const Blame blame = blame_dialogue(facts, context_.rules.value_or(Rules::Kattis));
  grade_.rule = blame.reason;
  grade_.opinions = opinions_on(facts);
  const JuryWord word = word_of_jury(interactor, interactor_run, work);
  hear(word);
  if (blame.blamed == Blamed::Jury) {
    return blame_jury(interactor, word.fault.empty() ? blame.reason : word.fault, interactor_run.error_output.kept);
  }
  if (blame.verdict == Verdict::Wa && word.says == JuryWord::Says::Reject) return reject(interactor, word);
  if (blame.verdict != Verdict::Ac) return settle(blame.verdict);
  if (word.says == JuryWord::Says::Fault) {
    return blame_jury(interactor, word.fault, interactor_run.error_output.kept);
  }
  if (word.says == JuryWord::Says::Reject) return reject(interactor, word);  // by its words, not by its exit code
  if (context_.task.interaction->judged_afterwards) return judge_output_of_interactor(std::move(work));
  accept(interactor, word, std::move(work));
}

// What the interactor has written for a checker; nothing, where it has not.
void CaseRun::judge_output_of_interactor(Fd work) {
  supervise::WorkFileOpened file = supervise::open_in_work(work.get(), kJuryOutput);
  if (file.descriptor) {
    output_.emplace(std::move(file.descriptor));
  } else {
    output_.emplace();
  }
  if (judged_by() != nullptr) return start_check();
  make_checker_for_case();
  feed_spool();
  judge_built_in();
}

// DMOJ's linecount counts the lines that a program wrote before it failed.
bool CaseRun::looks_after_failures() const {
  return built_in_checker().kind == CheckerKind::DmojLinecount;
}

void CaseRun::judge_built_in() {
  Judgement judgement{false, no_output_file_};
  if (no_output_file_.empty() && !checker_fault_) {
    try {
      judgement = checker_->finish();
    } catch (const SystemError& error) {
      checker_fault_ = checker_fault(error);
    }
  }
  if (checker_fault_) grade_.run.outcome = *checker_fault_;
  if (verdict_of(grade_.run.outcome) == Verdict::Ok) {
    grade_.feedback = judgement.feedback;
    grade_.difference = judgement.difference;
  }
  const bool ended_well = verdict_of(grade_.run.outcome) == Verdict::Ok && !took_too_long();
  if (ended_well || looks_after_failures()) grade_.share = judgement.share;
  const Verdict verdict = took_too_long() ? Verdict::Tle : verdict_of_case(grade_.run.outcome, judgement);
  if (interrupted_ || verdict == Verdict::Ie) return settle(verdict);
  settle_by_rules(judgement.accepted ? Conclusion::Accept : Conclusion::Reject, verdict);
}

// `conclusion`: what the checker says; none: it was not asked. A dialogue's rule is known already. A rule set knows no
// presentation error: where it says wrong answer, the checker's own word is more exact.
void CaseRun::settle_by_rules(std::optional<Conclusion> conclusion, Verdict otherwise) {
  if (!context_.rules || context_.task.interaction) return settle(otherwise);
  const BatchFacts facts{.outcome = grade_.run.outcome,
                         .cpu = grade_.run.cpu.total(),
                         .cpu_limit = time_limit(),
                         .bytes_written = grade_.run.output.bytes,
                         .conclusion = conclusion};
  const Blame blame = blame_batch(facts, *context_.rules);
  grade_.rule = blame.reason;
  grade_.opinions = opinions_on(facts);
  settle(blame.verdict == Verdict::Wa && otherwise == Verdict::Pe ? Verdict::Pe : blame.verdict);
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
  if (output_) feed_spool();
}

void CaseRun::feed_spool() {
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
  const bool is_source = one().judged_part == JudgedPart::ItsSource;
  run_ = start_jury(program, is_source ? JuryTask::ValidateSource : JuryTask::Check, {});
}

void CaseRun::end_check() {
  const JuryProgram& program = *context_.task.jury[judged_by()->programs[next_program_]];
  const RunResult result = run_->take_result(nullptr);
  Fd work = run_->take_work_folder();
  run_.reset();
  if (interrupted_) return settle(Verdict::Cancelled);
  const JuryWord word = word_of_jury(program, result, work);
  if (word.says == JuryWord::Says::Fault) {
    return blame_jury(program, word.fault, result.error_output.kept);
  }
  hear(word);
  if (word.says == JuryWord::Says::Reject) return reject(program, word);
  if (++next_program_ < judged_by()->programs.size()) return start_check();
  accept(program, word, std::move(work));
}

// Of several programs, what the last one says that says anything.
void CaseRun::hear(const JuryWord& word) {
  if (!word.message.empty()) grade_.feedback = word.message;
  if (!word.team_message.empty()) grade_.team_message = word.team_message;
  if (word.share) grade_.share = word.share;
  if (word.score) grade_.score = word.score;
  if (word.multiplier) grade_.multiplier = word.multiplier;
}

void CaseRun::reject(const JuryProgram& program, const JuryWord& word) {
  const PassDecision then = after_pass(pass_facts(Conclusion::Reject, word));
  if (then.what == AfterPass::JudgeError) return blame_jury(program, then.reason);
  settle_by_rules(Conclusion::Reject, word.rejection == Rejection::Presentation ? Verdict::Pe : Verdict::Wa);
}

void CaseRun::accept(const JuryProgram& program, const JuryWord& word, Fd work) {
  const PassDecision then = after_pass(pass_facts(Conclusion::Accept, word));
  switch (then.what) {
    case AfterPass::JudgeError: return blame_jury(program, then.reason);
    case AfterPass::Again: return begin_next_pass(program, std::move(work));
    case AfterPass::End: break;
  }
  settle_by_rules(Conclusion::Accept, Verdict::Ac);
}

PassFacts CaseRun::pass_facts(Conclusion conclusion, const JuryWord& word) const {
  return {.conclusion = conclusion,
          .submission_is_at_fault = false,
          .next = word.next_pass,
          .pass = pass_,
          .most = context_.task.passes};
}

void CaseRun::begin_next_pass(const JuryProgram& program, Fd work) {
  supervise::WorkFileOpened next = supervise::open_in_work(work.get(), std::string(kJuryFeedback) + "nextpass.in");
  if (!next.descriptor) return blame_jury(program, "nextpass.in " + next.refusal);
  pass_input_ = std::move(next.descriptor);
  try {
    kept_feedback_ = feedback_to_keep(work.get());
  } catch (const SystemError& error) {
    if (error.error() != EFBIG) throw;
    return blame_jury(program, "its feedback folder holds more than 8 MiB, too much for another pass");
  }
  ++pass_;
  grade_.passes = pass_;
  start_pass();
}

void CaseRun::blame_jury(const JuryProgram& program, const std::string& what, const std::string& error_output) {
  grade_.jury_fault = {program.name, jury_argv_, what, error_output.substr(0, kMostOfJurysErrors)};
  settle(Verdict::Ie);
}

void CaseRun::settle_fault(const supervise::SandboxFault& fault) {
  run_.reset();
  dialogue_.reset();
  grade_.run.outcome = fault;
  settle(Verdict::Ie);
}

void CaseRun::settle(Verdict verdict) {
  phase_ = Phase::Done;
  grade_.verdict = verdict;
  // A program that fails earns nothing, but by DMOJ's own checker in a package of DMOJ's.
  const bool has_judged_output = verdict == Verdict::Ac || verdict == Verdict::Wa || verdict == Verdict::Pe;
  if (!has_judged_output && !(context_.rules && looks_after_failures())) grade_.share.reset();
  if (has_byte_order_mark_) {
    grade_.run.warnings.emplace_back(
        "what is expected begins with a byte order mark (EF BB BF), which the program must write too; save it without");
  }
  if (one().disclosure == Disclosure::Secret) {
    keep_secret(grade_.run.output);
    keep_secret(grade_.run.error_output);
    grade_.feedback.clear();
    grade_.team_message.clear();
    grade_.difference.reset();
    if (grade_.jury_fault) grade_.jury_fault->error_output.clear();
    if (grade_.dialogue) keep_secret(grade_.dialogue->interactor.run.error_output);
  }
}

}  // namespace evalrun::judge
