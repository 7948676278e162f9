// The mounts of this process's mount namespace, as /proc/self/mountinfo lists them (proc(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evalrun {

struct MountRow {
  std::string root;     // which folder of its file system shows
  std::string at;       // where
  std::string type;     // "ext4", "cgroup2"
  std::string options;  // the file system's own: of a v1 cgroup tree, its controllers
};

// Rows in the file's order: a later one at the same place covers an earlier. Lines that are none are left out.
std::vector<MountRow> parse_mount_table(std::string_view text);
std::vector<MountRow> mount_table();

}  // namespace evalrun
