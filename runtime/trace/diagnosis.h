// Which layer refused a call, from its errno, its path and the plan.
#pragma once

#include <optional>

#include "lockdown/call_judge.h"
#include "runtime/trace/trace.h"

namespace evalrun::trace {

// None where no layer did: a file that is nowhere, a call that simply failed. Looks at the host for the path.
std::optional<Refusal> diagnose(const ObservedCall& call, const sandbox::CompiledPlan& plan,
                                const lockdown::CallJudge& judge);

}  // namespace evalrun::trace
