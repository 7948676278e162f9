// problem.yaml of all versions of the problem package format.
#pragma once

#include "runtime/packages/kattis/data_reading.h"

namespace evalrun::packages::kattis {

// What other files of the package are read by. All else that problem.yaml says stands in the problem.
struct ProblemYaml {
  bool is_icpc = false;  // of the version legacy-icpc
  struct Validation {
    bool is_custom = false;
    bool scores = false;
  };
  Validation validation = {};
  Words validator_flags = {};
  OldGrading old_grading = {};
};

ProblemYaml read_problem_yaml(Reading& reading);

}  // namespace evalrun::packages::kattis
