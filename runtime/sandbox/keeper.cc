#include "runtime/sandbox/keeper.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "runtime/core/sys.h"
#include "runtime/sandbox/child_report.h"
#include "runtime/sandbox/messages.h"
#include "runtime/sandbox/step_table.h"

namespace evalrun::sandbox {
namespace {

constexpr std::size_t kMakerStack = std::size_t{64} << 10;
constexpr std::size_t kMostDescriptors = 3;

struct Received {
  KeeperRequest request;
  int descriptors[kMostDescriptors];
  std::size_t count;
};

// The size of the request; 0: the supervisor is gone; -errno.
long receive_request(const ChildContext& context, Received* received) noexcept {
  return receive_message(context.control, &received->request, sizeof received->request, received->descriptors,
                         &received->count);
}

void answer(const ChildContext& context, long pid, int pidfd) noexcept {
  const KeeperAnswer words{static_cast<std::int32_t>(pid)};
  send_message(context.control, &words, sizeof words, {&pidfd, pidfd >= 0 ? std::size_t{1} : std::size_t{0}});
}

void clone_run(const ChildContext& keeper, const Received& received) noexcept {
  const bool into_group = received.request.into_group != 0;
  if (received.count != (into_group ? 3U : 2U)) return answer(keeper, -EBADMSG, -1);
  ChildContext context{.walker = Walker::RunInit,
                       .namespaces = received.request.namespaces,
                       .control = received.descriptors[0],
                       .report = received.descriptors[1],
                       .bounding = lockdown::BoundingSet::Dropped};
  int pidfd = -1;
  clone_args arguments{};
  // A sibling: the supervisor is its parent, hears of its end, and takes it along when it dies.
  arguments.flags = CLONE_NEWPID | CLONE_PARENT | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  if (into_group) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(received.descriptors[2]);
  }
  const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) init_main(context);
  answer(keeper, pid, pidfd);
  if (pidfd >= 0) sys(SYS_close, pidfd);
}

int make_shared_root(void* context) noexcept {
  auto& maker = *static_cast<ChildContext*>(context);
  maker.walker = Walker::Maker;
  walk(maker);
  return 0;
}

// The root is made by a process of its own, which takes the run's identity for it; the keeper keeps the supervisor's,
// in whose name a run enters its control group.
void make_root(ChildContext& context) noexcept {
  alignas(16) char stack[kMakerStack];
  ChildContext maker = context;
  const int pid = ::clone(make_shared_root, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &maker);
  siginfo_t ended{};
  long result = pid < 0 ? -EAGAIN : 0;
  if (pid > 0) result = sys(SYS_waitid, P_PID, pid, &ended, WEXITED | __WALL, nullptr);
  if (result < 0) send_failure(context, failure(Operation::Clone, result), Stage::Fork);
  // Why it failed it has said itself.
  if (result < 0 || ended.si_status != 0) leave(1);
}

}  // namespace

void keeper_main(ChildContext& context) noexcept {
  context.walker = Walker::Keeper;
  walk(context);
  make_root(context);
  sys(SYS_chdir, "/");
  sys(SYS_close_range, kControlFd + 1, ~0U, 0);
  // It takes nothing that is held, here or by the inits that are cloned from here; each reads it back.
  const StepResult dropped = lockdown::drop_bounding_set(context.plan->last_capability);
  if (dropped.failed()) {
    send_failure(context, dropped, Stage::Capabilities);
    leave(1);
  }
  Received received{};
  while (receive_request(context, &received) == sizeof received.request) {
    clone_run(context, received);
    for (std::size_t i = 0; i < received.count; ++i) sys(SYS_close, received.descriptors[i]);
  }
  leave(0);
}

}  // namespace evalrun::sandbox
