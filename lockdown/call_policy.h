// The tables of call_table.h and one plan's overrides, resolved to decisions by call number. Pure: nothing here touches
// the host; libseccomp is only asked for the numbers of names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lockdown/call_table.h"
#include "runtime/plan/plan.h"

namespace evalrun::lockdown {

// The call's number on this architecture; empty where it has none or the name is unknown.
std::optional<int> number_of_call(const std::string& name);

// What is said to one call: the first row that holds decides, `otherwise` where none does.
struct CallDecision {
  std::string name;
  CallVerdict otherwise = kUnknownCall;
  std::vector<ArgumentRow> rows{};  // only_without_network and unlocked_by have been resolved
};

struct CallPolicy {
  CallVerdict unlisted = kUnknownCall;  // numbers that are not in `calls`
  std::map<int, CallDecision> calls;
};

// The whitelist alone still admits what the later steps of the lockdown need; together with the seal it says what the
// program meets.
enum class Phase { SetUp, Program };

// A group's verdict in this plan: its own, unless the plan has no network or pins the run to cores.
CallVerdict verdict_of(const CallGroup& group, const Plan& plan);

// Throws PlanError, located at seccomp.allow or seccomp.deny, for overrides that contradict each other, name no call of
// this architecture, allow what no plan may allow, or deny what start-up needs. seccomp.deny never weakens a refusal:
// a violation stays one, every other call in it gets EPERM.
// Where limits.address_space is set, the calls that take some are asked.
CallPolicy resolve_whitelist(const Plan& plan, Phase phase);

CallPolicy resolve_seal();

}  // namespace evalrun::lockdown
