#include "runtime/snapshot/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/snapshot/memory_image.h"

namespace evalrun::snapshot {
namespace {

// A file, mapped read-only; empty where it cannot be.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode) || found.st_size <= 0) return;
    void* const begin = ::mmap(nullptr, static_cast<std::size_t>(found.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (begin != MAP_FAILED) bytes_ = {static_cast<const char*>(begin), static_cast<std::size_t>(found.st_size)};
  }
  ~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

 private:
  std::string_view bytes_;
};

// Bytes of a file as a value; none where it is too short.
template <typename T>
std::optional<T> value_at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view text_at(std::string_view bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const std::string_view rest = bytes.substr(offset);
  return rest.substr(0, rest.find('\0'));
}

void add_functions(std::string_view file, std::uint64_t base, std::span<const std::string_view> names,
                   std::map<std::string, std::uint64_t>& found) {
  const auto header = value_at<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return;
  const std::uint64_t added = header->e_type == ET_DYN ? base : 0;
  const auto section = [&](unsigned index) {
    return value_at<Elf64_Shdr>(file, header->e_shoff + std::uint64_t{index} * header->e_shentsize);
  };
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const auto symbols = section(i);
    if (!symbols || symbols->sh_type != SHT_DYNSYM) continue;
    const auto texts = section(symbols->sh_link);
    if (!texts) continue;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols->sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = value_at<Elf64_Sym>(file, symbols->sh_offset + at);
      if (!symbol) return;
      if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) continue;
      const std::string_view name = text_at(file, texts->sh_offset + symbol->st_name);
      if (std::ranges::find(names, name) != names.end()) found.emplace(name, added + symbol->st_value);
    }
  }
}

}  // namespace

std::map<std::string, std::uint64_t> find_functions(pid_t pid, std::span<const std::string_view> names) {
  std::map<std::string, std::uint64_t> found;
  std::set<std::string> seen;
  // The first mapping of a file is the one of its beginning.
  for (const Mapping& mapping : read_mappings(pid)) {
    if (!mapping.name.starts_with('/') || !seen.insert(mapping.name).second || found.size() == names.size()) continue;
    const MappedFile file("/proc/" + std::to_string(pid) + "/root" + mapping.name);
    add_functions(file.bytes(), mapping.begin - mapping.offset, names, found);
  }
  return found;
}

}  // namespace evalrun::snapshot
