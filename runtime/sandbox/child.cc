#include "runtime/sandbox/child.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>
#include <cstring>

#include "netns/steps.h"
#include "runtime/core/sys.h"
#include "runtime/sandbox/child_report.h"

namespace evalrun::sandbox {
namespace {

constexpr std::size_t kKernelSignalSetSize = 8;
constexpr unsigned long kNewCgroup = 0x02000000;  // CLONE_NEWCGROUP

// The kernel's own struct sigaction: the C library's has another shape.
struct KernelSigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

}  // namespace

StepResult step_lifeline(ChildContext& context) noexcept {
  sys(SYS_close, context.control_outside);
  long result = sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlPdeathsig, result);
  // Before anything that takes time: the kernel shares the cores out among sessions (sched(7), autogroup), and what a
  // set-up uses must not make the supervisor late for its other runs.
  result = sys(SYS_setsid);
  if (result < 0) return failure(Operation::Setsid, result);
  // "go": the id map is written. End of file: the supervisor died before PDEATHSIG was set, or gave up.
  char go = 0;
  long received = 0;
  do {
    received = sys(SYS_recvfrom, context.control, &go, sizeof go, 0, nullptr, nullptr);
  } while (received == -EINTR);
  if (received < 0) return failure(Operation::Recv, received);
  return received == sizeof go ? success() : failure(Operation::ParentGone, -EPIPE);
}

StepResult step_groups(ChildContext& context) noexcept {
  int item = 0;
  for (const int tasks : context.task_files) {
    // "0" is the writing thread itself; a pid in cgroup.procs would wait for the whole machine.
    const long result = sys(SYS_write, tasks, "0", 1);
    if (result < 0) return failure(Operation::Write, result, item);
    ++item;
  }
  // Only now: the namespace's root is the group that its maker is in, and the host's names end there.
  if (!context.plan->own_cgroup_root) return success();
  const long result = sys(SYS_unshare, kNewCgroup);
  return result < 0 ? failure(Operation::Unshare, result) : success();
}

StepResult step_trees(ChildContext& context) noexcept {
  return rootfs::clone_trees(context.plan->root, context.tree_fds);
}

StepResult step_identity(ChildContext& context) noexcept {
  long result = 0;
  if (context.drop_groups) {
    result = sys(SYS_setgroups, 0, nullptr);
    if (result < 0) return failure(Operation::Setgroups, result);
  }
  result = sys(SYS_setresgid, kInsideId, kInsideId, kInsideId);
  if (result < 0) return failure(Operation::Setresgid, result);
  result = sys(SYS_setresuid, kInsideId, kInsideId, kInsideId);
  if (result < 0) return failure(Operation::Setresuid, result);
  unsigned ids[3] = {};
  result = sys(SYS_getresuid, &ids[0], &ids[1], &ids[2]);
  if (result < 0 || ids[0] != kInsideId || ids[1] != kInsideId || ids[2] != kInsideId) {
    return failure(Operation::IdentityDiffers, -EPERM);
  }
  // The change of identity has cleared it (prctl(2), PR_SET_PDEATHSIG).
  result = sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlPdeathsig, result);
  result = sys(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlDumpable, result);
  // The supervisor may have died while no death signal was set: its end of the socket is then closed.
  pollfd control{context.control, POLLIN, 0};
  const timespec now{};
  result = sys(SYS_ppoll, &control, 1, &now, nullptr, 0);
  if (result < 0) return failure(Operation::Poll, result);
  const bool gone = result > 0 && (control.revents & (POLLHUP | POLLIN)) != 0;
  return gone ? failure(Operation::ParentGone, -EPIPE) : success();
}

StepResult step_session(ChildContext&) noexcept {
  // A parent's session keyring is readable across user namespaces. A kernel built without keys has none to read.
  long result = sys(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0);
  if (result < 0 && result != -ENOSYS) return failure(Operation::Keyctl, result);
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    const KernelSigaction by_default{};
    result = sys(SYS_rt_sigaction, signal, &by_default, nullptr, kKernelSignalSetSize);
    if (result < 0) return failure(Operation::Sigaction, result, signal);
  }
  // init waits for exactly these two; blocked, they queue even for pid 1, which has no handler.
  const std::uint64_t waited = (1ULL << (SIGCHLD - 1)) | (1ULL << (SIGTERM - 1));
  result = sys(SYS_rt_sigprocmask, SIG_SETMASK, &waited, nullptr, kKernelSignalSetSize);
  if (result < 0) return failure(Operation::Sigprocmask, result);
  sys(SYS_umask, 022);
  return success();
}

StepResult step_hostname(ChildContext& context) noexcept {
  if (context.plan->hostname == nullptr) return success();
  long result = sys(SYS_sethostname, context.plan->hostname, context.plan->hostname_size);
  if (result < 0) return failure(Operation::Sethostname, result);
  result = sys(SYS_setdomainname, "localdomain", sizeof "localdomain" - 1);
  return result < 0 ? failure(Operation::Setdomainname, result) : success();
}

StepResult step_nesting(ChildContext& context) noexcept {
  // Per user namespace; with 0 a nested one fails with ENOSPC whatever the call. A host that shows no writable
  // /proc/sys (many containers) cannot give this second wall: the first one, the filter, stands, and the result tells.
  const long fd = sys(SYS_openat, AT_FDCWD, "/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
  long result = fd;
  if (fd >= 0) {
    result = sys(SYS_write, fd, "0", 1);
    sys(SYS_close, fd);
  }
  if (result < 0) send_note(context, failure(fd < 0 ? Operation::Open : Operation::Write, result), Stage::Nesting);
  return success();
}

StepResult step_mounts(ChildContext& context) noexcept {
  return rootfs::mount_all(context.plan->root, context.tree_fds, &context.root_fd);
}

StepResult step_files(ChildContext& context) noexcept {
  const StepResult placed = rootfs::place_files(context.plan->root, context.root_fd);
  if (placed.failed() || !context.plan->sends_work_folder) return placed;
  const auto work = static_cast<int>(sys(SYS_openat, context.root_fd, "work", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (work < 0) return failure(Operation::Open, work);
  const long sent = send_descriptor(context, InitRecord::Kind::WorkFolder, work);
  sys(SYS_close, work);
  return sent < 0 ? failure(Operation::Send, sent) : success();
}

StepResult step_pivot(ChildContext& context) noexcept {
  return rootfs::pivot(context.plan->root, context.root_fd);
}

StepResult step_loopback(ChildContext& context) noexcept {
  return context.plan->own_network ? netns::bring_loopback_up() : success();
}

StepResult step_process(ChildContext& context) noexcept {
  long result = sys(SYS_setsid);
  if (result < 0) return failure(Operation::Setsid, result);
  // The spawner has made sure that none of these is among 0 to 3 already.
  for (int i = 0; i < 3; ++i) {
    result = sys(SYS_dup3, context.streams[i], i, 0);
    if (result < 0) return failure(Operation::Dup, result, i);
  }
  result = sys(SYS_dup3, context.report, kReportFd, O_CLOEXEC);
  if (result < 0) return failure(Operation::Dup, result, kReportFd);
  context.report = kReportFd;
  const std::uint64_t none = 0;
  result = sys(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kKernelSignalSetSize);
  if (result < 0) return failure(Operation::Sigprocmask, result);
  if (!context.affinity.empty()) {
    result = sys(SYS_sched_setaffinity, 0, context.affinity.size_bytes(), context.affinity.data());
    if (result < 0) return failure(Operation::Affinity, result);
  }
  if (context.plan->fixed_addresses) {
    result = sys(SYS_personality, ADDR_NO_RANDOMIZE);
    if (result < 0) return failure(Operation::Personality, result);
  }
  return success();
}

StepResult step_landlock(ChildContext& context) noexcept {
  return lockdown::restrict_by_landlock(context.plan->landlock);
}

StepResult step_seccomp(ChildContext& context) noexcept {
  if (!context.plan->has_listener) return lockdown::load_filter(context.plan->whitelist);
  int listener = -1;
  const StepResult loaded = lockdown::load_filter(context.plan->whitelist, &listener);
  if (loaded.failed()) return loaded;
  const long sent = send_descriptor(context, InitRecord::Kind::Listener, listener);
  return sent < 0 ? failure(Operation::Send, sent) : success();
}

StepResult step_rlimits(ChildContext& context) noexcept {
  return lockdown::set_rlimits(context.plan->rlimits);
}

StepResult step_capabilities(ChildContext& context) noexcept {
  return lockdown::drop_capabilities(context.plan->last_capability);
}

StepResult step_descriptors(ChildContext&) noexcept {
  return lockdown::close_descriptors(kReportFd + 1);
}

StepResult step_seal(ChildContext& context) noexcept {
  return lockdown::load_filter(context.plan->seal);
}

StepResult step_exec(ChildContext& context) noexcept {
  const StepResult locked = wait_for_init(context);
  if (locked.failed()) return locked;
  send_about_to_exec(context);
  // As execvp(3): the first candidate that is there; a candidate that may not be executed is remembered.
  long worst = -ENOENT;
  int item = 0;
  for (const char* const* program = context.plan->programs; *program != nullptr; ++program, ++item) {
    const long result = sys(SYS_execve, *program, context.plan->argv, context.plan->envp);
    if (result != -ENOENT && result != -ENOTDIR && result != -EACCES) return failure(Operation::Execve, result, item);
    if (result == -EACCES) worst = result;
  }
  return failure(item == 1 ? Operation::Execve : Operation::NotFound, worst, 0);
}

}  // namespace evalrun::sandbox
