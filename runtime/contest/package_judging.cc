#include "runtime/contest/package_judging.h"

#include <algorithm>
#include <optional>

#include "runtime/core/overloaded.h"
#include "runtime/problem/comparison.h"

namespace evalrun::contest {
namespace {

Checker kattis_checker(const problem::Comparison& comparison, Compat compat) {
  Checker checker;
  checker.kind = CheckerKind::Kattis;
  checker.kattis = {.compat = compat,
                    .case_sensitive = comparison.case_sensitive,
                    .space_change_sensitive = comparison.space_change_sensitive,
                    .absolute = comparison.absolute,
                    .relative = comparison.relative};
  return checker;
}

bool is_true(const std::string& text) {
  return text == "true" || text == "True" || text == "yes" || text == "1";
}

// The built-in checker of this family and name; none where plans have none.
std::optional<Checker> built_in_checker(const problem::BuiltInChecker& named) {
  const std::string name = named.family + "/" + named.name;
  const auto* row = std::ranges::find(kCheckers, name, &CheckerRow::name);
  if (row == std::end(kCheckers)) return {};
  Checker checker;
  checker.kind = row->kind;
  for (const auto& [key, value] : named.arguments) {
    if (key == "precision") {
      checker.dmoj.precision = static_cast<unsigned>(std::stoul(value));
    } else if (key == "error_mode") {
      checker.dmoj.error_mode = value == "absolute"   ? ErrorMode::Absolute
                                : value == "relative" ? ErrorMode::Relative
                                                      : ErrorMode::Default;
    } else if (key == "pe_allowed") {
      checker.dmoj.pe_allowed = is_true(value);
    } else if (key == "filler_lines_required") {
      checker.dmoj.filler_lines_required = is_true(value);
    } else if (key == "filter_new_line") {
      checker.dmoj.filter_new_line = is_true(value);
    } else if (key == "split_on") {
      checker.dmoj.split_on = value == "whitespace" ? SplitOn::WhiteSpace : SplitOn::Lines;
    }
  }
  return checker;
}

}  // namespace

std::variant<Judging, std::string> judging_of(const problem::Checker& checker,
                                              const std::vector<std::string>& validator_args, const std::string& of,
                                              Compat compat) {
  using Answer = std::variant<Judging, std::string>;
  return std::visit(Overloaded{[&](const problem::DefaultChecker&) -> Answer {
                                 const auto rules = problem::comparison_of(validator_args);
                                 if (const auto* why = std::get_if<std::string>(&rules))
                                   return "case " + of + ": " + *why;
                                 return Judging{kattis_checker(std::get<problem::Comparison>(rules), compat)};
                               },
                               [&](const problem::BuiltInChecker& named) -> Answer {
                                 const auto known = built_in_checker(named);
                                 if (!known) return "checker " + named.name + " is not supported";
                                 return Judging{*known};
                               },
                               [&](const problem::ProgramChecker& programs) -> Answer {
                                 return Judging{JudgedByPrograms{programs.programs}};
                               },
                               [&](const problem::StaticChecker& validator) -> Answer {
                                 return Judging{JudgedByPrograms{{validator.program}}};
                               }},
                    checker);
}

}  // namespace evalrun::contest
