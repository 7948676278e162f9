// A deputy: a process of ours that makes one mediated call in a program's place, and ends. One for each call.
//
// Why a process. A connect may sleep; so may the last close of somebody's socket (SO_LINGER), a copy of memory whose
// owner holds its lock, a name on a slow file system. The supervisor never does any of that: it never holds a
// descriptor of the program's, and waits for a deputy as for everything else. A deputy that hangs holds up its own
// caller and is killed with it.
//
// What it does, in this order: copies the address; fetches the socket (pidfd_getfd); looks that the caller is still
// there; decides (address_policy.h) on the copy; acts on the copy. What another thread writes or puts at the
// descriptor's number afterwards changes nothing.
//
// Where it acts. TCP and UDP: where it is, under Landlock's port rules; the socket belongs to the sandbox's network
// namespace whoever holds it, and a port below 1024 that the plan names can be bound. Unix sockets: in the program's
// user and mount namespaces, at its working directory, with its umask, the run's one id, no capability, and the same
// Landlock rules; so a path means what it means to the program, and the kernel refuses what it would refuse it.
//
// inotify_add_watch: the same way. The path is opened once, in the program's root; what lies on a writable mount and is
// no device is watched by that descriptor, so a link that is changed meanwhile leads nowhere else. The deputy sends the
// answer itself.
//
// Who clones it: the fork server, where there is one (warm/fork_server.h), so that a call costs the same however
// large the supervisor is; else the supervisor, of which it is a copy then. Its CPU time is the run's (broker.h).
//
// What differs from a call made by the program itself: SO_PEERCRED of a Unix socket shows pid 0 (the deputy is in no
// pid namespace of the program's); only a fatal signal interrupts a connect that sleeps; a path through /proc/self does
// not resolve.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include "runtime/core/step_result.h"
#include "runtime/mediate/address_policy.h"
#include "runtime/sandbox/child.h"
#include "runtime/sandbox/cloning.h"

namespace evalrun::mediate {

// A deputy's descriptors, in the order in which the fork server gets them.
struct DeputyDescriptors {
  int listener;  // to ask whether the caller is still there
  int thread;    // the caller's pidfd
  int reports;   // write end: DeputyReport, one for each deputy that could not do its work
};
static_assert(sizeof(DeputyDescriptors) == sandbox::kDescriptorsOfADeputy * sizeof(int));

// Everything that a deputy works on: in memory that it shares with the supervisor, or a copy of the supervisor's. It
// only reads it.
struct DeputyTask {
  MediatedCall call;
  seccomp_notif notification;
  pid_t supervisor;
  bool drop_groups;  // started by root: the run's own id has no supplementary groups
  AddressRules rules;
  lockdown::LandlockSteps landlock;
  int last_capability;
};

struct DeputyReport {
  std::uint64_t notification;
  StepResult step;
};

// How a deputy ends: with the errno that the caller shall get (0: the call succeeded), or with one of these.
inline constexpr int kFirstRefusal = 200;  // + Refusal
inline constexpr int kAnswered = 253;      // by itself: an exit status has no room for the call's result
inline constexpr int kCallerGone = 254;
inline constexpr int kNotDone = 255;  // it could not do its work: a DeputyReport says why

[[noreturn]] void deputy_main(const DeputyTask& task, const DeputyDescriptors& descriptors) noexcept;

// pidfd of the thread `tid` of any process, its group's leader's where the kernel has no pidfds of threads (before
// Linux 6.9). -errno where it is gone.
int open_thread(pid_t tid) noexcept;

// The same by the old way alone.
int open_leader_of(pid_t tid) noexcept;

}  // namespace evalrun::mediate
