#include "runtime/mediate/trial.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/sys.h"

namespace evalrun::mediate {
namespace {

constexpr std::uint64_t kOfAProgram = CLONE_NEWUSER | CLONE_NEWNS;  // what a deputy enters

[[noreturn]] void leave() noexcept {
  for (;;) sys(SYS_exit_group, 0);
}

// In the program's place: it waits to be killed. It dies with the supervisor by the end of the pipe.
[[noreturn]] void wait_for_end(int pipe) noexcept {
  char byte = 0;
  while (sys(SYS_read, pipe, &byte, 1) == -EINTR) {
  }
  leave();
}

// In a deputy's place. `word` stands at the same address in the other process, which is a copy too.
RefusedCall make_deputy_calls(pid_t pid, int descriptor, const std::uint64_t& word) noexcept {
  const auto process = static_cast<int>(sys(SYS_pidfd_open, pid, 0));
  if (process < 0) return {"pidfd_open", -process};
  const long fetched = sys(SYS_pidfd_getfd, process, descriptor, 0);
  if (fetched < 0) return {"pidfd_getfd", static_cast<int>(-fetched)};
  std::uint64_t copy = 0;
  iovec ours{&copy, sizeof copy};
  iovec theirs{const_cast<std::uint64_t*>(&word), sizeof word};
  const long copied = sys(SYS_process_vm_readv, pid, &ours, 1, &theirs, 1, 0);
  if (copied < 0) return {"process_vm_readv", static_cast<int>(-copied)};
  const long entered = sys(SYS_setns, process, kOfAProgram);
  return entered < 0 ? RefusedCall{"setns", static_cast<int>(-entered)} : RefusedCall{"", 0};
}

class Child {
 public:
  // A copy of this process; pid() is 0 in it. No exit signal: a program that embeds this gets no SIGCHLD that is not
  // its own. Throws SystemError.
  explicit Child(std::uint64_t namespaces) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND | namespaces;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) throw SystemError("clone3", "trial of mediation", static_cast<int>(-pid));
    pid_ = static_cast<pid_t>(pid);
    if (pid > 0) pidfd_ = Fd(pidfd);
  }
  ~Child() {
    if (!pidfd_) return;
    sys(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    siginfo_t ended{};
    while (sys(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED | __WALL, nullptr) == -EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_;
  Fd pidfd_;
};

}  // namespace

bool may_be_refused_by_host(int error) noexcept {
  return error == EPERM || error == EACCES || error == ENOSYS;
}

std::optional<RefusedCall> try_deputy_calls() {
  const std::uint64_t word = 0;
  Pipe life = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe report = make_pipe(Blocking::Yes, Blocking::Yes);
  const Child program(kOfAProgram);
  if (program.pid() == 0) {
    sys(SYS_close, life.write_end.get());
    wait_for_end(life.read_end.get());
  }
  const Child deputy(0);
  if (deputy.pid() == 0) {
    const RefusedCall tried = make_deputy_calls(program.pid(), life.read_end.get(), word);
    sys(SYS_write, report.write_end.get(), &tried, sizeof tried);
    leave();
  }
  report.write_end.reset();
  RefusedCall tried{};
  // It was killed, or never came so far: that tells nothing.
  if (::read(report.read_end.get(), &tried, sizeof tried) != sizeof tried || tried.error == 0) return std::nullopt;
  return tried;
}

}  // namespace evalrun::mediate
