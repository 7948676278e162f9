// Which layer refused a call, from its errno, its path and the plan.
#pragma once

#include <optional>

#include "lockdown/call_judge.h"
#include "runtime/trace/trace.h"

namespace evalrun::trace {

// None where no layer did: a call that simply failed. Does not look at the host: see Refusal::if_on_host.
std::optional<Refusal> diagnose(const ObservedCall& call, const sandbox::CompiledPlan& plan,
                                const lockdown::CallJudge& judge);

}  // namespace evalrun::trace
