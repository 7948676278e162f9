// A policy becomes classic BPF. libseccomp makes the skeleton: the checks of architecture and x32 numbers, and a binary
// tree over the call numbers. The questions about arguments are assembled here and spliced in.
//
// Why not by libseccomp alone: it joins the rules of one call into one decision that falls through to the *filter's*
// default. A call with a default of its own ("these ioctls, else ENOTTY") would need the complement of its rules, and
// its ordered comparisons always take 64 bits, so a complement over the low half takes one rule per bit. Here rows are
// tried in the order of the table and the first that holds decides, which is also what `evalrun explain` prints.
//
// How: a call with rows gets the action SECCOMP_RET_TRACE, which no policy uses, with an index as its data; in the
// exported program each such return becomes a jump to the call's block, appended at the end (a BPF_JA reaches any
// distance; seccomp programs only jump forward).
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "lockdown/call_policy.h"

namespace evalrun::lockdown {

// The one place where verdicts become seccomp actions. A violation ends the process under the strict profile and is
// EPERM under the compatible one.
std::uint32_t action_of(CallVerdict verdict, SeccompProfile profile) noexcept;

// Throws std::runtime_error where libseccomp fails or the program exceeds BPF_MAXINSNS; SystemError from the memory
// file.
std::vector<sock_filter> assemble_filter(const CallPolicy& policy, SeccompProfile profile);

// Admits `numbers` and kills the process for everything else.
std::vector<sock_filter> assemble_allow_only(std::span<const int> numbers);

}  // namespace evalrun::lockdown
