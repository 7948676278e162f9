// What a sandbox's processes use right now, read from /proc: the source of last resort, where no cgroup counts. It
// cannot see what happens between two looks; init's report at the end closes part of the gap, and the result names
// both.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::measure {

struct TreeUsage {
  // The larger of two sums that leave different things out: of every process ever seen below init, each as last seen;
  // of those alive, with the children that somebody has waited for.
  Duration cpu{};
  Duration alive{};         // of that, what those have used themselves that have not ended
  Bytes memory;             // what the run holds; shared pages once where the plain sum passes the limit
  std::uint64_t tasks = 0;  // processes and threads alive, init not among them
};

// Memory that no process has, from other sources.
struct OutsideProcesses {
  bool is_counted = false;  // by a group, with everything else
  Bytes shared;             // charged for shared mappings: no more than that, mapped or not
  Bytes files;              // in memory, mapped or not
  Bytes sockets;
};
inline constexpr OutsideProcesses kCountedByGroup{true, {}, {}, {}};

// What the processes below init are about.
struct Activity {
  bool is_visible = false;  // else /proc hides the sandbox from this user, and the rest says nothing
  std::uint64_t alive = 0;  // processes that have not ended
  bool is_asleep = true;    // none of their threads runs, is ready to, or waits for a disk
  Duration cpu{};           // used by those alive and the children they have waited for: tells whether one slept on
};

class TreeSampler {
 public:
  explicit TreeSampler(pid_t init) : init_(init) {}

  // Looks once. Processes that end meanwhile are left out. Empty where /proc hides the sandbox from this user (a host's
  // hidepid): nothing can be bounded by looking then. Only a sum above `memory_limit` is worth the walk over page
  // tables that tells shared pages apart.
  // Pipes are counted as full, those beyond a few: what is in one cannot be asked from outside.
  std::optional<TreeUsage> look(Bytes memory_limit, const OutsideProcesses& outside = kCountedByGroup);

  // Whether a thread below init is ready to run now: on a core, or waiting for one that somebody else has.
  [[nodiscard]] bool is_ready_to_run() const;

  // Of an instant that is none: two looks that find the same are needed to say that something slept.
  [[nodiscard]] Activity activity() const;

  // The most that one process was seen to have mapped of files on disk: the kernel's figure for the largest process
  // (ru_maxrss) counts that too.
  [[nodiscard]] Bytes most_of_files() const noexcept { return most_of_files_; }

 private:
  // A look is no instant: while processes come to share pages, it sees the first with all of them and the last with its
  // part, and the sum is too large. So a sum above the limit counts when three looks in a row have found one, and then
  // the smallest.
  Bytes confirmed(Bytes parts, Bytes memory_limit);

  void sum_up_the_gone();

  pid_t init_;
  std::vector<Bytes> over_;
  // A process's own CPU time, and the look that saw it last.
  struct Spent {
    Duration cpu{};
    std::uint64_t seen_at = 0;
  };
  // By process id and start time. A process that has ended still counts: nobody else may have waited for it.
  std::map<std::pair<pid_t, std::uint64_t>, Spent> spent_;
  Bytes most_of_files_;
  Duration cpu_of_the_gone_{};  // of those that have no entry any more
  std::uint64_t looks_ = 0;
};

}  // namespace evalrun::measure
