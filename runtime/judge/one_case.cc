#include "runtime/judge/one_case.h"

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/groups/cgroup.h"
#include "runtime/judge/artefacts.h"
#include "runtime/loop/event_loop.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"

namespace evalrun::judge {
namespace {

// They are held in memory here, and copied for each look.
constexpr std::uint64_t kMostArtefacts = std::uint64_t{256} << 20;

const Case* case_called(const Plan& plan, const std::string& name) {
  if (name.empty()) return plan.cases.empty() ? nullptr : &plan.cases.front();
  const auto found = std::ranges::find(plan.cases, name, &Case::name);
  if (found != plan.cases.end()) return &*found;
  std::vector<std::string> names;
  for (const Case& one : plan.cases) names.push_back(one.name);
  const std::string meant = nearest(name, names);
  throw UsageError("the plan has no case " + in_quotes(name) +
                   (meant.empty() ? "" : "; did you mean " + in_quotes(meant) + "?"));
}

}  // namespace

const OneCase::Compiled& OneCase::compiled(const Plan& plan, const Plan& step) {
  if (compiled_ && compiled_->plan == step) return *compiled_;
  loop::EventLoop loop;
  groups::Groups groups;
  sandbox::CompileExtras extras;
  extras.keep_work_folder = true;
  supervise::Run run(loop, groups, sandbox::compile(step, groups::counted_by(groups, host_), std::move(extras)));
  while (!run.finished()) loop.run_once();
  Fd work = run.take_work_folder();
  const supervise::RunResult result = run.take_result(nullptr);
  compiled_.emplace(Compiled{step, std::nullopt});
  if (verdict_of(result.outcome) != Verdict::Ok || !work) return *compiled_;
  std::vector<Limits> limits;
  for (const Case& one : plan.cases) limits.push_back(one.limits);
  if (limits.empty()) limits.push_back(plan.kind.limits);
  const Artefacts artefacts(std::move(work), plan, limits);
  if (!artefacts.refusal().empty()) throw UsageError("the compile step: " + artefacts.refusal());
  compiled_->files = artefacts.read(kMostArtefacts);
  if (!compiled_->files) throw UsageError("the compile step leaves more than 256 MiB, too much to look at one run");
  return *compiled_;
}

PlannedRun OneCase::find(const Plan& plan, const std::string& name) {
  const Case* one = case_called(plan, name);
  std::vector<PlannedRun> runs = runs_of(plan);
  if (plan.compile) {
    const Compiled& step = compiled(plan, runs.front().plan);
    if (!step.files) return runs.front();
    runs.back().plan.job.files = *step.files;
  }
  return one == nullptr ? runs.back()
                        : PlannedRun{"case " + one->name, plan_of_case(runs.back().plan, *one), Step::Case};
}

}  // namespace evalrun::judge
