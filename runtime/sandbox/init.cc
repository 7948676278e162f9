// pid 1 of the sandbox. The program is never pid 1 itself: the kernel ignores signals to a pid 1 without handlers,
// SIGABRT among them. init is idle while the program runs; when the program ends, or the supervisor asks by SIGTERM, it
// kills what is left and waits for all of it before it reports, so that the CPU time of orphans is counted.

#include <fcntl.h>
#include <linux/wait.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>

#include "runtime/core/sys.h"
#include "runtime/sandbox/child.h"
#include "runtime/sandbox/child_report.h"
#include "runtime/sandbox/step_table.h"

namespace evalrun::sandbox {
namespace {

constexpr int kOnlyFd = 0;  // where init keeps its one descriptor, the control socket
constexpr std::size_t kTargetStack = 64 << 10;
constexpr std::size_t kKernelSignalSetSize = 8;

void run_target(void* context) noexcept {
  target_main(*static_cast<ChildContext*>(context));
}

// init needs nothing of the file system, no capability, one descriptor and a handful of calls.
StepResult lock_init(ChildContext& context) noexcept {
  const long result = sys(SYS_dup3, context.control, kOnlyFd, O_CLOEXEC);
  if (result < 0) return failure(Operation::Dup, result);
  context.control = kOnlyFd;
  StepResult step = lockdown::close_descriptors(kOnlyFd + 1);
  if (!step.failed()) step = lockdown::restrict_by_landlock(context.plan->init_landlock);
  if (!step.failed()) step = lockdown::drop_capabilities(context.plan->last_capability, context.bounding);
  if (!step.failed()) step = lockdown::load_filter(context.plan->init_filter);
  return step;
}

// Never blocks and never raises SIGPIPE: a supervisor that does not listen is dying.
void report(const ChildContext& context, InitRecord record) noexcept {
  record.time_ns = monotonic_ns();
  sys(SYS_sendto, context.control, &record, sizeof record, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
}

// What init knows of the run.
struct Watch {
  int target;
  bool target_ended = false;
  std::uint32_t reaped = 0;
};

// Reaps one process, waiting or not. 0: none was ready; -ECHILD: none is left.
long reap(const ChildContext& context, Watch& watch, int flags) noexcept {
  siginfo_t ended{};
  const long result = sys(SYS_waitid, P_ALL, 0, &ended, WEXITED | __WALL | flags, nullptr);
  if (result == -EINTR) return 1;
  if (result < 0) return result;
  if (ended.si_pid == 0) return 0;
  ++watch.reaped;
  if (ended.si_pid == watch.target) {
    watch.target_ended = true;
    InitRecord record{};
    record.kind = InitRecord::Kind::TargetEnded;
    record.code = ended.si_code;
    record.status = ended.si_status;
    report(context, record);
  }
  return 1;
}

// Sleeps until a child has ended or the supervisor asks. True: it asked.
bool wait_for_signal() noexcept {
  const std::uint64_t waited = (1ULL << (SIGCHLD - 1)) | (1ULL << (SIGTERM - 1));
  siginfo_t info{};
  const long signal = sys(SYS_rt_sigtimedwait, &waited, &info, nullptr, kKernelSignalSetSize);
  // From outside the pid namespace the sender has no number here; from inside nobody can claim SI_USER for another.
  return signal == SIGTERM && info.si_code == SI_USER && info.si_pid == 0;
}

// Nobody is left who could write to it or remove a file.
InitRecord::Workspace look_at_workspace() noexcept {
  struct statfs found {};
  const bool is_known = sys(SYS_statfs, "/work", &found) == 0;
  return {found.f_bfree, found.f_ffree, is_known};
}

void report_usage(const ChildContext& context, const Watch& watch) noexcept {
  rusage usage{}, own{};
  sys(SYS_getrusage, RUSAGE_CHILDREN, &usage);
  sys(SYS_getrusage, RUSAGE_SELF, &own);
  InitRecord record{};
  record.kind = InitRecord::Kind::Finished;
  record.reaped = watch.reaped;
  record.usage = {.init_us = microseconds(own.ru_utime) + microseconds(own.ru_stime),
                  .user_us = microseconds(usage.ru_utime),
                  .system_us = microseconds(usage.ru_stime),
                  .max_rss_kib = usage.ru_maxrss,
                  .minor_faults = usage.ru_minflt,
                  .major_faults = usage.ru_majflt,
                  .voluntary = usage.ru_nvcsw,
                  .involuntary = usage.ru_nivcsw,
                  .blocks_read = usage.ru_inblock + own.ru_inblock};
  record.workspace = look_at_workspace();
  report(context, record);
}

}  // namespace

// Not by exit_group: the target's filter hands that over, and before the supervisor has the filter's listener nobody
// would answer.
void leave(int status) noexcept {
  for (;;) sys(SYS_exit, status);
}

void walk(ChildContext& context) noexcept {
  for (const Step& step : kSteps) {
    if (!is_walked_by(step, context.walker)) continue;
    const StepResult result = step.run(context);
    if (result.failed()) {
      send_failure(context, result, step.stage);
      leave(1);
    }
  }
}

void target_main(ChildContext& context) noexcept {
  context.walker = Walker::Target;
  walk(context);
  leave(1);  // the last row is execve: it does not return when it succeeds
}

void init_main(ChildContext& context) noexcept {
  walk(context);

  // Shared memory until execve, a stack and a context of its own: no page tables to copy, and init can go on.
  alignas(16) char stack[kTargetStack];
  ChildContext for_target = context;
  const long target = arch::clone_onto(stack + sizeof stack, CLONE_VM | SIGCHLD, run_target, &for_target);
  if (target < 0) {
    send_failure(context, failure(Operation::Clone, target), Stage::Fork);
    leave(1);
  }

  const StepResult locked = lock_init(context);
  if (locked.failed()) {
    InitRecord record{};
    record.kind = InitRecord::Kind::Failed;
    record.step = locked;
    record.step.stage = Stage::Init;
    report(context, record);
    leave(1);
  }
  for_target.init_cpu_us = own_cpu_us();
  release_target(for_target);

  Watch watch{static_cast<int>(target)};
  while (!watch.target_ended) {
    if (wait_for_signal()) break;
    while (!watch.target_ended && reap(context, watch, WNOHANG) > 0) {
    }
  }
  long left = 0;
  while ((left = reap(context, watch, WNOHANG)) > 0) {
  }
  // Whoever is left has a child of init's above it. To find nobody kill(2) would look at every process of the host.
  if (left != -ECHILD) {
    sys(SYS_kill, -1, SIGKILL);
    while (reap(context, watch, 0) >= 0) {
    }
  }
  report_usage(context, watch);
  leave(0);
}

}  // namespace evalrun::sandbox
