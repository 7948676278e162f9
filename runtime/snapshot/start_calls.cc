#include "runtime/snapshot/start_calls.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

#include <algorithm>

namespace evalrun::snapshot {
namespace {

struct Row {
  long number;
  Effect effect;
};

constexpr Row kRows[] = {
    // Memory, and what the kernel is only asked.
    {SYS_brk, Effect::Memory},
    {SYS_mmap, Effect::Memory},
    {SYS_mprotect, Effect::Memory},
    {SYS_munmap, Effect::Memory},
    {SYS_mremap, Effect::Memory},
    {SYS_madvise, Effect::Memory},
    {SYS_futex, Effect::Memory},
    {SYS_getrandom, Effect::Memory},
    {SYS_uname, Effect::Memory},
    {SYS_getcwd, Effect::Memory},
    {SYS_getpid, Effect::Memory},
    {SYS_getppid, Effect::Memory},
    {SYS_gettid, Effect::Memory},
    {SYS_getpgrp, Effect::Memory},
    {SYS_getpgid, Effect::Memory},
    {SYS_getsid, Effect::Memory},
    {SYS_getuid, Effect::Memory},
    {SYS_geteuid, Effect::Memory},
    {SYS_getgid, Effect::Memory},
    {SYS_getegid, Effect::Memory},
    {SYS_getresuid, Effect::Memory},
    {SYS_getresgid, Effect::Memory},
    {SYS_getgroups, Effect::Memory},
    {SYS_getrlimit, Effect::Memory},
    {SYS_getrusage, Effect::Memory},
    {SYS_getpriority, Effect::Memory},
    {SYS_times, Effect::Memory},
    {SYS_time, Effect::Memory},
    {SYS_gettimeofday, Effect::Memory},
    {SYS_clock_gettime, Effect::Memory},
    {SYS_clock_getres, Effect::Memory},
    {SYS_sysinfo, Effect::Memory},
    {SYS_getcpu, Effect::Memory},
    {SYS_sched_getaffinity, Effect::Memory},
    {SYS_rt_sigprocmask, Effect::Memory},  // the mask is read when the thread stands
    // Descriptors: when it is recorded it has none but the run's streams.
    {SYS_read, Effect::Descriptor},
    {SYS_pread64, Effect::Descriptor},
    {SYS_readv, Effect::Descriptor},
    {SYS_close, Effect::Descriptor},
    {SYS_getdents64, Effect::Descriptor},
    {SYS_epoll_create1, Effect::Memory},  // tried and closed: none may be open when it is recorded
    {SYS_fstat, Effect::Memory},
    {SYS_fstatfs, Effect::Memory},
    {SYS_lseek, Effect::Memory},  // a pipe has no place to seek
    {SYS_ioctl, Effect::Memory},  // the filter answers every one that is not about a descriptor's flags
    {SYS_fcntl, Effect::Memory},  // but for those in effect_of()
    {SYS_poll, Effect::Memory},
    {SYS_prlimit64, Effect::Memory},
    {SYS_prctl, Effect::Memory},
    // Files.
    {SYS_open, Effect::Looks},
    {SYS_openat, Effect::Looks},
    {SYS_stat, Effect::Looks},
    {SYS_lstat, Effect::Looks},
    {SYS_newfstatat, Effect::Looks},
    {SYS_statx, Effect::Looks},
    {SYS_access, Effect::Looks},
    {SYS_faccessat, Effect::Looks},
    {SYS_faccessat2, Effect::Looks},
    {SYS_readlink, Effect::Looks},
    {SYS_readlinkat, Effect::Looks},
    {SYS_statfs, Effect::Looks},
    // The C library asks a daemon for the user's name (nscd), which no sandbox has.
    {SYS_socket, Effect::Memory},
    {SYS_connect, Effect::Attempts},
    // What is told again.
    {SYS_arch_prctl, Effect::SetsPointer},
    {SYS_set_tid_address, Effect::SetsTid},
    {SYS_set_robust_list, Effect::SetsRobust},
    {SYS_rseq, Effect::SetsRseq},
    {SYS_rt_sigaction, Effect::SetsAction},
    {SYS_sigaltstack, Effect::SetsAltStack},
};

constexpr std::uint64_t kLastStream = 2;
constexpr std::uint64_t kChangesFiles = O_CREAT | O_TRUNC;

Effect strange_if(bool strange, Effect effect) noexcept {
  return strange ? Effect::Strange : effect;
}

bool is_question(std::uint64_t option) noexcept {
  return option == PR_GET_NAME || option == PR_GET_DUMPABLE || option == PR_CAPBSET_READ ||
         option == PR_GET_NO_NEW_PRIVS || option == PR_GET_SECCOMP || option == PR_SET_VMA;
}

bool changes_descriptor(std::uint64_t command) noexcept {
  return command != F_GETFD && command != F_GETFL && command != F_SETFD && command != F_DUPFD_CLOEXEC &&
         command != F_DUPFD;
}

}  // namespace

Effect effect_of(std::uint64_t number, const CallArguments& arguments) noexcept {
  const auto row = std::ranges::find(kRows, static_cast<long>(number), &Row::number);
  if (row == std::end(kRows)) return Effect::Strange;
  switch (row->number) {
    case SYS_prlimit64: return strange_if(arguments[2] != 0, row->effect);
    case SYS_prctl: return strange_if(!is_question(arguments[0]), row->effect);
    case SYS_fcntl: return strange_if(changes_descriptor(arguments[1]), row->effect);
    case SYS_openat: return strange_if((arguments[2] & kChangesFiles) != 0, row->effect);
    case SYS_open: return strange_if((arguments[1] & kChangesFiles) != 0, row->effect);
    case SYS_arch_prctl:
      if (arguments[0] == ARCH_SET_FS || arguments[0] == ARCH_SET_GS) return row->effect;
      return Effect::Memory;  // asked, or refused by the filter
    default: break;
  }
  if (row->effect == Effect::Descriptor) return strange_if(arguments[0] <= kLastStream, Effect::Descriptor);
  return row->effect;
}

PathPlace path_place_of(std::uint64_t number) noexcept {
  switch (static_cast<long>(number)) {
    case SYS_openat:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_readlinkat: return {1, 0};
    default: return {0, std::nullopt};
  }
}

bool opens_to_write(std::uint64_t number, const CallArguments& arguments) noexcept {
  return opens(number) && (arguments[number == SYS_openat ? 2 : 1] & O_ACCMODE) != O_RDONLY;
}

bool opens(std::uint64_t number) noexcept {
  return number == SYS_openat || number == SYS_open;
}

}  // namespace evalrun::snapshot
