// The system-call filters: assembled in the parent from the tables of call_table.h (filter_program.h), loaded in the
// child by seccomp(2); libseccomp resolves the calls' names.
//
// Three programs:
//   whitelist   the policy. It still admits the few calls that the later steps of the lockdown need (kSetUpCalls).
//   seal        loaded last, takes those away again: a list of denials over "allow".
//   init        for pid 1 of the sandbox: waits, kills, reports, nothing else.
// What they do not do: look behind pointers. Paths are landlock's and the mount table's concern.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "lockdown/call_policy.h"
#include "runtime/plan/plan.h"

namespace evalrun::lockdown {

using FilterProgram = std::vector<sock_filter>;

// Throws PlanError (located at seccomp.allow / seccomp.deny through `plan`) where an override contradicts itself or
// names a call that evalrun never allows; std::runtime_error where a filter is too long for the kernel.
FilterProgram build_whitelist(const Plan& plan, Uncounted uncounted = {});
// For `evalrun trace`: beside what the whitelist hands over, the calls by which a new program is noticed.
FilterProgram build_observed(const Plan& plan);
FilterProgram build_seal();
FilterProgram build_init_filter();

// Whether `name` is a system call of this architecture, known to libseccomp or to evalrun's own table of newer calls.
bool is_known_call(const std::string& name);

// "ptrace" for 101; "call 4242" for a number that nobody knows.
std::string name_of_call(int number);

// Whether the whitelist hands this call to the supervisor to be made in the program's place; what else it hands over is
// a violation.
bool is_mediated(int number);

// The policy as `evalrun explain` prints it: one group per paragraph with its reason and members.
std::string explain_whitelist(const Plan& plan, Uncounted uncounted = {});

}  // namespace evalrun::lockdown
