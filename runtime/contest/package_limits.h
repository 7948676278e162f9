// The limits of a package's programs: what it says, and what is typical where it says nothing.
#pragma once

#include <optional>

#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

// The wall clock for so much CPU time: for who waits without using the CPU, and on a loaded host. `factor` is the
// package's; 0: it says none.
Duration wall_for(Duration cpu, double factor);

// Of a program of the jury.
Limits limits_of(const problem::Program& program, const problem::Limits& limits);

// What the package grants a compiler, if that is more than the image does.
void give_compiler_room(std::optional<CompileStep>& compile, const problem::Limits& limits);

}  // namespace evalrun::contest
