// What DOMjudge adds to the problem package format: .timelimit and domjudge-problem.ini.
#pragma once

#include "runtime/packages/kattis/problem_yaml.h"

namespace evalrun::packages::kattis {

// After problem.yaml, whose time limit they may not contradict.
void read_domjudge_files(Reading& reading);

// A package does not say for which judge its groups were made. DOMjudge's has its own file or its own label of
// scores, and nothing that only Kattis's groups know.
OlderGroups older_groups_of(Reading& reading, const ProblemYaml& said);

}  // namespace evalrun::packages::kattis
