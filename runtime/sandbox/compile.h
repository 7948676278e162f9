// compile: from a Plan to something that can be spawned, once or many times. Everything that allocates, resolves, opens
// or can be refused happens here, so that between clone3 and execve nothing is left but system calls over plain data.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lockdown/landlock.h"
#include "lockdown/rlimits.h"
#include "lockdown/seccomp.h"
#include "rootfs/layout.h"
#include "rootfs/pin.h"
#include "runtime/host/host.h"
#include "runtime/host/layers.h"
#include "runtime/plan/plan.h"
#include "runtime/sandbox/child.h"
#include "runtime/sandbox/path_rules.h"
#include "runtime/sandbox/snapshot_start.h"

namespace evalrun::sandbox {

// What a compiled plan is given beside the plan itself, where runs follow each other (a compiler's, then its
// program's).
struct CompileExtras {
  std::vector<rootfs::CarriedFile> carried;  // placed in /work after the plan's own files
  bool keep_work_folder = false;             // the run hands out /work when it ends, whatever the plan collects
  std::shared_ptr<const SnapshotStart> snapshot = {};  // runs of the plan's job start from it
  std::string why_no_snapshot = {};                    // for the result of a plan that asks for one
  bool observed = false;                               // the filter is build_observed(): for Run::observe
};

// What execve is tried on, in order: the name itself where it has a slash, else the name in each folder of PATH.
std::vector<std::string> program_candidates(const Plan& plan);
// "NAME=value" for each variable.
std::vector<std::string> environment_of(const Plan& plan);

// Immutable. Its one maker is compile().
class CompiledPlan {
 public:
  CompiledPlan(const CompiledPlan&) = delete;
  CompiledPlan& operator=(const CompiledPlan&) = delete;

  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] const host::HostFacts& host() const noexcept { return host_; }
  [[nodiscard]] const host::Layers& layers() const noexcept { return layers_; }
  [[nodiscard]] const rootfs::Layout& layout() const noexcept { return layout_; }
  [[nodiscard]] const rootfs::PinnedRoot& root() const noexcept { return root_; }
  [[nodiscard]] const lockdown::LandlockRules& landlock() const noexcept { return landlock_; }
  [[nodiscard]] const std::vector<lockdown::RlimitRow>& rlimits() const noexcept { return rlimit_rows_; }
  [[nodiscard]] const lockdown::FilterProgram& whitelist() const noexcept { return whitelist_; }
  [[nodiscard]] const lockdown::FilterProgram& seal() const noexcept { return seal_; }
  [[nodiscard]] const lockdown::FilterProgram& init_filter() const noexcept { return init_filter_; }
  [[nodiscard]] const ChildPlan& child() const noexcept { return child_; }

  // Null: its runs start by execve.
  [[nodiscard]] const SnapshotStart* snapshot() const noexcept { return snapshot_.get(); }
  [[nodiscard]] const std::shared_ptr<const SnapshotStart>& shared_snapshot() const noexcept { return snapshot_; }
  [[nodiscard]] const std::string& why_no_snapshot() const noexcept { return why_no_snapshot_; }
  // Whether a run of it that is told `job` starts from the snapshot.
  [[nodiscard]] bool starts_from_snapshot(const Job& job) const noexcept;
  // What of limits.memory is the run's own: of what a snapshot gives it, its share is taken off.
  [[nodiscard]] Limits held_limits() const;

  // A failed step's subject, in words: "mount /data (plan.toml:17:1)", "RLIMIT_STACK", "CAP_SYS_ADMIN"; "" for none.
  [[nodiscard]] std::string describe_subject(const StepResult& step) const;
  // The program that a failed execve was tried on: as execve was given it, so relative to `cwd` where it is relative.
  // Null where none was found, and of any other step.
  [[nodiscard]] const std::string* program_of(const StepResult& step) const noexcept;

 private:
  friend std::shared_ptr<const CompiledPlan> compile(Plan plan, const host::HostFacts& host, CompileExtras extras);
  CompiledPlan(Plan plan, const host::HostFacts& host, CompileExtras extras);

  std::shared_ptr<const SnapshotStart> snapshot_;
  std::string why_no_snapshot_;
  Plan plan_;
  host::HostFacts host_;
  host::Layers layers_;
  rootfs::Layout layout_;
  ProgramFiles program_files_;
  rootfs::PinnedRoot root_;
  lockdown::LandlockRules landlock_;
  std::vector<lockdown::RlimitRow> rlimit_rows_;
  std::vector<lockdown::Rlimit> rlimits_;
  lockdown::FilterProgram whitelist_, seal_, init_filter_;
  std::vector<std::string> programs_, environment_;
  std::vector<const char*> program_pointers_, argv_pointers_, environment_pointers_;
  ChildPlan child_{};
};

// Throws PlanError where the plan asks for something that is not there, HostError where the host lacks a required
// layer.
std::shared_ptr<const CompiledPlan> compile(Plan plan, const host::HostFacts& host, CompileExtras extras = {});

// Throws PlanError at `key` ("argv", "compile.argv") where the program is a bare name that no folder of PATH can hold.
// A path that is wrong shows when the program starts: it may be the submission's own.
void check_program(const CompiledPlan& plan, const std::string& key = "argv");

}  // namespace evalrun::sandbox
