// The notification broker: what the filter hands to the supervisor instead of to the kernel.
//
// Theory of operation. A notification is a violation, which ends the run and is never answered; or a call that somebody
// else answers at once (address_space.h, epoll_watches.h, or one that is only noted); or a mediated call (bind,
// connect, listen, inotify_add_watch), which a deputy (deputy.h) makes in the program's place while the event loop goes
// on. The loop wakes for three things: the listener (a call has come), a deputy's pidfd (its end is the answer), a
// caller's pidfd (it died while it waited; its deputy is killed). An answer to a call that is gone is normal and
// dropped. Nothing that is decided by memory is ever answered with "continue".
//
// What mediation costs. A deputy is cloned by the fork server, where there is one, so that a turn of the loop does not
// grow with the supervisor. The CPU time of all of it is the run's: of the deputies, of their cloning, and what the
// loop itself takes (cpu()). A run has at most kMostDeputies at a time, and a turn of the loop takes up a few calls;
// the others wait.
//
// It fails closed: what cannot be mediated is answered EACCES, and notes() says why; when the supervisor dies, the
// kernel answers ENOSYS. Where the host refuses deputies their calls (trial.h), the caller gets no answer and the run
// ends: the program has done nothing wrong.
#pragma once

#include <linux/seccomp.h>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/host/leases.h"
#include "runtime/loop/event_loop.h"
#include "runtime/mediate/address_policy.h"
#include "runtime/mediate/deputy.h"
#include "runtime/mediate/trial.h"
#include "runtime/mediate/violations.h"
#include "runtime/sandbox/arena.h"
#include "runtime/sandbox/cloner.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::mediate {

// CPU time that a run's mediated calls took outside of it.
struct MediationCpu {
  Duration user{}, system{};
  [[nodiscard]] Duration total() const { return user + system; }
};

class Broker {
 public:
  struct Handlers {
    // All that were waiting.
    std::function<void(std::vector<RecordedViolation>)> on_violations;
    // Answers a call that is not mediated, at once, and says so; false: it is a violation.
    std::function<bool(int listener, const seccomp_notif&)> answer;
    // This host refuses deputies what they need, whatever the program does: no call can be mediated here.
    std::function<void(const RefusedCall&)> on_refused_by_host;
  };

  static constexpr std::size_t kMostDeputies = 32;

  // `loop`, `owner`, `plan` and `cloner` outlive it; `cloner` may be null. `identity`: the run's. The handlers must not
  // destroy the broker.
  Broker(loop::EventLoop& loop, loop::LoopOwner& owner, Fd listener, const sandbox::CompiledPlan& plan,
         const host::Identity& identity, sandbox::Cloner* cloner, Handlers handlers);
  // Kills every deputy; the loop reaps them.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // What was refused, how often and why; what could not be mediated. For the result's readers; few lines.
  [[nodiscard]] std::vector<std::string> notes() const;
  // How many calls came to be mediated, whatever their answer.
  [[nodiscard]] std::uint64_t mediated() const noexcept { return mediated_; }
  // Whether somebody sleeps in a call until it is answered here.
  [[nodiscard]] bool is_waited_for() const;
  // CPU time that mediation has taken so far.
  [[nodiscard]] const MediationCpu& cpu() const noexcept { return cpu_; }

 private:
  struct Deputy {
    std::uint64_t notification;
    MediatedCall call;
    Fd caller;          // pidfd of the thread, or of its leader
    Fd deputy;          // pidfd
    std::size_t place;  // of its task in the shared memory; kMostDeputies: it has none
  };
  // What deputies share with this process: their tasks, and what those point to.
  struct Shared {
    sandbox::Arena arena;
    Fd file;
    AddressRules rules;
    lockdown::LandlockSteps landlock;
    DeputyTask* tasks;   // kMostDeputies
    std::int32_t* told;  // as many
    std::vector<std::size_t> free;
  };
  using Refusals = std::array<std::uint64_t, kRefusals>;

  void on_listener();
  void take_calls(std::vector<RecordedViolation>& violations);
  void mediate(const seccomp_notif& notification, MediatedCall call);
  [[nodiscard]] bool can_wait_for_descriptors(int error) const;
  void share();
  Deputy start_deputy(const seccomp_notif& notification, MediatedCall call, Fd caller);
  void on_deputy_ended(int deputy);
  void on_caller_gone(int deputy);
  // Empty: none.
  std::optional<int> answer_of(const Deputy& deputy, int status);
  // Whether one of them was this host's own refusal.
  bool read_reports();
  bool is_refused_by_host(int error);
  void note_failure(const std::string& note);

  loop::EventLoop& loop_;
  loop::LoopOwner& owner_;
  std::uint64_t mediated_ = 0;
  Fd listener_;
  const sandbox::CompiledPlan& plan_;
  bool drop_groups_;
  AddressRules rules_;
  sandbox::Cloner* cloner_;
  std::optional<Shared> shared_;  // from the first mediated call on, where the fork server clones
  MediationCpu cpu_;
  Handlers handlers_;
  Pipe reports_;
  std::map<int, Deputy> deputies_;  // by the deputy's pidfd
  // Mediated calls beyond kMostDeputies, or beyond the descriptors there are; no more than the run has threads.
  std::deque<seccomp_notif> waiting_;
  std::array<Refusals, kMediatedCalls> refusals_{};  // by call
  std::map<std::string, std::uint64_t> failures_;
  std::optional<std::optional<RefusedCall>> refused_by_host_;  // once tried
};

}  // namespace evalrun::mediate
