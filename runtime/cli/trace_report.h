// What `evalrun trace` prints.
#pragma once

#include <string>

#include "runtime/plan/plan.h"
#include "runtime/trace/trace.h"

namespace evalrun::cli {

std::string trace_to_json(const Plan& plan, const trace::Trace& trace);
std::string trace_to_text(const Plan& plan, const trace::Trace& trace);

}  // namespace evalrun::cli
