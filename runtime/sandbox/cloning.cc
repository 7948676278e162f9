#include "runtime/sandbox/cloning.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include <cerrno>

#include "runtime/core/sys.h"
#include "runtime/sandbox/keeper.h"
#include "runtime/sandbox/messages.h"

namespace evalrun::sandbox {
namespace {

struct Received {
  CloneRequest request;
  int descriptors[kMostOfARequest];
  std::size_t count;
};

// A mapping of the request's memory, for the process to inherit. 0 or -errno.
long map_memory(const CloneRequest& request, int file) noexcept {
  const long place = sys(SYS_mmap, request.memory, request.memory_size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
  return place < 0 ? place : 0;
}

std::int64_t cpu_time() noexcept {
  timespec time{};
  sys(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The pid or -errno.
long clone_deputy(const Received& received, DeputyEntry entry, int* pidfd) noexcept {
  const CloneRequest& request = received.request;
  if (entry == nullptr || received.count != kDescriptorsOfADeputy + 1) return -EBADMSG;
  const long mapped = map_memory(request, received.descriptors[kDescriptorsOfADeputy]);
  if (mapped < 0) return mapped;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_PARENT | CLONE_PARENT_SETTID;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  arguments.parent_tid = reinterpret_cast<std::uint64_t>(request.told);
  const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) entry(request.deputy, received.descriptors);
  sys(SYS_munmap, request.memory, request.memory_size);
  return pid;
}

// The pid or -errno.
long clone_requested(const Received& received, lockdown::BoundingSet bounding, int* pidfd) noexcept {
  const CloneRequest& request = received.request;
  const bool brings_memory = request.memory != nullptr;
  if (received.count != 2U + (request.into_group ? 1 : 0) + (brings_memory ? 1 : 0)) return -EBADMSG;
  const int group = request.into_group ? received.descriptors[2] : -1;
  if (brings_memory) {
    const long mapped = map_memory(request, received.descriptors[received.count - 1]);
    if (mapped < 0) return mapped;
  }
  ChildContext context{.walker = request.walker,
                       .namespaces = request.namespaces,
                       .control = received.descriptors[0],
                       .report = received.descriptors[1],
                       .bounding = bounding,
                       .has_default_signals = true};
  const long pid = clone_walker(context, request.into | CLONE_PARENT, group, pidfd, request.told);
  if (brings_memory) sys(SYS_munmap, request.memory, request.memory_size);
  return pid;
}

}  // namespace

long clone_walker(ChildContext& context, std::uint64_t flags, int group, int* pidfd, std::int32_t* told) noexcept {
  clone_args arguments{};
  arguments.flags = flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  if (told != nullptr) {
    arguments.flags |= CLONE_PARENT_SETTID;
    arguments.parent_tid = reinterpret_cast<std::uint64_t>(told);
  }
  if (group >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(group);
  }
  // No exit signal: a program that embeds this gets no SIGCHLD that is not its own. wait needs __WALL then. A sibling
  // has that of whoever clones it (clone(2), CLONE_PARENT), which has none either.
  const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) (context.walker == Walker::Keeper ? keeper_main : init_main)(context);
  return pid;
}

void serve_clones(int control, lockdown::BoundingSet bounding, DeputyEntry deputy) noexcept {
  Received received{};
  while (receive_message(control, &received.request, sizeof received.request, received.descriptors, &received.count) ==
         sizeof received.request) {
    int pidfd = -1;
    const bool is_deputy = received.request.deputy != nullptr;
    const std::int64_t before = is_deputy ? cpu_time() : 0;
    const long pid = is_deputy ? clone_deputy(received, deputy, &pidfd) : clone_requested(received, bounding, &pidfd);
    // Before the answer: from then on the ends are the clone's alone.
    for (std::size_t i = 0; i < received.count; ++i) sys(SYS_close, received.descriptors[i]);
    const CloneAnswer answer{static_cast<std::int32_t>(pid), is_deputy ? cpu_time() - before : 0};
    send_message(control, &answer, sizeof answer, {&pidfd, pidfd >= 0 ? std::size_t{1} : std::size_t{0}});
    if (pidfd >= 0) sys(SYS_close, pidfd);
  }
}

}  // namespace evalrun::sandbox
