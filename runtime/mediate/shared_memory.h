// Memory that belongs to no process: shared anonymous mappings, and files and segments in memory where the plan allows
// them. Their pages stay when no process has them mapped, so that no look at processes finds them. Where no control
// group counts memory, the filter asks, and each is charged with the length that it is asked for
// (docs/decisions/029): scalars only, so there is nothing to race. Over the limit it is refused with ENOMEM.
//
// A charge is given back only where nothing can move meanwhile: when the caller is the run's only task, the mappings
// that it still has are all that there are.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <vector>

#include "runtime/core/units.h"
#include "runtime/mediate/refused_requests.h"

namespace evalrun::mediate {

bool asks_for_shared_memory(const seccomp_notif& notification) noexcept;

class SharedMemory {
 public:
  // `limit`: of all that is charged; `file_size`: what a file in memory is charged with, since it can grow so large.
  SharedMemory(pid_t init, Bytes limit, Bytes file_size) noexcept : init_(init), limit_(limit), file_size_(file_size) {}

  enum class Answer { GoesOn, Refused };
  // Does not answer the call: where it goes on, others may have a word in it.
  Answer decide(int listener, const seccomp_notif& request);

  // An upper bound of what the run holds so.
  [[nodiscard]] Bytes charged() const noexcept { return charged_; }
  [[nodiscard]] bool has_refused() const noexcept { return refused_.any(); }

 private:
  [[nodiscard]] Bytes asked_by(const seccomp_data& call) const noexcept;
  void give_back(int listener, const seccomp_notif& request);

  pid_t init_;
  Bytes limit_, file_size_;
  Bytes charged_{};
  std::vector<Bytes> mappings_;  // the anonymous ones' lengths, as charged
  RefusedRequests refused_;
};

}  // namespace evalrun::mediate
