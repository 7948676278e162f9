#include "runtime/groups/group_trees.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "runtime/core/mount_table.h"
#include "runtime/core/small_file.h"
#include "runtime/groups/group_files.h"

namespace evalrun::groups {
namespace {

struct Tree {
  std::string at;    // where it is mounted
  std::string root;  // which group of the tree that shows
};

// By controller ("memory"), "" for v2.
std::map<std::string, Tree> mounted_trees() {
  std::map<std::string, Tree> trees;
  for (const MountRow& mount : mount_table()) {
    if (mount.type == "cgroup2") trees.try_emplace("", Tree{mount.at, mount.root});
    if (mount.type != "cgroup") continue;
    for (std::string_view controllers = mount.options; !controllers.empty();) {
      trees.try_emplace(std::string(take_until(controllers, ',')), Tree{mount.at, mount.root});
    }
  }
  return trees;
}

// By controller, the path of this process's group; "" for v2 (cgroups(7), /proc/PID/cgroup).
std::map<std::string, std::string> own_groups() {
  std::map<std::string, std::string> groups;
  const std::string list = read_small_file("/proc/self/cgroup");
  for (std::string_view lines = list; !lines.empty();) {
    std::string_view path = take_until(lines, '\n');
    take_until(path, ':');  // the hierarchy's id
    std::string_view controllers = take_until(path, ':');
    if (path.empty()) continue;
    do {
      groups[std::string(take_until(controllers, ','))] = path;
    } while (!controllers.empty());
  }
  return groups;
}

}  // namespace

std::string own_group_folder(const std::string& controller) {
  static const std::map<std::string, Tree> trees = mounted_trees();
  static const std::map<std::string, std::string> groups = own_groups();
  const auto tree = trees.find(controller);
  const auto group = groups.find(controller);
  if (tree == trees.end() || group == groups.end()) return "";
  std::string path = group->second;
  if (tree->second.root != "/") {
    if (!path.starts_with(tree->second.root)) return "";
    path.erase(0, tree->second.root.size());
  }
  return path == "/" || path.empty() ? tree->second.at : tree->second.at + path;
}

namespace {

// Whether `list`, the text of a file of names with spaces between them, has `wanted`.
bool has_word(std::string_view list, std::string_view wanted) {
  for (std::string_view line = take_until(list, '\n'); !line.empty();) {
    if (take_until(line, ' ') == wanted) return true;
  }
  return false;
}

bool writable(const std::string& folder) {
  return ::access(folder.c_str(), W_OK) == 0;
}

// Our own group of the v2 tree and its ancestors, the nearest first, as far as they may be written.
std::vector<std::string> writable_v2_folders() {
  std::vector<std::string> folders;
  for (std::string folder = own_group_folder(""); folder.size() > 1; folder = folder.substr(0, folder.rfind('/'))) {
    if (::access((folder + "/cgroup.subtree_control").c_str(), R_OK) != 0) break;
    if (writable(folder) && writable(folder + "/cgroup.procs")) folders.push_back(folder);
  }
  return folders;
}

GroupTree v2_tree(const std::string& folder) {
  const std::string handed_down = read_small_file(folder + "/cgroup.subtree_control");
  return {.kind = GroupTree::Kind::V2,
          .folder = folder,
          .memory = has_word(handed_down, "memory"),
          .pids = has_word(handed_down, "pids"),
          .cpu = true,
          .cpu_rate = has_word(handed_down, "cpu")};
}

// Hands down what the folder's own group was given of `memory`, `pids` and `cpu`; the kernel refuses that for a group
// that holds processes, except the tree's root.
void hand_down_controllers(const std::string& folder) {
  const std::string given = read_small_file(folder + "/cgroup.controllers");
  for (const char* controller : {"memory", "pids", "cpu"}) {
    if (has_word(given, controller))
      write_text(AT_FDCWD, folder + "/cgroup.subtree_control", std::string("+") + controller);
  }
}

// Whoever delegated a tree to us has often handed the controllers down already, as systemd does below user@.service:
// then nothing is written. A container's tree, or a folder just given to a user, is for us to open: the nearest that
// allows it.
std::optional<GroupTree> find_v2() {
  const std::vector<std::string> folders = writable_v2_folders();
  for (const bool may_hand_down : {false, true}) {
    for (const std::string& folder : folders) {
      if (may_hand_down) hand_down_controllers(folder);
      const GroupTree tree = v2_tree(folder);
      if (tree.memory && tree.pids) return tree;
    }
  }
  return folders.empty() ? std::nullopt : std::optional(v2_tree(folders.front()));
}

}  // namespace

std::vector<GroupTree> find_group_trees(GroupVersions versions) {
  std::vector<GroupTree> trees;
  const std::optional<GroupTree> v2 = versions == GroupVersions::V1 ? std::nullopt : find_v2();
  if (v2) trees.push_back(*v2);
  if (versions == GroupVersions::V2) return trees;
  const auto add_v1 = [&](GroupTree::Kind kind, const char* controller, bool GroupTree::*gives) {
    const bool already = std::any_of(trees.begin(), trees.end(), [&](const GroupTree& tree) { return tree.*gives; });
    const std::string folder = own_group_folder(controller);
    if (already || folder.empty() || !writable(folder)) return;
    GroupTree tree{.kind = kind, .folder = folder};
    tree.*gives = true;
    trees.push_back(std::move(tree));
  };
  add_v1(GroupTree::Kind::V1Memory, "memory", &GroupTree::memory);
  add_v1(GroupTree::Kind::V1Pids, "pids", &GroupTree::pids);
  add_v1(GroupTree::Kind::V1Cpuacct, "cpuacct", &GroupTree::cpu);
  // Most hosts mount cpu and cpuacct as one tree.
  const auto same = std::ranges::find(trees, own_group_folder("cpu"), &GroupTree::folder);
  if (same != trees.end()) {
    same->cpu_rate = true;
  } else {
    add_v1(GroupTree::Kind::V1Cpu, "cpu", &GroupTree::cpu_rate);
  }
  return trees;
}

}  // namespace evalrun::groups
