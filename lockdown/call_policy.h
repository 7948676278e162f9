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

// The rule for one call. Its rows are tried in order; the first that holds decides, and `otherwise` where none holds.
struct CallDecision {
  std::string name;
  CallVerdict otherwise = kUnknownCall;
  std::vector<ArgumentRow> rows{};  // only_without and unlocked_by have been resolved
  std::string origin{};             // where the rule comes from: a group, the plan's key; for messages
};

// The four kinds of rule. The kind of a verdict can depend on the profile.
enum class RuleKind { Allow, Errno, Notify, ByArguments };
RuleKind kind_of(const CallDecision& decision, SeccompProfile profile) noexcept;

// "EPERM (machine)".
std::string describe_rule(const CallDecision& decision);

struct CallPolicy {
  CallVerdict unlisted = kUnknownCall;             // numbers that are not in `calls`
  CallVerdict foreign = CallVerdict::ForeignCall;  // other architectures, and x32
  std::map<int, CallDecision> calls{};

  // Throws std::logic_error, with the call and both rules, where the call has a rule already: one of the two would do
  // nothing.
  void add(int number, CallDecision decision);
  // Replaces a rule: the plan's own words and the set-up do.
  void replace(int number, CallDecision decision);
};

// The whitelist alone still admits what the later steps of the lockdown need. The seal takes that away; the program
// runs under both.
enum class Phase { SetUp, Program };

// What of the run no control group counts. The filter asks the supervisor about calls that would hide it
// (calls_that_hide_cpu_time and _memory).
struct Uncounted {
  bool cpu_time = false;
  bool memory = false;
  bool processes = false;  // RLIMIT_NPROC alone bounds them, and says nothing of what it refuses
};

// The calls that tell of a process's last descriptor, the one below limits.open_files: which argument names it.
struct LastDescriptorCall {
  std::string_view call;
  unsigned argument;
};
std::span<const LastDescriptorCall> last_descriptor_calls() noexcept;

// The group's verdict in this plan. A plan that pins the run to cores changes some.
CallVerdict verdict_of(const CallGroup& group, const Plan& plan);

// Throws PlanError, located at seccomp.allow or seccomp.deny, for overrides that contradict each other, name no call of
// this architecture, allow what no plan may allow, or deny what start-up needs. seccomp.deny never weakens a refusal:
// a violation stays one, every other call in it gets EPERM. seccomp.allow lifts refusals; what is noted or ignored
// stays. Where limits.address_space is set, the calls that take some are asked.
CallPolicy resolve_whitelist(const Plan& plan, Phase phase, Uncounted uncounted = {});

// The same, with the calls that every program begins with, and those that name files, asked: whoever traces a run finds
// its processes by them.
CallPolicy resolve_observed(const Plan& plan);

CallPolicy resolve_seal();

}  // namespace evalrun::lockdown
