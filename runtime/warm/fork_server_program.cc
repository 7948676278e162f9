// The program itself: linked with the child sources alone, and nothing of the C library.
#include "runtime/warm/fork_server_program.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/rseq.h>
#include <signal.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "runtime/core/sys.h"
#include "runtime/sandbox/child.h"
#include "runtime/sandbox/cloning.h"

namespace evalrun::warm {
namespace {

constexpr std::size_t kMostWords = 4 << 10;
constexpr std::uint32_t kRseqSize = 32;  // that every kernel takes

void require(long result) noexcept {
  if (result < 0) sandbox::leave(1);
}

// The kernel writes to a thread's rseq area whenever it is preempted, and kills it where that is gone. Whether one is
// left is asked by registering another.
void give_up_rseq(const ForkServerStart& start) noexcept {
  static rseq own;
  static_assert(sizeof own >= kRseqSize);
  for (const std::uint32_t size : {start.rseq_size, kRseqSize}) {
    if (start.rseq != nullptr && size > 0) {
      sys(SYS_rseq, start.rseq, size, RSEQ_FLAG_UNREGISTER, start.rseq_signature);
    }
  }
  const long result = sys(SYS_rseq, &own, kRseqSize, 0, start.rseq_signature);
  if (result == -ENOSYS) return;
  require(result);
  require(sys(SYS_rseq, &own, kRseqSize, RSEQ_FLAG_UNREGISTER, start.rseq_signature));
}

// Everything but the program and its stack.
void give_up_memory() noexcept {
  constexpr std::uintptr_t kEnd = arch::kForkServerBegin + kForkServerRoom;
  require(sys(SYS_munmap, 0, arch::kForkServerBegin));
  require(sys(SYS_munmap, kEnd, arch::kMemoryEnd - kEnd));
}

// For ps(1) and the like; not every kernel is built to allow it.
void show_words(const char* words, std::size_t size) noexcept {
  prctl_mm_map map{};
  const auto begin = reinterpret_cast<std::uint64_t>(words);
  map.start_code = map.start_data = map.start_brk = map.brk = arch::kForkServerBegin;
  map.end_code = map.end_data = arch::kForkServerBegin + 1;
  map.start_stack = arch::kForkServerBegin + kForkServerRoom - 1;
  map.arg_start = begin;
  map.arg_end = map.env_start = map.env_end = begin + size;
  map.exe_fd = ~0U;
  sys(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

void keep_only(int control) noexcept {
  for (int i = 0; i <= sandbox::kControlFd; ++i) require(sys(SYS_dup3, control, i, O_CLOEXEC));
  if (lockdown::close_descriptors(sandbox::kControlFd + 1).failed()) sandbox::leave(1);
}

}  // namespace

// Its entry point.
extern "C" [[noreturn]] void evalrun_fork_server(const void* given) noexcept {
  static char words[kMostWords];
  const ForkServerStart start = *static_cast<const ForkServerStart*>(given);
  const std::size_t size = start.words.size() < sizeof words ? start.words.size() : sizeof words;
  std::memcpy(words, start.words.data(), size);
  give_up_rseq(start);
  give_up_memory();
  show_words(words, size);
  require(sys(SYS_prctl, PR_SET_NAME, "evalrun-fork", 0, 0, 0));
  if (lockdown::forbid_core_dumps().failed()) sandbox::leave(1);
  require(sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  // The kernel shares the cores out among sessions (sched(7), autogroup).
  require(sys(SYS_setsid));
  require(sys(SYS_chdir, "/"));
  keep_only(start.control);
  if (sandbox::reset_signals().failed()) sandbox::leave(1);
  // A supervisor that died before it could be heard of has closed its end.
  sandbox::serve_clones(sandbox::kControlFd, lockdown::BoundingSet::Full, sandbox::evalrun_deputy);
  sandbox::leave(0);
}

}  // namespace evalrun::warm
