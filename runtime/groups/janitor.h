// A process that removes the control groups of a supervisor that was killed
// (docs/decisions/007-a-janitor-for-control-groups.md). It shares the supervisor's memory, which costs nothing to
// clone, and must therefore touch none of it but its own block: it allocates nothing, takes no lock, knows no errno
// (tests/unit/child_symbols_test.sh). It outlives the supervisor, and its block with it.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/fd.h"

namespace evalrun::groups {

struct JanitorBlock;

class Janitor {
 public:
  // Watches over groups in `folders` whose names begin with `prefix`. Throws SystemError.
  Janitor(const std::vector<std::string>& folders, const std::string& prefix);
  // All groups are gone: it leaves at once.
  ~Janitor();
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

 private:
  JanitorBlock* block_;
  Fd pidfd_;
  Fd lifeline_;  // closed by our end, whatever way it comes
};

// The janitor's own code, in its own process.
int be_janitor(void* block) noexcept;

// What the two have in common. `folders` are texts one behind the other, each ended by a zero, an empty one last.
struct JanitorBlock {
  static constexpr std::size_t kStack = std::size_t{32} << 10;

  alignas(16) char stack[kStack];
  char folders[8 << 10];
  char prefix[128];
  std::size_t prefix_size;
  int lifeline;
  int supervisor;  // its process
};

}  // namespace evalrun::groups
