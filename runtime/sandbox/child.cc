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
#include "runtime/sandbox/quotas.h"

namespace evalrun::sandbox {
namespace {

constexpr std::size_t kKernelSignalSetSize = 8;
constexpr unsigned long kNewCgroup = 0x02000000;   // CLONE_NEWCGROUP
constexpr unsigned long kNewNetwork = 0x40000000;  // CLONE_NEWNET

// The kernel's own struct sigaction: the C library's has another shape.
struct KernelSigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};

unsigned long own_personality(const ChildPlan& plan) noexcept {
  return static_cast<unsigned long>(plan.fixed_addresses ? +ADDR_NO_RANDOMIZE : +PER_LINUX);
}

// The snapshot's program, which reports by the same pipe how its start went, and closes it. Returns only if it was not
// executed; the interpreter itself can be then.
StepResult start_from_snapshot(const ChildContext& context, const DeliveredJob& job) noexcept {
  if (job.snapshot != nullptr) {
    long result = sys(SYS_fcntl, kReportFd, F_SETFD, 0);
    if (result < 0) return failure(Operation::Fcntl, result);
    sys(SYS_execve, job.snapshot, job.argv, job.envp);
    result = sys(SYS_fcntl, kReportFd, F_SETFD, FD_CLOEXEC);
    if (result < 0) return failure(Operation::Fcntl, result);
  }
  const long result = sys(SYS_personality, own_personality(*context.plan));
  return result < 0 ? failure(Operation::Personality, result) : success();
}

// What a filter around this process says, and no kernel does to whoever has every capability in the namespace.
bool is_refusal(long result) noexcept {
  return result == -EPERM || result == -EACCES || result == -ENOSYS;
}

}  // namespace

StepResult step_lifeline(ChildContext& context) noexcept {
  long result = sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlPdeathsig, result);
  // Before anything that takes time: the kernel shares the cores out among sessions (sched(7), autogroup), and what a
  // set-up uses must not make the supervisor late for its other runs. In a cell it is the keeper's.
  if (context.walker != Walker::RunInit) {
    result = sys(SYS_setsid);
    if (result < 0) return failure(Operation::Setsid, result);
    // It is not dumpable only once it has its own identity; what it clones inherits the limit.
    const StepResult forbidden = lockdown::forbid_core_dumps();
    if (forbidden.failed()) return forbidden;
  }
  // Only its own two are kept of all that it inherited. 0 to 2 are taken, so that no descriptor to come is a stream.
  for (int i = 0; i < kReportFd; ++i) {
    result = sys(SYS_dup3, context.control, i, O_CLOEXEC);
    if (result < 0) return failure(Operation::Dup, result, i);
  }
  result = sys(SYS_dup3, context.report, kReportFd, O_CLOEXEC);
  if (result < 0) return failure(Operation::Dup, result, kReportFd);
  context.report = kReportFd;
  result = sys(SYS_dup3, context.control, kControlFd, O_CLOEXEC);
  if (result < 0) return failure(Operation::Dup, result, kControlFd);
  context.control = kControlFd;
  return lockdown::close_descriptors(kControlFd + 1);
}

StepResult step_namespaces(ChildContext& context) noexcept {
  const long result = sys(SYS_unshare, context.namespaces);
  return result < 0 ? failure(Operation::Unshare, result) : success();
}

StepResult step_loopback(ChildContext& context) noexcept {
  return (context.namespaces & kNewNetwork) != 0 ? netns::bring_loopback_up() : success();
}

StepResult step_plan(ChildContext& context) noexcept {
  std::size_t received = 0;
  do {
    DeliveryNote note{};
    const long result = receive_note(context, &note, &received);
    if (result < 0) return failure(Operation::Recv, result);
    // End of file: the supervisor died before PDEATHSIG was set, or gave up.
    if (result != sizeof note) return failure(Operation::ParentGone, -EPIPE);
    context.delivery = note.delivery;
  } while (received < context.delivery->descriptors.size());
  if (received != context.delivery->descriptors.size()) return failure(Operation::Descriptors, -EBADMSG);
  for (rootfs::CopyStep& copy : context.delivery->copies) {
    if (copy.source >= 0) copy.source = context.delivery->descriptors[static_cast<std::size_t>(copy.source)];
  }
  context.plan = &context.delivery->plan;
  return success();
}

StepResult step_groups(ChildContext& context) noexcept {
  int item = 0;
  for (const int tasks : context.delivery->descriptors.subspan(kStreams, context.delivery->task_files)) {
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
  return rootfs::clone_trees(context.plan->root, context.delivery->tree_fds.data());
}

StepResult step_identity(ChildContext& context) noexcept {
  long result = 0;
  if (context.delivery->drop_groups) {
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
  const bool gone = result > 0 && (control.revents & POLLHUP) != 0;
  return gone ? failure(Operation::ParentGone, -EPIPE) : success();
}

StepResult reset_signals() noexcept {
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    const KernelSigaction by_default{};
    const long result = sys(SYS_rt_sigaction, signal, &by_default, nullptr, kKernelSignalSetSize);
    if (result < 0) return failure(Operation::Sigaction, result, signal);
  }
  return success();
}

StepResult step_session(ChildContext& context) noexcept {
  // A parent's session keyring is readable across user namespaces. A kernel built without keys has none to read.
  long result = sys(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0);
  if (result < 0 && result != -ENOSYS) {
    const StepResult refused = failure(Operation::Keyctl, result);
    if (!context.plan->keyring_may_stay || !is_refusal(result)) return refused;
    send_note(context, refused, Stage::Session);
  }
  if (!context.has_default_signals) {
    const StepResult reset = reset_signals();
    if (reset.failed()) return reset;
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
  const Operation operation = result < 0 ? Operation::Sethostname : Operation::Setdomainname;
  if (result >= 0) result = sys(SYS_setdomainname, "localdomain", sizeof "localdomain" - 1);
  if (result >= 0) return success();
  const StepResult refused = failure(operation, result);
  if (!context.plan->host_name_may_stay || !is_refusal(result)) return refused;
  send_note(context, refused, Stage::Hostname);
  return success();
}

StepResult step_nesting(ChildContext& context) noexcept {
  // A host that shows no writable /proc/sys (many containers) cannot give these: the result tells.
  for (std::size_t i = 0; i < kNamespaceQuotas.size(); ++i) {
    const NamespaceQuota& quota = kNamespaceQuotas[i];
    const long fd = sys(SYS_openat, AT_FDCWD, quota.file, O_WRONLY | O_CLOEXEC);
    long result = fd;
    if (fd >= 0) {
      result = sys(SYS_write, fd, quota.value, quota.size);
      sys(SYS_close, fd);
    }
    const Operation operation = fd < 0 ? Operation::Open : Operation::Write;
    if (result < 0) send_note(context, failure(operation, result, static_cast<int>(i)), Stage::Nesting);
  }
  return success();
}

StepResult step_mounts(ChildContext& context) noexcept {
  const rootfs::RootSteps& root = context.plan->root;
  const int* trees = context.delivery->tree_fds.data();
  switch (context.walker) {
    case Walker::Maker: return rootfs::mount_shared(root, trees, &context.root_fd);
    case Walker::RunInit: return rootfs::mount_of_run(root, &context.root_fd);
    case Walker::Init:
    case Walker::Keeper:
    case Walker::Target: break;
  }
  return rootfs::mount_all(root, trees, &context.root_fd);
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
  return rootfs::pivot(context.root_fd);
}

StepResult step_enter(ChildContext& context) noexcept {
  return rootfs::enter(context.plan->root, context.root_fd);
}

StepResult step_process(ChildContext& context) noexcept {
  long result = sys(SYS_setsid);
  if (result < 0) return failure(Operation::Setsid, result);
  for (std::size_t i = 0; i < kStreams; ++i) {
    result = sys(SYS_dup3, context.delivery->descriptors[i], i, 0);
    if (result < 0) return failure(Operation::Dup, result, static_cast<int>(i));
  }
  const std::uint64_t none = 0;
  result = sys(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kKernelSignalSetSize);
  if (result < 0) return failure(Operation::Sigprocmask, result);
  const std::span<const unsigned long> affinity = context.delivery->affinity;
  if (!affinity.empty()) {
    result = sys(SYS_sched_setaffinity, 0, affinity.size_bytes(), affinity.data());
    if (result < 0) return failure(Operation::Affinity, result);
  }
  // The filter that comes lets nobody set the mark any more.
  const unsigned long personality =
      context.plan->snapshot != nullptr ? ADDR_NO_RANDOMIZE | kSnapshotMark : own_personality(*context.plan);
  if (personality != PER_LINUX) {
    result = sys(SYS_personality, personality);
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
  return lockdown::drop_capabilities(context.plan->last_capability, context.bounding);
}

StepResult step_descriptors(ChildContext&) noexcept {
  return lockdown::close_descriptors(kReportFd + 1);
}

StepResult step_seal(ChildContext& context) noexcept {
  return lockdown::load_filter(context.plan->seal);
}

StepResult step_job(ChildContext& context) noexcept {
  if (!context.delivery->waits_for_job) return success();
  StepResult result = wait_for_init(context);
  if (!result.failed()) result = wait_for_job(context);
  if (!result.failed()) result = rootfs::place_job_files(context.delivery->job.folders, context.delivery->job.files);
  return result;
}

StepResult step_exec(ChildContext& context) noexcept {
  StepResult ready = wait_for_init(context);
  if (!ready.failed()) ready = send_about_to_exec(context);
  if (ready.failed()) return ready;
  const DeliveredJob& job = context.delivery->job;
  if (context.plan->snapshot != nullptr) {
    const StepResult not_started = start_from_snapshot(context, job);
    if (not_started.failed()) return not_started;
  }
  // As execvp(3): the first candidate that is there; a candidate that may not be executed is remembered.
  long worst = -ENOENT;
  int item = 0;
  for (const char* const* program = job.programs; *program != nullptr; ++program, ++item) {
    const long result = sys(SYS_execve, *program, job.argv, job.envp);
    if (result != -ENOENT && result != -ENOTDIR && result != -EACCES) return failure(Operation::Execve, result, item);
    if (result == -EACCES) worst = result;
  }
  return failure(item == 1 ? Operation::Execve : Operation::NotFound, worst, 0);
}

}  // namespace evalrun::sandbox
