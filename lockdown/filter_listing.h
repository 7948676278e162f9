// The system-call filters, readably: what `evalrun explain --seccomp` prints. Made from the same resolved policy that
// the programs are assembled from, so that it says what they do, overrides of the plan included.
#pragma once

#include <string>

#include "lockdown/call_table.h"
#include "lockdown/seccomp.h"
#include "runtime/plan/plan.h"

namespace evalrun::lockdown {

// "arg1 is 0x5401 or 0x5413", "arg0 has a bit of 0x10000000", "(arg1 & 0xf) is none of 0x1, 0x5".
std::string describe_test(const ArgumentTest& test);

// The length of the three programs; then the calls by kind of rule (allowed, answered with an errno, handed to the
// supervisor, decided by their arguments), each kind in the groups of the tables, with what happens and why; then what
// no rule names.
std::string list_filters(const Plan& plan, const FilterProgram& whitelist, const FilterProgram& seal,
                         const FilterProgram& init);

}  // namespace evalrun::lockdown
