#include "runtime/mediate/broker.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

#include "lockdown/call_judge.h"
#include "lockdown/listener.h"
#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/mediate/violations.h"
#include "runtime/sandbox/delivery.h"

namespace evalrun::mediate {
namespace {

// Each kind of failure is told once; there are few kinds, but nothing shall grow with what a program does.
constexpr std::size_t kMostFailures = 16;

// Between two looks at everything else: a call that is answered at once can come again at once, for ever.
constexpr int kMostAnswered = 16;
// Violations that wait together are all counted.
constexpr int kMostAtOnce = 128;

std::optional<MediatedCall> mediated_call(int number) {
  switch (number) {
    case SYS_bind: return MediatedCall::Bind;
    case SYS_connect: return MediatedCall::Connect;
    case SYS_listen: return MediatedCall::Listen;
    case SYS_inotify_add_watch: return MediatedCall::Watch;
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

// A copy of this process that runs deputy_main. No exit signal: a program that embeds this gets no SIGCHLD that is not
// its own. Throws SystemError.
Fd clone_here(const DeputyTask& task, const DeputyDescriptors& descriptors) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) deputy_main(task, descriptors);
  if (pid < 0) throw SystemError("clone3", "deputy", static_cast<int>(-pid));
  return Fd(pidfd);
}

struct Ended {
  int status;  // what it ended with; kNotDone where it was killed
  MediationCpu cpu;
};

Ended reap(int deputy) {
  siginfo_t ended{};
  rusage usage{};
  while (sys(SYS_waitid, P_PIDFD, deputy, &ended, WEXITED | __WALL, &usage) == -EINTR) {
  }
  const auto time = [](const timeval& value) {
    return Duration(std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec));
  };
  return {ended.si_code == CLD_EXITED ? ended.si_status : kNotDone, {time(usage.ru_utime), time(usage.ru_stime)}};
}

void kill(int deputy) {
  sys(SYS_pidfd_send_signal, deputy, SIGKILL, nullptr, 0);
}

// A deputy that was killed and has still to die.
class Dying {
 public:
  explicit Dying(Fd deputy) : deputy_(std::move(deputy)) {}
  ~Dying() { reap(deputy_.get()); }
  Dying(const Dying&) = delete;
  Dying& operator=(const Dying&) = delete;
  [[nodiscard]] int get() const noexcept { return deputy_.get(); }

 private:
  Fd deputy_;
};

// The loop waits for its end, which the kernel may come to late on a busy host. Where the loop cannot, it is waited for
// here: this runs in destructors.
void leave_to(loop::EventLoop& loop, Fd deputy) noexcept {
  try {
    const auto dying = std::make_shared<Dying>(std::move(deputy));
    loop.watch(dying->get(), loop::Interest::Read, loop.caller(), [&loop, dying] { loop.forget(dying->get()); });
  } catch (...) {
    if (deputy) reap(deputy.get());
  }
}

Duration thread_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Adds to `sum` what this thread uses while it lives.
class Charged {
 public:
  explicit Charged(Duration& sum) : sum_(sum), begin_(thread_cpu()) {}
  ~Charged() { sum_ += thread_cpu() - begin_; }
  Charged(const Charged&) = delete;
  Charged& operator=(const Charged&) = delete;

 private:
  Duration& sum_;
  Duration begin_;
};

std::string times(std::uint64_t count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

}  // namespace

Broker::Broker(loop::EventLoop& loop, loop::LoopOwner& owner, Fd listener, const sandbox::CompiledPlan& plan,
               const host::Identity& identity, sandbox::Cloner* cloner, Handlers handlers)
    : loop_(loop),
      owner_(owner),
      listener_(std::move(listener)),
      plan_(plan),
      drop_groups_(!identity.is_own),
      rules_{.loopback = plan.plan().kind.network.mode == NetworkMode::Loopback,
             .own_network = plan.host().net_ns,
             .unix_sockets = !turns(plan.plan().kind.capabilities, NetworkKnob::NoUnix),
             .bind = plan.plan().kind.network.bind,
             .connect = plan.plan().kind.network.connect},
      cloner_(cloner),
      handlers_(std::move(handlers)),
      reports_(make_pipe(Blocking::No, Blocking::No)) {
  loop_.watch(listener_.get(), loop::Interest::Read, owner_, [this] { on_listener(); });
}

Broker::~Broker() {
  loop_.forget(listener_.get());
  for (auto& [pidfd, deputy] : deputies_) {
    loop_.forget(pidfd);
    loop_.forget(deputy.caller.get());
    kill(pidfd);
    leave_to(loop_, std::move(deputy.deputy));
  }
}

bool Broker::is_waited_for() const {
  return !deputies_.empty() || !waiting_.empty() || look(listener_.get()) == Waiting::Yes;
}

void Broker::on_listener() {
  std::vector<RecordedViolation> violations;
  take_calls(violations);
  if (!violations.empty()) handlers_.on_violations(std::move(violations));
}

void Broker::take_calls(std::vector<RecordedViolation>& violations) {
  int answered = 0;
  std::optional<Duration> before;  // a listener whose callers have all ended costs nobody anything
  for (int i = 0; i < kMostAtOnce && answered < kMostAnswered; ++i) {
    const Waiting waiting = look(listener_.get());
    if (waiting == Waiting::NeverAgain) loop_.forget(listener_.get());
    if (waiting != Waiting::Yes) break;
    if (!before) before = thread_cpu();
    const std::optional<seccomp_notif> notification = lockdown::receive_call(listener_.get());
    if (!notification) continue;
    // First: a foreign number means another call here.
    const bool is_foreign = lockdown::is_foreign(notification->data.arch, notification->data.nr);
    const std::optional<MediatedCall> call = is_foreign ? std::nullopt : mediated_call(notification->data.nr);
    if (call) {
      ++mediated_;
      ++answered;
      if (deputies_.size() >= kMostDeputies) {
        waiting_.push_back(*notification);
      } else {
        mediate(*notification, *call);
      }
    } else if (!is_foreign && handlers_.answer(listener_.get(), *notification)) {
      ++answered;
    } else if (violations.size() >= kViolationsKept) {
      violations.emplace_back();  // counted alone
    } else {
      violations.push_back(is_foreign ? describe_foreign_call(*notification) : describe_violation(*notification));
    }
  }
  if (answered > 0) cpu_.system += thread_cpu() - *before;
}

// Throws SystemError where there is no memory for it: the supervisor clones then.
void Broker::share() {
  Shared shared{.arena = cloner_->make_arena(),
                .file = {},
                .rules = rules_,
                .landlock = {},
                .tasks = nullptr,
                .told = nullptr,
                .free = {}};
  if (!shared.arena.has_file()) {
    cloner_ = nullptr;
    return;
  }
  shared.file = shared.arena.take_file();
  shared.arena.keep_from_further_children();
  shared.rules.bind = shared.arena.put(rules_.bind);
  shared.rules.connect = shared.arena.put(rules_.connect);
  shared.landlock = sandbox::put_landlock(plan_.child().landlock, shared.arena);
  shared.tasks = shared.arena.put<DeputyTask>(std::vector<DeputyTask>(kMostDeputies)).data();
  shared.told = shared.arena.put<std::int32_t>(std::vector<std::int32_t>(kMostDeputies)).data();
  for (std::size_t place = 0; place < kMostDeputies; ++place) shared.free.push_back(place);
  shared_.emplace(std::move(shared));
}

Broker::Deputy Broker::start_deputy(const seccomp_notif& notification, MediatedCall call, Fd caller) {
  DeputyTask task{.call = call,
                  .notification = notification,
                  .supervisor = ::getpid(),
                  .drop_groups = drop_groups_,
                  .rules = rules_,
                  .landlock = plan_.child().landlock,
                  .last_capability = plan_.child().last_capability};
  const DeputyDescriptors descriptors{listener_.get(), caller.get(), reports_.write_end.get()};
  if (cloner_ != nullptr && !shared_) share();
  if (cloner_ != nullptr && shared_ && !shared_->free.empty()) {
    const std::size_t place = shared_->free.back();
    task.rules = shared_->rules;
    task.landlock = shared_->landlock;
    shared_->tasks[place] = task;
    shared_->told[place] = 0;
    const sandbox::CloneRequest request{.walker = sandbox::Walker::Init,
                                        .memory = shared_->arena.begin(),
                                        .memory_size = sandbox::Arena::kSize,
                                        .told = &shared_->told[place],
                                        .deputy = &shared_->tasks[place]};
    const std::array<int, sandbox::kDescriptorsOfADeputy> sent{descriptors.listener, descriptors.thread,
                                                               descriptors.reports};
    if (auto deputy = cloner_->clone_deputy(request, sent, shared_->file)) {
      shared_->free.pop_back();
      cpu_.system += deputy->cloning;
      return {notification.id, call, std::move(caller), std::move(deputy->pidfd), place};
    }
    task.rules = rules_;
    task.landlock = plan_.child().landlock;
  }
  return {notification.id, call, std::move(caller), clone_here(task, descriptors), kMostDeputies};
}

// A deputy of this run that ends gives its descriptors back.
bool Broker::can_wait_for_descriptors(int error) const {
  return (error == EMFILE || error == ENFILE) && !deputies_.empty();
}

void Broker::mediate(const seccomp_notif& notification, MediatedCall call) {
  Fd caller(open_thread(static_cast<pid_t>(notification.pid)));
  if (caller.get() < 0) {
    const int error = -caller.get();
    if (can_wait_for_descriptors(error)) return waiting_.push_front(notification);
    if (error != ESRCH && is_refused_by_host(error)) return;
    if (error != ESRCH) note_failure("pidfd_open: " + errno_text(error));
    return lockdown::answer_call(listener_.get(), notification.id, EACCES);
  }
  const auto refuse = [&](const std::string& operation, int error) {
    note_failure(operation + ": " + errno_text(error));
    lockdown::answer_call(listener_.get(), notification.id, EACCES);
  };
  try {
    Deputy deputy = start_deputy(notification, call, std::move(caller));
    const int number = deputy.deputy.get();
    try {
      loop_.watch(number, loop::Interest::Read, owner_, [this, number] { on_deputy_ended(number); });
      loop_.watch(deputy.caller.get(), loop::Interest::Read, owner_, [this, number] { on_caller_gone(number); });
      deputies_.emplace(number, std::move(deputy));
    } catch (...) {
      // Nobody else knows of it: it must not act, nor be left unreaped.
      loop_.forget(number);
      if (deputy.caller) loop_.forget(deputy.caller.get());
      kill(number);
      leave_to(loop_, std::move(deputy.deputy));
      throw;
    }
  } catch (const SystemError& error) {
    if (can_wait_for_descriptors(error.error())) return waiting_.push_front(notification);
    refuse(error.operation(), error.error());
  } catch (const HostError& error) {
    if (can_wait_for_descriptors(error.error())) return waiting_.push_front(notification);
    refuse(error.operation(), error.error());
  }
}

void Broker::on_deputy_ended(int deputy) {
  const Charged charged(cpu_.system);
  const auto found = deputies_.find(deputy);
  if (found == deputies_.end()) return;
  const Ended end = reap(deputy);
  cpu_.user += end.cpu.user;
  cpu_.system += end.cpu.system;
  loop_.forget(deputy);
  loop_.forget(found->second.caller.get());
  const Deputy ended = std::move(found->second);
  deputies_.erase(found);
  if (ended.place < kMostDeputies) shared_->free.push_back(ended.place);
  const std::optional<int> answer = end.status == kAnswered ? std::nullopt : answer_of(ended, end.status);
  if (answer) lockdown::answer_call(listener_.get(), ended.notification, *answer);
  // Not one call for one deputy: a call whose caller has died starts none, and those after it must not wait for ever.
  for (std::size_t left = waiting_.size(); left > 0 && deputies_.size() < kMostDeputies; --left) {
    const seccomp_notif next = waiting_.front();
    waiting_.pop_front();
    mediate(next, *mediated_call(next.data.nr));
    if (waiting_.size() == left) break;  // put back: it waits for the next that ends
  }
}

void Broker::on_caller_gone(int deputy) {
  const auto found = deputies_.find(deputy);
  if (found == deputies_.end()) return;
  // Its end is seen, and its zombie reaped, as any deputy's.
  loop_.forget(found->second.caller.get());
  kill(deputy);
}

std::optional<int> Broker::answer_of(const Deputy& deputy, int status) {
  // Answered all the same: before Linux 6.9 it looks so too where only the caller's leader is gone.
  if (status == kCallerGone) return EACCES;
  if (status == kNotDone) return read_reports() ? std::nullopt : std::optional(EACCES);
  if (status < kFirstRefusal) return status;
  const auto refusal = static_cast<Refusal>(status - kFirstRefusal);
  ++refusals_.at(static_cast<std::size_t>(deputy.call)).at(static_cast<std::size_t>(refusal));
  return errno_of(refusal);
}

bool Broker::read_reports() {
  bool refused = false;
  DeputyReport report{};
  while (::read(reports_.read_end.get(), &report, sizeof report) == sizeof report) {
    const Operation operation = report.step.operation;
    const bool is_on_the_caller =
        operation == Operation::GetDescriptor || operation == Operation::ReadMemory || operation == Operation::Setns;
    if (is_on_the_caller && is_refused_by_host(report.step.error)) {
      refused = true;
      continue;
    }
    note_failure(std::string(name_of(operation)) + ": " + errno_text(report.step.error));
  }
  return refused;
}

// A program can make some of it fail for itself alone. So it is tried with what no program had a hand in, once.
bool Broker::is_refused_by_host(int error) {
  if (!may_be_refused_by_host(error)) return false;
  if (!refused_by_host_) {
    refused_by_host_.emplace(try_deputy_calls());
    if (*refused_by_host_) handlers_.on_refused_by_host(**refused_by_host_);
  }
  return refused_by_host_->has_value();
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

}  // namespace evalrun::mediate
