#include "runtime/supervise/janitor.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "runtime/core/sys.h"

namespace evalrun::supervise {
namespace {

// getdents64(2).
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};

bool starts_with(const char* text, const char* prefix) noexcept {
  while (*prefix != '\0') {
    if (*text++ != *prefix++) return false;
  }
  return true;
}

// v2 only; what lives there has lost its supervisor.
void kill_group(int groups, const char* name) noexcept {
  const long group = sys(SYS_openat, groups, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (group < 0) return;
  const long file = sys(SYS_openat, group, "cgroup.kill", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    sys(SYS_write, file, "1", 1);
    sys(SYS_close, file);
  }
  sys(SYS_close, group);
}

// False where one is still in use.
bool sweep(const char* folder, const char* prefix) noexcept {
  const long groups = sys(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (groups < 0) return true;
  bool all = true;
  alignas(Entry) char entries[4096] = {};
  for (;;) {
    const long count = sys(SYS_getdents64, groups, entries, sizeof entries);
    if (count <= 0) break;
    for (long at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const Entry*>(entries + at);
      at += entry->size;
      const char* name = reinterpret_cast<const char*>(entry) + offsetof(Entry, name);
      if (!starts_with(name, prefix)) continue;
      kill_group(static_cast<int>(groups), name);
      const long removed = sys(SYS_unlinkat, groups, name, AT_REMOVEDIR);
      all = (removed == 0 || removed == -ENOENT) && all;
    }
  }
  sys(SYS_close, groups);
  return all;
}

void sleep_milliseconds(long milliseconds) noexcept {
  const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  sys(SYS_nanosleep, &time, nullptr);
}

[[noreturn]] void leave() noexcept {
  for (;;) sys(SYS_exit_group, 0);
}

[[noreturn]] void be_janitor(const JanitorTask& task) noexcept {
  sys(SYS_setsid);  // Ctrl-C is for the supervisor
  const std::uint64_t all_signals = ~std::uint64_t{0};
  sys(SYS_rt_sigprocmask, SIG_SETMASK, &all_signals, nullptr, sizeof all_signals);
  // Nothing else of the supervisor's may live on in here.
  if (task.pipe != 0) sys(SYS_dup3, task.pipe, 0, 0);
  sys(SYS_close_range, 1, ~0U, 0);
  char byte = 0;
  while (sys(SYS_read, 0, &byte, 1) == -EINTR) {
  }
  // A sandbox dies with its supervisor, but not in the same instant; on a busy host it may take a while.
  constexpr int kQuickAttempts = 200, kAttempts = 800;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    bool all = true;
    for (const char* folder : task.folders) all = sweep(folder, task.prefix) && all;
    if (all) break;
    sleep_milliseconds(attempt < kQuickAttempts ? 10 : 100);
  }
  leave();
}

// Like fork, but for the signal at its end.
long clone_silently() noexcept {
  clone_args arguments{};
  arguments.flags = CLONE_CLEAR_SIGHAND;
  return sys(SYS_clone3, &arguments, sizeof arguments);
}

}  // namespace

int start_janitor(const JanitorTask& task) noexcept {
  const long first = clone_silently();
  if (first == 0) {
    // Twice, so that the supervisor has no child that it would have to wait for.
    if (clone_silently() == 0) be_janitor(task);
    leave();
  }
  if (first < 0) return static_cast<int>(-first);
  while (sys(SYS_wait4, first, nullptr, __WALL, nullptr) == -EINTR) {
  }
  return 0;
}

}  // namespace evalrun::supervise
