// Files of the host that are named from outside: a plan, an image, a journal, a stream's file, what a case expects.
// Each of them is opened here (docs/decisions/025).
//
// A FIFO would keep us waiting for its other end, a device may never end, and neither is what somebody meant. So the
// open never waits, and what is no regular file is refused before a byte of it is read or written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/core/fd.h"

namespace evalrun {

enum class FileUse {
  Read,
  Write,  // made where it is not there, for its owner alone; what it holds is not cut off yet
  Append  // the same, and it can be read
};

enum class FileKinds { Regular, RegularOrCharacterDevice };

struct HostFile {
  Fd descriptor;  // none where it was refused
  std::uint64_t size = 0;
  bool is_regular = false;
  int error = 0;        // errno
  std::string refusal;  // "No such file or directory", "is a FIFO, not a regular file"; "" where it is open
};

// Whether an open has failed for what the host has too little of, which says nothing of the file.
bool is_shortage(int error) noexcept;

// Throws SystemError where the host itself is short of what an open takes, which says nothing of the file.
HostFile open_host_file(const std::string& path, FileUse use, FileKinds kinds = FileKinds::Regular);

// The same for reading, where nothing can be done without the file. Throws SystemError too where it was refused.
Fd open_to_read(const std::string& path);

// The same for reading, by a path that begins in `folder`, borrowed. Links are followed, but the kernel refuses what
// leads out of the folder, and links of /proc.
HostFile open_host_file_beneath(int folder, const std::string& path);

// "a FIFO", by the file type in st_mode.
std::string kind_of_file(unsigned mode);

// The descriptor that a path of the command line names by its number: "-", /dev/stdin, /dev/fd/63 and /proc/self/fd/63,
// as a shell's <(command) does. It is open already, and whatever it is, the caller has chosen it.
std::optional<int> descriptor_named_by(const std::string& path);

}  // namespace evalrun
