// Locks on files: a run may lock what is its own, and nothing of the host's (docs/decisions/046).
//
// Theory of operation. A read-only mount does not keep anybody from locking a file on it, and a filter sees the number
// of a descriptor, not the file. So the filter hands the calls that lock (flock, and fcntl's commands for record locks)
// to the supervisor. It looks at the caller's own descriptor, by a copy of it, and lets only files be locked that lie
// on a tmpfs of the run that can be written to. Which file the caller's number means could be changed by another thread
// after that look. So:
//
//   - a process of one thread: the kernel goes on with the call. Nobody can change its descriptors: the filter gives no
//     process that shares them (CLONE_FILES without CLONE_THREAD), and the one thread waits.
//   - a process of more threads: the supervisor locks by its own copy of the descriptor, which is the same open file
//     description. flock and OFD locks belong to that, and are exactly what was asked for. A POSIX record lock becomes
//     an OFD lock.
//
// What it does not do: keep two processes of one run from each other's files, which are theirs to share.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <cerrno>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::mediate {

bool asks_for_file_lock(const seccomp_notif& notification) noexcept;

class FileLocks {
 public:
  // What a program is told where it may not lock: as on a file system that has no locks.
  static constexpr int kRefusal = ENOLCK;

  // `loop` and `owner` outlive it. `of_host`: the devices of the plan's binds.
  FileLocks(loop::EventLoop& loop, loop::LoopOwner& owner, std::vector<dev_t> of_host);
  ~FileLocks();
  FileLocks(const FileLocks&) = delete;
  FileLocks& operator=(const FileLocks&) = delete;

  // Answers it, or keeps it until the lock can be had. Throws SystemError; a process that has died meanwhile is normal.
  void answer(int listener, const seccomp_notif& request);

  // For the result's readers; "" where nothing was refused.
  [[nodiscard]] std::string note() const;

 private:
  struct Outcome {
    enum class Way { Answer, GoOn, Wait, CallerGone } way;
    int error = 0;
  };
  [[nodiscard]] Outcome decide(int listener, const seccomp_notif& request);
  [[nodiscard]] bool is_of_run(int file) const;
  static Outcome lock(const seccomp_notif& request, int file);
  void settle(int listener, const seccomp_notif& request, const Outcome& outcome);
  void try_again();

  loop::EventLoop& loop_;
  loop::LoopOwner& owner_;
  std::vector<dev_t> of_host_;
  loop::Timer timer_;
  int listener_ = -1;                   // borrowed, of the last request
  std::vector<seccomp_notif> waiting_;  // for a lock that another holds; no more than the run has threads
  std::uint64_t refused_ = 0;
};

}  // namespace evalrun::mediate
