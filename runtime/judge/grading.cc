#include "runtime/judge/grading.h"

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

// The plan of one run, without what is said of others.
Plan single(const Plan& plan) {
  Plan one = plan;
  one.compile.reset();
  one.cases.clear();
  return one;
}

// The compiler has the plan's image, files and layers, and limits of its own. What is for the program's run alone, it
// has not: neither its streams and ports nor what the plan takes from the program, which a compiler may need.
Plan compile_plan(const Plan& plan) {
  Plan one = single(plan);
  one.argv = plan.compile->argv;
  one.limits = plan.compile->limits;
  one.input = InputNull{};
  one.output = OutputCapture{};
  one.error_output = OutputCapture{};
  one.network = {};
  one.landlock = {};
  one.seccomp.deny.clear();
  one.profiles = {{&profiles().front(), plan.whole}};
  one.narrowings.clear();
  one.capabilities = strictest(one.profiles, one.narrowings);
  one.collect.clear();
  one.positions.erase("limits.cpus");
  return one;
}

Plan run_plan(const Plan& plan) {
  Plan one = single(plan);
  if (plan.compile) one.files.clear();  // they come with the artefacts
  if (plan.cases.empty()) return one;
  // Counted and hashed, and given to the checker as they come; a case's result holds no text.
  one.output = OutputNull{};
  if (!std::holds_alternative<OutputToStdout>(one.error_output)) one.error_output = OutputNull{};
  return one;
}

Plan case_plan(const Plan& common, const Case& one) {
  Plan plan = common;
  plan.input = one.input;
  plan.limits = one.limits;
  if (!one.argv.empty()) plan.argv = one.argv;
  plan.positions["stdin"] = one.position;
  return plan;
}

std::string message_of_case(Verdict verdict, const supervise::Outcome& outcome, const Limits& limits) {
  switch (verdict) {
    case Verdict::Ac: return "accepted";
    case Verdict::Wa: return "wrong answer";
    default: return message_of(outcome, limits);
  }
}

// Cases are of one kind where their limits are the same.
bool has_few_kinds(const Plan& plan) {
  std::vector<const Limits*> kinds;
  for (const Case& one : plan.cases) {
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

void check_case_files(const Plan& plan) {
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    const Case& one = plan.cases[i];
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
      fault = {"checker", error.operation(), error.subject(), error.error(), true};
    }
  }

  Judgement finish() {
    Judgement judgement;
    if (fault) return judgement;
    try {
      judgement = checker->finish();
    } catch (const SystemError& error) {
      fault = {"checker", error.operation(), error.subject(), error.error(), true};
    }
    return judgement;
  }

  std::size_t index;
  std::unique_ptr<OutputChecker> checker;
  std::optional<supervise::SandboxFault> fault;  // what is expected could not be read
  std::unique_ptr<supervise::Run> run;
};

bool is_graded(const Plan& plan) {
  return plan.compile.has_value() || !plan.cases.empty();
}

std::vector<PlannedRun> runs_of(const Plan& plan) {
  std::vector<PlannedRun> runs;
  if (plan.compile) runs.push_back({"compile", compile_plan(plan)});
  runs.push_back({plan.cases.empty() ? "run" : "case", run_plan(plan)});
  return runs;
}

void check_runs(const Plan& plan, const host::HostFacts& host) {
  check_case_files(plan);
  const std::vector<PlannedRun> runs = runs_of(plan);
  for (const PlannedRun& run : runs) {
    const bool is_compile_step = plan.compile && &run == &runs.front();
    sandbox::check_program(*sandbox::compile(run.plan, host), is_compile_step ? "compile.argv" : "argv");
  }
}

unsigned default_jobs(const Plan& plan) {
  const auto is_pinned = [](const Case& one) { return std::holds_alternative<CpusAuto>(one.limits.cpus); };
  return std::ranges::all_of(plan.cases, is_pinned) ? usable_cores() : 1;
}

Grading::Grading(pool::CellPool& pool, const Plan& plan, const host::HostFacts& host, GradingOptions options)
    : pool_(pool),
      plan_(plan),
      host_(host),
      options_(options),
      few_kinds_(has_few_kinds(plan_)),
      run_plan_(run_plan(plan)),
      first_failure_(plan.cases.size()) {
  check_runs(plan_, host_);
  grade_.cases.resize(plan_.cases.size());
  if (plan_.compile) {
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
  return options_.after_failure == AfterFailure::Stop ? std::min(first_failure_, plan_.cases.size())
                                                      : plan_.cases.size();
}

unsigned Grading::jobs() const {
  const unsigned wanted = options_.jobs != 0 ? options_.jobs : default_jobs(plan_);
  return std::clamp(wanted, 1U, most_sandboxes(artefacts_ ? artefacts_->count() : 0));
}

std::shared_ptr<const sandbox::CompiledPlan> Grading::compile_with_artefacts(const Plan& plan) const {
  sandbox::CompileExtras extras;
  if (artefacts_) extras.carried = artefacts_->open();
  return sandbox::compile(plan, host_, std::move(extras));
}

void Grading::start_compile() {
  sandbox::CompileExtras extras;
  extras.keep_work_folder = true;
  compile_run_ = pool_.start_alone(sandbox::compile(compile_plan(plan_), host_, std::move(extras)));
}

void Grading::end_compile(const supervise::SaveFolder* save_folder) {
  Fd work = compile_run_->take_work_folder();
  CompileGrade& compile = grade_.compile.emplace();
  compile.run = compile_run_->take_result(nullptr);
  compile_run_.reset();
  compile.verdict = verdict_of_compile(compile.run.outcome);
  compile.message = message_of(compile.run.outcome, plan_.compile->limits);
  if (compile.verdict != Verdict::Ok || interrupted_) return;
  if (!work) throw SystemError("receive", "/work of the compile step", ENOENT);
  std::vector<Limits> limits;
  for (const Case& one : plan_.cases) limits.push_back(one.limits);
  if (limits.empty()) limits.push_back(plan_.limits);
  artefacts_.emplace(std::move(work), plan_, limits);
  if (!artefacts_->refusal().empty()) {
    compile.verdict = Verdict::Ce;
    compile.message = artefacts_->refusal();
  } else if (plan_.cases.empty()) {
    start_single_run();
    single_run_->collect_into(save_folder);
  } else if (std::optional<std::vector<WorkFile>> files = artefacts_->read(kMostInMemory)) {
    run_plan_.files = std::move(*files);
    artefacts_.reset();
  }
}

void Grading::start_single_run() {
  single_run_ = pool_.start_alone(compile_with_artefacts(run_plan_));
}

void Grading::end_single_run() {
  grade_.run = single_run_->take_result(nullptr);
  single_run_.reset();
}

// Cells that are given up before a second case comes cost more than a run by itself.
bool Grading::may_follow_another(std::size_t index) const {
  const std::vector<Case>& cases = plan_.cases;
  const auto is_alike = [&](const Case& other) { return other.limits == cases[index].limits; };
  return few_kinds_ || (index > 0 && is_alike(cases[index - 1])) ||
         (index + 1 < cases.size() && is_alike(cases[index + 1]));
}

void Grading::start_case(std::size_t index) {
  const Case& one = plan_.cases[index];
  try {
    auto checker = make_checker(plan_.checker, Expected::of(one));
    auto live = std::make_unique<LiveCase>(index, std::move(checker));
    supervise::RunHooks hooks{.output = [&seen = *live](std::string_view piece) { seen.feed(piece); }};
    const Plan plan = case_plan(run_plan_, one);
    live->run = !artefacts_ && may_follow_another(index)
                    ? pool_.start(plan, std::move(hooks))
                    : pool_.start_alone(compile_with_artefacts(plan), std::move(hooks));
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
  const Judgement judgement = live.finish();
  grade.run = live.run->take_result(nullptr);
  if (live.fault) grade.run.outcome = *live.fault;
  if (verdict_of(grade.run.outcome) == Verdict::Ok) grade.feedback = judgement.feedback;
  grade.verdict = verdict_of_case(grade.run.outcome, judgement);
  record(live.index, std::move(grade));
}

void Grading::record(std::size_t index, CaseGrade grade) {
  if (!grade.verdict) grade.verdict = verdict_of_case(grade.run.outcome, {});
  grade.message = message_of_case(*grade.verdict, grade.run.outcome, plan_.cases[index].limits);
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
  for (std::size_t i = 0; i < plan_.cases.size(); ++i) {
    scored.push_back({grade.cases[i].verdict, plan_.cases[i].points, plan_.cases[i].group});
    grade.score_max += plan_.cases[i].points;
  }
  const std::vector<unsigned> points = points_earned(scored);
  for (std::size_t i = 0; i < points.size(); ++i) {
    grade.cases[i].points = points[i];
    grade.score += points[i];
  }
  if (grade.compile && grade.compile->verdict != Verdict::Ok) {
    grade.verdict = grade.compile->verdict;
    grade.message = "the compile step failed: " + grade.compile->message;
  } else if (plan_.cases.empty()) {
    grade.verdict = grade.run ? verdict_of(grade.run->outcome) : Verdict::Ie;
    grade.message = grade.run ? message_of(grade.run->outcome, plan_.limits) : "interrupted";
  } else {
    grade.verdict = verdict_of_all(scored);
    const auto decides = [&](const CaseGrade& one) { return one.verdict == grade.verdict; };
    const auto first = std::ranges::find_if(grade.cases, decides);
    grade.message =
        grade.verdict == Verdict::Ac ? "accepted"
        : first == grade.cases.end()
            ? "interrupted"
            : "case " + plan_.cases[static_cast<std::size_t>(first - grade.cases.begin())].name + ": " + first->message;
  }
  return std::move(grade_);
}

}  // namespace evalrun::judge
