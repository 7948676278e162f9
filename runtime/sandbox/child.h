// The sandbox's side of a run: init (pid 1) and the target, from clone3 to execve and to the end. Everything here works
// on plain data that the parent laid out; nothing allocates, locks or formats (tests/unit/child_symbols_test.sh).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <span>

#include "lockdown/steps.h"
#include "rootfs/steps.h"
#include "runtime/core/step_result.h"

namespace evalrun::sandbox {

// The one id that exists inside.
inline constexpr unsigned kInsideId = 1000;

// What a compiled plan gives every run of it. Pointers are owned by the CompiledPlan.
struct ChildPlan {
  rootfs::RootSteps root;
  const char* hostname;  // null: no uts namespace of its own
  std::size_t hostname_size;
  bool host_name_may_stay;  // where a container refuses another: the plan accepts that
  bool keyring_may_stay;    // where a container refuses another: the filter lets no call on keys through
  bool own_cgroup_root;     // a cgroup namespace, rooted in the run's groups
  bool sends_work_folder;   // init hands /work to the supervisor
  bool fixed_addresses;     // no address-space randomisation
  lockdown::LandlockSteps landlock;
  lockdown::LandlockSteps init_landlock;
  std::span<const sock_filter> whitelist;
  bool has_listener;  // the whitelist hands calls to the supervisor
  std::span<const sock_filter> seal;
  std::span<const sock_filter> init_filter;
  std::span<const lockdown::Rlimit> rlimits;
  int last_capability;
  const char* snapshot;         // executed in place of the program, where the job's words allow it; null: none is there
  const char* const* programs;  // candidates for execve, null-terminated
  const char* const* argv;
  const char* const* envp;
};

// Beside ADDR_NO_RANDOMIZE in the personality of what the supervisor starts from a snapshot: the restorer then knows
// that kReportFd is the report pipe. The filter lets no program set it. WHOLE_SECONDS, which no kernel of today looks
// at (personality(2)).
inline constexpr unsigned long kSnapshotMark = 0x2000000;

// Descriptors that a child finds at fixed places once Stage::Lifeline is through; the target's streams take 0 to 2.
inline constexpr int kReportFd = 3;
inline constexpr int kControlFd = 4;

// What a run that was prepared ahead is told when its time has come; in the shared memory, as all of Delivery is.
struct DeliveredJob {
  const char* snapshot;         // null: this job starts the program itself
  const char* const* programs;  // as in ChildPlan
  const char* const* argv;
  const char* const* envp;
  std::span<const rootfs::NodeStep> folders;  // in the workspace, for `files`
  std::span<const rootfs::CopyStep> files;    // texts
};

// Everything of one run that a child learns after it was cloned. In memory shared with the supervisor (arena.h), and so
// is all that it points to; only the child writes to it.
struct Delivery {
  ChildPlan plan;
  bool drop_groups;                         // started by root: the supplementary groups can and must go
  std::span<const unsigned long> affinity;  // empty: not pinned
  std::span<int> tree_fds;                  // room for one descriptor for each of the plan's trees
  // The descriptors that come with it, in this order: the program's streams, the tasks files of the v1 control groups
  // to enter, the files to copy. Room for their numbers.
  std::span<int> descriptors;
  std::size_t task_files;
  std::span<rootfs::CopyStep> copies;  // the plan's; `source` is an index into `descriptors`
  bool waits_for_job;                  // prepared ahead: all is done but execve
  std::uint32_t job_is_there;          // a futex: 0, then 1
  DeliveredJob job;
};
inline constexpr std::size_t kStreams = 3;

// Over the control socket, to init, with some of the descriptors. There may be several: one message holds no more than
// kDescriptorsPerMessage (messages.h).
struct DeliveryNote {
  Delivery* delivery;
};

// Who walks rows of the step table (step_table.h). A sandbox by itself has an init and a target. In a cell, what runs
// have in common is made once by the cell's keeper and a maker; each run then has an init and a target.
enum class Walker : std::uint8_t { Init, Target, Keeper, Maker, RunInit };

// What a child has in its own memory. The supervisor fills in the first part before it clones.
struct ChildContext {
  Walker walker = Walker::Init;
  std::uint64_t namespaces;  // CLONE_NEW*: those that it makes for itself
  int control;               // SOCK_SEQPACKET, the child's end: DeliveryNotes in, InitRecords out
  int report;                // write end of the report pipe

  lockdown::BoundingSet bounding = lockdown::BoundingSet::Full;  // as it was inherited
  bool has_default_signals = false;                              // from whoever cloned it

  const Delivery* delivery = nullptr;  // from Stage::Plan on
  const ChildPlan* plan = nullptr;     // the delivery's
  int root_fd = -1;
  std::uint32_t init_is_locked = 0;  // a futex: 0, then 1
  std::int64_t init_cpu_us = 0;      // what init has used when it is locked down
};

// Over the report pipe.
struct ChildRecord {
  // From a snapshot's restorer: it waits for its recorder; it has put the interpreter back, or must execute it.
  enum class Kind : std::uint32_t { Failed, Note, Prepared, AboutToExec, WaitsForRecorder, Restored, NotRestored };
  Kind kind;
  StepResult step;           // Failed, NotRestored, and Note: a second wall that this host does not give
  std::int64_t time_ns;      // CLOCK_MONOTONIC
  std::int64_t cpu_us;       // AboutToExec: what the target's set-up cost; Restored: with what came after it
  std::int64_t init_cpu_us;  // AboutToExec: what init's set-up cost
  std::int64_t max_rss_kib;  // AboutToExec: how large the target has been, which execve does not forget
};

// Over the control socket, from init.
struct InitRecord {
  enum class Kind : std::uint32_t { WorkFolder, Listener, Failed, TargetEnded, Finished };
  Kind kind;
  StepResult step;         // Failed
  std::int64_t time_ns;    // CLOCK_MONOTONIC
  std::int32_t code;       // TargetEnded: CLD_EXITED, CLD_KILLED or CLD_DUMPED
  std::int32_t status;     // TargetEnded: exit code or signal
  std::uint32_t reaped;    // Finished: how many processes init waited for, the target among them
  struct Usage {           // Finished: of every process reaped in this sandbox but init
    std::int64_t init_us;  // init's own, to be told from what a control group counts
    std::int64_t user_us, system_us, max_rss_kib, minor_faults, major_faults, voluntary, involuntary;
    std::int64_t blocks_read;  // from disks, init's own among them
  } usage;
  struct Workspace {  // Finished: what is free of it
    std::uint64_t blocks, inodes;
    bool is_known;
  } workspace;
};

// Ends the calling process.
[[noreturn]] void leave(int status) noexcept;

// No signal of the calling process is handled or ignored any more.
StepResult reset_signals() noexcept;

// Walks the context's rows; where a step fails it says so and does not return.
void walk(ChildContext& context) noexcept;

// pid 1: walks init's rows of the step table, starts the target, locks itself down, waits, kills, reports.
[[noreturn]] void init_main(ChildContext& context) noexcept;

// The target: walks the rest of the table.
[[noreturn]] void target_main(ChildContext& context) noexcept;

// The rows of the step table that are the sandbox's own (rootfs, netns and lockdown have theirs).
StepResult step_lifeline(ChildContext& context) noexcept;
StepResult step_namespaces(ChildContext& context) noexcept;
StepResult step_loopback(ChildContext& context) noexcept;
StepResult step_plan(ChildContext& context) noexcept;
StepResult step_groups(ChildContext& context) noexcept;
StepResult step_trees(ChildContext& context) noexcept;
StepResult step_identity(ChildContext& context) noexcept;
StepResult step_session(ChildContext& context) noexcept;
StepResult step_hostname(ChildContext& context) noexcept;
StepResult step_nesting(ChildContext& context) noexcept;
StepResult step_mounts(ChildContext& context) noexcept;
StepResult step_files(ChildContext& context) noexcept;
StepResult step_pivot(ChildContext& context) noexcept;
StepResult step_enter(ChildContext& context) noexcept;
StepResult step_process(ChildContext& context) noexcept;
StepResult step_landlock(ChildContext& context) noexcept;
StepResult step_seccomp(ChildContext& context) noexcept;
StepResult step_rlimits(ChildContext& context) noexcept;
StepResult step_capabilities(ChildContext& context) noexcept;
StepResult step_descriptors(ChildContext& context) noexcept;
StepResult step_seal(ChildContext& context) noexcept;
StepResult step_job(ChildContext& context) noexcept;
StepResult step_exec(ChildContext& context) noexcept;

}  // namespace evalrun::sandbox
