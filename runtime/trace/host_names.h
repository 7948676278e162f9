// Whether the host has a name that the observed program asked for. Asked only after the program is gone, so that it
// cannot measure the answer.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/mount_table.h"

namespace evalrun::trace {

enum class HostName {
  Missing,
  FileOrFolder,  // or a link, or a name that cannot be looked up without effects: it may be there
  Special,       // a socket, a FIFO or a device, which no plan can bind
};

// The program chose `path` (absolute, normalised), so looking at it must have no effect: nothing is opened, no link is
// followed (that would change its access time), and no name is looked up on a file system that asks a daemon or another
// machine for it. `mounts` is the host's mount table.
HostName look_at_host(const std::string& path, const std::vector<MountRow>& mounts);

// Whether a lookup of `path` would leave the kernel: autofs would mount what is named, NFS and FUSE would send the
// name.
bool has_names_elsewhere(const std::string& path, const std::vector<MountRow>& mounts);

}  // namespace evalrun::trace
