#include "runtime/sandbox/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "runtime/core/error.h"
#include "runtime/core/sys.h"

namespace evalrun::sandbox {
namespace {

// The child puts its own descriptors at 0 to 3; what it starts from must lie above.
constexpr int kFirstSafeFd = 10;

Fd above_the_standard_ones(const Fd& fd, const char* what) {
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstSafeFd));
  if (!moved) throw SystemError("fcntl(F_DUPFD_CLOEXEC)", what);
  return moved;
}

std::vector<unsigned long> affinity_mask(const std::vector<unsigned>& cores) {
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  std::vector<unsigned long> mask;
  for (const unsigned core : cores) {
    if (mask.size() <= core / kBits) mask.resize(core / kBits + 1);
    mask[core / kBits] |= 1UL << (core % kBits);
  }
  return mask;
}

// No signal handler of the caller's may run in the child, which shares its code and a copy of its memory.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

void write_file(const std::string& path, const std::string& text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) throw HostError("id map", "open", path, errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw HostError("id map", "write", path, errno);
  }
}

}  // namespace

void write_id_map(pid_t pid, const Identity& identity) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto line = [](unsigned outside) { return std::to_string(kInsideId) + " " + std::to_string(outside) + " 1\n"; };
  // The kernel's condition for a map without CAP_SETGID (user_namespaces(7)); with it the child drops its groups
  // instead.
  if (identity.is_own) write_file(folder + "/setgroups", "deny");
  write_file(folder + "/gid_map", line(identity.gid));
  write_file(folder + "/uid_map", line(identity.uid));
}

Sandbox::Sandbox(const CompiledPlan& plan, Streams streams, GroupEntry groups)
    : identity_(lease_identity(plan.host().is_root)), cores_(lease_cores(plan.plan())) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw SystemError("socketpair", "");
  control_ = Fd(ends[0]);
  const Fd control_inside = above_the_standard_ones(Fd(ends[1]), "control");
  Pipe report = make_pipe(Blocking::No, Blocking::Yes);
  const Fd report_inside = above_the_standard_ones(report.write_end, "report");
  report.write_end.reset();
  report_ = std::move(report.read_end);

  const Fd input = above_the_standard_ones(streams.input, "standard input");
  const Fd output = above_the_standard_ones(streams.output, "standard output");
  const Fd error_output = streams.error_output ? above_the_standard_ones(streams.error_output, "standard error") : Fd();
  streams = {};

  // /dev/stdout and its like open the pipes by name, with the run's own identity.
  if (!identity_.is_own) {
    for (const Fd* stream : {&input, &output, &error_output}) {
      if (*stream && ::fchown(stream->get(), identity_.uid, identity_.gid) != 0) throw SystemError("fchown", "stream");
    }
  }

  const std::vector<unsigned long> affinity = affinity_mask(cores_.numbers);
  std::vector<int> tree_fds(plan.child().root.trees.size(), -1);
  ChildContext context{.plan = &plan.child(),
                       .control = control_inside.get(),
                       .control_outside = control_.get(),
                       .report = report_inside.get(),
                       .streams = {input.get(), output.get(), error_output ? error_output.get() : output.get()},
                       .drop_groups = !identity_.is_own,
                       .affinity = affinity,
                       .task_files = groups.task_files,
                       .tree_fds = tree_fds.data(),
                       .root_fd = -1,
                       .init_is_locked = 0,
                       .init_cpu_us = 0};

  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = plan.namespaces() | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  if (groups.clone_into >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(groups.clone_into);
  }
  // No exit signal: a program that embeds this gets no SIGCHLD that is not its own. wait needs __WALL then.
  long pid = 0;
  {
    const SignalsBlocked blocked;
    pid = sys(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) init_main(context);
  }
  if (pid < 0) {
    const auto error = static_cast<int>(-pid);
    throw HostError("spawn", "clone3", "new namespaces", error, explain_refused_namespaces(error));
  }
  pid_ = static_cast<pid_t>(pid);
  pidfd_ = Fd(pidfd);
  try {
    write_id_map(pid_, identity_);
    const char go = 1;
    if (::send(control_.get(), &go, sizeof go, MSG_NOSIGNAL) != sizeof go)
      throw HostError("spawn", "send", "init", errno);
  } catch (...) {
    kill();
    reap();
    throw;
  }
}

Sandbox::~Sandbox() {
  if (pid_ < 0) return;
  kill();
  reap();
}

void Sandbox::ask_to_end() noexcept {
  sys(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
}

void Sandbox::kill() noexcept {
  sys(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void Sandbox::reap() noexcept {
  siginfo_t ended{};
  while (sys(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED | __WALL, nullptr) == -EINTR) {
  }
  pid_ = -1;
}

}  // namespace evalrun::sandbox
