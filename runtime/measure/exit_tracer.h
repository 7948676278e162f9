// The CPU time of children that nobody waits for, where no control group counts it (docs/decisions/028).
//
// Theory of operation. The kernel adds a child's CPU time to its parent's account when the parent waits for it. A
// parent that ignores SIGCHLD, or takes it with SA_NOCLDWAIT, never does, and the time is lost. So the filter asks
// before SIGCHLD gets a new action. At the first such call of a run a process is cloned, which seizes every task of the
// run by ptrace; only then the call goes on. The kernel seizes their children. A traced process that has ended stays
// until its tracer has seen it: the tracer reads its clock, adds it up, and lets it go. A run that never touches
// SIGCHLD is never traced.
//
// The tracer shares the supervisor's memory, as the janitor does, and must touch none of it but its own block. It stops
// nothing: it answers the stops that ptrace brings, and ends when the last task that it traces has ended. If it is
// killed, the kernel kills all that it traces.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::measure {

bool asks_for_child_signal(const seccomp_notif& notification) noexcept;

struct ExitTracerBlock;

// What a traced run has used, as far as its processes have ended.
struct EndedUse {
  Duration user{}, system{};
  Bytes largest_process;
  [[nodiscard]] Duration total() const { return user + system; }
};

class ExitTracer {
 public:
  // `loop` and `owner` outlive it; `init`: the run's.
  ExitTracer(loop::EventLoop& loop, loop::LoopOwner& owner, pid_t init) noexcept
      : loop_(loop), owner_(owner), init_(init) {}
  // Kills the tracer, and with it all that it still traces.
  ~ExitTracer();
  ExitTracer(const ExitTracer&) = delete;
  ExitTracer& operator=(const ExitTracer&) = delete;

  // Answers a call that asks_for_child_signal(). The call goes on when every task of the run is traced; is refused with
  // EPERM where some task kept out of the tracer's reach; goes on untraced where this user may not trace at all, and
  // note() says so. Throws SystemError.
  void answer(int listener, const seccomp_notif& request);

  // The listener is about to be closed; whoever still waits has died.
  void stop_answering() noexcept { waiting_.clear(); }

  // Empty while the run is not traced.
  [[nodiscard]] std::optional<EndedUse> ended() const;
  // The tracer was killed: what it traced died with it, by no fault of its own.
  [[nodiscard]] bool is_lost() const;
  // For the result's readers; "" where there is nothing to say.
  [[nodiscard]] std::string note() const;

 private:
  enum class State { Untouched, Seizing, Traced, Incomplete, Forbidden };

  void start(pid_t caller);
  void on_settled();
  void send(std::uint64_t id);

  loop::EventLoop& loop_;
  loop::LoopOwner& owner_;
  pid_t init_;
  State state_ = State::Untouched;
  ExitTracerBlock* block_ = nullptr;
  Fd pidfd_;
  Fd settled_;
  int listener_ = -1;                   // borrowed: the broker's
  std::vector<std::uint64_t> waiting_;  // calls that go on when the run is traced
  int error_ = 0;
};

// Seizes one task as the tracer does: 0 or -errno. Whoever calls it is its tracer, and it dies with that one.
long seize_task(pid_t thread) noexcept;

// The tracer's own code, in its own process.
int be_exit_tracer(void* block) noexcept;

// What the two have in common.
struct ExitTracerBlock {
  static constexpr std::size_t kStack = std::size_t{64} << 10;
  static constexpr std::size_t kMostProcesses = 16 << 10;
  enum Settled : int { NotYet, Traced, Incomplete, Forbidden };

  alignas(16) char stack[kStack];
  int settled_event;  // an eventfd, written once
  pid_t init;
  pid_t caller;
  std::atomic<int> settled;
  int error;                   // of Forbidden
  std::atomic<bool> finished;  // nothing is left to trace
  // The use of what has ended; `before` is that of what was waited for before the run was traced.
  std::atomic<std::uint64_t> before_ns, user_ns, system_ns, largest_kib;
  pid_t found[kMostProcesses];  // the walk's own
};

}  // namespace evalrun::measure
