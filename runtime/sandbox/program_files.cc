#include "runtime/sandbox/program_files.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

#include "runtime/core/host_file.h"

namespace evalrun::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;           // MAXSYMLINKS of linux/namei.h
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
      : plan_(plan), layout_(layout), carried_(carried) {}

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
    if (path && host_path(*path)) found_.libraries.push_back(*path);
  }

  ProgramFiles take() { return std::move(found_); }

  // Only links of the host are followed, which is wrong where the sandbox has others: it may be there without this.
  [[nodiscard]] bool is_plainly_there(const std::string& name) const {
    const std::optional<std::string> host = host_path((fs::path(plan_.kind.cwd) / name).lexically_normal().string());
    return host && ::access(host->c_str(), F_OK) == 0;
  }

  [[nodiscard]] bool is_surely_missing(const std::string& name) const {
    return !resolved(name, [this](const std::string& path) { return may_be_there(path); });
  }

 private:
  using IsThere = std::function<bool(const std::string&)>;

  [[nodiscard]] std::optional<std::string> resolved(const std::string& name) const {
    return resolved(name, [this](const std::string& path) { return is_there(path); });
  }

  // The path without links, as the program's root resolves it; none where something on the way is missing.
  [[nodiscard]] std::optional<std::string> resolved(const std::string& name, const IsThere& is_there) const {
    std::deque<std::string> rest;
    prepend((fs::path(plan_.kind.cwd) / name).string(), rest);
    std::string path;
    for (int links = 0; !rest.empty();) {
      const std::string part = rest.front();
      rest.pop_front();
      if (part == "..") {
        path.erase(std::min(path.rfind('/'), path.size()));
        continue;
      }
      const std::string next = path + "/" + part;
      const std::optional<std::string> target = link_at(next);
      if (!target) {
        if (!is_there(next)) return std::nullopt;
        path = next;
        continue;
      }
      if (++links > kMostLinks) return std::nullopt;
      if (target->starts_with('/')) path.clear();
      prepend(*target, rest);
    }
    return path;
  }

  static void prepend(const std::string& path, std::deque<std::string>& parts) {
    std::deque<std::string> more;
    for (const fs::path& part : fs::path(path)) {
      if (part != "/" && part != "." && !part.empty()) more.push_back(part.string());
    }
    parts.insert(parts.begin(), more.begin(), more.end());
  }

  // Behind the bind that shows it; none where no bind does.
  [[nodiscard]] std::optional<std::string> host_path(const std::string& path) const {
    const rootfs::Entry* mount = rootfs::mount_holding(layout_, path);
    const auto* bind = mount != nullptr ? std::get_if<rootfs::Bind>(&mount->what) : nullptr;
    return bind != nullptr ? std::optional(bind->source + path.substr(mount->at.size())) : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> link_at(const std::string& path) const {
    const auto entry = std::ranges::find(layout_.entries, path, &rootfs::Entry::at);
    if (entry != layout_.entries.end()) {
      const auto* link = std::get_if<rootfs::Symlink>(&entry->what);
      return link != nullptr ? std::optional(link->target) : std::nullopt;
    }
    const std::optional<std::string> host = host_path(path);
    std::error_code error;
    const fs::path target = host ? fs::read_symlink(*host, error) : fs::path();
    return !host || error ? std::nullopt : std::optional(target.string());
  }

  // On the root and in the workspace is what the plan puts there, and nothing else yet.
  [[nodiscard]] bool is_there(const std::string& path) const {
    const std::optional<std::string> host = host_path(path);
    std::error_code ignored;
    return !host || fs::exists(fs::symlink_status(*host, ignored));
  }

  // On the root is what the layout lists; what can be written to may hold anything.
  [[nodiscard]] bool may_be_there(const std::string& path) const {
    const rootfs::Entry* mount = rootfs::mount_holding(layout_, path);
    if (mount == nullptr) return std::ranges::find(layout_.entries, path, &rootfs::Entry::at) != layout_.entries.end();
    const auto* bind = std::get_if<rootfs::Bind>(&mount->what);
    if (bind == nullptr || bind->access == Access::ReadWrite) return true;
    std::error_code ignored;
    return fs::symlink_status(bind->source + path.substr(mount->at.size()), ignored).type() != fs::file_type::not_found;
  }

  [[nodiscard]] std::optional<Content> open(const std::string& path) const {
    if (const std::optional<std::string> host = host_path(path)) return open_on_host(*host);
    if (!path.starts_with("/work/")) return std::nullopt;
    const std::string name = path.substr(std::strlen("/work/"));
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
  const rootfs::Layout& layout_;
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
  return finder.take();
}

bool is_surely_missing(const Plan& plan, const rootfs::Layout& layout, const std::vector<std::string>& candidates) {
  const std::vector<rootfs::CarriedFile> none;
  const Finder finder(plan, layout, none);
  if (std::ranges::any_of(candidates, [&](const std::string& name) { return finder.is_plainly_there(name); })) {
    return false;
  }
  return std::ranges::all_of(candidates, [&](const std::string& name) { return finder.is_surely_missing(name); });
}

}  // namespace evalrun::sandbox
