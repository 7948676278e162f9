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

const Case* case_called(const Task& task, const std::string& name) {
  if (name.empty()) return task.cases.empty() ? nullptr : &task.cases.front();
  const auto found = std::ranges::find(task.cases, name, &Case::name);
  if (found != task.cases.end()) return &*found;
  std::vector<std::string> names;
  for (const Case& one : task.cases) names.push_back(one.name);
  const std::string meant = nearest(name, names);
  throw UsageError("the plan has no case " + in_quotes(name) +
                   (meant.empty() ? "" : "; did you mean " + in_quotes(meant) + "?"));
}

}  // namespace

const OneCase::Compiled& OneCase::compiled(const Task& task, const Plan& step) {
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
  for (const Case& one : task.cases) limits.push_back(one.limits);
  if (limits.empty()) limits.push_back(task.plan.kind.limits);
  const Artefacts artefacts(std::move(work), task.plan, limits);
  if (!artefacts.refusal().empty()) throw UsageError("the compile step: " + artefacts.refusal());
  compiled_->files = artefacts.read(kMostArtefacts);
  if (!compiled_->files) throw UsageError("the compile step leaves more than 256 MiB, too much to look at one run");
  return *compiled_;
}

PlannedRun OneCase::find(const Task& task, const std::string& name) {
  const Case* one = case_called(task, name);
  if (task.tests && task.interaction) {
    throw UsageError(
        "trace follows one program, and the tests of this plan run in a sandbox of their own; "
        "--set tests.mode=in-process puts both into one process");
  }
  if (task.interaction) {
    throw UsageError(
        "trace follows one program, and a case of this plan is a dialogue: its input comes from " +
        task.jury[task.interaction->program]->name +
        "; write what it says into a file, and trace a plan with that as `stdin` and without [interactor]");
  }
  if (!task.steps.empty()) {
    throw UsageError("trace follows one program, and this plan has steps; trace a plan of that step alone");
  }
  PlannedRun run = run_of_program(task);
  if (task.compile) {
    PlannedRun step{"compile", plan_of_compile_step(task.plan, *task.compile), Step::Compile, "compile.argv"};
    const Compiled& made = compiled(task, step.plan);
    if (!made.files) return step;
    run.plan.job.files = *made.files;
  }
  return one == nullptr ? run : PlannedRun{"case " + one->name, plan_of_case(run.plan, *one), Step::Case};
}

}  // namespace evalrun::judge
