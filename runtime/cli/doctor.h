// `evalrun doctor`: what this host gives, in words or as JSON.
#pragma once

#include <string>
#include <vector>

#include "runtime/doctor/check.h"

namespace evalrun::cli {

std::string to_text(const std::vector<doctor::Check>& checks);
std::string to_json(const std::vector<doctor::Check>& checks);

// 0 all is well, 1 plans run with degradations, 2 nothing can run.
int exit_status_of(doctor::State state);

}  // namespace evalrun::cli
