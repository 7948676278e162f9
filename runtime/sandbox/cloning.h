// Cloning on request: a small process, a cell's keeper or the fork server, clones processes for its supervisor. Each is
// a sibling of it, a child of the supervisor, which hears of its end and takes it along when it dies. For both sides of
// a clone. The fork server clones deputies too (mediate/deputy.h).
#pragma once

#include "runtime/sandbox/child.h"

namespace evalrun::sandbox {

// Over the control socket, with descriptors in this order: the ends of the process's own control socket and of its
// report pipe; where `into_group`, the v2 control group's folder; where there is `memory`, the file behind it. Of a
// deputy: kDescriptorsOfADeputy, and the file.
struct CloneRequest {
  Walker walker;
  std::uint64_t into = 0;        // CLONE_NEW*: what it is cloned into
  std::uint64_t namespaces = 0;  // CLONE_NEW*: what it makes for itself
  bool into_group = false;
  void* memory = nullptr;  // where it has what it shares with the supervisor; null: where whoever clones it has it
  std::size_t memory_size = 0;
  std::int32_t* told = nullptr;  // in that memory: its pid, written before it runs
  const void* deputy = nullptr;  // in that memory: a deputy's task; null: it is none, and `walker` says what it is
};
inline constexpr std::size_t kMostOfARequest = 4;  // descriptors
inline constexpr std::size_t kDescriptorsOfADeputy = 3;

// With a pidfd.
struct CloneAnswer {
  std::int32_t pid;         // or -errno
  std::int64_t cpu_ns = 0;  // of a deputy: what cloning it took
};

// What a deputy runs, with its task and its descriptors. Only the fork server's program has it.
using DeputyEntry = void (*)(const void* task, const int* descriptors) noexcept;
extern "C" [[noreturn]] void evalrun_deputy(const void* task, const int* descriptors) noexcept;

// Clones the process that `context.walker` names; in it this does not return. Its pid or -errno. `group`: the folder of
// a v2 control group, -1: none. `told` may be null.
long clone_walker(ChildContext& context, std::uint64_t flags, int group, int* pidfd, std::int32_t* told) noexcept;

// Serves requests until the supervisor is gone. `bounding`: what the clones inherit, and no signal that is handled or
// ignored. `deputy`: null where it clones none.
void serve_clones(int control, lockdown::BoundingSet bounding, DeputyEntry deputy) noexcept;

}  // namespace evalrun::sandbox
