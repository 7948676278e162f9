// Violations: calls that only exploits need, which the strict profile's filter hands to the supervisor instead of the
// kernel. The caller sleeps in its call until it is killed; nothing is ever answered, and nothing behind its pointers
// is read.
#pragma once

#include <optional>

#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// The next violation waiting at `listener`; empty where its process has died meanwhile, which is normal. Throws
// SystemError.
std::optional<RecordedViolation> receive_violation(int listener);

}  // namespace evalrun::supervise
