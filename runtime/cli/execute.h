// One plan, run or graded, from the command line: an engine of its own, and Ctrl-C.
#pragma once

#include "runtime/library/evalrun.hh"
#include "runtime/reader/parse.h"

namespace evalrun::cli {

// With the images that the command finds beside itself, and in haste near a limit: this process has nothing else to do.
Engine make_engine();

PlanSource source_of(PlanText text);

struct Execution {
  Result result;
  int ended_by = 0;  // the signal that ended this command's session early; 0: none
};

// Spawns and waits for the result. SIGINT, SIGTERM and SIGHUP end the session early; the result says so. Throws Error.
Execution execute(Engine& engine, const CompiledPlan& plan, SpawnOptions options);

}  // namespace evalrun::cli
