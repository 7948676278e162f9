// A policy becomes classic BPF: the checks of architecture and x32 numbers, a binary tree over ranges of call numbers,
// and behind it one block of comparisons for each call whose arguments decide.
//
// Why not by libseccomp: a whitelist took it 2.2 ms of every run, and takes 0.2 ms here
// (docs/decisions/013-filters-assembled-here.md); and it joins the rules of one call into one decision that falls
// through to the *filter's* default, where here rows are tried in the order of the table and the first that holds
// decides, which is also what `evalrun explain` prints. It resolves the names of calls, and a test holds what is made
// here against what it makes of the same policy, number by number.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "lockdown/call_policy.h"

namespace evalrun::lockdown {

// The one place where verdicts become seccomp actions. A violation ends the process under the strict profile and is
// EPERM under the compatible one.
std::uint32_t action_of(CallVerdict verdict, SeccompProfile profile) noexcept;

// Throws std::runtime_error where the program exceeds BPF_MAXINSNS.
std::vector<sock_filter> assemble_filter(const CallPolicy& policy, SeccompProfile profile);

// Admits `numbers` and kills the process for everything else.
std::vector<sock_filter> assemble_allow_only(std::vector<int> numbers);

}  // namespace evalrun::lockdown
