#include "runtime/sandbox/cloner.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/core/error.h"
#include "runtime/core/signals_blocked.h"
#include "runtime/core/sys.h"

namespace evalrun::sandbox {
namespace {

// The child keeps its own descriptors at 3 and 4; what it starts from must lie above.
constexpr int kFirstSafeFd = 10;

}  // namespace

SandboxProcess::SandboxProcess(SandboxProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

SandboxProcess::~SandboxProcess() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  reap();
}

void SandboxProcess::signal(int number) const noexcept {
  sys(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

void SandboxProcess::reap() noexcept {
  siginfo_t ended{};
  while (sys(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED | __WALL, nullptr) == -EINTR) {
  }
  pid_ = -1;
}

ChildEnds make_ends(Fd& control, Fd& report) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw SystemError("socketpair", "");
  control = Fd(ends[0]);
  ChildEnds child{.control = above_the_childs_own(Fd(ends[1]), "control"), .report = {}};
  Pipe pipe = make_pipe(Blocking::No, Blocking::Yes);
  child.report = above_the_childs_own(pipe.write_end, "report");
  report = std::move(pipe.read_end);
  return child;
}

Fd above_the_childs_own(const Fd& fd, const char* what) {
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstSafeFd));
  if (!moved) throw SystemError("fcntl(F_DUPFD_CLOEXEC)", what);
  return moved;
}

std::uint64_t namespaces_of(const host::HostFacts& host) {
  std::uint64_t flags = CLONE_NEWNS;
  if (host.net_ns) flags |= CLONE_NEWNET;
  if (host.ipc_ns) flags |= CLONE_NEWIPC;
  if (host.uts_ns) flags |= CLONE_NEWUTS;
  return flags;
}

SandboxProcess DirectCloner::clone(const CloneRequest& request, const ChildEnds& ends, int clone_into, Arena&) {
  ChildContext context{.walker = request.walker,
                       .namespaces = request.namespaces,
                       .control = ends.control.get(),
                       .report = ends.report.get()};
  int pidfd = -1;
  long pid = 0;
  {
    const SignalsBlocked blocked;
    pid = clone_walker(context, request.into, clone_into, &pidfd, nullptr);
  }
  if (pid < 0) {
    const auto error = static_cast<int>(-pid);
    throw HostError("spawn", "clone3", "new namespaces", error, host::explain_refused_namespaces(error));
  }
  return {static_cast<pid_t>(pid), Fd(pidfd)};
}

}  // namespace evalrun::sandbox
