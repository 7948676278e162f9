// The restorer: the program of a snapshot's file. It puts the recorded interpreter back, piece by piece, and goes on
// where that stood, in front of its first look at the workspace. Child-side code, linked with no C library: what it
// does is a system call for each row of the file's tables.
//
// It runs under the whole lockdown, as any program. Where anything is not as it was recorded, it executes the
// interpreter itself, with the words that it was given: a snapshot never makes a run worse than none.
#include <asm/prctl.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/auxvec.h>
#include <linux/personality.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "runtime/core/sys.h"
#include "runtime/sandbox/child.h"
#include "runtime/sandbox/child_report.h"
#include "runtime/snapshot/format.h"

namespace evalrun::snapshot {
namespace {

using sandbox::ChildRecord;

constexpr unsigned kReadPersonality = 0xffffffff;
constexpr int kFailed = 127;  // as a shell's status for a program that cannot be executed
constexpr std::size_t kKernelSignalSetSize = 8;

template <typename T>
T* pointer_to(std::uint64_t address) noexcept {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
}

const Head& head() noexcept {
  return *pointer_to<const Head>(kBegin + kHeadAt);
}

// What the kernel gives a program that it starts.
struct Start {
  const std::uint64_t* stack;  // argc, argv, envp, the auxiliary vector
  char** argv;
  char** envp;
  const Elf64_auxv_t* auxiliary;

  explicit Start(const std::uint64_t* pointer) noexcept : stack(pointer) {
    argv = pointer_to<char*>(reinterpret_cast<std::uint64_t>(stack + 1));
    envp = argv + stack[0] + 1;
    char** end = envp;
    while (*end != nullptr) ++end;
    auxiliary = pointer_to<const Elf64_auxv_t>(reinterpret_cast<std::uint64_t>(end + 1));
  }

  [[nodiscard]] std::uint64_t value_of(std::uint64_t type) const noexcept {
    for (const Elf64_auxv_t* entry = auxiliary; entry->a_type != AT_NULL; ++entry) {
      if (entry->a_type == type) return entry->a_un.a_val;
    }
    return 0;
  }
};

// Whether the supervisor has started this, and nobody since: the report pipe is open then.
bool is_start_of_a_run() noexcept {
  const long personality = sys(SYS_personality, kReadPersonality);
  return personality >= 0 && (static_cast<unsigned long>(personality) & sandbox::kSnapshotMark) != 0;
}

// The pipe is closed whether or not somebody reads: no program ever has it.
void report(ChildRecord::Kind kind, const StepResult& step) noexcept {
  ChildRecord record{};
  record.kind = kind;
  record.step = step;
  record.step.stage = Stage::Exec;
  record.cpu_us = sandbox::own_cpu_us();
  record.time_ns = sandbox::monotonic_ns();
  sys(SYS_write, sandbox::kReportFd, &record, sizeof record);
  sys(SYS_close, sandbox::kReportFd);
}

[[noreturn]] void execute_interpreter(const Start& start, std::uint64_t personality) noexcept {
  sys(SYS_personality, personality);
  sys(SYS_execve, head().program, start.argv, start.envp);
  for (;;) sys(SYS_exit_group, kFailed);
}

// A program of a sandbox that starts this file by itself means the interpreter.
[[noreturn]] void be_the_interpreter(const Start& start) noexcept {
  const long own = sys(SYS_personality, kReadPersonality);
  execute_interpreter(start, static_cast<std::uint64_t>(own < 0 ? +PER_LINUX : own));
}

[[noreturn]] void give_up(const Start& start, const StepResult& step) noexcept {
  report(ChildRecord::Kind::NotRestored, step);
  execute_interpreter(start, head().personality);
}

// Command line and environment stand where they stood, byte for byte.
StepResult compare_words(const Start& start) noexcept {
  const Words& words = head().words;
  if (reinterpret_cast<std::uint64_t>(start.stack) != words.stack_pointer)
    return failure(Operation::WordsDiffer, -EINVAL);
  const bool same = std::memcmp(pointer_to<const char>(words.begin), words.bytes, words.size) == 0;
  return same ? success() : failure(Operation::WordsDiffer, -EINVAL);
}

// First of all: the kernel gives the heap no place that something else has taken.
StepResult restore_heap() noexcept {
  const long end = sys(SYS_brk, head().heap_end);
  if (end < 0) return failure(Operation::Brk, end);
  return static_cast<std::uint64_t>(end) == head().heap_end ? success() : failure(Operation::HeapElsewhere, -ENOMEM);
}

StepResult move(std::uint64_t from, std::uint64_t size, std::uint64_t to) noexcept {
  if (from == to) return success();
  const long result = sys(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  return result < 0 ? failure(Operation::Mremap, result) : success();
}

// The vDSO finds its data by the distance between the two, so they move together. By way of the waiting room: the old
// place and the new one may overlap.
StepResult restore_special_mappings(const Start& start) noexcept {
  const std::uint64_t now = start.value_of(AT_SYSINFO_EHDR);
  if (head().vdso == now) return success();
  if (head().vdso == 0 || now == 0) return failure(Operation::VdsoMissing, -ENOENT);
  const std::uint64_t distance = now - head().vdso;
  const std::uint64_t away = kWaitingRoom - head().special_mappings[0].address;
  for (const std::uint64_t to : {away, std::uint64_t{0}}) {
    const std::uint64_t from = to == 0 ? away : distance;
    for (std::uint32_t i = 0; i < head().count_of_special_mappings; ++i) {
      const SpecialMapping& mapping = head().special_mappings[i];
      const StepResult moved = move(mapping.address + from, mapping.size, mapping.address + to);
      if (moved.failed()) return moved;
    }
  }
  return success();
}

// A descriptor of the file if it is still the one that was recorded.
StepResult open_recorded(const OpenedFile& file, int item, int& descriptor) noexcept {
  const long opened = sys(SYS_openat, AT_FDCWD, file.path, O_RDONLY | O_CLOEXEC);
  if (opened < 0) return failure(Operation::Open, opened, item);
  descriptor = static_cast<int>(opened);
  struct stat found {};
  const long result = sys(SYS_fstat, descriptor, &found);
  if (result < 0) return failure(Operation::Fstat, result, item);
  const FileIdentity now = identity_of(found);
  return now == file.identity ? success() : failure(Operation::MappedFileChanged, -ESTALE, item);
}

StepResult map(const Piece& piece, int descriptor) noexcept {
  const bool has_file = piece.source != Source::Nothing;
  const std::uint32_t flags = piece.flags | MAP_FIXED | (has_file ? 0U : std::uint32_t{MAP_ANONYMOUS});
  const long result = sys(SYS_mmap, piece.address, piece.size, piece.protection, flags, has_file ? descriptor : -1,
                          has_file ? piece.offset : 0);
  return result < 0 ? failure(Operation::Mmap, result) : success();
}

// The pieces of one file follow each other, so one file is open at a time beside this one.
StepResult restore_pieces(int itself) noexcept {
  int descriptor = -1;
  std::uint32_t open = 0;
  for (const Piece& piece : std::span(head().pieces, head().count_of_pieces)) {
    const bool is_next = piece.source == Source::Opened && (descriptor < 0 || piece.file != open);
    if (is_next) {
      if (descriptor >= 0) sys(SYS_close, descriptor);
      const StepResult opened = open_recorded(head().files[piece.file], static_cast<int>(piece.file), descriptor);
      if (opened.failed()) return opened;
      open = piece.file;
    }
    const StepResult mapped = map(piece, piece.source == Source::Itself ? itself : descriptor);
    if (mapped.failed()) return mapped;
  }
  if (descriptor >= 0) sys(SYS_close, descriptor);
  return success();
}

StepResult restore_thread() noexcept {
  const ThreadState& thread = head().thread;
  long result = sys(SYS_arch_prctl, ARCH_SET_FS, thread.thread_pointer);
  if (result >= 0 && thread.second_pointer != 0) result = sys(SYS_arch_prctl, ARCH_SET_GS, thread.second_pointer);
  if (result < 0) return failure(Operation::ArchPrctl, result);
  if (thread.tid_address != 0) sys(SYS_set_tid_address, thread.tid_address);
  if (thread.robust_list != 0) result = sys(SYS_set_robust_list, thread.robust_list, thread.robust_list_size);
  if (result < 0) return failure(Operation::SetRobustList, result);
  if (thread.rseq != 0) {
    result = sys(SYS_rseq, thread.rseq, thread.rseq_size, thread.rseq_flags, thread.rseq_signature);
  }
  return result < 0 ? failure(Operation::Rseq, result) : success();
}

StepResult restore_actions() noexcept {
  for (const Action& action : std::span(head().actions, head().count_of_actions)) {
    const long result = sys(SYS_rt_sigaction, action.signal, &action.action, nullptr, kKernelSignalSetSize);
    if (result < 0) return failure(Operation::Sigaction, result, static_cast<int>(action.signal));
  }
  return success();
}

// The kernel's words lie in it, the same as before: what is needed of them is known by now.
StepResult restore_stack(int itself) noexcept {
  const auto& stack = head().stack;
  const long result = sys(SYS_pread64, itself, stack.address, stack.size, stack.offset);
  if (result < 0) return failure(Operation::Pread, result);
  return static_cast<std::uint64_t>(result) == stack.size ? success() : failure(Operation::Pread, -EIO);
}

StepResult restore(const Start& start, int itself) noexcept {
  StepResult step = restore_special_mappings(start);
  if (!step.failed()) step = restore_pieces(itself);
  if (!step.failed()) step = restore_thread();
  if (!step.failed()) step = restore_actions();
  if (!step.failed()) step = restore_stack(itself);
  if (!step.failed()) {
    const long result = sys(SYS_personality, head().personality);
    if (result < 0) step = failure(Operation::Personality, result);
  }
  return step;
}

// Of standard input, from a recorder.
void await_byte() noexcept {
  char byte = 0;
  sys(SYS_read, 0, &byte, 1);
}

// The recorder traces this process by now, and the interpreter from its first instruction on.
[[noreturn]] void wait_for_recorder(const Start& start) noexcept {
  report(ChildRecord::Kind::WaitsForRecorder, success());
  await_byte();
  execute_interpreter(start, ADDR_NO_RANDOMIZE);
}

// On a stack of its own: that of the kernel becomes the interpreter's.
[[noreturn]] void run(const void* pointer) noexcept {
  const Start start(static_cast<const std::uint64_t*>(pointer));
  if (!is_start_of_a_run()) be_the_interpreter(start);
  if (head().purpose == Purpose::WaitForRecorder) wait_for_recorder(start);
  StepResult step = compare_words(start);
  if (!step.failed()) step = restore_heap();
  const long itself = step.failed() ? -1 : sys(SYS_openat, AT_FDCWD, start.value_of(AT_EXECFN), O_RDONLY | O_CLOEXEC);
  if (!step.failed() && itself < 0) step = failure(Operation::Open, itself);
  if (!step.failed()) step = restore(start, static_cast<int>(itself));
  if (step.failed()) give_up(start, step);
  sys(SYS_close, itself);
  report(ChildRecord::Kind::Restored, success());
  if (head().pauses != 0) await_byte();
  leave_for(head().frame, kStackBegin, kStackEnd - kStackBegin);
}

}  // namespace

// Called with the stack pointer as the kernel has set it.
extern "C" [[noreturn]] [[gnu::used]] void evalrun_restorer(const std::uint64_t* stack) noexcept {
  const long room = sys(SYS_mmap, kStackBegin, kStackEnd - kStackBegin, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (room < 0) {
    const Start start(stack);
    if (is_start_of_a_run()) give_up(start, failure(Operation::Mmap, room));
    be_the_interpreter(start);
  }
  arch::go_on_with(pointer_to<char>(kStackEnd), run, stack);
}

EVALRUN_RESTORER_ENTRY;

}  // namespace evalrun::snapshot
