// The notification broker: what the filter hands to the supervisor instead of to the kernel.
//
// Theory of operation. A notification is a violation, which ends the run and is never answered; or a call that somebody
// else answers at once (address_space.h); or a mediated call (bind, connect, listen), which a deputy (deputy.h) makes
// in the program's place while the event loop goes on. The loop wakes for three things: the listener (a call has come),
// a deputy's pidfd (its end is the answer), a caller's pidfd (it died while it waited; its deputy is killed). An answer
// to a call that is gone is normal and dropped. Nothing is ever answered with "continue".
//
// It fails closed: what cannot be mediated is answered EACCES, and notes() says why; when the supervisor dies, the
// kernel answers ENOSYS.
#pragma once

#include <linux/seccomp.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/sandbox/compile.h"
#include "runtime/sandbox/leases.h"
#include "runtime/supervise/address_policy.h"
#include "runtime/supervise/deputy.h"
#include "runtime/supervise/event_loop.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

class Broker {
 public:
  struct Handlers {
    // All that were waiting.
    std::function<void(std::vector<RecordedViolation>)> on_violations;
    // Answers a call that is not mediated, at once, and says so; false: it is a violation.
    std::function<bool(int listener, const seccomp_notif&)> answer;
  };

  // `loop`, `owner` and `plan` outlive it. `identity`: the run's. The handlers must not destroy the broker.
  Broker(EventLoop& loop, LoopOwner& owner, Fd listener, const sandbox::CompiledPlan& plan,
         const sandbox::Identity& identity, Handlers handlers);
  // Kills and reaps every deputy.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // What was refused, how often and why; what could not be mediated. For the result's readers; few lines.
  [[nodiscard]] std::vector<std::string> notes() const;
  // How many calls came to be mediated, whatever their answer.
  [[nodiscard]] std::uint64_t mediated() const noexcept { return mediated_; }

 private:
  struct Deputy {
    std::uint64_t notification;
    MediatedCall call;
    Fd caller;  // pidfd of the thread, or of its leader
    Fd deputy;  // pidfd
  };
  using Refusals = std::array<std::uint64_t, kRefusals>;

  void on_listener();
  void mediate(const seccomp_notif& notification, MediatedCall call);
  void on_deputy_ended(int deputy);
  void on_caller_gone(int deputy);
  void answer(std::uint64_t notification, int error);
  int answer_of(const Deputy& deputy, int status);
  void read_reports();
  void note_failure(const std::string& note);

  EventLoop& loop_;
  LoopOwner& owner_;
  std::uint64_t mediated_ = 0;
  Fd listener_;
  const sandbox::CompiledPlan& plan_;
  bool drop_groups_;
  AddressRules rules_;
  Handlers handlers_;
  Pipe reports_;
  std::map<int, Deputy> deputies_;      // by the deputy's pidfd
  std::array<Refusals, 3> refusals_{};  // by call
  std::map<std::string, std::uint64_t> failures_;
};

}  // namespace evalrun::supervise
