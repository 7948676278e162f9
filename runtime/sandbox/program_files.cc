#include "runtime/sandbox/program_files.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "runtime/core/host_file.h"

namespace evalrun::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kMostInterpreters = 5;     // BINPRM's limit in fs/exec.c
constexpr std::size_t kFirstLine = 256;  // BINPRM_BUF_SIZE
constexpr std::size_t kLongestPath = 4096;

// A file's bytes, wherever it comes from.
class Content {
 public:
  explicit Content(Fd file) : file_(std::move(file)), descriptor_(file_.get()) {}
  explicit Content(int borrowed) : descriptor_(borrowed) {}
  explicit Content(std::string_view text) : text_(text) {}

  // What is there of them.
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t size) const {
    if (descriptor_ < 0) return offset < text_.size() ? std::string(text_.substr(offset, size)) : "";
    std::string bytes(size, '\0');
    const ssize_t count = ::pread(descriptor_, bytes.data(), size, static_cast<off_t>(offset));
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }

  template <typename T>
  [[nodiscard]] std::optional<T> read_as(std::uint64_t offset) const {
    const std::string bytes = read(offset, sizeof(T));
    T value;
    if (bytes.size() != sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

 private:
  Fd file_;
  int descriptor_ = -1;  // below zero: `text_`
  std::string_view text_;
};

// "#!/bin/sh -e": the path; empty where the file does not begin so.
std::string interpreter_of_script(const Content& content) {
  std::string line = content.read(0, kFirstLine);
  if (!line.starts_with("#!")) return "";
  line = line.substr(2, line.find('\n') - 2);
  const std::size_t begin = line.find_first_not_of(" \t");
  return begin == line.npos ? "" : line.substr(begin, line.find_first_of(" \t", begin) - begin);
}

// The loader that an ELF file names; empty for a static one.
std::string loader_of(const Content& content) {
  const auto header = content.read_as<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
    return "";
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = content.read_as<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return "";
    if (segment->p_type != PT_INTERP || segment->p_filesz > kLongestPath) continue;
    const std::string path = content.read(segment->p_offset, segment->p_filesz);
    return path.substr(0, path.find('\0'));
  }
  return "";
}

class Finder {
 public:
  Finder(const Plan& plan, const rootfs::Layout& layout, const std::vector<rootfs::CarriedFile>& carried)
      : plan_(plan), view_(layout, plan.kind.cwd), carried_(carried) {}

  void add_program(const std::string& name, int depth = 0) {
    const std::optional<std::string> path = resolved(name);
    if (!path || depth > kMostInterpreters) return;
    const std::optional<Content> content = open(*path);
    if (!content) return;
    if (std::ranges::count(found_.programs, *path) == 0) found_.programs.push_back(*path);
    for (const std::string& next : {interpreter_of_script(*content), loader_of(*content)}) {
      if (!next.empty()) add_program(next, depth + 1);
    }
  }

  void add_library(const std::string& name) {
    const std::optional<std::string> path = resolved(name);
    if (path && view_.host_path(*path)) found_.libraries.push_back(*path);
  }

  ProgramFiles take() { return std::move(found_); }

 private:
  // The path without links, as the program's root resolves it; none where something on the way is missing.
  [[nodiscard]] std::optional<std::string> resolved(const std::string& name) const {
    const rootfs::Look look = view_.look(name);
    return look.is_there() ? std::optional(look.path) : std::nullopt;
  }

  [[nodiscard]] std::optional<Content> open(const std::string& path) const {
    if (const std::optional<std::string> host = view_.host_path(path)) return open_on_host(*host);
    const std::string in_work = rootfs::as_in_work(plan_.kind, path);
    if (!in_work.starts_with("/work/")) return std::nullopt;
    const std::string name = in_work.substr(std::strlen("/work/"));
    if (const auto file = std::ranges::find(carried_, name, &rootfs::CarriedFile::path); file != carried_.end()) {
      return Content(file->descriptor.get());
    }
    const auto file = std::ranges::find(plan_.job.files, name, &WorkFile::path);
    if (file == plan_.job.files.end()) return std::nullopt;
    if (const auto* text = std::get_if<std::string>(&file->source)) return Content(std::string_view(*text));
    return open_on_host(std::get<fs::path>(file->source));
  }

  static std::optional<Content> open_on_host(const fs::path& path) {
    HostFile file = open_host_file(path.string(), FileUse::Read);
    // A program that may be executed and not read is still the program.
    std::error_code error;
    if (!file.descriptor && !fs::is_regular_file(path, error)) return std::nullopt;
    return Content(std::move(file.descriptor));
  }

  const Plan& plan_;
  const rootfs::View view_;
  const std::vector<rootfs::CarriedFile>& carried_;
  ProgramFiles found_;
};

}  // namespace

ProgramFiles find_program_files(const Plan& plan, const rootfs::Layout& layout,
                                const std::vector<std::string>& candidates,
                                const std::vector<rootfs::CarriedFile>& carried) {
  const bool is_narrowed =
      plan.kind.capabilities.takes(Capability::FsRead) || plan.kind.capabilities.takes(Capability::Exec);
  if (!is_narrowed) return {};
  Finder finder(plan, layout, carried);
  for (const std::string& name : candidates) finder.add_program(name);
  for (const std::string& name : plan.kind.libraries) finder.add_library(name);
  for (const Shown& shown : plan.kind.shown) finder.add_library(shown.path);
  return finder.take();
}

std::optional<rootfs::Look> find_missing(const Plan& plan, const rootfs::Layout& layout,
                                         const std::vector<std::string>& candidates) {
  const rootfs::View view(layout, plan.kind.cwd);
  std::optional<rootfs::Look> first;
  for (const std::string& name : candidates) {
    rootfs::Look look = view.look(name);
    if (look.is_there()) return std::nullopt;
    if (!first || (rootfs::mend_for(layout, look) && !rootfs::mend_for(layout, *first))) first = std::move(look);
  }
  return first;
}

}  // namespace evalrun::sandbox
