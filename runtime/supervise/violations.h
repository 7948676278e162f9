// Violations: calls that only exploits need, which the strict profile's filter hands to the supervisor instead of the
// kernel. The caller sleeps in its call until it is killed; nothing is ever answered, and nothing behind its pointers
// is read.
#pragma once

#include <linux/seccomp.h>

#include <optional>

#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// The next call waiting at `listener`; empty where its process has died meanwhile, which is normal. Throws SystemError.
std::optional<seccomp_notif> receive_call(int listener);

RecordedViolation violation_of(const seccomp_notif& notification);

// Whether every process of the filter is dead: nothing will come of it, but it stays ready to be read.
bool is_abandoned(int listener) noexcept;

}  // namespace evalrun::supervise
