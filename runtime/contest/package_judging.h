// How an output is judged, as a package says it: by the default comparison, by a built-in checker, or by programs.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

// Or why it cannot be judged so. `of` names the case that it is for.
std::variant<Judging, std::string> judging_of(const problem::Checker& checker,
                                              const std::vector<std::string>& validator_args, const std::string& of,
                                              Compat compat);

}  // namespace evalrun::contest
