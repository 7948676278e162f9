// The programs of the jury: validators of inputs and outputs, graders, and which of them judges an output.
#pragma once

#include "runtime/packages/kattis/problem_yaml.h"

namespace evalrun::packages::kattis {

// Adds all validators, and says by what an output is judged.
void read_validators(Reading& reading, const ProblemYaml& said, OlderGroups older_groups);

void read_graders(Reading& reading);

}  // namespace evalrun::packages::kattis
