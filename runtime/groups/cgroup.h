// Control groups: exact memory, CPU time and process counts of a run, and limits that hold between two looks.
//
// Theory of operation. A host offers one of: the v2 tree with controllers (delegated, or root's); v1 trees per
// controller; both (hybrid: v1 has the controllers, the v2 tree still counts CPU time); or nothing that this user may
// write. Groups finds out once. For each run a RunGroups makes one group in every tree that is of use, below the
// nearest of our own ancestors that may be written and hands out controllers. The child enters by CLONE_INTO_CGROUP
// (v2) and by writing "0" to its own tasks file (v1): a pid written to cgroup.procs would wait for the whole machine (8
// to 19 ms). Only groups that a run made are ever touched.
//
// A supervisor that is killed cannot remove its groups. A janitor does (janitor.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/groups/group_trees.h"
#include "runtime/groups/held_memory.h"
#include "runtime/groups/janitor.h"
#include "runtime/host/host.h"
#include "runtime/host/layers.h"
#include "runtime/plan/plan.h"

namespace evalrun::groups {

class Groups {
 public:
  // `trees` empty: runs do without.
  explicit Groups(std::vector<GroupTree> trees = find_group_trees());
  // Waits a few seconds for groups that the kernel would not give up before.
  ~Groups();
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  [[nodiscard]] const std::vector<GroupTree>& trees() const noexcept { return trees_; }

  // Enforced, or what is missing.
  [[nodiscard]] host::LayerState state() const;

  // A name for a run's group that no other run of the machine has.
  [[nodiscard]] std::string next_name();

  // Takes a group of an ended run that the kernel calls busy still, and tries again with each run that ends.
  void remove_later(std::string folder) noexcept;
  void remove_what_was_busy() noexcept;

 private:
  std::vector<GroupTree> trees_;
  std::string prefix_;  // "evalrun-<pid>-<start>-": what the janitor removes
  std::uint64_t next_ = 0;
  std::vector<std::string> busy_;  // folders
  std::optional<Janitor> janitor_;
};

// `host`, with what these groups leave uncounted of a run.
host::HostFacts counted_by(const Groups& groups, host::HostFacts host);

// Throws HostError where the plan demands a cgroup and this host gives none.
void require_cgroup(const Plan& plan, const Groups& groups);

struct GroupCpu {
  Duration user{}, system{};
};

// One run's groups; gone when this is.
class RunGroups {
 public:
  // Makes the group that the run is cloned into, where there is v2. Throws HostError where the kernel refuses.
  RunGroups(Groups& groups, const Limits& limits);
  // Makes those that the run enters by itself. Throws the same.
  void make_v1_groups();
  ~RunGroups();
  RunGroups(RunGroups&&) noexcept = default;
  RunGroups& operator=(RunGroups&&) = delete;

  // For the spawn: the v2 group to be cloned into (-1: none), and the v1 tasks files to be entered. Borrowed.
  [[nodiscard]] int clone_into() const noexcept { return clone_into_; }
  [[nodiscard]] const std::vector<int>& task_files() const noexcept { return task_numbers_; }

  // Empty where no tree counts it.
  [[nodiscard]] std::optional<GroupCpu> cpu() const;
  // Less the pages of files that look_at_memory() has seen.
  [[nodiscard]] std::optional<Bytes> memory_peak() const;
  [[nodiscard]] std::optional<std::uint64_t> processes_peak() const;  // init among them
  [[nodiscard]] std::optional<std::uint64_t> processes_refused() const;
  [[nodiscard]] bool out_of_memory() const;   // the kernel has killed for memory here
  [[nodiscard]] bool memory_refused() const;  // the limit has been met, kill or none

  // Where the kernel holds memory: looks at what the run holds, and has the kernel's limit follow the pages of files
  // (held_memory.h). Two small files are read; more only near the limit, where the peak has
  // risen, and of a whole look.
  enum class Look { AsNeeded, Whole };
  void look_at_memory(Look look);
  // As far as it has been looked at.
  [[nodiscard]] bool memory_passed() const noexcept { return held_ && held_->has_passed(); }
  [[nodiscard]] bool memory_thrashes() const noexcept { return held_ && held_->is_thrashing(); }
  // At the last look, pages of files among it.
  [[nodiscard]] Bytes memory_usage() const noexcept { return memory_usage_; }
  // The limit is near, and held by looks alone.
  [[nodiscard]] bool memory_is_urgent() const noexcept;
  // How soon to look again.
  [[nodiscard]] Duration next_memory_look() const noexcept { return next_memory_look_; }

  // Whether there is a tree for it: no file is read.
  [[nodiscard]] bool counts_cpu() const noexcept;
  [[nodiscard]] bool limits_memory() const noexcept;
  // No page of the run can be swapped out.
  [[nodiscard]] bool forbids_swap() const noexcept { return forbids_swap_; }

  // "cgroup v2 cpu.stat" and the like: the source of a figure.
  [[nodiscard]] std::string cpu_source() const;
  [[nodiscard]] std::string memory_source() const;
  [[nodiscard]] std::string processes_source() const;
  [[nodiscard]] std::string refused_processes_source() const;

 private:
  struct Made {
    GroupTree tree;
    std::string folder;
    Fd descriptor;
  };
  void make(const GroupTree& tree);
  void remove() noexcept;
  [[nodiscard]] const Made* find(bool GroupTree::*what) const;
  void hold_memory();
  [[nodiscard]] bool raise_memory_limit(Bytes limit) const;

  Groups* groups_;
  std::string name_;
  Limits limits_;
  std::vector<Made> made_;
  bool forbids_swap_ = false;
  std::optional<HeldMemory> held_;
  Bytes memory_usage_{};
  Duration next_memory_look_{};
  int clone_into_ = -1;
  std::vector<Fd> task_files_;
  std::vector<int> task_numbers_;
};

}  // namespace evalrun::groups
