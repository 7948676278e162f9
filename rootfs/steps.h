// The child's part of the root file system: system calls over plain data, nothing else. Everything pointed to here is
// owned by a PinnedRoot and outlives the child.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/core/step_result.h"

namespace evalrun::rootfs {

// A host source, cloned as a detached tree before the identity changes (the caller may be root, and what root alone can
// reach is still reachable then). Item numbers of failures are indexes into `trees`.
struct TreeStep {
  const char* source;
  std::uint64_t inode;  // pinned by the parent; a source that was swapped since is refused
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint64_t set_attributes;  // MOUNT_ATTR_*, applied to the whole tree
};

// What is made on the root tmpfs itself. Items: indexes into `nodes`.
struct NodeStep {
  enum class Kind : std::uint8_t { Directory, File, Symlink };
  // In a cell, where the root outlives a run: what is made once, what each run makes on a tmpfs of its own, and what
  // both need.
  enum class Place : std::uint8_t { Root, Workspace, Both };
  Kind kind;
  Place place;
  const char* path;     // without the leading slash
  const char* content;  // of a file; a link's target
  std::size_t size;
  std::uint32_t mode;
};

// What is mounted, parents first. Items: indexes into `mounts`.
struct MountStep {
  enum class Kind : std::uint8_t { Tree, Workspace, Tmpfs, Proc };
  Kind kind;
  const char* path;  // without the leading slash
  int tree;          // index into `trees`
  std::uint64_t set_attributes;
  const char* size;    // of a tmpfs
  const char* inodes;  // of a tmpfs
  bool pid_view;       // of proc: subset=pid, hidepid=2
  // Only for proc: files that stand on the root where proc will be, and on proc afterwards; kMostProcFiles at most.
  std::span<const char* const> files = {};
  bool sealed;                  // of a workspace: read-only once the files are placed
  const char* shows = nullptr;  // of a workspace: the folder, as `path`, of which it is a second name; null: its own
};

// A file of [files]. Items: indexes into `copies`.
struct CopyStep {
  const char* path;  // without the leading slash
  int source;        // descriptor of a regular file, -1: `text`
  const char* text;
  std::size_t size;  // of `text`, or of the source when it was opened
  std::uint32_t mode;
};

inline constexpr std::size_t kMostProcFiles = 8;

struct RootSteps {
  std::span<const TreeStep> trees;
  std::span<const NodeStep> nodes;
  std::span<const MountStep> mounts;
  std::span<const CopyStep> copies;
  const char* root_size;
  const char* root_inodes;
  const char* workspace_size;  // of a tmpfs that holds the workspace alone, in a cell
  const char* workspace_inodes;
  const char* cwd;
};

// Makes the namespace's mounts private and clones every source. `tree_fds` has room for one descriptor per tree.
StepResult clone_trees(const RootSteps& steps, int* tree_fds) noexcept;

// Makes the root tmpfs, its nodes and its mounts, and leaves it read-only. Consumes `tree_fds`.
StepResult mount_all(const RootSteps& steps, const int* tree_fds, int* root_fd) noexcept;

// The two halves of it in a cell, whose root serves one run after another: first the root with its binds, without what
// a run can write to or see of itself; then, in a run's own mount namespace that has that root, the rest.
StepResult mount_shared(const RootSteps& steps, const int* tree_fds, int* root_fd) noexcept;
StepResult mount_of_run(const RootSteps& steps, int* root_fd) noexcept;

// Then makes the sealed workspaces read-only. Items: indexes into `copies`; of MountSetattr, into `mounts`.
StepResult place_files(const RootSteps& steps, int root_fd) noexcept;

// The same by the target itself, locked down: what it could write it writes. A folder that is there already is right.
StepResult place_job_files(std::span<const NodeStep> folders, std::span<const CopyStep> files) noexcept;

// Enters the root, detaches the old one and checks that it is gone.
StepResult pivot(int root_fd) noexcept;

// Checks that nothing but the root is to be seen, and ends in the plan's working directory.
StepResult enter(const RootSteps& steps, int root_fd) noexcept;

}  // namespace evalrun::rootfs
