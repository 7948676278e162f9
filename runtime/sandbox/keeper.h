// The keeper of a cell: a process in a user and a network namespace of its own, whose mount namespace holds the image's
// root, and which clones one run's init after another (cloning.h). The program cannot see it: it lives in the
// supervisor's pid namespace.
#pragma once

#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

// Walks the keeper's rows of the step table, then serves requests until its supervisor is gone.
[[noreturn]] void keeper_main(ChildContext& context) noexcept;

}  // namespace evalrun::sandbox
