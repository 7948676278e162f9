#include "runtime/judge/grading.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/text.h"
#include "runtime/judge/capacity.h"
#include "runtime/plan/profile.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::judge {
namespace {

using supervise::RunResult;

// Of what a compile step leaves; more is copied from its own files.
constexpr std::uint64_t kMostInMemory = std::uint64_t{8} << 20;

// What a case's result shows of each of its streams, where the plan says nothing.
constexpr Bytes kExcerpt = 4_KiB;

constexpr std::size_t kChunk = 64 << 10;

// The compiler has the plan's image, files and layers, and limits of its own. What is for the program's run alone, it
// has not: neither its streams and ports nor what the plan takes from the program, which a compiler may need.
Plan plan_of_compile_step(const Task& task) {
  Plan one = task.plan;
  one.job.argv = task.compile->argv;
  one.kind.limits = task.compile->limits;
  one.job.input = InputNull{};
  one.kind.output = OutputCapture{};
  one.kind.error_output = OutputCapture{};
  one.kind.network = {};
  one.kind.landlock = {};
  one.kind.seccomp.deny.clear();
  one.kind.profiles = {{&profiles().front(), one.origin.whole}};
  one.kind.narrowings.clear();
  one.kind.capabilities = strictest(one.kind.profiles, one.kind.narrowings);
  one.kind.collect.clear();
  one.origin.positions.erase("limits.cpus");
  return one;
}

Plan plan_of_program(const Task& task) {
  Plan one = task.plan;
  if (task.compile) one.job.files.clear();  // they come with the artefacts
  if (task.cases.empty()) return one;
  // Counted and hashed, and given to the checker as they come; a case's result holds an excerpt.
  for (Output* output : {&one.kind.output, &one.kind.error_output}) {
    if (auto* capture = std::get_if<OutputCapture>(output); capture != nullptr && !capture->most) {
      capture->most = kExcerpt;
    }
  }
  return one;
}

// `plan`: the program's, of whatever case. Nothing but what differs is copied: the submission's files are large.
void set_case(Plan& plan, const Case& one) {
  plan.job.input = one.input;
  plan.kind.limits = one.limits;
  if (!one.argv.empty()) plan.job.argv = one.argv;
  plan.origin.positions["stdin"] = one.position;
}

std::string message_of_case(Verdict verdict, const RunResult& run, const Limits& limits) {
  if (verdict != Verdict::Ac && verdict != Verdict::Wa) return message_of(run, limits);
  std::string text = verdict == Verdict::Ac ? "accepted" : "wrong answer";
  for (const supervise::LimitMet& met : run.limits_met) text += "; " + describe(met);
  return text;
}

void keep_secret(supervise::Stream& stream) {
  stream.kept.clear();
  stream.captured = false;
}

// Cases are of one kind where their limits are the same.
bool has_few_kinds(const Task& task) {
  std::vector<const Limits*> kinds;
  for (const Case& one : task.cases) {
    if (std::ranges::any_of(kinds, [&](const Limits* kind) { return *kind == one.limits; })) continue;
    if (kinds.size() == pool::CellPool::kMostKinds) return false;
    kinds.push_back(&one.limits);
  }
  return true;
}

void check_case_file(const Case& one, std::size_t index, const char* key, const std::filesystem::path& path) {
  const HostFile file = open_host_file(path.string(), FileUse::Read);
  if (file.descriptor) return;
  throw PlanError(one.position, "case[" + std::to_string(index) + "]." + key,
                  "open " + path.string() + ": " + file.refusal);
}

void check_case_files(const Task& task) {
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const Case& one = task.cases[i];
    if (const auto* input = std::get_if<InputFile>(&one.input)) check_case_file(one, i, "stdin", input->path);
    if (const auto* path = std::get_if<std::filesystem::path>(&one.expected)) check_case_file(one, i, "expect", *path);
  }
}

}  // namespace

// A case that is running. Its checker sees the output as the run reads it.
struct Grading::LiveCase {
  LiveCase(std::size_t at, std::unique_ptr<OutputChecker> with) : index(at), checker(std::move(with)) {}

  void feed(std::string_view piece) {
    if (fault) return;
    try {
      checker->feed(piece);
    } catch (const SystemError& error) {
      fault = checker_fault(error);
    }
  }

  Judgement finish() {
    Judgement judgement;
    if (fault) return judgement;
    try {
      judgement = checker->finish();
    } catch (const SystemError& error) {
      fault = checker_fault(error);
    }
    return judgement;
  }

  std::size_t index;
  std::unique_ptr<OutputChecker> checker;
  bool has_byte_order_mark = false;  // what is expected
  std::string no_output_file;        // why there is none to judge; "" where there is one, or none is asked for
  std::optional<supervise::SandboxFault> fault;  // what is expected could not be read
  std::unique_ptr<supervise::Run> run;
};

std::vector<PlannedRun> runs_of(const Task& task) {
  std::vector<PlannedRun> runs;
  if (task.compile) runs.push_back({"compile", plan_of_compile_step(task), Step::Compile});
  runs.push_back(
      {task.cases.empty() ? "run" : "case", plan_of_program(task), task.cases.empty() ? Step::Run : Step::Case});
  return runs;
}

Plan plan_of_case(const Plan& common, const Case& one) {
  Plan plan = common;
  set_case(plan, one);
  plan.job.files = with_files(std::move(plan.job.files), one.files);
  return plan;
}

void check_runs(const Task& task, const host::HostFacts& host) {
  check_case_files(task);
  const std::vector<PlannedRun> runs = runs_of(task);
  for (const PlannedRun& run : runs) {
    const bool is_compile_step = task.compile && &run == &runs.front();
    sandbox::check_program(*sandbox::compile(run.plan, host), is_compile_step ? "compile.argv" : "argv");
  }
}

unsigned default_jobs(const Task& task) {
  const auto is_pinned = [](const Case& one) { return std::holds_alternative<CpusAuto>(one.limits.cpus); };
  return std::ranges::all_of(task.cases, is_pinned) ? usable_cores() : 1;
}

Grading::Grading(pool::CellPool& pool, const Task& task, const host::HostFacts& host, GradingOptions options)
    : pool_(pool),
      task_(task),
      host_(host),
      options_(options),
      few_kinds_(has_few_kinds(task)),
      run_plan_(plan_of_program(task)),
      first_failure_(task.cases.size()) {
  check_runs(task_, host_);
  grade_.cases.resize(task_.cases.size());
  if (task_.compile) {
    start_compile();
  } else {
    start_cases();
  }
}

Grading::~Grading() = default;

bool Grading::finished() const noexcept {
  return !compile_run_ && !single_run_ && live_.empty() && (interrupted_ || next_case_ >= cases_to_run());
}

void Grading::interrupt(int signal) {
  interrupted_ = true;
  if (compile_run_) compile_run_->interrupt(signal);
  if (single_run_) single_run_->interrupt(signal);
  for (const auto& live : live_) live->run->interrupt(signal);
}

void Grading::advance(const supervise::SaveFolder* save_folder) {
  if (compile_run_ && compile_run_->finished()) end_compile(save_folder);
  if (single_run_ && single_run_->finished()) end_single_run();
  if (compile_run_ || single_run_) return;
  for (const auto& live : live_) {
    if (live->run->finished()) end_case(*live);
  }
  std::erase_if(live_, [](const auto& live) { return live->run->finished(); });
  undo_after_first_failure();
  start_cases();
}

std::size_t Grading::cases_to_prepare() const {
  if (interrupted_ || compile_run_ || single_run_) return 0;
  const std::size_t left = cases_to_run() - std::min(next_case_, cases_to_run());
  return std::min<std::size_t>(left, std::min(jobs(), most_sandboxes(0) - jobs()));
}

void Grading::start_cases() {
  while (!interrupted_ && next_case_ < cases_to_run() && live_.size() < jobs()) start_case(next_case_++);
}

// Cases behind this one are not run.
std::size_t Grading::cases_to_run() const {
  if (grade_.compile && grade_.compile->verdict != Verdict::Ok) return 0;
  return options_.after_failure == AfterFailure::Stop ? std::min(first_failure_, task_.cases.size())
                                                      : task_.cases.size();
}

unsigned Grading::jobs() const {
  const unsigned wanted = options_.jobs != 0 ? options_.jobs : default_jobs(task_);
  return std::clamp(wanted, 1U, most_sandboxes(artefacts_ ? artefacts_->count() : 0));
}

std::shared_ptr<const sandbox::CompiledPlan> Grading::compile_with_artefacts(const Plan& plan,
                                                                             WorkAfterwards work) const {
  sandbox::CompileExtras extras;
  extras.keep_work_folder = work == WorkAfterwards::Kept;
  if (artefacts_) extras.carried = artefacts_->open();
  // A case's own file goes over what the compile step has left.
  std::erase_if(extras.carried, [&](const rootfs::CarriedFile& carried) {
    return std::ranges::any_of(plan.job.files, [&](const WorkFile& own) { return own.path == carried.path; });
  });
  return sandbox::compile(plan, host_, std::move(extras));
}

void Grading::start_compile() {
  sandbox::CompileExtras extras;
  extras.keep_work_folder = true;
  compile_run_ = pool_.start_alone(sandbox::compile(plan_of_compile_step(task_), host_, std::move(extras)));
}

void Grading::end_compile(const supervise::SaveFolder* save_folder) {
  Fd work = compile_run_->take_work_folder();
  CompileGrade& compile = grade_.compile.emplace();
  compile.run = compile_run_->take_result(nullptr);
  compile_run_.reset();
  compile.verdict = verdict_of_compile(compile.run.outcome);
  compile.message = message_of(compile.run, task_.compile->limits);
  if (compile.verdict != Verdict::Ok || interrupted_) return;
  if (!work) throw SystemError("receive", "/work of the compile step", ENOENT);
  std::vector<Limits> limits;
  for (const Case& one : task_.cases) limits.push_back(one.limits);
  if (limits.empty()) limits.push_back(task_.plan.kind.limits);
  artefacts_.emplace(std::move(work), task_.plan, limits);
  if (!artefacts_->refusal().empty()) {
    compile.verdict = Verdict::Ce;
    compile.message = artefacts_->refusal();
  } else if (task_.cases.empty()) {
    start_single_run();
    single_run_->collect_into(save_folder);
  } else if (std::optional<std::vector<WorkFile>> files = artefacts_->read(kMostInMemory)) {
    run_plan_.job.files = std::move(*files);
    artefacts_.reset();
  }
}

void Grading::start_single_run() {
  single_run_ = pool_.start_alone(compile_with_artefacts(run_plan_, WorkAfterwards::Gone));
}

void Grading::end_single_run() {
  grade_.run = single_run_->take_result(nullptr);
  single_run_.reset();
}

// Cells that are given up before a second case comes cost more than a run by itself.
bool Grading::may_follow_another(std::size_t index) const {
  const std::vector<Case>& cases = task_.cases;
  const auto is_alike = [&](const Case& other) { return other.limits == cases[index].limits; };
  return few_kinds_ || (index > 0 && is_alike(cases[index - 1])) ||
         (index + 1 < cases.size() && is_alike(cases[index + 1]));
}

void Grading::start_case(std::size_t index) {
  const Case& one = task_.cases[index];
  try {
    Expected expected = Expected::of(one);
    const bool has_mark = expected.has_byte_order_mark();
    auto live = std::make_unique<LiveCase>(index, make_checker(task_.checker, std::move(expected)));
    live->has_byte_order_mark = has_mark;
    supervise::RunHooks hooks;
    const bool judges_a_file = !one.output_file.empty();
    if (!judges_a_file) hooks.output = [&seen = *live](std::string_view piece) { seen.feed(piece); };
    run_plan_.job.argv = task_.plan.job.argv;  // the case before may have had its own
    set_case(run_plan_, one);
    // Only a case with files of its own copies those that all have.
    const std::optional<Plan> with_own_files =
        one.files.empty() ? std::nullopt : std::optional(plan_of_case(run_plan_, one));
    const Plan& plan = with_own_files ? *with_own_files : run_plan_;
    live->run = !artefacts_ && !judges_a_file && may_follow_another(index)
                    ? pool_.start(plan, std::move(hooks))
                    : pool_.start_alone(
                          compile_with_artefacts(plan, judges_a_file ? WorkAfterwards::Kept : WorkAfterwards::Gone),
                          std::move(hooks));
    live_.push_back(std::move(live));
  } catch (const HostError& error) {
    CaseGrade grade;
    grade.run.outcome = supervise::fault_of(error);
    record(index, std::move(grade));
  } catch (const SystemError& error) {
    CaseGrade grade;
    grade.run.outcome = supervise::fault_of(error);
    record(index, std::move(grade));
  }
}

void Grading::end_case(LiveCase& live) {
  CaseGrade grade;
  grade.run = live.run->take_result(nullptr);
  if (!task_.cases[live.index].output_file.empty()) judge_output_file(live, grade.run);
  const Judgement judgement = live.no_output_file.empty() ? live.finish() : Judgement{false, live.no_output_file};
  if (live.fault) grade.run.outcome = *live.fault;
  if (verdict_of(grade.run.outcome) == Verdict::Ok) grade.feedback = judgement.feedback;
  grade.verdict = verdict_of_case(grade.run.outcome, judgement);
  if (live.has_byte_order_mark) {
    grade.run.warnings.emplace_back(
        "what is expected begins with a byte order mark (EF BB BF), which the program must write too; save it without");
  }
  if (task_.cases[live.index].disclosure == Disclosure::Secret) {
    keep_secret(grade.run.output);
    keep_secret(grade.run.error_output);
    grade.feedback.clear();
  }
  record(live.index, std::move(grade));
}

// The file is bounded like the output in whose place it stands.
void Grading::judge_output_file(LiveCase& live, RunResult& run) const {
  if (verdict_of(run.outcome) != Verdict::Ok) return;
  const Case& one = task_.cases[live.index];
  const Fd work = live.run->take_work_folder();
  supervise::WorkFileOpened file = supervise::open_in_work(work.get(), one.output_file);
  if (!file.refusal.empty()) {
    live.no_output_file =
        one.output_file + ": " + (file.error == ENOENT ? "the program has not written it" : file.refusal);
    return;
  }
  const OutputLimit& limits = one.limits.output;
  const Bytes most = limits.both ? *limits.both : limits.standard_output.value_or(Bytes{});
  if (Bytes{file.size} > most) {
    run.outcome = supervise::LimitHit{supervise::Limit::Output, {most, Bytes{file.size}}, one.output_file};
    return;
  }
  std::vector<char> piece(kChunk);
  for (std::uint64_t left = file.size; left > 0;) {
    const ssize_t count = ::read(file.descriptor.get(), piece.data(), std::min<std::uint64_t>(piece.size(), left));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    left -= static_cast<std::uint64_t>(count);
    live.feed({piece.data(), static_cast<std::size_t>(count)});
  }
}

void Grading::record(std::size_t index, CaseGrade grade) {
  if (!grade.verdict) grade.verdict = verdict_of_case(grade.run.outcome, {});
  grade.message = message_of_case(*grade.verdict, grade.run, task_.cases[index].limits);
  if (grade.verdict != Verdict::Ac) first_failure_ = std::min(first_failure_, index);
  grade_.cases[index] = std::move(grade);
}

// What ran beside the first failure and stands behind it in the plan, as if it had never run.
void Grading::undo_after_first_failure() {
  if (options_.after_failure == AfterFailure::GoOn) return;
  std::erase_if(live_, [&](const auto& live) { return live->index > first_failure_; });
  for (std::size_t i = first_failure_ + 1; i < grade_.cases.size(); ++i) grade_.cases[i] = {};
}

Grade Grading::take_grade() {
  Grade& grade = grade_;
  std::vector<ScoredCase> scored;
  for (std::size_t i = 0; i < task_.cases.size(); ++i) {
    scored.push_back({grade.cases[i].verdict, task_.cases[i].points, task_.cases[i].group});
    grade.score_max += task_.cases[i].points;
  }
  const std::vector<unsigned> points = points_earned(scored);
  for (std::size_t i = 0; i < points.size(); ++i) {
    grade.cases[i].points = points[i];
    grade.score += points[i];
  }
  if (grade.compile && grade.compile->verdict != Verdict::Ok) {
    grade.verdict = grade.compile->verdict;
    grade.message = "the compile step failed: " + grade.compile->message;
  } else if (task_.cases.empty()) {
    grade.verdict = grade.run ? verdict_of(grade.run->outcome) : Verdict::Ie;
    grade.message = grade.run ? message_of(*grade.run, task_.plan.kind.limits) : "interrupted";
  } else {
    grade.verdict = verdict_of_all(scored);
    const auto decides = [&](const CaseGrade& one) { return one.verdict == grade.verdict; };
    const auto first = std::ranges::find_if(grade.cases, decides);
    grade.message =
        grade.verdict == Verdict::Ac ? "accepted"
        : first == grade.cases.end()
            ? "interrupted"
            : "case " + task_.cases[static_cast<std::size_t>(first - grade.cases.begin())].name + ": " + first->message;
  }
  return std::move(grade_);
}

}  // namespace evalrun::judge
