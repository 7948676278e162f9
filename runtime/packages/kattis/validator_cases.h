// The cases that a package has to try its validators on: data/invalid_input, data/invalid_output, data/valid_output.
#pragma once

#include "runtime/packages/kattis/group_settings.h"

namespace evalrun::packages::kattis {

void read_validator_cases(const DataReading& data, const Settings& root);

}  // namespace evalrun::packages::kattis
