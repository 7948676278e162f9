#include "runtime/sandbox/keeper.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/core/sys.h"
#include "runtime/sandbox/child_report.h"
#include "runtime/sandbox/cloning.h"
#include "runtime/sandbox/step_table.h"

namespace evalrun::sandbox {
namespace {

constexpr std::size_t kMakerStack = std::size_t{64} << 10;

void make_shared_root(void* context) noexcept {
  auto& maker = *static_cast<ChildContext*>(context);
  maker.walker = Walker::Maker;
  walk(maker);
  leave(0);
}

// The root is made by a process of its own, which takes the run's identity for it; the keeper keeps the supervisor's,
// in whose name a run enters its control group.
void make_root(ChildContext& context) noexcept {
  alignas(16) char stack[kMakerStack];
  ChildContext maker = context;
  const long pid = arch::clone_onto(stack + sizeof stack, CLONE_VM | CLONE_VFORK, make_shared_root, &maker);
  siginfo_t ended{};
  long result = pid < 0 ? pid : 0;
  if (pid > 0) result = sys(SYS_waitid, P_PID, pid, &ended, WEXITED | __WALL, nullptr);
  if (result < 0) send_failure(context, failure(Operation::Clone, result), Stage::Fork);
  // Why it failed it has said itself.
  if (result < 0 || ended.si_status != 0) leave(1);
}

[[noreturn]] void end_for(const ChildContext& context, const StepResult& step, Stage stage) noexcept {
  send_failure(context, step, stage);
  leave(1);
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
  if (dropped.failed()) end_for(context, dropped, Stage::Capabilities);
  const StepResult reset = context.has_default_signals ? success() : reset_signals();
  if (reset.failed()) end_for(context, reset, Stage::Session);
  serve_clones(kControlFd, lockdown::BoundingSet::Dropped, nullptr);
  leave(0);
}

}  // namespace evalrun::sandbox
