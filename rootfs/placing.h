// Makes the folders, links and files of the root and of the workspaces: all that is no mount. Child-side, as steps.h
// is.
#pragma once

#include "rootfs/steps.h"

namespace evalrun::rootfs {

// Opens `path` below `root_fd` without following any link, with O_CLOEXEC. Returns the descriptor, or -errno.
int open_in_root(int root_fd, const char* path, int flags) noexcept;

// Makes what `node` says on the tmpfs `root_fd`. `item` is its index, for the failure.
StepResult make_node(const NodeStep& node, int item, int root_fd) noexcept;

}  // namespace evalrun::rootfs
