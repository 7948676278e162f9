#include "runtime/judge/program.h"

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/judge/score.h"
#include "runtime/plan/profile.h"

namespace evalrun::judge {
namespace {

// Of what a compile step leaves; more is copied from its own files.
constexpr std::uint64_t kMostInMemory = std::uint64_t{8} << 20;

}  // namespace

bool exclude_each_other(const std::string& a, const std::string& b) {
  return a == b || a.starts_with(b + "/") || b.starts_with(a + "/");
}

Plan plan_of_compile_step(const Plan& program, const CompileStep& step) {
  Plan one = program;
  one.job.argv = step.argv;
  one.kind.limits = step.limits;
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

std::string Program::carry(Fd work, const std::vector<Limits>& limits, const std::string& left_by) {
  artefacts_.emplace(std::move(work), plan_, limits, left_by);
  if (!artefacts_->refusal().empty()) return artefacts_->refusal();
  plan_.job.files.clear();
  if (std::optional<std::vector<WorkFile>> files = artefacts_->read(kMostInMemory)) {
    plan_.job.files = std::move(*files);
    artefacts_.reset();
  }
  return "";
}

std::shared_ptr<const sandbox::CompiledPlan> Program::compile(const Plan& plan, WorkAfterwards work,
                                                              const snapshot::Choice& start,
                                                              std::vector<rootfs::CarriedFile> more) const {
  sandbox::CompileExtras extras;
  extras.snapshot = start.snapshot;
  extras.why_no_snapshot = start.why_not;
  extras.keep_work_folder = work == WorkAfterwards::Kept;
  if (artefacts_) extras.carried = artefacts_->open();
  // A run's own file goes over what was left for it.
  std::erase_if(extras.carried, [&](const rootfs::CarriedFile& carried) {
    const auto stands_there = [&](const auto& own) { return exclude_each_other(own.path, carried.path); };
    return std::ranges::any_of(plan.job.files, stands_there) || std::ranges::any_of(more, stands_there);
  });
  for (rootfs::CarriedFile& one : more) extras.carried.push_back(std::move(one));
  return sandbox::compile(plan, host_, std::move(extras));
}

Build::Build(pool::CellPool& pool, const host::HostFacts& host, const Plan& program, const CompileStep& step)
    : limits_(step.limits) {
  sandbox::CompileExtras extras;
  extras.keep_work_folder = true;
  run_ = pool.start_alone(sandbox::compile(plan_of_compile_step(program, step), host, std::move(extras)));
}

CompileGrade Build::end(Program& into, const std::vector<Limits>& limits) {
  CompileGrade grade;
  Fd work = run_->take_work_folder();
  grade.run = run_->take_result(nullptr);
  grade.verdict = verdict_of_compile(grade.run.outcome);
  grade.message = message_of(grade.run, limits_);
  if (grade.verdict != Verdict::Ok) return grade;
  if (!work) throw SystemError("receive", "/work of the compile step", ENOENT);
  const std::string refusal = into.carry(std::move(work), limits);
  if (!refusal.empty()) {
    grade.verdict = Verdict::Ce;
    grade.message = refusal;
  }
  return grade;
}

Jury::State Jury::prepare(const std::shared_ptr<const JuryProgram>& program) {
  Member& member = members_[program.get()];
  if (member.kept) return member.state;
  Plan plan = program->plan;
  if (program->compile) plan.job.files.clear();  // they come with what the step leaves
  member.program.emplace(std::move(plan), host_);
  if (program->compile) {
    member.build.emplace(pool_, host_, program->plan, *program->compile);
  } else {
    member.state = State::Ready;
  }
  member.kept = program;  // last: where the build cannot begin, whoever asks next tries again
  return member.state;
}

void Jury::advance() {
  for (auto& [key, member] : members_) {
    if (!member.build || !member.build->finished()) continue;
    try {
      member.grade = member.build->end(*member.program, {member.kept->plan.kind.limits});
    } catch (const SystemError& error) {
      member.grade.verdict = Verdict::Ie;
      member.grade.message = error.what();
    }
    member.build.reset();
    member.state = member.grade.verdict == Verdict::Ok ? State::Ready : State::Failed;
  }
}

std::size_t Jury::building() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(members_, [](const auto& member) { return member.second.build.has_value(); }));
}

void Jury::interrupt(int signal) {
  for (auto& [key, member] : members_) {
    if (member.build) member.build->interrupt(signal);
  }
}

const Program& Jury::program(const JuryProgram& program) const {
  return *members_.at(&program).program;
}

const CompileGrade& Jury::failure(const JuryProgram& program) const {
  return members_.at(&program).grade;
}

}  // namespace evalrun::judge
