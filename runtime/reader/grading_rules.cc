#include "runtime/reader/grading_rules.h"

#include <set>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

[[noreturn]] void refuse(const Plan& plan, const std::string& key, const std::string& message) {
  throw PlanError(plan.origin.where(key), key, message);
}

bool is_set(const Plan& plan, const std::string& key) {
  return plan.origin.positions.contains(key);
}

void check_names(const Plan& plan) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    const Case& one = plan.cases[i];
    if (names.insert(one.name).second) continue;
    throw PlanError(one.position, "case[" + std::to_string(i) + "].name",
                    "expected a name of its own, found a second " + in_quotes(one.name));
  }
}

// The streams of a graded run belong to its case and to the checker.
void check_streams_of_cases(const Plan& plan) {
  if (is_set(plan, "stdin")) refuse(plan, "stdin", "expected in each [[case]], since there are cases");
  if (std::holds_alternative<OutputInherit>(plan.kind.output) || std::holds_alternative<OutputFile>(plan.kind.output)) {
    refuse(plan, "stdout", "expected \"capture\" or \"null\", since the cases' output goes to the checker");
  }
  if (std::holds_alternative<OutputInherit>(plan.kind.error_output) ||
      std::holds_alternative<OutputFile>(plan.kind.error_output)) {
    refuse(plan, "stderr", "expected \"capture\", \"null\" or \"stdout\", since there are many cases");
  }
  if (!plan.kind.collect.empty())
    refuse(plan, "collect", "expected without [[case]]: each case would write the same files");
}

void settle_checker(Plan& plan) {
  const bool absolute = is_set(plan, "checker.absolute");
  const bool relative = is_set(plan, "checker.relative");
  for (const std::string key : {"checker.tolerance", "checker.absolute", "checker.relative"}) {
    if (is_set(plan, key) && plan.checker.kind != CheckerKind::Floats) {
      refuse(plan, key, "expected with kind = \"floats\" only");
    }
  }
  if (is_set(plan, "checker.tolerance") && (absolute || relative)) {
    refuse(plan, "checker.tolerance", "expected without checker.absolute and checker.relative, which it stands for");
  }
  // One of the two alone: the other allows nothing.
  if (absolute && !relative) plan.checker.relative = 0;
  if (relative && !absolute) plan.checker.absolute = 0;
}

}  // namespace

void settle_grading(Plan& plan) {
  settle_checker(plan);
  if (!plan.cases.empty()) {
    check_names(plan);
    check_streams_of_cases(plan);
    for (Case& one : plan.cases) {
      if (one.output_file.empty()) one.output_file = plan.output_file;
    }
  } else if (is_set(plan, "output_file")) {
    refuse(plan, "output_file", "expected with [[case]]: without cases `collect` copies files out");
  } else if (is_set(plan, "checker")) {
    refuse(plan, "checker", "expected with [[case]]: there is no output to check");
  }
}

}  // namespace evalrun
