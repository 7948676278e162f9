// The keeper of a cell: a process in a user and a network namespace of its own, whose mount namespace holds the image's
// root, and which clones one run's init after another. Each is a sibling of it, a child of the supervisor. The program
// cannot see it: it lives in the supervisor's pid namespace.
#pragma once

#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

// To the keeper over its control socket, with the ends of the run's own control socket and report pipe, and, where
// there is one, the v2 control group's folder to be cloned into.
struct KeeperRequest {
  std::uint64_t namespaces;  // CLONE_NEW*: those that the run's init makes for itself
  std::uint32_t into_group;  // a third descriptor comes with it
};
// Its answer, with a pidfd.
struct KeeperAnswer {
  std::int32_t pid;  // or -errno
};

// Walks the keeper's rows of the step table, then serves requests until its supervisor is gone.
[[noreturn]] void keeper_main(ChildContext& context) noexcept;

}  // namespace evalrun::sandbox
