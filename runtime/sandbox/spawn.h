// spawn: one live sandbox out of a compiled plan, in two steps. An EmptySandbox is a process that makes its namespaces
// and waits; it needs no compiled plan, so it can be made while the plan is being compiled. A Sandbox is one that has
// been given its plan. Who clones the process stands in cloner.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/host/leases.h"
#include "runtime/sandbox/arena.h"
#include "runtime/sandbox/cloner.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::sandbox {

// The program's ends of its streams, given away to it: pipes, nothing else, for their ownership is changed to the
// run's.
struct Streams {
  Fd input;
  Fd output;
  Fd error_output;  // none: the same as output
};

// Maps the one id that exists inside to the run's identity, in the new user namespace of process `pid`. Throws
// HostError.
void write_id_map(pid_t pid, const host::Identity& identity);

// What the plan adds to the score of process `pid`, and of all that it will clone, where the host runs out of memory.
// Throws HostError.
void write_oom_score(pid_t pid, const Plan& plan);

// What a sandbox stands on: an identity of the host, and the memory in which it is told its plan. One run's own, or
// that of a cell, which lends it to one run after another.
struct SandboxBase {
  SandboxBase(host::Identity own, Arena memory) : identity(std::move(own)), arena(std::move(memory)) {}

  host::Identity identity;
  Arena arena;
  const ChildPlan* common = nullptr;  // of a cell: its plan as it stands in the arena, for runs of the same plan
  const CompiledPlan* common_of = nullptr;
  std::size_t kept = 0;  // of the arena: what the cell itself has put there
};

// init in its namespaces, with its identity, waiting for a plan; out of a cell it may still be being cloned. Nothing of
// it is left if it is never given one.
class EmptySandbox {
 public:
  // `clone_into`: a v2 control group's folder, -1: none. `cloner`: clones it; null: this process does. Throws
  // HostError where the kernel refuses, and SystemError.
  explicit EmptySandbox(const host::HostFacts& host, int clone_into = -1, Cloner* cloner = nullptr);
  // One that is still being cloned: `control` and `report` are our ends; `pending` outlives it.
  EmptySandbox(std::shared_ptr<SandboxBase> base, Fd control, Fd report, PendingClone& pending) noexcept;
  EmptySandbox(EmptySandbox&& other) noexcept;
  EmptySandbox& operator=(EmptySandbox&&) = delete;
  ~EmptySandbox();

 private:
  friend class Sandbox;
  // Waits until it has been cloned. Throws HostError.
  void await_clone();

  std::shared_ptr<SandboxBase> base_;
  Fd report_;
  Fd control_;
  PendingClone* pending_ = nullptr;
  std::optional<SandboxProcess> process_;
};

// Whether the program starts when its sandbox is ready, or waits for start().
enum class Start { AtOnce, WhenTold };

// A sandbox that lives.
class Sandbox {
 public:
  // Hands the plan over. `task_files`: the tasks files of v1 control groups that the run enters, borrowed until the
  // constructor returns. Throws HostError, SystemError, and PlanError where the plan's cores are not this process's;
  // nothing is left behind then. That the program runs is told later, over report().
  Sandbox(EmptySandbox empty, const CompiledPlan& plan, Streams streams, std::span<const int> task_files,
          Start start = Start::AtOnce);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  [[nodiscard]] pid_t init_pid() const noexcept { return empty_.process_->pid(); }
  [[nodiscard]] const Fd& pidfd() const noexcept { return empty_.process_->pidfd(); }  // readable: init has ended
  [[nodiscard]] const Fd& report() const noexcept { return empty_.report_; }           // ChildRecords, then end of file
  [[nodiscard]] const Fd& control() const noexcept { return empty_.control_; }         // InitRecords
  [[nodiscard]] const host::Cores& cores() const noexcept { return cores_; }
  [[nodiscard]] const host::Identity& identity() const noexcept { return empty_.base_->identity; }

  // The job of one that waits for it: of `plan`, its argv, env and files; all else is as it was prepared. `from`: as
  // the compiled plan allows it. Once. Throws PlanError where a file cannot be read, HostError where the job is too
  // large.
  enum class StartsFrom { Execve, Snapshot };
  void take_job(const Plan& plan, StartsFrom from = StartsFrom::Execve);
  // What has been given its job starts, as soon as it is ready. `target`: the process that waits, to be pinned to the
  // plan's cores; -1: not known, and not pinned. Throws HostError, and PlanError as the constructor.
  void start(const Plan& plan, pid_t target);

  // Asks init to kill everything, wait for it and report. Harmless when init has ended.
  void ask_to_end() noexcept;

  // Kills init, and with it, by the kernel, everything inside.
  void kill() noexcept;

  // For other runs, when the program has ended.
  void release_cores() noexcept { cores_.locks.clear(); }

  // Reaps init; only after pidfd() is readable does it not wait.
  void reap() noexcept;

 private:
  EmptySandbox empty_;
  host::Cores cores_;
  Delivery* delivery_ = nullptr;  // in the arena
};

}  // namespace evalrun::sandbox
