// What the facts of a run mean: one outcome, by a pure function (tests/unit/outcome_test.cc is its table).
//
// Precedence: our own faults, then a violation, then the limit that was met first, then how the program ended. What
// ended the run while it went on came first; of what is only known at the end, a limit comes before an exit code or a
// signal, since a program over its limit has not done what it was asked to do, however it ended.
#pragma once

#include <optional>

#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// The program's end, as waitid tells it.
struct End {
  int code = 0;  // CLD_EXITED, CLD_KILLED or CLD_DUMPED
  int status = 0;
};

struct RunFacts {
  std::optional<Outcome> ended_for = {};  // why the supervisor ended it, or what the set-up failed at
  bool interrupted = false;               // by whoever started us
  bool out_of_memory = false;             // the kernel has killed for memory in the run's group
  bool memory_refused = false;            // the group has been at its limit
  bool shared_memory_refused = false;     // and nothing as large given since
  bool address_space_refused = false;     // to the last that asked for some
  // By signal calls, timers, or a file-size limit of its own: the kernel's SIGXFSZ is told from none of these.
  bool may_send_file_size_signal = false;
  bool output_exceeded = false;  // more was written than the plan allows
  bool about_to_exec = false;    // the set-up was through
  std::optional<End> end = {};
  Duration cpu{}, wall{};
  // Where a group holds the memory, its kill decides: the kernel lets some charges pass the limit and counts them too.
  bool memory_is_held = false;
  Bytes memory_peak{};  // the program's own
};

Outcome outcome_of(const RunFacts& facts, const Limits& limits);

}  // namespace evalrun::supervise
