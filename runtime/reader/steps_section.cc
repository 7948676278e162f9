#include "runtime/reader/steps_section.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "runtime/core/error.h"
#include "runtime/core/text.h"

namespace evalrun {
namespace {

[[noreturn]] void refuse(const Task& task, const std::string& key, const std::string& why) {
  throw PlanError(task.plan.origin.where(key), key, why);
}

void check_names(const Task& task) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < task.steps.size(); ++i) {
    const PlanStep& step = task.steps[i];
    if (names.insert(step.name).second) continue;
    throw PlanError(step.position, "step[" + std::to_string(i) + "].name",
                    "expected a name of its own, found a second " + in_quotes(step.name));
  }
}

// A step that reads ahead of what it uses would take it from the next one; a file would hold the last step's words.
void check_streams(const Task& task) {
  const Plan& plan = task.plan;
  if (std::holds_alternative<InputInherit>(plan.job.input)) {
    refuse(task, "stdin", "expected a file, a text or \"null\" with [[step]], since several programs read it");
  }
  for (const auto& [key, output] : {std::pair("stdout", &plan.kind.output), {"stderr", &plan.kind.error_output}}) {
    if (std::holds_alternative<OutputFile>(*output)) {
      refuse(task, key, "expected no file with [[step]]: each step would write it anew");
    }
  }
}

}  // namespace

bool uses_line_of_plan(const Task& task) {
  return task.steps.empty() || std::ranges::any_of(task.steps, [](const PlanStep& step) { return step.argv.empty(); });
}

void check_steps(const Task& task) {
  if (task.steps.empty()) return;
  if (!task.cases.empty()) {
    throw PlanError(task.cases.front().position, "case[0]", "expected without [[step]]: a plan has cases or steps");
  }
  if (task.plan.origin.positions.contains("tests")) {
    refuse(task, "tests", "expected without [[step]]: the tests of a plan are one run");
  }
  check_names(task);
  check_streams(task);
}

}  // namespace evalrun
