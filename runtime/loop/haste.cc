#include "runtime/loop/haste.h"

#include <sched.h>

namespace evalrun::loop {
namespace {

constexpr pid_t kThisThread = 0;

// The flag stays when haste is over: only root may take it away, and it does no harm.
bool schedule(int policy, int priority) noexcept {
  const sched_param parameter{priority};
  return ::sched_setscheduler(kThisThread, policy | SCHED_RESET_ON_FORK, &parameter) == 0;
}

}  // namespace

void HasteCount::add() noexcept {
  if (count_++ == 0 && urgency_ == Urgency::RealTime) raised_ = schedule(SCHED_RR, 1);
}

void HasteCount::remove() noexcept {
  if (--count_ == 0 && raised_) schedule(SCHED_OTHER, 0);
}

Haste::Haste(HasteCount& count) noexcept : count_(count) {
  count_.add();
}

Haste::~Haste() {
  count_.remove();
}

}  // namespace evalrun::loop
