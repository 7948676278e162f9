// limits.address_space: what each process may map, and who was refused more.
//
// The kernel refuses in silence, so the filter hands mmap, mremap and brk to the supervisor (docs/decisions/009). It
// knows the size that is asked for from the registers and the size that there is from /proc, and refuses with ENOMEM
// itself: that a request was refused is then a fact. brk has no error to give; RLIMIT_AS refuses it, and malloc asks
// again by mmap.
#pragma once

#include <linux/seccomp.h>

#include "runtime/core/units.h"
#include "runtime/mediate/refused_requests.h"

namespace evalrun::mediate {

bool asks_for_address_space(const seccomp_notif& notification) noexcept;

class AddressSpace {
 public:
  enum class Answer {
    Answered,
    Exceeded  // the program is too large before it asks for anything; its request waits until it is killed
  };

  explicit AddressSpace(Bytes limit) noexcept : limit_(limit) {}

  // Throws SystemError where the kernel takes neither the answer nor the limit; a process that has died meanwhile is
  // normal.
  Answer answer(int listener, const seccomp_notif& request);

  // Something was refused, and nothing as large has been given since: what ends badly then, ends for it.
  [[nodiscard]] bool has_refused() const noexcept { return refused_.any(); }

 private:
  Bytes limit_;
  RefusedRequests refused_;
};

}  // namespace evalrun::mediate
