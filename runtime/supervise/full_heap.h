// A run that failed since its runtime's heap was full.
//
// A Java or JavaScript engine is told to let its heap grow to limits.memory ({memory_mib} in an image's line). An array
// that doubles does not fit long before the memory is in use, so the engine refuses and the program fails. It is the
// memory limit that refused, by way of the engine (docs/decisions/145-a-heap-that-is-full.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// `argv`: a program of a plan, with what the runtime was told of its heap. `said`: what the program wrote where
// runtimes say why they end. False for an outcome other than a failure of the program's own.
bool ended_for_a_full_heap(const Outcome& outcome, const std::vector<std::string>& argv, Bytes limit,
                           std::string_view said);

}  // namespace evalrun::supervise
