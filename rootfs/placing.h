// What stands on the root and in the workspaces without being a mount: folders, links and files. Child-side, as
// steps.h.
#pragma once

#include "rootfs/steps.h"

namespace evalrun::rootfs {

// Opens `path` below `root_fd` without following any link, with O_CLOEXEC. Returns the descriptor, or -errno.
int open_in_root(int root_fd, const char* path, int flags) noexcept;

// Makes what `node` says on the tmpfs `root_fd`. `item` is its index, for the failure.
StepResult make_node(const NodeStep& node, int item, int root_fd) noexcept;

}  // namespace evalrun::rootfs
