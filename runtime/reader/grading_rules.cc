#include "runtime/reader/grading_rules.h"

#include <set>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

[[noreturn]] void refuse(const Task& task, const std::string& key, const std::string& message) {
  throw PlanError(task.plan.origin.where(key), key, message);
}

bool is_set(const Task& task, const std::string& key) {
  return task.plan.origin.positions.contains(key);
}

void check_names(const Task& task) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const Case& one = task.cases[i];
    if (names.insert(one.name).second) continue;
    throw PlanError(one.position, "case[" + std::to_string(i) + "].name",
                    "expected a name of its own, found a second " + in_quotes(one.name));
  }
}

// The streams of a graded run belong to its case and to the checker.
void check_streams_of_cases(const Task& task) {
  if (is_set(task, "stdin")) refuse(task, "stdin", "expected in each [[case]], since there are cases");
  if (std::holds_alternative<OutputInherit>(task.plan.kind.output) ||
      std::holds_alternative<OutputFile>(task.plan.kind.output)) {
    refuse(task, "stdout", "expected \"capture\" or \"null\", since the cases' output goes to the checker");
  }
  if (std::holds_alternative<OutputInherit>(task.plan.kind.error_output) ||
      std::holds_alternative<OutputFile>(task.plan.kind.error_output)) {
    refuse(task, "stderr", "expected \"capture\", \"null\" or \"stdout\", since there are many cases");
  }
  if (!task.plan.kind.collect.empty())
    refuse(task, "collect", "expected without [[case]]: each case would write the same files");
}

void settle_checker(Task& task) {
  const bool absolute = is_set(task, "checker.absolute");
  const bool relative = is_set(task, "checker.relative");
  for (const std::string key : {"checker.tolerance", "checker.absolute", "checker.relative"}) {
    if (is_set(task, key) && task.checker.kind != CheckerKind::Floats) {
      refuse(task, key, "expected with kind = \"floats\" only");
    }
  }
  if (is_set(task, "checker.tolerance") && (absolute || relative)) {
    refuse(task, "checker.tolerance", "expected without checker.absolute and checker.relative, which it stands for");
  }
  // One of the two alone: the other allows nothing.
  if (absolute && !relative) task.checker.relative = 0;
  if (relative && !absolute) task.checker.absolute = 0;
}

}  // namespace

void settle_grading(Task& task) {
  settle_checker(task);
  if (!task.cases.empty()) {
    check_names(task);
    check_streams_of_cases(task);
    for (Case& one : task.cases) {
      if (one.output_file.empty()) one.output_file = task.output_file;
    }
  } else if (is_set(task, "output_file")) {
    refuse(task, "output_file", "expected with [[case]]: without cases `collect` copies files out");
  } else if (is_set(task, "checker")) {
    refuse(task, "checker", "expected with [[case]]: there is no output to check");
  }
}

}  // namespace evalrun
