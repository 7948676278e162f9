// The parent's part of the root file system: every source opened once, vetted, and pinned by device and inode;
// everything laid out as plain data for the child.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "rootfs/layout.h"
#include "rootfs/steps.h"
#include "runtime/core/fd.h"
#include "runtime/core/mount_table.h"

namespace evalrun::rootfs {

// A file that another run left, given by descriptor and never by name: a name in a hostile folder can be a link.
struct CarriedFile {
  std::string path;  // relative to /work, normalised
  Fd descriptor;     // a regular file, open for reading
  std::uint32_t mode = 0644;
};

// Which paths of plan.shown this host does not have.
std::vector<std::string> absent_of_shown(const Plan& plan);

// A file of [files] that is one of the host's, open for reading, and how large it is. Throws PlanError where it cannot
// be opened or is not a regular file.
struct OpenedFile {
  Fd descriptor;
  std::size_t size;
};
OpenedFile open_host_file(const WorkFile& file);

// Immutable after construction; serves any number of runs. steps() stays valid as long as this lives and is not moved.
class PinnedRoot {
 public:
  // Throws PlanError where a source does not exist, is not a regular file or a folder, or holds a socket, FIFO or
  // device (looked for in the plan's own mounts, up to kVettedEntries names; beyond that warnings() says so), and where
  // a mount point does not exist in a read-only bind.
  PinnedRoot(const Plan& plan, const Layout& layout, std::vector<CarriedFile> carried);
  PinnedRoot(const PinnedRoot&) = delete;
  PinnedRoot& operator=(const PinnedRoot&) = delete;

  [[nodiscard]] const RootSteps& steps() const noexcept { return steps_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

  // Whether an optional source was present.
  [[nodiscard]] bool has(const Entry& entry) const;

  // What item `item` of a failed step was, in words: "mount /data (plan.toml:17:1)".
  [[nodiscard]] std::string describe(Stage stage, Operation operation, int item) const;

 private:
  struct Source;

  enum class HiddenIs { Folder, File, NotMounted };
  [[nodiscard]] HiddenIs look_at_hidden(const Entry& entry) const;
  void add_mount(const Plan& plan, const Entry& entry);
  void add_machine_files(const Plan& plan, const Entry& proc, MountStep& step);
  void add_bind(const Plan& plan, const Entry& entry, const Bind& bind);
  [[nodiscard]] NodeStep::Place place_of(const Entry& entry) const;
  void add_node(const Entry& entry, NodeStep::Kind kind, const std::string& content, std::uint32_t mode);
  void add_copy(const WorkFile& file);
  void add_carried(CarriedFile file);
  void check_files_fit(const Plan& plan) const;
  const char* keep(std::string text);

  std::vector<MountRow> host_mounts_;
  std::deque<std::string> strings_;  // never moves its elements
  std::deque<Fd> files_;
  std::vector<TreeStep> trees_;
  std::vector<NodeStep> nodes_;
  std::vector<MountStep> mounts_;
  std::vector<CopyStep> copies_;
  std::vector<std::string> tree_names_, node_names_, mount_names_, copy_names_;
  std::vector<std::string> absent_;
  std::vector<const char*> proc_files_;
  Bytes machine_size_{};        // what the files take that proc shows of the machine
  unsigned unused_inodes_ = 0;  // of the layout's own: an absent source needs no mount point
  std::vector<std::string> warnings_;
  const Layout& layout_;
  RootSteps steps_{};
};

inline constexpr unsigned kVettedEntries = 65'536;

}  // namespace evalrun::rootfs
