// The order: one table, which the child walks, `evalrun explain` prints, and the tests compare with a trace. It is in
// the order of enum Stage (core/step_result.h) or it does not compile; the edges that carry the security argument are
// asserted by name below, so that reordering the enum does not compile either.
#pragma once

#include <array>
#include <cstddef>

#include "runtime/core/step_result.h"
#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

// Who walks a row in a cell: what the keeper and the maker do is done once for all its runs.
enum class InCell { Keeper, Maker, Run, KeeperAndRun, MakerAndRun };

struct Step {
  Stage stage;
  Walker walker;  // Init or Target
  InCell cell;
  StepResult (*run)(ChildContext&) noexcept;
  const char* what;
};

inline constexpr std::array kSteps = {
    Step{Stage::Lifeline, Walker::Init, InCell::KeeperAndRun, step_lifeline,
         "die with the supervisor; new session; close all that was inherited"},
    Step{Stage::Namespaces, Walker::Init, InCell::KeeperAndRun, step_namespaces,
         "mount, network, ipc and uts namespaces, inside the user and pid namespaces that clone3 made"},
    Step{Stage::Loopback, Walker::Init, InCell::Keeper, step_loopback, "loopback up; no other link is"},
    Step{Stage::Plan, Walker::Init, InCell::KeeperAndRun, step_plan,
         "wait for the id map, the plan and its descriptors"},
    Step{Stage::Groups, Walker::Init, InCell::Run, step_groups,
         "enter the run's control groups (v1; v2 by clone3); a cgroup namespace on top"},
    Step{Stage::Trees, Walker::Init, InCell::Keeper, step_trees,
         "make mounts private; clone every bind source, check its pinned inode"},
    Step{Stage::Identity, Walker::Init, InCell::MakerAndRun, step_identity,
         "become uid 1000 of the namespace; drop groups; not dumpable"},
    Step{Stage::Session, Walker::Init, InCell::Run, step_session, "new session keyring, default signals, umask 022"},
    Step{Stage::Hostname, Walker::Init, InCell::Run, step_hostname, "host name of its own"},
    Step{Stage::Nesting, Walker::Init, InCell::Maker, step_nesting,
         "no user namespaces inside, a second wall behind the filter; so many inotify instances and watches"},
    Step{Stage::Mounts, Walker::Init, InCell::MakerAndRun, step_mounts,
         "tmpfs root, its nodes, recursive read-only binds; /proc and the workspace"},
    Step{Stage::Pivot, Walker::Init, InCell::Maker, step_pivot,
         "pivot_root, detach the old root, check that it is gone"},
    Step{Stage::Files, Walker::Init, InCell::Run, step_files, "copy the plan's files into /work"},
    Step{Stage::Enter, Walker::Init, InCell::Run, step_enter, "see nothing but the root; chdir"},
    // Here init starts the target, and locks itself down while the target walks on.
    Step{Stage::Process, Walker::Target, InCell::Run, step_process, "streams, session, signal mask, cores"},
    Step{Stage::Landlock, Walker::Target, InCell::Run, step_landlock, "1. file system rights, TCP ports, scopes"},
    Step{Stage::Seccomp, Walker::Target, InCell::Run, step_seccomp, "2. the whitelist of system calls"},
    Step{Stage::Rlimits, Walker::Target, InCell::Run, step_rlimits, "3. resource limits"},
    Step{Stage::Capabilities, Walker::Target, InCell::Run, step_capabilities,
         "4. no capability in any set; NO_NEW_PRIVS; read back"},
    Step{Stage::Descriptors, Walker::Target, InCell::Run, step_descriptors,
         "5. close all but 0, 1, 2 and the report pipe"},
    Step{Stage::Seal, Walker::Target, InCell::Run, step_seal, "take away the calls that steps 3 to 5 needed"},
    Step{Stage::Job, Walker::Target, InCell::Run, step_job,
         "prepared ahead: wait for the job, place its files, as the program could"},
    Step{Stage::Exec, Walker::Target, InCell::Run, step_exec, "once init is locked down: execve"},
};

constexpr bool is_walked_by(const Step& step, Walker walker) {
  switch (walker) {
    case Walker::Init:
    case Walker::Target: return step.walker == walker;
    case Walker::Keeper: return step.cell == InCell::Keeper || step.cell == InCell::KeeperAndRun;
    case Walker::Maker: return step.cell == InCell::Maker || step.cell == InCell::MakerAndRun;
    case Walker::RunInit:
      return step.walker == Walker::Init && step.cell != InCell::Keeper && step.cell != InCell::Maker;
  }
  return false;
}

constexpr std::size_t row_of(Stage stage) {
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    if (kSteps[i].stage == stage) return i;
  }
  return kSteps.size();
}

constexpr bool in_order_of_stages() {
  for (std::size_t i = 1; i < kSteps.size(); ++i) {
    if (kSteps[i - 1].stage >= kSteps[i].stage || kSteps[i - 1].walker > kSteps[i].walker) return false;
  }
  return true;
}
static_assert(in_order_of_stages(), "the step table is not in the order of enum Stage");

constexpr bool before(Stage first, Stage second) {
  return row_of(first) < row_of(second) && row_of(second) < kSteps.size();
}
static_assert(before(Stage::Trees, Stage::Identity), "sources that only the caller may reach are cloned as the caller");
static_assert(before(Stage::Mounts, Stage::Landlock), "Landlock denies every mount operation");
static_assert(before(Stage::Pivot, Stage::Files), "what is written is written inside the root");
static_assert(before(Stage::Enter, Stage::Landlock), "the check of the root comes before anything is denied");
static_assert(before(Stage::Pivot, Stage::Landlock), "Landlock denies pivot_root; its rules name the new root's paths");
static_assert(before(Stage::Loopback, Stage::Seccomp), "the whitelist has no netlink");
static_assert(before(Stage::Landlock, Stage::Seccomp), "the whitelist has no landlock calls");
static_assert(before(Stage::Seccomp, Stage::Rlimits), "the strict order");
static_assert(before(Stage::Rlimits, Stage::Capabilities), "the strict order");
static_assert(before(Stage::Seccomp, Stage::Capabilities),
              "the first filter loads on CAP_SYS_ADMIN, not on NO_NEW_PRIVS");
static_assert(before(Stage::Capabilities, Stage::Descriptors), "the strict order");
static_assert(before(Stage::Capabilities, Stage::Seal), "the seal loads on NO_NEW_PRIVS, and denies capset");
static_assert(before(Stage::Descriptors, Stage::Seal), "the strict order");
static_assert(row_of(Stage::Exec) + 1 == kSteps.size(), "nothing runs behind the job but execve");
static_assert(before(Stage::Seal, Stage::Job), "a run that waits for its job is locked down already");
static_assert(before(Stage::Seal, Stage::Exec));

}  // namespace evalrun::sandbox
