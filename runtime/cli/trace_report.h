// What `evalrun trace` prints.
#pragma once

#include <string>

#include "runtime/judge/grading.h"
#include "runtime/trace/trace.h"

namespace evalrun::cli {

// Of the run that was traced.
std::string trace_to_json(const judge::PlannedRun& run, const trace::Trace& trace);
std::string trace_to_text(const judge::PlannedRun& run, const trace::Trace& trace);

}  // namespace evalrun::cli
