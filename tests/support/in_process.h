// Runs a plan with this process as the supervisor, which can choose what counts and holds the limits.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/supervise/result.h"

namespace evalrun::test {

enum class BackEnd {
  Groups,    // the control groups of this host
  Cpuacct,   // of v1's trees the one that counts CPU time alone
  Sampling,  // no control group, as an ordinary user mostly has it
};

std::string name_of(BackEnd back_end);

// False where this user may make no such group: name_of() says what is missing.
bool has(BackEnd back_end);

supervise::RunResult run_in_process(BackEnd back_end, const std::string& toml);

}  // namespace evalrun::test
