// The file of a snapshot: a static ELF program that puts a started interpreter back. Its maker and its restorer agree
// here.
//
//   page 0          ELF header, program headers; at kHeadAt: Head
//   from page 1 on  the restorer's code
//   then            tables: Pieces, OpenedFiles, Actions, texts, the signal frame
//   then            pages of the interpreter, in the order of their addresses
//
// The kernel maps all but the pages of the interpreter when the file is executed, read-only and at kBegin, so pointers
// in the tables are addresses that hold then. A second segment of one page ends where the interpreter's heap begins:
// the kernel starts a program's heap after its last segment.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "runtime/snapshot/machine.h"

namespace evalrun::snapshot {

inline constexpr std::uint64_t kPage = 4096;

// The restorer lies below all programs: they begin at 4 MiB where they are linked to a fixed address. CMake links it
// one page after kBegin.
inline constexpr std::uint64_t kStackBegin = 0x100000;
inline constexpr std::uint64_t kStackEnd = 0x108000;
inline constexpr std::uint64_t kBegin = 0x110000;
inline constexpr std::uint64_t kEnd = 0x300000;
inline constexpr std::uint64_t kHeadAt = 0x200;

// Where the special mappings of the kernel wait if their old and their new place overlap.
inline constexpr std::uint64_t kWaitingRoom = 0x310000;
inline constexpr std::uint64_t kWaitingRoomEnd = 0x3f0000;

// Where a piece of memory comes from.
enum class Source : std::uint32_t {
  Nothing,  // zeros
  Itself,   // pages of this file
  Opened    // a file of the image, as the interpreter had mapped it
};

struct Piece {
  std::uint64_t address, size;
  std::uint64_t offset;             // in the file
  std::uint32_t protection, flags;  // as mmap takes them, but for MAP_FIXED
  Source source;
  std::uint32_t file;  // of Opened: its place in the table
};

// A file is the one that was recorded as long as all of this is as it was.
struct FileIdentity {
  std::uint64_t device, inode, size;
  std::int64_t modified_ns, changed_ns;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

inline FileIdentity identity_of(const struct stat& file) noexcept {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {file.st_dev, file.st_ino, static_cast<std::uint64_t>(file.st_size),
          file.st_mtim.tv_sec * kNanoseconds + file.st_mtim.tv_nsec,
          file.st_ctim.tv_sec * kNanoseconds + file.st_ctim.tv_nsec};
}

struct OpenedFile {
  const char* path;  // in the sandbox
  FileIdentity identity;
};

struct Action {
  std::uint64_t signal;
  KernelAction action;
};

// What the kernel maps by itself: the vDSO and what it reads.
struct SpecialMapping {
  std::uint64_t address, size;
};
inline constexpr std::uint64_t kMostSpecialMappings = 8;

// What a program of the kernel's own start must look like for its memory to be the recorded one: the words of its
// command line and its environment, at the same places.
struct Words {
  std::uint64_t stack_pointer;  // at the program's first instruction
  std::uint64_t begin, size;
  const char* bytes;
};

enum class Purpose : std::uint32_t {
  Restore,
  WaitForRecorder  // starts the interpreter once it has read a byte of standard input
};

// How an interpreter that was prepared from inside goes on (python_hook.h). Its functions, as the C interface of the
// language has them, and its objects, by their addresses.
//
// The end: its own function that takes the interpreter down begins with a jump to here. Each question is an object that
// is called without arguments; where all answers are the wanted ones, there is nothing to take down that a program
// could notice. Else the function gets its own first bytes back and is called.
struct EndQuestion {
  std::uint64_t object, wanted;
};
inline constexpr std::uint64_t kMostQuestions = 6;

struct Hook {
  // The way back from what was loaded, to where the thread stood before.
  std::uint64_t release, state;
  const void* frame;
  std::uint64_t finalize, first_bytes;  // 0: the end is its own
  std::uint64_t call, is_true, clear_error;
  std::uint64_t count_of_questions;
  EndQuestion questions[kMostQuestions];
};

struct Head {
  Purpose purpose;
  std::uint32_t pauses;  // not 0: it waits for a byte of standard input when all is restored, for its trial
  std::uint32_t count_of_pieces, count_of_files, count_of_actions, count_of_special_mappings;
  const char* program;        // the interpreter, as it was executed
  std::uint64_t personality;  // of a run that starts by execve
  Words words;
  std::uint64_t heap_begin, heap_end;
  std::uint64_t vdso;  // 0: there is none
  SpecialMapping special_mappings[kMostSpecialMappings];
  const OpenedFile* files;
  const Piece* pieces;  // those of one file follow each other
  const Action* actions;
  struct {
    std::uint64_t address, size, offset;
  } stack;  // the part of it that is in use
  ThreadState thread;
  const void* frame;  // what rt_sigreturn(2) takes
  Hook hook;
};
static_assert(kHeadAt + sizeof(Head) <= kPage);

}  // namespace evalrun::snapshot
