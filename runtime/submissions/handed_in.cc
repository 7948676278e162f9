#include "runtime/submissions/handed_in.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/submissions/refused.h"

namespace evalrun::contest {
namespace {

namespace fs = std::filesystem;
using Cause = Refusal::Cause;

// Files that no program needs: of version control and editors, and what archivers and interpreters add.
bool is_left_out(std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.starts_with('.') || part == "__MACOSX" || part == "__pycache__") return true;
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return false;
}

bool is_archive(std::string_view begin) {
  const auto has = [&](std::size_t at, std::string_view magic) {
    return begin.substr(std::min(at, begin.size())).starts_with(magic);
  };
  using namespace std::string_view_literals;
  return has(0, "PK\3\4") || has(0, "PK\5\6") || has(0, "\x1f\x8b") || has(0, "BZh") ||
         has(0,
             "\xfd"
             "7zXZ\0"sv) ||
         has(0, "\x28\xb5\x2f\xfd") || has(257, "ustar");
}

// Archives that are not read, by how they begin.
const char* foreign_archive(std::string_view begin) {
  if (begin.starts_with("Rar!")) return "a RAR archive";
  if (begin.starts_with("7z\xbc\xaf")) return "a 7z archive";
  return nullptr;
}

archive::Bounds bounds_of(const SourceOptions& options) {
  archive::Bounds bounds;
  bounds.file = options.most_bytes;
  bounds.total = 4 * options.most_bytes;
  return bounds;
}

class Reader {
 public:
  explicit Reader(const SourceOptions& options) : options_(options) {}

  void add(const std::string& path, std::string text) {
    bytes_ += text.size();
    if (bytes_ > options_.most_bytes) {
      refuse(Cause::Unreadable, "the files have more than " + std::to_string(options_.most_bytes) + " bytes");
    }
    if (read_.files.size() == options_.most_files) {
      refuse(Cause::Unreadable, "there are more than " + std::to_string(options_.most_files) + " files");
    }
    read_.files.push_back({path, std::move(text), WorkFile{}.mode, {path, 0, 0}});
  }

  // The folder of a tree; "" is all of it. Names begin below the one folder that holds all the rest.
  void add_folder(const archive::Tree& tree, std::string folder) {
    for (const archive::Refusal& refusal : tree.refusals()) {
      if (!folder.empty() && !refusal.path.starts_with(folder + "/")) continue;
      if (refusal.fault == archive::Refusal::Fault::Name) refuse(Cause::Unreadable, refusal.path + " " + refusal.why);
      if (!is_left_out(refusal.path))
        read_.remarks.push_back(one_line(refusal.path + " is left out: it " + refusal.why));
    }
    for (;;) {
      std::vector<std::string> names = tree.names_in(folder);
      std::erase_if(names, is_left_out);
      if (names.size() != 1 || !tree.has_folder(archive::below(folder, names.front()))) break;
      folder = archive::below(folder, names.front());
    }
    const std::size_t prefix = folder.empty() ? 0 : folder.size() + 1;
    for (const std::string& path : tree.files_below(folder)) {
      const std::string name = path.substr(prefix);
      if (!is_left_out(name)) add(name, tree.read(path, options_.most_bytes));
    }
  }

  void add_file_or_archive(const Fd& file, const std::string& name) {
    const std::string begin = read_at_most(file, kMagic);
    if (const char* kind = foreign_archive(begin)) {
      refuse(Cause::Unreadable, name + " is " + kind + "; pack it as a zip");
    }
    if (is_archive(begin)) {
      const archive::Tree tree(file, name, archive::Formats::ZipOrTar, bounds_of(options_));
      return add_folder(tree, "");
    }
    add(name, read_at_most(file, options_.most_bytes + 1));
  }

  HandedIn take() { return std::move(read_); }

 private:
  static constexpr std::size_t kMagic = 262;  // "ustar" stands at 257

  // From the beginning.
  static std::string read_at_most(const Fd& file, std::uint64_t most) {
    std::string text;
    std::array<char, 16384> block;  // not zeroed
    while (text.size() < most) {
      const std::size_t wanted = std::min<std::uint64_t>(block.size(), most - text.size());
      const ssize_t count = ::pread(file.get(), block.data(), wanted, static_cast<off_t>(text.size()));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) refuse(Cause::Unreadable, "it cannot be read: " + errno_text(errno));
      if (count == 0) break;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  const SourceOptions& options_;
  HandedIn read_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

HandedIn read_handed_in(const std::string& path, const SourceOptions& options) {
  Reader reader(options);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const archive::Tree tree(path, bounds_of(options));
    reader.add_folder(tree, "");
    return reader.take();
  }
  const HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) refuse(Cause::Unreadable, path + ": " + file.refusal);
  reader.add_file_or_archive(file.descriptor, fs::path(path).filename().string());
  return reader.take();
}

HandedIn read_handed_in(const archive::Tree& tree, const std::string& path, const SourceOptions& options) {
  Reader reader(options);
  if (tree.has_file(path)) {
    reader.add_file_or_archive(tree.open(path), last_part(path));
  } else {
    reader.add_folder(tree, path);
  }
  return reader.take();
}

}  // namespace evalrun::contest
