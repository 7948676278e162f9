// The order: one table, which the child walks, `evalrun explain` prints, and the tests compare with a trace. It is in
// the order of enum Stage (core/step_result.h) or it does not compile; the edges that carry the security argument are
// asserted by name below, so that reordering the enum does not compile either.
#pragma once

#include <array>
#include <cstddef>

#include "runtime/core/step_result.h"
#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

enum class Walker { Init, Target };

struct Step {
  Stage stage;
  Walker walker;
  StepResult (*run)(ChildContext&) noexcept;
  const char* what;
};

inline constexpr std::array kSteps = {
    Step{Stage::Lifeline, Walker::Init, step_lifeline,
         "die with the supervisor; new session; close all that was inherited"},
    Step{Stage::Namespaces, Walker::Init, step_namespaces,
         "mount, network, ipc and uts namespaces, inside the user and pid namespaces that clone3 made"},
    Step{Stage::Loopback, Walker::Init, step_loopback, "loopback up; no other link is"},
    Step{Stage::Plan, Walker::Init, step_plan, "wait for the id map, the plan and its descriptors"},
    Step{Stage::Groups, Walker::Init, step_groups,
         "enter the run's control groups (v1; v2 by clone3); a cgroup namespace on top"},
    Step{Stage::Trees, Walker::Init, step_trees,
         "make mounts private; clone every bind source, check its pinned inode"},
    Step{Stage::Identity, Walker::Init, step_identity, "become uid 1000 of the namespace; drop groups; not dumpable"},
    Step{Stage::Session, Walker::Init, step_session, "new session keyring, default signals, umask 022"},
    Step{Stage::Hostname, Walker::Init, step_hostname, "host name of its own"},
    Step{Stage::Nesting, Walker::Init, step_nesting, "no user namespaces inside: a second wall behind the filter"},
    Step{Stage::Mounts, Walker::Init, step_mounts,
         "tmpfs root, its nodes, recursive read-only binds, /proc, workspace"},
    Step{Stage::Files, Walker::Init, step_files, "copy the plan's files into /work"},
    Step{Stage::Pivot, Walker::Init, step_pivot, "pivot_root, detach the old root, check that it is gone, chdir"},
    // Here init starts the target, and locks itself down while the target walks on.
    Step{Stage::Process, Walker::Target, step_process, "streams, session, signal mask, cores"},
    Step{Stage::Landlock, Walker::Target, step_landlock, "1. file system rights, TCP ports, scopes"},
    Step{Stage::Seccomp, Walker::Target, step_seccomp, "2. the whitelist of system calls"},
    Step{Stage::Rlimits, Walker::Target, step_rlimits, "3. resource limits"},
    Step{Stage::Capabilities, Walker::Target, step_capabilities,
         "4. no capability in any set; NO_NEW_PRIVS; read back"},
    Step{Stage::Descriptors, Walker::Target, step_descriptors, "5. close all but 0, 1, 2 and the report pipe"},
    Step{Stage::Seal, Walker::Target, step_seal, "take away the calls that steps 3 to 5 needed"},
    Step{Stage::Exec, Walker::Target, step_exec, "once init is locked down: execve"},
};

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
static_assert(row_of(Stage::Exec) + 1 == kSteps.size(), "nothing runs between the seal and execve");
static_assert(before(Stage::Seal, Stage::Exec));

}  // namespace evalrun::sandbox
