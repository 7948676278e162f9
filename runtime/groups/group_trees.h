// Which trees of control groups this host has for runs, and where in them this process may make groups.
#pragma once

#include <string>
#include <vector>

namespace evalrun::groups {

// Where runs' groups are made, in one tree.
struct GroupTree {
  enum class Kind { V2, V1Memory, V1Pids, V1Cpuacct, V1Cpu };
  Kind kind;
  std::string folder;   // an existing group that may be written
  bool memory = false;  // what a group below it gives
  bool pids = false;
  bool cpu = false;
  bool cpu_rate = false;  // bounds it
};

// Which versions of control groups are looked for; "one alone" is for tests on hosts that have both.
enum class GroupVersions { Both, V1, V2 };

// Reads which trees are mounted where and which group this process is in, and picks the folders. Makes no group. Only
// where no v2 group that it may write hands the memory and pids controllers down does it write to a group that it did
// not make: to the nearest one's cgroup.subtree_control (docs/decisions/011-handing-down-controllers.md).
std::vector<GroupTree> find_group_trees(GroupVersions versions = GroupVersions::Both);

// The folder of this process's own group in the tree of a v1 controller ("memory"), or of v2 (""); "" where that tree
// is not mounted or shows another part.
std::string own_group_folder(const std::string& controller);

}  // namespace evalrun::groups
