#include "runtime/snapshot/file_builder.h"

#include <elf.h>

#include <cstddef>
#include <cstring>

#include "runtime/snapshot/registers.h"
#include "runtime/snapshot/restorer_image.h"
#include "runtime/snapshot/snapshot_error.h"

namespace evalrun::snapshot {
namespace {

constexpr std::uint64_t in_pages(std::uint64_t size) {
  return (size + kPage - 1) / kPage * kPage;
}

// The part of the file that the kernel maps at kBegin: what is put into it has an address.
class MappedPart {
 public:
  MappedPart() : bytes_(kPage, '\0') {
    const RestorerImage restorer = restorer_image();
    bytes_.append(reinterpret_cast<const char*>(restorer.bytes.data()), restorer.bytes.size());
  }

  // Its address.
  std::uint64_t put(const void* data, std::size_t size, std::size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, '\0');
    const std::uint64_t address = next_address(alignment);
    bytes_.append(static_cast<const char*>(data), size);
    return address;
  }

  template <typename T>
  const T* put(const std::vector<T>& items) {
    return pointer<T>(put(items.data(), items.size() * sizeof(T), alignof(T)));
  }

  const char* put(const std::string& text) { return pointer<char>(put(text.c_str(), text.size() + 1, 1)); }

  [[nodiscard]] std::uint64_t next_address(std::size_t alignment) const {
    return kBegin + (bytes_.size() + alignment - 1) / alignment * alignment;
  }

  void put_at(std::uint64_t offset, const void* data, std::size_t size) {
    std::memcpy(bytes_.data() + offset, data, size);
  }

  // Whole pages.
  std::string take() {
    bytes_.resize(in_pages(bytes_.size()), '\0');
    if (kBegin + bytes_.size() > kEnd) throw SnapshotError("it has more mappings than there is room for");
    return std::move(bytes_);
  }

  // An address in the process that the file becomes; it is never followed here.
  template <typename T>
  static const T* pointer(std::uint64_t address) {
    return reinterpret_cast<const T*>(address);  // NOLINT(performance-no-int-to-ptr)
  }

 private:
  std::string bytes_;
};

Elf64_Phdr segment(std::uint64_t offset, std::uint64_t address, std::uint64_t size, std::uint32_t flags) {
  return {.p_type = PT_LOAD,
          .p_flags = flags,
          .p_offset = offset,
          .p_vaddr = address,
          .p_paddr = address,
          .p_filesz = size,
          .p_memsz = size,
          .p_align = kPage};
}

// `heap_begin`: where the kernel is to start the heap; 0: wherever it likes.
void put_elf_header(std::string& file, std::uint64_t heap_begin) {
  std::vector<Elf64_Phdr> segments = {segment(0, kBegin, file.size(), PF_R | PF_X)};
  if (heap_begin != 0) segments.push_back(segment(0, heap_begin - kPage, kPage, PF_R));
  segments.push_back({.p_type = PT_GNU_STACK,
                      .p_flags = PF_R | PF_W,
                      .p_offset = 0,
                      .p_vaddr = 0,
                      .p_paddr = 0,
                      .p_filesz = 0,
                      .p_memsz = 0,
                      .p_align = 16});
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = kElfMachine;
  header.e_version = EV_CURRENT;
  header.e_entry = restorer_image().entry;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(segments.size());
  static_assert(sizeof header + 3 * sizeof(Elf64_Phdr) <= kHeadAt);
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, segments.data(), segments.size() * sizeof(Elf64_Phdr));
}

std::vector<OpenedFile> put_files(MappedPart& part, const FileParts& parts) {
  std::vector<OpenedFile> files;
  for (std::size_t i = 0; i < parts.memory.files.size(); ++i) {
    files.push_back({part.put(parts.memory.files[i]), parts.identities.at(i)});
  }
  return files;
}

void put_special_mappings(const MemoryImage& memory, Head& head) {
  head.vdso = memory.vdso;
  head.count_of_special_mappings = static_cast<std::uint32_t>(memory.special_mappings.size());
  std::copy(memory.special_mappings.begin(), memory.special_mappings.end(), head.special_mappings);
}

const void* put_frame(MappedPart& part, std::string frame) {
  place_frame(frame, part.next_address(kFrameAlignment));
  return MappedPart::pointer<void>(part.put(frame.data(), frame.size(), kFrameAlignment));
}

// Where the pages begin is known only when the tables are laid out, whose size does not depend on it.
void add_to_offsets(std::vector<Piece>& pieces, std::uint64_t begin) {
  for (Piece& piece : pieces) {
    if (piece.source == Source::Itself) piece.offset += begin;
  }
}

}  // namespace

std::string build_file(FileParts parts, Pause pause) {
  MappedPart part;
  Head head{};
  head.purpose = Purpose::Restore;
  head.pauses = pause == Pause::BeforeLeaving ? 1 : 0;
  head.program = part.put(parts.program);
  head.personality = parts.personality;
  head.words = parts.standing.words;
  head.words.bytes =
      MappedPart::pointer<char>(part.put(parts.standing.word_bytes.data(), parts.standing.word_bytes.size(), 1));
  head.heap_begin = parts.standing.heap_begin;
  head.heap_end = parts.standing.heap_end;
  put_special_mappings(parts.memory, head);
  head.files = part.put(put_files(part, parts));
  head.count_of_files = static_cast<std::uint32_t>(parts.memory.files.size());
  head.actions = part.put(parts.standing.actions);
  head.count_of_actions = static_cast<std::uint32_t>(parts.standing.actions.size());
  head.thread = parts.standing.thread;
  head.frame = put_frame(part, std::move(parts.standing.frame));
  head.hook = parts.standing.hook;
  if (!parts.standing.hook_frame.empty()) head.hook.frame = put_frame(part, std::move(parts.standing.hook_frame));
  head.count_of_pieces = static_cast<std::uint32_t>(parts.memory.pieces.size());
  // The last table: after it come the pages.
  const std::uint64_t pieces_at = part.next_address(alignof(Piece));
  const std::uint64_t pages_at = in_pages(pieces_at - kBegin + parts.memory.pieces.size() * sizeof(Piece));
  add_to_offsets(parts.memory.pieces, pages_at);
  head.pieces = part.put(parts.memory.pieces);
  head.stack = {parts.memory.stack.address, parts.memory.stack.size, pages_at + parts.memory.stack.offset};
  part.put_at(kHeadAt, &head, sizeof head);
  std::string file = part.take();
  put_elf_header(file, head.heap_begin);
  return file + parts.memory.pages;
}

Patch without_pause() {
  return {kHeadAt + offsetof(Head, pauses), std::string(sizeof(Head::pauses), '\0')};
}

std::string build_waiting_file(const std::string& program) {
  MappedPart part;
  Head head{};
  head.purpose = Purpose::WaitForRecorder;
  head.program = part.put(program);
  part.put_at(kHeadAt, &head, sizeof head);
  std::string file = part.take();
  put_elf_header(file, 0);
  return file;
}

}  // namespace evalrun::snapshot
