#include "runtime/snapshot/memory_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/text.h"
#include "runtime/snapshot/snapshot_error.h"

namespace evalrun::snapshot {
namespace {

// /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;

// Zeros between pages that are copied are copied too, up to so many: a piece more costs as much as some pages.
constexpr std::size_t kLargestGap = 16;
// What calls below the stack pointer may still use (System V ABI, red zone).
constexpr std::uint64_t kRedZone = 128;
constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20;

bool is_special(const Mapping& mapping) {
  return mapping.name == "[vdso]" || mapping.name.starts_with("[vvar");
}

bool has_file(const Mapping& mapping) {
  return mapping.name.starts_with('/');
}

std::uint32_t protection_of(const std::string& letters) {
  return (letters[0] == 'r' ? std::uint32_t{PROT_READ} : 0U) | (letters[1] == 'w' ? std::uint32_t{PROT_WRITE} : 0U) |
         (letters[2] == 'x' ? std::uint32_t{PROT_EXEC} : 0U);
}

Fd open_file_of(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw SystemError("open", path);
  return file;
}

class Reader {
 public:
  Reader(pid_t pid, MemoryImage& image)
      : memory_(open_file_of(pid, "mem")), map_(open_file_of(pid, "pagemap")), image_(image) {}

  void add(const Mapping& mapping) {
    if (has_file(mapping) && mapping.name.ends_with(" (deleted)")) {
      throw SnapshotError("it has mapped " + printable(mapping.name));
    }
    if (mapping.is_shared) return add_shared(mapping);
    const std::vector<bool> written = written_pages(mapping);
    std::size_t at = 0;
    while (at < written.size()) {
      const bool is_copied = written[at];
      std::size_t end = at + 1;
      while (end < written.size() && written[end] == is_copied) ++end;
      const Mapping part = part_of(mapping, at, end);
      if (is_copied) {
        add_copied(part);
      } else {
        add_unwritten(part);
      }
      at = end;
    }
  }

  // Reads pages; returns where among the image's they are.
  std::uint64_t copy(std::uint64_t address, std::uint64_t size) {
    const std::uint64_t offset = image_.pages.size();
    if (offset + size > kMostBytes) throw SnapshotError("it has written to more than 512 MiB of memory");
    image_.pages.resize(offset + size);
    read(address, image_.pages.data() + offset, size);
    return offset;
  }

 private:
  void read(std::uint64_t address, char* to, std::uint64_t size) const {
    while (size > 0) {
      const ssize_t count = ::pread(memory_.get(), to, size, static_cast<off_t>(address));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw SystemError("read", "the memory of an interpreter", count == 0 ? EIO : errno);
      address += static_cast<std::uint64_t>(count);
      to += count;
      size -= static_cast<std::uint64_t>(count);
    }
  }

  static Mapping part_of(const Mapping& mapping, std::size_t first, std::size_t end) {
    Mapping part = mapping;
    part.begin = mapping.begin + first * kPage;
    part.end = mapping.begin + end * kPage;
    part.offset = mapping.offset + first * kPage;
    return part;
  }

  // Which pages must be copied. Of a file's mapping: those that are not the file's any more. Of other memory: those
  // that hold more than zeros; and small gaps between them.
  std::vector<bool> written_pages(const Mapping& mapping) const {
    const std::size_t count = (mapping.end - mapping.begin) / kPage;
    std::vector<std::uint64_t> entries(count);
    const std::size_t size = count * sizeof entries[0];
    const auto at = static_cast<off_t>(mapping.begin / kPage * sizeof entries[0]);
    if (::pread(map_.get(), entries.data(), size, at) != static_cast<ssize_t>(size)) {
      throw SystemError("read", "the page map of an interpreter");
    }
    std::vector<bool> written(count);
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_there = (entries[i] & (kPresent | kSwapped)) != 0;
      written[i] =
          is_there && (entries[i] & kOfFile) == 0 && (has_file(mapping) || !is_zero(mapping.begin + i * kPage));
    }
    close_gaps(written);
    return written;
  }

  bool is_zero(std::uint64_t address) const {
    static constexpr char kZeros[kPage] = {};
    char page[kPage];
    read(address, page, sizeof page);
    return std::memcmp(page, kZeros, sizeof page) == 0;
  }

  static void close_gaps(std::vector<bool>& written) {
    std::optional<std::size_t> last;
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (!written[i]) continue;
      if (last && i - *last <= kLargestGap)
        std::fill(written.begin() + static_cast<std::ptrdiff_t>(*last),
                  written.begin() + static_cast<std::ptrdiff_t>(i), true);
      last = i;
    }
  }

  void add_copied(const Mapping& part) {
    const std::uint64_t size = part.end - part.begin;
    append({part.begin, size, copy(part.begin, size), part.protection, MAP_PRIVATE, Source::Itself, 0});
  }

  void add_unwritten(const Mapping& part) {
    const std::uint64_t size = part.end - part.begin;
    if (has_file(part)) {
      append({part.begin, size, part.offset, part.protection, MAP_PRIVATE, Source::Opened, file_of(part)});
    } else {
      append({part.begin, size, 0, part.protection, MAP_PRIVATE | MAP_NORESERVE, Source::Nothing, 0});
    }
  }

  // Of memory that is shared, only what nobody can write to is the same in every run.
  void add_shared(const Mapping& mapping) {
    if (!has_file(mapping) || (mapping.protection & PROT_WRITE) != 0) {
      throw SnapshotError("it shares memory: " + printable(mapping.name.empty() ? "without a name" : mapping.name));
    }
    append({mapping.begin, mapping.end - mapping.begin, mapping.offset, mapping.protection, MAP_SHARED, Source::Opened,
            file_of(mapping)});
  }

  std::uint32_t file_of(const Mapping& mapping) {
    const auto found = std::ranges::find(image_.files, mapping.name);
    if (found != image_.files.end()) return static_cast<std::uint32_t>(found - image_.files.begin());
    image_.files.push_back(mapping.name);
    image_.inodes.push_back(mapping.inode);
    return static_cast<std::uint32_t>(image_.files.size() - 1);
  }

  // Two that follow each other in memory and in their file are one.
  void append(const Piece& piece) {
    if (!image_.pieces.empty()) {
      Piece& last = image_.pieces.back();
      const bool follows = last.address + last.size == piece.address && last.source == piece.source &&
                           last.file == piece.file && last.protection == piece.protection && last.flags == piece.flags;
      const bool in_file = piece.source == Source::Nothing || last.offset + last.size == piece.offset;
      if (follows && in_file) {
        last.size += piece.size;
        return;
      }
    }
    image_.pieces.push_back(piece);
  }

  Fd memory_, map_;
  MemoryImage& image_;
};

// The pieces of one file follow each other, in the order in which the files were met; the rest keeps its order.
void sort_by_file(std::vector<Piece>& pieces) {
  std::ranges::stable_sort(pieces, [](const Piece& a, const Piece& b) {
    const auto rank = [](const Piece& piece) { return piece.source == Source::Opened ? piece.file + 1 : 0; };
    return rank(a) < rank(b);
  });
}

}  // namespace

std::vector<Mapping> read_mappings(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/maps");
  std::vector<Mapping> mappings;
  for (std::string line; std::getline(file, line);) {
    Mapping mapping{};
    char letters[5] = {};
    unsigned long inode = 0;
    int name_at = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %lu %n", &mapping.begin, &mapping.end, letters, &mapping.offset,
                    &inode, &name_at) < 5) {
      throw SnapshotError("a line of its maps cannot be read: " + printable(line));
    }
    mapping.protection = protection_of(letters);
    mapping.is_shared = letters[3] == 's';
    mapping.inode = inode;
    mapping.name = line.substr(static_cast<std::size_t>(name_at));
    mappings.push_back(std::move(mapping));
  }
  if (mappings.empty()) throw SnapshotError("its maps cannot be read");
  return mappings;
}

MemoryImage read_memory(pid_t pid, std::uint64_t stack_pointer, std::uint64_t heap_begin, std::uint64_t heap_end) {
  MemoryImage image;
  Reader reader(pid, image);
  for (const Mapping& mapping : read_mappings(pid)) {
    if (mapping.name == "[vsyscall]") continue;
    if (mapping.begin < kWaitingRoomEnd) throw SnapshotError("it has memory below 4 MiB, where the restorer lies");
    if (mapping.name == "[stack]") {
      if (stack_pointer < mapping.begin || stack_pointer >= mapping.end) {
        throw SnapshotError("it runs on a stack of its own making");
      }
      const std::uint64_t begin = (stack_pointer - kRedZone) / kPage * kPage;
      image.stack = {begin, mapping.end - begin, reader.copy(begin, mapping.end - begin)};
    } else if (is_special(mapping)) {
      image.special_mappings.push_back({mapping.begin, mapping.end - mapping.begin});
      if (mapping.name == "[vdso]") image.vdso = mapping.begin;
    } else {
      reader.add(mapping);
    }
  }
  if (image.special_mappings.size() > kMostSpecialMappings)
    throw SnapshotError("the kernel maps more than it is known to");
  // The kernel has made that part of the heap already when the pieces are mapped.
  std::erase_if(image.pieces, [&](const Piece& piece) {
    return piece.source == Source::Nothing && piece.protection == (PROT_READ | PROT_WRITE) &&
           piece.address >= heap_begin && piece.address + piece.size <= heap_end;
  });
  sort_by_file(image.pieces);
  return image;
}

}  // namespace evalrun::snapshot
