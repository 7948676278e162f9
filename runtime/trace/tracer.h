// Follows every process of one run by ptrace, and tells each call with its answer. Slower by nature, and only for the
// operator's own look at a plan: the sandbox's layers all stand while it watches.
//
// Theory of operation. The run's filter hands the first calls of a program to the supervisor (lockdown/seccomp.h,
// build_observed); there the process is seized, and the kernel seizes its children. SIGCHLD, as a descriptor of the
// loop, tells that some of them have stopped: at a call's entry, where arguments and paths are copied, and at its exit,
// where the answer is. Every tracee is waited for by its number: waiting for all would reap init.
#pragma once

#include <linux/seccomp.h>
#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lockdown/call_signature.h"
#include "runtime/core/fd.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::trace {

struct ObservedCall {
  pid_t pid = 0;
  std::string process;
  int number = -1;
  lockdown::CallArguments arguments{};
  std::string path{};                // absolute, in the sandbox, links not resolved; "" where the call names none
  std::string decoded{};             // for people
  std::vector<std::byte> address{};  // what bind and connect were given
  int error = 0;                     // errno, 0 where it was answered
};

class Tracer {
 public:
  using Handler = std::function<void(const ObservedCall&)>;

  // `loop` outlives it. Blocks SIGCHLD while it lives. Throws SystemError.
  Tracer(loop::EventLoop& loop, Handler on_call);
  // Kills and reaps what it still follows: init could not end otherwise.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // A process that waits in a notified call. Throws SystemError where it may not be traced.
  void follow(const seccomp_notif& notification);

 private:
  void on_signal();
  bool look_at(pid_t pid);
  void on_stop(pid_t pid, int status);
  void on_call_stop(pid_t pid);

  loop::EventLoop& loop_;
  Handler on_call_;
  sigset_t before_{};
  Fd signals_;
  std::map<pid_t, ObservedCall> tracees_;  // with the call that each is in
};

}  // namespace evalrun::trace
