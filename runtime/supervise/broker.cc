#include "runtime/supervise/broker.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "lockdown/seccomp.h"
#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/supervise/violations.h"

namespace evalrun::supervise {
namespace {

// Each kind of failure is told once; there are few kinds, but nothing shall grow with what a program does.
constexpr std::size_t kMostFailures = 16;

// Between two looks at everything else: a call that is answered at once can come again at once, for ever.
constexpr int kMostAtOnce = 128;

std::optional<MediatedCall> mediated_call(int number) {
  switch (number) {
    case SYS_bind: return MediatedCall::Bind;
    case SYS_connect: return MediatedCall::Connect;
    case SYS_listen: return MediatedCall::Listen;
  }
  return std::nullopt;
}

// Whether a notification waits. Receiving where none does sleeps (before Linux 6.12 even when every process under the
// filter has ended), and the listener wakes the loop for their end too.
enum class Waiting { Yes, No, NeverAgain };
Waiting look(int listener) {
  pollfd poll{listener, POLLIN, 0};
  if (::poll(&poll, 1, 0) <= 0) return Waiting::No;
  if ((poll.revents & POLLIN) != 0) return Waiting::Yes;
  return (poll.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 ? Waiting::NeverAgain : Waiting::No;
}

// None where its caller has died meanwhile, which is normal.
std::optional<seccomp_notif> receive(int listener) {
  seccomp_notif notification{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) == 0) return notification;
  if (errno == ENOENT || errno == EINTR || errno == EAGAIN) return std::nullopt;
  throw SystemError("ioctl(SECCOMP_IOCTL_NOTIF_RECV)", "listener");
}

// A copy of this process that runs deputy_main. No exit signal: a program that embeds this gets no SIGCHLD that is not
// its own. -errno where there is none.
int start_deputy(const DeputyTask& task) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) deputy_main(task);
  return pid < 0 ? static_cast<int>(pid) : pidfd;
}

// What it ended with; kNotDone where it was killed.
int reap(int deputy) {
  siginfo_t ended{};
  while (sys(SYS_waitid, P_PIDFD, deputy, &ended, WEXITED | __WALL, nullptr) == -EINTR) {
  }
  return ended.si_code == CLD_EXITED ? ended.si_status : kNotDone;
}

void kill(int deputy) {
  sys(SYS_pidfd_send_signal, deputy, SIGKILL, nullptr, 0);
}

std::string times(std::uint64_t count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

}  // namespace

Broker::Broker(EventLoop& loop, LoopOwner& owner, Fd listener, const sandbox::CompiledPlan& plan,
               const sandbox::Identity& identity, Handlers handlers)
    : loop_(loop),
      owner_(owner),
      listener_(std::move(listener)),
      plan_(plan),
      drop_groups_(!identity.is_own),
      rules_{.loopback = plan.plan().network.mode == NetworkMode::Loopback,
             .own_network = plan.host().net_ns,
             .unix_sockets = !turns(plan.plan().capabilities, NetworkKnob::NoUnix),
             .bind = plan.plan().network.bind,
             .connect = plan.plan().network.connect},
      handlers_(std::move(handlers)),
      reports_(make_pipe(Blocking::No, Blocking::No)) {
  loop_.watch(listener_.get(), Interest::Read, owner_, [this] { on_listener(); });
}

Broker::~Broker() {
  loop_.forget(listener_.get());
  for (const auto& [pidfd, deputy] : deputies_) {
    loop_.forget(pidfd);
    loop_.forget(deputy.caller.get());
    kill(pidfd);
  }
  for (const auto& [pidfd, deputy] : deputies_) reap(pidfd);
}

void Broker::on_listener() {
  std::vector<RecordedViolation> violations;
  for (int i = 0; i < kMostAtOnce; ++i) {
    const Waiting waiting = look(listener_.get());
    if (waiting == Waiting::NeverAgain) loop_.forget(listener_.get());
    if (waiting != Waiting::Yes) break;
    const std::optional<seccomp_notif> notification = receive(listener_.get());
    if (!notification) continue;
    if (const std::optional<MediatedCall> call = mediated_call(notification->data.nr)) {
      mediate(*notification, *call);
    } else if (!handlers_.answer(listener_.get(), *notification)) {
      violations.push_back(describe_violation(*notification));
    }
  }
  if (!violations.empty()) handlers_.on_violations(std::move(violations));
}

void Broker::mediate(const seccomp_notif& notification, MediatedCall call) {
  ++mediated_;
  Fd caller(open_thread(static_cast<pid_t>(notification.pid)));
  if (caller.get() < 0) {
    if (caller.get() != -ESRCH) note_failure("pidfd_open: " + errno_text(-caller.get()));
    return answer(notification.id, EACCES);
  }
  const DeputyTask task{.call = call,
                        .notification = notification,
                        .listener = listener_.get(),
                        .thread = caller.get(),
                        .reports = reports_.write_end.get(),
                        .supervisor = ::getpid(),
                        .drop_groups = drop_groups_,
                        .rules = rules_,
                        .plan = &plan_.child()};
  Fd deputy(start_deputy(task));
  if (deputy.get() < 0) {
    note_failure("clone3: " + errno_text(-deputy.get()));
    return answer(notification.id, EACCES);
  }
  const int number = deputy.get();
  // Known before it is watched: whatever fails then, the destructor kills and reaps it.
  const Deputy& known =
      deputies_.emplace(number, Deputy{notification.id, call, std::move(caller), std::move(deputy)}).first->second;
  loop_.watch(number, Interest::Read, owner_, [this, number] { on_deputy_ended(number); });
  loop_.watch(known.caller.get(), Interest::Read, owner_, [this, number] { on_caller_gone(number); });
}

void Broker::on_deputy_ended(int deputy) {
  const auto found = deputies_.find(deputy);
  if (found == deputies_.end()) return;
  const int status = reap(deputy);
  loop_.forget(deputy);
  loop_.forget(found->second.caller.get());
  const Deputy ended = std::move(found->second);
  deputies_.erase(found);
  answer(ended.notification, answer_of(ended, status));
}

void Broker::on_caller_gone(int deputy) {
  const auto found = deputies_.find(deputy);
  if (found == deputies_.end()) return;
  // Its end is seen, and its zombie reaped, as any deputy's.
  loop_.forget(found->second.caller.get());
  kill(deputy);
}

int Broker::answer_of(const Deputy& deputy, int status) {
  // Answered all the same: before Linux 6.9 it looks so too where only the caller's leader is gone.
  if (status == kCallerGone) return EACCES;
  if (status == kNotDone) {
    read_reports();
    return EACCES;
  }
  if (status < kFirstRefusal) return status;
  const auto refusal = static_cast<Refusal>(status - kFirstRefusal);
  ++refusals_.at(static_cast<std::size_t>(deputy.call)).at(static_cast<std::size_t>(refusal));
  return errno_of(refusal);
}

void Broker::answer(std::uint64_t notification, int error) {
  seccomp_notif_resp response{};
  response.id = notification;
  response.error = -error;
  // ENOENT: the caller has died, or a signal took it out of the call.
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT && errno != EINTR) {
    note_failure("ioctl(SECCOMP_IOCTL_NOTIF_SEND): " + errno_text(errno));
  }
}

void Broker::read_reports() {
  DeputyReport report{};
  while (::read(reports_.read_end.get(), &report, sizeof report) == sizeof report) {
    note_failure(std::string(name_of(report.step.operation)) + ": " + errno_text(report.step.error));
  }
}

void Broker::note_failure(const std::string& note) {
  if (failures_.size() < kMostFailures || failures_.contains(note)) ++failures_[note];
}

std::vector<std::string> Broker::notes() const {
  std::vector<std::string> lines;
  for (std::size_t call = 0; call < refusals_.size(); ++call) {
    for (std::size_t refusal = 0; refusal < kRefusals; ++refusal) {
      const std::uint64_t count = refusals_[call][refusal];
      if (count == 0) continue;
      lines.push_back(std::string(name_of(static_cast<MediatedCall>(call))) + " was refused " + times(count) + ": " +
                      std::string(describe(static_cast<Refusal>(refusal))));
    }
  }
  for (const auto& [failure, count] : failures_) {
    lines.push_back("a call could not be mediated, and was refused, " + times(count) + ": " + failure);
  }
  return lines;
}

}  // namespace evalrun::supervise
