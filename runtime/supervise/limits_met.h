// Which limits a program met, whatever became of it: a pure function (tests/unit/limits_met_test.cc is its table). What
// is not counted is told as what it is: seen, or inferred (docs/decisions/049-which-limit-was-met.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/measure/process_look.h"
#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

struct MetFacts {
  bool about_to_exec = false;  // else nothing is the program's doing
  measure::ProcessLook look = {};
  std::uint64_t tasks_seen = 0;                         // the most at one time, by sampling
  std::optional<std::uint64_t> processes_refused = {};  // counted by a group
  std::string processes_source = {};
  std::optional<Bytes> output_cut = {};  // limits.output, where more was written and thrown away
  bool workspace_is_full = false;        // when nobody could write any more
  bool inodes_are_used_up = false;       // the same
  Bytes largest_process = {};            // that the program had
};

// Returns the limits that the run of `result` met. The limit by which it ended is not among them: the outcome has it.
std::vector<LimitMet> limits_met(const MetFacts& facts, const RunResult& result, const Limits& limits);

}  // namespace evalrun::supervise
