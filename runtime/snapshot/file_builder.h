// From a recorded interpreter to the bytes of its file (format.h). Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/snapshot/format.h"
#include "runtime/snapshot/memory_image.h"
#include "runtime/snapshot/recorder.h"

namespace evalrun::snapshot {

struct FileParts {
  std::string program;  // as it was executed
  std::uint64_t personality = 0;
  Standing standing;
  MemoryImage memory;
  std::vector<FileIdentity> identities;  // of memory.files
};

// `pause`: whether it waits for a byte of standard input once it is restored: for its trial. Throws SnapshotError where
// the tables have no room.
enum class Pause { None, BeforeLeaving };
std::string build_file(FileParts parts, Pause pause);

// Ends the pause: what must be written into the file, and where.
struct Patch {
  std::uint64_t offset;
  std::string bytes;
};
Patch without_pause();

// The file of a program that waits for its recorder and then executes `program`.
std::string build_waiting_file(const std::string& program);

}  // namespace evalrun::snapshot
