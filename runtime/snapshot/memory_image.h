// The memory of a stopped process, as pieces that can be put back: what it has written is copied, what it has mapped
// from files of the image stays that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/snapshot/format.h"

namespace evalrun::snapshot {

// A line of /proc/PID/maps.
struct Mapping {
  std::uint64_t begin, end;
  std::uint32_t protection;
  bool is_shared;
  std::uint64_t offset;
  std::uint64_t inode;
  std::string name;  // a path, "[heap]", or ""
};

// Throws SnapshotError where a line cannot be read.
std::vector<Mapping> read_mappings(pid_t pid);

struct MemoryImage {
  std::vector<Piece> pieces;  // Itself: `offset` counts from the beginning of `pages`
  std::vector<std::string> files;
  std::vector<std::uint64_t> inodes;  // of `files`
  std::string pages;
  std::vector<SpecialMapping> special_mappings;
  std::uint64_t vdso = 0;
  struct {
    std::uint64_t address = 0, size = 0, offset = 0;
  } stack;
};

// `stack_pointer`: the thread's. The heap lies between `heap_begin` and `heap_end`. Throws SnapshotError where the
// process has what cannot be put back: memory shared with others, a mapped file that is gone.
MemoryImage read_memory(pid_t pid, std::uint64_t stack_pointer, std::uint64_t heap_begin, std::uint64_t heap_end);

}  // namespace evalrun::snapshot
