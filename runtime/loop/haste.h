// Haste: for the moments before a limit, in which microseconds of work must not wait for milliseconds.
//
// Theory of operation. The supervisor sleeps while the program runs. When it wakes on a machine whose cores are all
// busy, the scheduler owes it its turn, but not at once: at the end of somebody's slice, 4 to 40 ms later. Meanwhile
// the program goes on, past its limit. With SCHED_RR the turn comes at once (measured: 0.1 ms, ten ordinary processes
// on two cores). It is for moments only: a supervisor that drained a long output that way would keep the program itself
// from its core. Priorities within the ordinary class do not help: under autogroup they hold among the processes of one
// session, and a shorter slice (sched_setattr) changed nothing that could be measured.
#pragma once

namespace evalrun::loop {

// Whether the thread of an event loop may be a real-time one at all: that of a program which embeds us is its own.
enum class Urgency { Ordinary, RealTime };

// How many runs of one event loop are in haste: its thread is, while there is any.
class HasteCount {
 public:
  explicit HasteCount(Urgency urgency) noexcept : urgency_(urgency) {}
  void add() noexcept;
  void remove() noexcept;

 private:
  Urgency urgency_;
  unsigned count_ = 0;
  bool raised_ = false;
};

// One run in haste: the calling thread is. Where the kernel does not permit it (it does to root, and to whom
// RLIMIT_RTPRIO allows it) nothing changes. Its children start as ordinary processes. The sandbox's init is none of it:
// a real-time init keeps the threads that it has killed from the core on which they must end (measured: 950 ms, until
// the kernel stopped it).
class Haste {
 public:
  explicit Haste(HasteCount& count) noexcept;
  ~Haste();
  Haste(const Haste&) = delete;
  Haste& operator=(const Haste&) = delete;

 private:
  HasteCount& count_;
};

}  // namespace evalrun::loop
