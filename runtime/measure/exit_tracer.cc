#include "runtime/measure/exit_tracer.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "lockdown/listener.h"
#include "runtime/core/error.h"
#include "runtime/core/sys.h"

namespace evalrun::measure {

bool asks_for_child_signal(const seccomp_notif& notification) noexcept {
  return notification.data.nr == SYS_rt_sigaction;
}

ExitTracer::~ExitTracer() {
  if (settled_) loop_.forget(settled_.get());
  if (pidfd_) {
    loop_.forget(pidfd_.get());
    sys(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    siginfo_t ended{};
    while (sys(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED | __WALL, nullptr) == -EINTR) {
    }
  }
  if (block_ != nullptr) ::munmap(block_, sizeof *block_);
}

void ExitTracer::answer(int listener, const seccomp_notif& request) {
  listener_ = listener;
  if (state_ == State::Untouched) start(static_cast<pid_t>(request.pid));
  if (state_ == State::Seizing) {
    waiting_.push_back(request.id);
  } else {
    send(request.id);
  }
}

void ExitTracer::start(pid_t caller) {
  void* memory = ::mmap(nullptr, sizeof(ExitTracerBlock), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw SystemError("mmap", "exit tracer");
  block_ = static_cast<ExitTracerBlock*>(memory);
  settled_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!settled_) throw SystemError("eventfd", "exit tracer");
  block_->settled_event = settled_.get();
  block_->init = init_;
  block_->caller = caller;
  // All signals blocked: none of the supervisor's handlers may run there, and Ctrl-C is for the supervisor.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const int pid =
      ::clone(be_exit_tracer, block_->stack + ExitTracerBlock::kStack, CLONE_VM | CLONE_PIDFD, block_, &pidfd);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw SystemError("clone", "exit tracer", error);
  pidfd_ = Fd(pidfd);
  state_ = State::Seizing;
  loop_.watch(settled_.get(), loop::Interest::Read, owner_, [this] { on_settled(); });
  loop_.watch(pidfd_.get(), loop::Interest::Read, owner_, [this] {
    loop_.forget(pidfd_.get());
    if (state_ == State::Seizing) on_settled();
  });
}

void ExitTracer::on_settled() {
  loop_.forget(settled_.get());
  switch (static_cast<ExitTracerBlock::Settled>(block_->settled.load())) {
    case ExitTracerBlock::Traced: state_ = State::Traced; break;
    case ExitTracerBlock::Incomplete: state_ = State::Incomplete; break;
    case ExitTracerBlock::Forbidden:
      state_ = State::Forbidden;
      error_ = block_->error;
      break;
    // It ended too early: is_lost().
    case ExitTracerBlock::NotYet: state_ = State::Incomplete; break;
  }
  for (const std::uint64_t id : std::exchange(waiting_, {})) send(id);
}

void ExitTracer::send(std::uint64_t id) {
  if (state_ == State::Incomplete) {
    lockdown::answer_call(listener_, id, EPERM);
  } else {
    // Nothing behind a pointer was looked at: there is nothing to race.
    lockdown::let_go_on(listener_, id);
  }
}

std::optional<EndedUse> ExitTracer::ended() const {
  if (state_ != State::Traced && state_ != State::Incomplete) return std::nullopt;
  return EndedUse{.user = Duration(static_cast<std::int64_t>(block_->user_ns.load() + block_->before_ns.load())),
                  .system = Duration(static_cast<std::int64_t>(block_->system_ns.load())),
                  .largest_process = {block_->largest_kib.load() << 10}};
}

bool ExitTracer::is_lost() const {
  if (!pidfd_ || block_->finished.load()) return false;
  pollfd ended{pidfd_.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) > 0 && !block_->finished.load();
}

std::string ExitTracer::note() const {
  if (state_ == State::Incomplete) {
    return "CPU time: a program that started processes all the time was not let change SIGCHLD (EPERM), since some of "
           "them could not be traced";
  }
  if (state_ != State::Forbidden) return "";
  return "CPU time: the program changed SIGCHLD, and no control group counts it; children that it did not wait for are "
         "missing from the figure and from the limit, since ptrace is refused here (" +
         errno_text(error_) + "); require.cgroup = \"yes\" keeps such a plan to hosts that count them";
}

}  // namespace evalrun::measure
