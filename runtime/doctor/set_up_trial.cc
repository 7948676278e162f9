#include "runtime/doctor/set_up_trial.h"

#include <algorithm>

#include "runtime/reader/parse.h"
#include "runtime/sandbox/step_table.h"

namespace evalrun::doctor {
namespace {

Plan plan_of_trial(const std::string& proc_view) {
  std::string text = "argv = [\"/work/program\"]\n[proc]\nview = \"" + proc_view + "\"\n[require]\n";
  for (const char* layer :
       {"net_ns", "ipc_ns", "uts_ns", "cgroup_ns", "landlock", "landlock_net", "landlock_scopes", "seccomp"}) {
    text += std::string(layer) + " = \"if-available\"\n";
  }
  return parse_plan({text, "the doctor's plan", "doctor", "/"}, {}, {});
}

}  // namespace

SetUpTrial::SetUpTrial(const Host& host, const std::string& proc_view)
    : compiled_(sandbox::compile(plan_of_trial(proc_view), host.facts, {})),
      tree_fds_(compiled_->child().root.trees.size(), -1) {
  delivery_.plan = compiled_->child();
  // A trial shall tell of what a plan may accept.
  delivery_.plan.host_name_may_stay = false;
  delivery_.plan.keyring_may_stay = false;
  delivery_.drop_groups = !host.identity.is_own;
  delivery_.tree_fds = tree_fds_;
  // Nobody listens to notes.
  context_.namespaces = 0;
  context_.control = context_.report = -1;
  context_.delivery = &delivery_;
  context_.plan = &delivery_.plan;
}

std::vector<TrialStep> SetUpTrial::steps(std::initializer_list<Stage> stages) {
  std::vector<TrialStep> rows;
  for (const sandbox::Step& step : sandbox::kSteps) {
    if (std::ranges::find(stages, step.stage) == stages.end()) continue;
    rows.emplace_back(step.what, std::function<StepResult()>([this, &step] { return step.run(context_); }));
  }
  return rows;
}

}  // namespace evalrun::doctor
