#include "rootfs/steps.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "rootfs/placing.h"
#include "runtime/core/sys.h"

namespace evalrun::rootfs {
namespace {

// linux/mount.h and sys/mount.h cannot be included together with glibc 2.36; these are the two old flags needed here.
constexpr unsigned long kRecursivePrivate = 0x4000 | 0x40000;  // MS_REC | MS_PRIVATE
constexpr unsigned kDetach = 2;                                // MNT_DETACH
constexpr unsigned kNoFollow = 8;                              // UMOUNT_NOFOLLOW

long set_tree_attributes(int fd, std::uint64_t attributes) noexcept {
  mount_attr attr{};
  attr.attr_set = attributes;
  attr.propagation = kRecursivePrivate & 0x40000;  // what the host mounts later must not appear inside
  return sys(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr);
}

// The swap between the parent's look and this one is what CVE-2024-42472 (flatpak) was about.
StepResult check_pin(const TreeStep& tree, int fd, int item) noexcept {
  struct statx now {};
  const long result = sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO | STATX_TYPE, &now);
  if (result < 0) return failure(Operation::Statx, result, item);
  const bool same =
      now.stx_ino == tree.inode && now.stx_dev_major == tree.device_major && now.stx_dev_minor == tree.device_minor;
  return same ? success() : failure(Operation::SourceChanged, -ESTALE, item);
}

StepResult clone_tree(const TreeStep& tree, int item, int* tree_fd) noexcept {
  const long fd = sys(SYS_open_tree, AT_FDCWD, tree.source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (fd < 0) return failure(Operation::OpenTree, fd, item);
  *tree_fd = static_cast<int>(fd);
  const StepResult pinned = check_pin(tree, *tree_fd, item);
  if (pinned.failed()) return pinned;
  const long result = set_tree_attributes(*tree_fd, tree.set_attributes);
  return result < 0 ? failure(Operation::MountSetattr, result, item) : success();
}

struct Option {
  const char* key;
  const char* value;
};

// A new, detached file system; its descriptor, or -errno with `failed` naming the call.
int make_filesystem(const char* type, std::span<const Option> options, std::uint64_t attributes,
                    Operation* failed) noexcept {
  const int context = static_cast<int>(sys(SYS_fsopen, type, FSOPEN_CLOEXEC));
  if (context < 0) {
    *failed = Operation::Fsopen;
    return context;
  }
  long result = 0;
  for (const Option& option : options) {
    result = sys(SYS_fsconfig, context, FSCONFIG_SET_STRING, option.key, option.value, 0);
    if (result < 0) break;
  }
  if (result >= 0) result = sys(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (result < 0) {
    *failed = Operation::Fsconfig;
    sys(SYS_close, context);
    return static_cast<int>(result);
  }
  const long mount = sys(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  if (mount < 0) *failed = Operation::Fsmount;
  sys(SYS_close, context);
  return static_cast<int>(mount);
}

// A folder of the tmpfs `root_fd` as a mount of its own; its descriptor, or -errno with `failed` naming the call.
int clone_workspace(const MountStep& step, int root_fd, Operation* failed) noexcept {
  *failed = Operation::OpenTree;
  const char* folder = step.shows != nullptr ? step.shows : step.path;
  const int fd = static_cast<int>(sys(SYS_open_tree, root_fd, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (fd < 0) return fd;
  *failed = Operation::MountSetattr;
  const long result = set_tree_attributes(fd, step.set_attributes);
  if (result < 0) sys(SYS_close, fd);
  return result < 0 ? static_cast<int>(result) : fd;
}

// The detached mount that `step` puts in place; its descriptor, or -errno with `failed` naming the call.
int make_mount(const MountStep& step, const int* tree_fds, int root_fd, Operation* failed) noexcept {
  switch (step.kind) {
    case MountStep::Kind::Tree: return tree_fds[step.tree];
    case MountStep::Kind::Workspace: return clone_workspace(step, root_fd, failed);
    case MountStep::Kind::Tmpfs: {
      const Option options[] = {{"size", step.size}, {"nr_inodes", step.inodes}, {"mode", "0755"}};
      return make_filesystem("tmpfs", options, step.set_attributes, failed);
    }
    case MountStep::Kind::Proc: {
      const Option options[] = {{"hidepid", "2"}, {"subset", "pid"}};
      return make_filesystem("proc", {options, step.pid_view ? std::size_t{2} : std::size_t{1}}, step.set_attributes,
                             failed);
    }
  }
  return -EINVAL;
}

// Consumes `mount`.
StepResult attach(const MountStep& step, int item, int mount, int root_fd) noexcept {
  const int target = open_in_root(root_fd, step.path, O_PATH | O_NOFOLLOW);
  StepResult outcome = success();
  if (target < 0) {
    outcome = failure(Operation::Openat2, target, item);
  } else {
    const long result = sys(SYS_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    if (result < 0) outcome = failure(Operation::MoveMount, result, item);
    sys(SYS_close, target);
  }
  sys(SYS_close, mount);
  return outcome;
}

// A proc that shows processes and a few files of the run's own. The kernel's own view "subset=pid" has no place for a
// file. So proc is made with all it has, the files are mounted on those of the kernel, and then it is told to show
// processes alone: from then on it looks up no other name (fs/proc/root.c), but what a mount stands on stays known
// (fs/dcache.c). No process has been started meanwhile. docs/decisions/048.
class ProcWithFiles {
 public:
  ProcWithFiles(const MountStep& step, int item, int root_fd) noexcept : step_(step), item_(item), root_fd_(root_fd) {}
  ~ProcWithFiles() {
    for (const int fd : {context_, proc_}) {
      if (fd >= 0) sys(SYS_close, fd);
    }
    for (const int clone : clones_) {
      if (clone >= 0) sys(SYS_close, clone);
    }
  }
  ProcWithFiles(const ProcWithFiles&) = delete;
  ProcWithFiles& operator=(const ProcWithFiles&) = delete;

  StepResult make() noexcept {
    context_ = static_cast<int>(sys(SYS_fsopen, "proc", FSOPEN_CLOEXEC));
    if (context_ < 0) return failure(Operation::Fsopen, context_, item_);
    const long created = sys(SYS_fsconfig, context_, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
    if (created < 0) return failure(Operation::Fsconfig, created, item_);
    proc_ = static_cast<int>(sys(SYS_fsmount, context_, FSMOUNT_CLOEXEC, step_.set_attributes));
    return proc_ < 0 ? failure(Operation::Fsmount, proc_, item_) : success();
  }

  // While no proc stands there.
  StepResult take_files() noexcept {
    for (std::size_t i = 0; i < step_.files.size(); ++i) {
      clones_[i] = static_cast<int>(sys(SYS_open_tree, root_fd_, step_.files[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
      if (clones_[i] < 0) return failure(Operation::OpenTree, clones_[i], item_);
    }
    return success();
  }

  StepResult put_in_place() noexcept {
    const StepResult attached = attach(step_, item_, proc_, root_fd_);
    proc_ = -1;
    if (attached.failed()) return attached;
    for (std::size_t i = 0; i < step_.files.size(); ++i) {
      const long moved = sys(SYS_move_mount, clones_[i], "", root_fd_, step_.files[i], MOVE_MOUNT_F_EMPTY_PATH);
      if (moved < 0) return failure(Operation::MoveMount, moved, item_);
    }
    return show_processes_alone();
  }

 private:
  StepResult show_processes_alone() noexcept {
    constexpr Option kView[] = {{"hidepid", "2"}, {"subset", "pid"}};
    long result = 0;
    for (const Option& option : kView) {
      if (result >= 0) result = sys(SYS_fsconfig, context_, FSCONFIG_SET_STRING, option.key, option.value, 0);
    }
    if (result >= 0) result = sys(SYS_fsconfig, context_, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0);
    return result < 0 ? failure(Operation::Fsconfig, result, item_) : success();
  }

  const MountStep& step_;
  const int item_;
  const int root_fd_;
  int context_ = -1;
  int proc_ = -1;
  int clones_[kMostProcFiles] = {-1, -1, -1, -1, -1, -1, -1, -1};
};

bool has_files(const MountStep& step) noexcept {
  return step.kind == MountStep::Kind::Proc && !step.files.empty();
}

StepResult attach_proc_with_files(const MountStep& step, int item, int root_fd) noexcept {
  ProcWithFiles proc(step, item, root_fd);
  StepResult result = proc.make();
  if (!result.failed()) result = proc.take_files();
  return result.failed() ? result : proc.put_in_place();
}

StepResult make_and_attach(const MountStep& step, int item, const int* tree_fds, int root_fd) noexcept {
  Operation failed = Operation::None;
  const int mount = make_mount(step, tree_fds, root_fd, &failed);
  if (mount < 0) return failure(failed, mount, item);
  return attach(step, item, mount, root_fd);
}

StepResult make_nodes(const RootSteps& steps, NodeStep::Place left_out, int root_fd) noexcept {
  for (std::size_t i = 0; i < steps.nodes.size(); ++i) {
    if (steps.nodes[i].place == left_out) continue;
    const StepResult made = make_node(steps.nodes[i], static_cast<int>(i), root_fd);
    if (made.failed()) return made;
  }
  return success();
}

// Over the root of the namespace, where nothing else can be hidden by it: only the descriptor leads there until
// pivot_root.
StepResult make_root(const RootSteps& steps, int* root_fd) noexcept {
  Operation failed = Operation::None;
  const Option options[] = {{"size", steps.root_size}, {"nr_inodes", steps.root_inodes}, {"mode", "0755"}};
  *root_fd = make_filesystem("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &failed);
  if (*root_fd < 0) return failure(failed, *root_fd);
  const long result = sys(SYS_move_mount, *root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  return result < 0 ? failure(Operation::MoveMount, result) : success();
}

StepResult make_read_only(int root_fd) noexcept {
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC;
  const long result = sys(SYS_mount_setattr, root_fd, "", AT_EMPTY_PATH, &read_only, sizeof read_only);
  return result < 0 ? failure(Operation::MountSetattr, result) : success();
}

// Mount points below which a run's own mounts stand: /work, /tmp, /dev/shm.
constexpr std::size_t kMostWorkspaces = 8;

// Before Linux 6.15 only what is attached can be cloned; where /tmp will be there is nothing yet.
constexpr char kFreePlace[] = "/tmp";

StepResult clone_workspaces(const RootSteps& steps, int workspace_fd, int* clones) noexcept {
  bool attached = false;
  for (std::size_t i = 0, next = 0; i < steps.mounts.size(); ++i) {
    if (steps.mounts[i].kind != MountStep::Kind::Workspace) continue;
    if (next == kMostWorkspaces) return failure(Operation::OpenTree, -E2BIG, static_cast<int>(i));
    Operation failed = Operation::None;
    clones[next] = clone_workspace(steps.mounts[i], workspace_fd, &failed);
    if (clones[next] == -EINVAL && !attached) {
      const long moved = sys(SYS_move_mount, workspace_fd, "", AT_FDCWD, kFreePlace, MOVE_MOUNT_F_EMPTY_PATH);
      if (moved < 0) return failure(Operation::MoveMount, moved, static_cast<int>(i));
      attached = true;
      clones[next] = clone_workspace(steps.mounts[i], workspace_fd, &failed);
    }
    if (clones[next] < 0) return failure(failed, clones[next], static_cast<int>(i));
    ++next;
  }
  const long result = attached ? sys(SYS_umount2, kFreePlace, kDetach) : 0;
  return result < 0 ? failure(Operation::Umount, result) : success();
}

// The kernel gives a new /proc only where one can be seen already (fs/namespace.c, mount_too_revealing). What stands
// here is the caller's own; each run takes it away before it mounts its own.
StepResult attach_callers_proc(const MountStep& step, int item, int root_fd) noexcept {
  const auto proc =
      static_cast<int>(sys(SYS_open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (proc < 0) return failure(Operation::OpenTree, proc, item);
  const long result = set_tree_attributes(proc, step.set_attributes);
  if (result < 0) {
    sys(SYS_close, proc);
    return failure(Operation::MountSetattr, result, item);
  }
  return attach(step, item, proc, root_fd);
}

StepResult mount_own_proc_with_files(const MountStep& step, int item, int root_fd) noexcept {
  ProcWithFiles proc(step, item, root_fd);
  StepResult result = proc.make();
  if (result.failed()) return result;
  // The caller's; the working directory is the root.
  const long taken = sys(SYS_umount2, step.path, kDetach | kNoFollow);
  if (taken < 0) return failure(Operation::Umount, taken, item);
  result = proc.take_files();
  return result.failed() ? result : proc.put_in_place();
}

StepResult mount_own_proc(const MountStep& step, int item, int root_fd) noexcept {
  if (has_files(step)) return mount_own_proc_with_files(step, item, root_fd);
  Operation failed = Operation::None;
  const int proc = make_mount(step, nullptr, root_fd, &failed);
  if (proc < 0) return failure(failed, proc, item);
  // The caller's; the working directory is the root.
  const long result = sys(SYS_umount2, step.path, kDetach | kNoFollow);
  if (result < 0) {
    sys(SYS_close, proc);
    return failure(Operation::Umount, result, item);
  }
  return attach(step, item, proc, root_fd);
}

long mount_identity(int fd, const char* path, int flags, std::uint64_t* identity) noexcept {
  struct statx now {};
  const long result = sys(SYS_statx, fd, path, flags, STATX_MNT_ID, &now);
  *identity = now.stx_mnt_id;
  return result;
}

// The new root must be its own parent: ".." of it leads nowhere else, and "/" names it. A second wall: the calls that
// make it so have succeeded, or the run has failed.
StepResult check_root(int root_fd) noexcept {
  std::uint64_t wanted = 0;
  std::uint64_t root = 0;
  std::uint64_t above = 0;
  long result = mount_identity(root_fd, "", AT_EMPTY_PATH, &wanted);
  if (result >= 0) result = mount_identity(AT_FDCWD, "/", 0, &root);
  if (result >= 0) result = mount_identity(AT_FDCWD, "/..", 0, &above);
  if (result < 0) return failure(Operation::Statx, result);
  return wanted == root && wanted == above ? success() : failure(Operation::OldRootVisible, -EXDEV);
}

}  // namespace

StepResult clone_trees(const RootSteps& steps, int* tree_fds) noexcept {
  const long result = sys(SYS_mount, nullptr, "/", nullptr, kRecursivePrivate, nullptr);
  if (result < 0) return failure(Operation::Mount, result);
  for (std::size_t i = 0; i < steps.trees.size(); ++i) {
    const StepResult cloned = clone_tree(steps.trees[i], static_cast<int>(i), &tree_fds[i]);
    if (cloned.failed()) return cloned;
  }
  return success();
}

StepResult mount_all(const RootSteps& steps, const int* tree_fds, int* root_fd) noexcept {
  StepResult result = make_root(steps, root_fd);
  for (std::size_t i = 0; i < steps.nodes.size() && !result.failed(); ++i) {
    result = make_node(steps.nodes[i], static_cast<int>(i), *root_fd);
  }
  for (std::size_t i = 0; i < steps.mounts.size() && !result.failed(); ++i) {
    if (has_files(steps.mounts[i])) continue;
    result = make_and_attach(steps.mounts[i], static_cast<int>(i), tree_fds, *root_fd);
  }
  if (!result.failed()) result = make_read_only(*root_fd);
  // Then what is cloned from the root is read-only, too.
  for (std::size_t i = 0; i < steps.mounts.size() && !result.failed(); ++i) {
    if (has_files(steps.mounts[i])) result = attach_proc_with_files(steps.mounts[i], static_cast<int>(i), *root_fd);
  }
  return result;
}

StepResult mount_shared(const RootSteps& steps, const int* tree_fds, int* root_fd) noexcept {
  StepResult result = make_root(steps, root_fd);
  if (!result.failed()) result = make_nodes(steps, NodeStep::Place::Workspace, *root_fd);
  for (std::size_t i = 0; i < steps.mounts.size() && !result.failed(); ++i) {
    const MountStep& step = steps.mounts[i];
    if (step.kind == MountStep::Kind::Tree) {
      result = make_and_attach(step, static_cast<int>(i), tree_fds, *root_fd);
    } else if (step.kind == MountStep::Kind::Proc) {
      result = attach_callers_proc(step, static_cast<int>(i), *root_fd);
    }
  }
  return result.failed() ? result : make_read_only(*root_fd);
}

StepResult mount_of_run(const RootSteps& steps, int* root_fd) noexcept {
  *root_fd = static_cast<int>(sys(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (*root_fd < 0) return failure(Operation::Open, *root_fd);
  Operation failed = Operation::None;
  const Option options[] = {{"size", steps.workspace_size}, {"nr_inodes", steps.workspace_inodes}, {"mode", "0755"}};
  const int workspace = make_filesystem("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &failed);
  if (workspace < 0) return failure(failed, workspace);
  int clones[kMostWorkspaces] = {};
  StepResult result = make_nodes(steps, NodeStep::Place::Root, workspace);
  if (!result.failed()) result = clone_workspaces(steps, workspace, clones);
  std::size_t next = 0;
  for (std::size_t i = 0; i < steps.mounts.size() && !result.failed(); ++i) {
    const MountStep& step = steps.mounts[i];
    switch (step.kind) {
      case MountStep::Kind::Tree: break;
      case MountStep::Kind::Workspace: result = attach(step, static_cast<int>(i), clones[next++], *root_fd); break;
      case MountStep::Kind::Tmpfs: result = make_and_attach(step, static_cast<int>(i), nullptr, *root_fd); break;
      case MountStep::Kind::Proc: result = mount_own_proc(step, static_cast<int>(i), *root_fd); break;
    }
  }
  sys(SYS_close, workspace);
  return result;
}

StepResult pivot(int root_fd) noexcept {
  long result = sys(SYS_fchdir, root_fd);
  if (result < 0) return failure(Operation::Fchdir, result);
  // The old root lands on top of the new one, and the detach takes it away again (pivot_root(2), "pivot_root(".",
  // ".")").
  result = sys(SYS_pivot_root, ".", ".");
  if (result < 0) return failure(Operation::PivotRoot, result);
  result = sys(SYS_umount2, ".", kDetach);
  if (result < 0) return failure(Operation::Umount, result);
  result = sys(SYS_chdir, "/");
  return result < 0 ? failure(Operation::Chdir, result) : check_root(root_fd);
}

StepResult enter(const RootSteps& steps, int root_fd) noexcept {
  const StepResult checked = check_root(root_fd);
  if (checked.failed()) return checked;
  const long result = sys(SYS_chdir, steps.cwd);
  return result < 0 ? failure(Operation::Chdir, result) : success();
}

}  // namespace evalrun::rootfs
