#include "runtime/core/elf_file.h"

#include <elf.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "runtime/core/small_file.h"

namespace evalrun {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;  // of one segment or table: what is larger is not read

std::string read_at(int descriptor, std::uint64_t offset, std::uint64_t size) {
  if (size > kMostBytes) return "";
  std::string bytes(size, '\0');
  const ssize_t count = ::pread(descriptor, bytes.data(), size, static_cast<off_t>(offset));
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

template <typename T>
std::vector<T> records(const std::string& bytes) {
  std::vector<T> list(bytes.size() / sizeof(T));
  if (!list.empty()) std::memcpy(list.data(), bytes.data(), list.size() * sizeof(T));
  return list;
}

std::string string_at(const std::string& strings, std::uint64_t offset) {
  return offset < strings.size() ? std::string(strings.c_str() + offset) : "";
}

// Where in the file the address lies that the program's memory has.
std::uint64_t offset_of(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
  for (const Elf64_Phdr& segment : segments) {
    const bool holds = address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz;
    if (segment.p_type == PT_LOAD && holds) return segment.p_offset + (address - segment.p_vaddr);
  }
  return 0;
}

void read_dynamic(int descriptor, const std::vector<Elf64_Phdr>& segments, const Elf64_Phdr& dynamic, ElfNeeds& needs) {
  const auto entries = records<Elf64_Dyn>(read_at(descriptor, dynamic.p_offset, dynamic.p_filesz));
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
  }
  const std::string strings = read_at(descriptor, offset_of(segments, address), size);
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) needs.names.push_back(string_at(strings, entry.d_un.d_val));
    if (entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH) continue;
    const std::string folders = string_at(strings, entry.d_un.d_val);
    for (std::string_view rest = folders; !rest.empty();) needs.run_path.emplace_back(take_until(rest, ':'));
  }
}

}  // namespace

std::optional<ElfNeeds> read_elf_needs(int descriptor) {
  const auto headers = records<Elf64_Ehdr>(read_at(descriptor, 0, sizeof(Elf64_Ehdr)));
  if (headers.empty()) return std::nullopt;
  const Elf64_Ehdr& header = headers.front();
  const bool is_elf = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64;
  if (!is_elf || header.e_phentsize != sizeof(Elf64_Phdr)) return std::nullopt;
  const auto segments =
      records<Elf64_Phdr>(read_at(descriptor, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr)));
  ElfNeeds needs;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_INTERP) needs.loader = read_at(descriptor, segment.p_offset, segment.p_filesz).c_str();
    if (segment.p_type == PT_DYNAMIC) read_dynamic(descriptor, segments, segment, needs);
  }
  return needs;
}

// glibc's sysdeps/generic/dl-cache.h, struct cache_file_new.
std::string path_in_loader_cache(const std::string& cache, const std::string& library) {
  static constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
  struct Entry {
    std::int32_t flags;
    std::uint32_t key, value, os_version;
    std::uint64_t capabilities;
  };
  constexpr std::size_t kHeader = 48;
  if (cache.size() < kHeader || !cache.starts_with(kMagic)) return "";
  std::uint32_t count = 0;
  std::memcpy(&count, cache.data() + kMagic.size(), sizeof count);
  for (const Entry& entry : records<Entry>(cache.substr(kHeader, std::uint64_t{count} * sizeof(Entry)))) {
    if (string_at(cache, entry.key) == library) return string_at(cache, entry.value);
  }
  return "";
}

}  // namespace evalrun
