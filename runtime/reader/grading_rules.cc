#include "runtime/reader/grading_rules.h"

#include <algorithm>
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

// The keys that belong to some checkers only, and what these are called for people.
struct CheckerOption {
  const char* key;
  std::vector<CheckerKind> kinds;
  const char* named;
};

std::vector<CheckerOption> checker_options() {
  using enum CheckerKind;
  const std::vector<CheckerKind> dmoj = {DmojStandard,  DmojIdentical, DmojEasy,      DmojFloats,
                                         DmojFloatsAbs, DmojFloatsRel, DmojLinecount, DmojLinematches,
                                         DmojRstripped, DmojSorted,    DmojUnordered};
  return {
      {"tolerance", {Floats}, "kind = \"floats\""},
      {"absolute", {Floats}, "kind = \"floats\""},
      {"relative", {Floats}, "kind = \"floats\""},
      {"case_sensitive", {Kattis}, "kind = \"kattis\""},
      {"space_change_sensitive", {Kattis}, "kind = \"kattis\""},
      {"float_tolerance", {Kattis}, "kind = \"kattis\""},
      {"float_absolute_tolerance", {Kattis}, "kind = \"kattis\""},
      {"float_relative_tolerance", {Kattis}, "kind = \"kattis\""},
      {"compat", {Kattis}, "kind = \"kattis\""},
      {"precision",
       {DmojFloats, DmojFloatsAbs, DmojFloatsRel},
       "kind = \"dmoj/floats\", \"dmoj/floatsabs\" or \"dmoj/floatsrel\""},
      {"error_mode", {DmojFloats}, "kind = \"dmoj/floats\""},
      {"pe_allowed", {DmojIdentical}, "kind = \"dmoj/identical\""},
      {"filter_new_line", {DmojRstripped}, "kind = \"dmoj/rstripped\""},
      {"split_on", {DmojSorted}, "kind = \"dmoj/sorted\""},
      {"binary_data", dmoj, "a checker of DMOJ's"},
  };
}

// `whole` stands for both others.
void check_tolerances(const Task& task, const std::string& whole, const std::string& absolute,
                      const std::string& relative) {
  if (is_set(task, whole) && (is_set(task, absolute) || is_set(task, relative))) {
    refuse(task, whole, "expected without " + absolute + " and " + relative + ", which it stands for");
  }
}

void settle_checker(Task& task) {
  for (const CheckerOption& option : checker_options()) {
    const std::string key = std::string("checker.") + option.key;
    if (is_set(task, key) && std::ranges::find(option.kinds, task.checker.kind) == option.kinds.end()) {
      refuse(task, key, std::string("expected with ") + option.named + " only");
    }
  }
  check_tolerances(task, "checker.tolerance", "checker.absolute", "checker.relative");
  check_tolerances(task, "checker.float_tolerance", "checker.float_absolute_tolerance",
                   "checker.float_relative_tolerance");
  // One of the two alone: the other allows nothing.
  const bool absolute = is_set(task, "checker.absolute");
  const bool relative = is_set(task, "checker.relative");
  if (absolute && !relative) task.checker.relative = 0;
  if (relative && !absolute) task.checker.absolute = 0;
  if (task.checker.kind == CheckerKind::DmojLinecount || task.checker.kind == CheckerKind::DmojLinematches) {
    refuse(task, "checker.kind",
           in_quotes(name_of(task.checker.kind)) +
               " gives a case a part of its points, which plans do not support yet; use another checker");
  }
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
