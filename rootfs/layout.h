// rootfs: the file system that a program sees, derived from the plan.
//
// Theory of operation. The root is one small tmpfs, made for the run and mounted read-only. On it stand mount points;
// on those, read-only recursive binds of the host's folders, the devices, /proc, and three writable folders (/work,
// /tmp, /dev/shm) that are parts of the same tmpfs, so that one size and one inode count bound them together. Three
// layers:
//
//   layout.h  pure: Plan -> Layout, a list of what stands where, sorted so that parents come first. No system call.
//   pin.h     parent: opens and vets every source, pins it by device and inode, lays the result out as plain data.
//   steps.h   child: walks that data with system calls; knows nothing of plans.
//
// What it does not do: say who may read what (lockdown/landlock.h adds that on top of the mounts).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runtime/plan/plan.h"

namespace evalrun::rootfs {

struct Directory {
  std::uint32_t mode = 0755;
};
struct TextFile {
  std::string text;
};
struct Symlink {
  std::string target;
};
struct Bind {
  std::string source;  // absolute, of the host
  Access access = Access::ReadOnly;
  Execution execution = Execution::Denied;
  bool device = false;    // one of evalrun's own device nodes: the only sources that may be devices
  bool optional = false;  // left out where the host has no such source
};
// A writable folder of the root tmpfs itself.
struct Workspace {
  Execution execution = Execution::Denied;
  Access access = Access::ReadWrite;  // ReadOnly: once the plan's files have been placed
  std::string shows = {};             // another of these folders, of which it is a second name; "": its own
};
struct Tmpfs {
  Bytes size;
  unsigned inodes = 0;
  Execution execution = Execution::Denied;
  Access access = Access::ReadWrite;
  bool hides = false;  // it stands on what a bind shows there: empty, or /dev/null on a file
};
struct Proc {
  ProcView view = ProcView::Pid;
};

struct Entry {
  std::string at;  // absolute, normalised, in the sandbox
  std::variant<Directory, TextFile, Symlink, Bind, Workspace, Tmpfs, Proc> what;
  std::string origin;  // for messages: "mount /data (plan.toml:17:1)", "device /dev/null"
  SourcePosition position;
};

[[nodiscard]] bool is_mount(const Entry& entry);

struct Layout {
  // Parents before children; what is made on the root tmpfs before what is mounted over it.
  std::vector<Entry> entries;
  // The root tmpfs has this much beyond the plan's workspace. Evalrun's own files and folders take it if every source
  // is there.
  Bytes own_size;
  unsigned own_inodes = 0;
};

// Throws PlanError where mounts collide, a mount point would lie behind a link, or a file of [files] on a mount.
// `carried` are further files, relative to /work, that will be placed beside the plan's own.
// `absent` are paths of plan.shown that the host does not have (rootfs/pin.h): they are left out.
Layout make_layout(const Plan& plan, const std::vector<std::string>& carried = {},
                   const std::vector<std::string>& absent = {});

// Whether the root tmpfs gives the entry its inode; false where it stands on another mount.
bool stands_on_root(const Layout& layout, const Entry& entry);

// The entry on which `path` lies: the deepest mount that is `path` or holds it; null where only the root does.
const Entry* mount_holding(const Layout& layout, const std::string& path);

// Whether `path` is `folder` or below it; both absolute and normalised.
bool is_within(const std::string& path, const std::string& folder);

// An absolute path of the sandbox by its place in /work, where it lies in the workspace: "/box/a" is "/work/a" with
// workspace.path = "/box". Any other path as it is.
std::string as_in_work(const Kind& kind, const std::string& path);

}  // namespace evalrun::rootfs
