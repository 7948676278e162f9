// The janitor's own code: system calls over its block, nothing else.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lockdown/steps.h"
#include "runtime/core/sys.h"
#include "runtime/groups/janitor.h"

namespace evalrun::groups {
namespace {

// As getdents64(2) gives it.
struct Name {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short size;
  unsigned char type;
  char text[];
};

// False where it is still in use.
bool remove_group(long folder, const char* name) noexcept {
  const long group = sys(SYS_openat, folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (group >= 0) {
    // v2 only; what lives there has lost its supervisor.
    const long kill = sys(SYS_openat, group, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    if (kill >= 0) {
      sys(SYS_write, kill, "1", 1);
      sys(SYS_close, kill);
    }
    sys(SYS_close, group);
  }
  const long removed = sys(SYS_unlinkat, folder, name, AT_REMOVEDIR);
  return removed == 0 || removed == -ENOENT;
}

bool sweep(const JanitorBlock& block, const char* path) noexcept {
  const long folder = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return true;
  bool all = true;
  alignas(Name) char buffer[8 << 10] = {};
  long size = 0;
  while ((size = sys(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < size;) {
      const auto* name = reinterpret_cast<const Name*>(buffer + at);
      const bool ours = std::memcmp(name->text, block.prefix, block.prefix_size) == 0;
      if (ours) all = remove_group(folder, name->text) && all;
      at += name->size;
    }
  }
  sys(SYS_close, folder);
  return all;
}

bool sweep_all(const JanitorBlock& block) noexcept {
  bool all = true;
  for (const char* path = block.folders; *path != '\0'; path += std::strlen(path) + 1) {
    all = sweep(block, path) && all;
  }
  return all;
}

}  // namespace

int be_janitor(void* shared) noexcept {
  const auto& block = *static_cast<const JanitorBlock*>(shared);
  sys(SYS_setsid);
  // It may not fail: a janitor with core dumps is better than none.
  static_cast<void>(lockdown::forbid_core_dumps());
  // Nothing else of the supervisor's may live on in here.
  sys(SYS_dup3, block.lifeline, 0, 0);
  // The end of the lifeline alone does not do: a process that the supervisor has forked has its other end too.
  const long supervisor = sys(SYS_pidfd_open, block.supervisor, 0);
  if (supervisor >= 0) sys(SYS_dup3, supervisor, 1, 0);
  sys(SYS_close_range, supervisor >= 0 ? 2 : 1, ~0U, 0);
  pollfd watched[2] = {{0, POLLIN, 0}, {supervisor >= 0 ? 1 : -1, POLLIN, 0}};
  while (supervisor != -ESRCH && sys(SYS_ppoll, watched, 2, nullptr, nullptr, 0) == -EINTR) {
  }
  char done = 0;
  long result = 0;
  if (watched[0].revents != 0) {
    do {
      result = sys(SYS_read, 0, &done, sizeof done);
    } while (result == -EINTR);
  }
  // A sandbox dies with its supervisor, but not in the same instant; on a busy host it may take a while.
  constexpr int kQuickAttempts = 200, kAttempts = 800;
  for (int attempt = 0; result != sizeof done && attempt < kAttempts && !sweep_all(block); ++attempt) {
    const timespec pause{0, attempt < kQuickAttempts ? 10'000'000 : 100'000'000};
    sys(SYS_nanosleep, &pause, nullptr);
  }
  for (;;) sys(SYS_exit_group, 0);
}

}  // namespace evalrun::groups
