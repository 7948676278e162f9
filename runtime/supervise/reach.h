// How far a program that met a limit came, beside what it was allowed.
#pragma once

#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// Returns what the run of `result` reached of `limits`. `idle` is how long it used no CPU; only that limit needs it.
Reach reach_of(Limit limit, const RunResult& result, const Limits& limits, Duration idle);

// Which output has passed a limit of `limits`: "stdout", "stderr" or "stdout and stderr".
std::string output_over(const RunResult& result, const OutputLimit& limits);

}  // namespace evalrun::supervise
