// How often a run may add a descriptor to an epoll.
//
// The kernel counts epoll's watches for a host uid (fs.epoll.max_user_watches), not for a user namespace: of an
// ordinary user all runs, and the supervisor itself, share one count. No limit of a process bounds it either, since a
// watch belongs to a file and a number, and outlives the number. So the filter hands EPOLL_CTL_ADD to the supervisor,
// which counts by the registers alone and lets it go on. What is taken away is not given back: whether a removal
// succeeds is known only afterwards.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string>

namespace evalrun::mediate {

bool asks_for_epoll_watch(const seccomp_notif& notification) noexcept;

class EpollWatches {
 public:
  static constexpr std::uint32_t kMost = 32768;

  // Lets it go on, or answers ENOSPC, as the kernel does at its own limit. Throws SystemError; a process that has died
  // meanwhile is normal.
  void answer(int listener, const seccomp_notif& request);

  // For the result's readers; "" where nothing was refused.
  [[nodiscard]] std::string note() const;

 private:
  std::uint32_t added_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace evalrun::mediate
