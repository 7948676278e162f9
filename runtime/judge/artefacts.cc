#include "runtime/judge/artefacts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "rootfs/layout.h"
#include "runtime/core/error.h"

namespace evalrun::judge {
namespace {

constexpr std::uint64_t kPage = 4096;
// Of the run's inodes, what /work, /tmp and /dev/shm and their own folders may take.
constexpr std::uint64_t kOwnInodes = 8;
constexpr std::string_view kWork = "/work/";

Fd open_beneath(int folder, const std::string& path, std::uint64_t flags) {
  open_how how{};
  // O_NONBLOCK: a FIFO put there must not make us wait.
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW | flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

// Sorted, so that the same tree always gives the same list. Takes no more than `most` and one.
std::vector<std::string> names_in(Fd folder, std::size_t most) {
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(folder.get()), close);
  if (!stream) throw SystemError("fdopendir", "/work after its run");
  static_cast<void>(folder.release());
  std::vector<std::string> names;
  while (names.size() <= most) {
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

class Artefacts::Walk {
 public:
  Walk(Artefacts& into, const Plan& plan) : into_(into) {
    for (const Mount& mount : plan.kind.mounts) taken_.push_back(mount.at);
    for (const Link& link : plan.kind.links) taken_.push_back(link.at);
    // A file where the run needs a folder would keep every run from being set up.
    folders_ = taken_;
    folders_.push_back(plan.kind.cwd);
  }

  void look_through(int folder, const std::string& path, unsigned depth) {
    Fd again = open_beneath(folder, ".", O_DIRECTORY);
    if (!again) throw SystemError("openat2", "/work/" + path);
    for (const std::string& name : names_in(std::move(again), kMaxEntries - entries_)) {
      if (!refusal().empty()) return;
      if (++entries_ > kMaxEntries) return refuse("more than " + std::to_string(kMaxEntries) + " names");
      look_at(folder, name, path + name, depth);
    }
  }

  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;

 private:
  [[nodiscard]] const std::string& refusal() const { return into_.refusal_; }
  void refuse(const std::string& what) { into_.refusal_ = into_.left_by_ + " left " + what + " in /work"; }

  void look_at(int folder, const std::string& name, const std::string& path, unsigned depth) {
    struct stat status {};
    // Before anything is opened: opening a device can have effects.
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    const bool is_file = S_ISREG(status.st_mode);
    const mode_t wanted = is_file ? S_IRUSR : S_IRUSR | S_IXUSR;
    if ((!is_file && !S_ISDIR(status.st_mode)) || (status.st_mode & wanted) != wanted || is_taken(path)) return;
    if (is_file && is_in_the_way(path)) return;
    if (is_file) return take(path, status);
    const Fd inner = open_beneath(folder, name, O_DIRECTORY);
    if (!inner) return;  // a mount point
    if (depth + 1 > kMaxArtefactDepth)
      return refuse("folders nested more than " + std::to_string(kMaxArtefactDepth) + " deep");
    const std::uint64_t before = inodes;
    look_through(inner.get(), path + "/", depth + 1);
    if (inodes > before) ++inodes;  // a folder is made where a file is in it
  }

  void take(const std::string& path, const struct stat& status) {
    if (into_.files_.size() == kMaxArtefacts) return refuse("more than " + std::to_string(kMaxArtefacts) + " files");
    if (path.size() >= PATH_MAX - kWork.size()) return refuse("a path that is too long");
    into_.files_.push_back({path, static_cast<std::uint32_t>(status.st_mode) & 0777});
    // As it will be written: without holes, in whole pages.
    bytes += (static_cast<std::uint64_t>(status.st_size) + kPage - 1) / kPage * kPage;
    ++inodes;
  }

  // Whether this file would stand where a folder of the plan's must be.
  [[nodiscard]] bool is_in_the_way(const std::string& path) const {
    const std::string at = std::string(kWork) + path;
    return std::ranges::any_of(folders_, [&](const std::string& place) { return rootfs::is_within(place, at); });
  }

  // Whether the path is one that the plan has something of its own at, or lies below one.
  [[nodiscard]] bool is_taken(const std::string& path) const {
    const std::string at = std::string(kWork) + path;
    return std::ranges::any_of(taken_, [&](const std::string& place) { return rootfs::is_within(at, place); });
  }

  Artefacts& into_;
  std::vector<std::string> taken_, folders_;
  unsigned entries_ = 0;
};

Artefacts::Artefacts(Fd work, const Plan& plan, const std::vector<Limits>& limits, std::string left_by)
    : work_(std::move(work)), left_by_(std::move(left_by)) {
  Walk walk(*this, plan);
  walk.look_through(work_.get(), "", 0);
  for (const Limits& one : limits) {
    if (!refusal_.empty()) return;
    if (walk.bytes > one.workspace.count) {
      refusal_ = left_by_ + " left " + to_string(Bytes{walk.bytes}) + " in /work, more than limits.workspace of " +
                 to_string(one.workspace);
    } else if (walk.inodes + kOwnInodes > one.inodes) {
      refusal_ = left_by_ + " left " + std::to_string(walk.inodes) +
                 " files and folders in /work, more than limits.inodes of " + std::to_string(one.inodes) +
                 " has room for";
    }
  }
}

std::vector<rootfs::CarriedFile> Artefacts::open() const {
  std::vector<rootfs::CarriedFile> carried;
  for (const File& file : files_) {
    Fd descriptor = open_beneath(work_.get(), file.path, 0);
    struct stat status {};
    if (!descriptor || ::fstat(descriptor.get(), &status) != 0) throw SystemError("openat2", file.path);
    if (!S_ISREG(status.st_mode)) throw SystemError("carry over", file.path, EINVAL);
    carried.push_back({file.path, std::move(descriptor), file.mode});
  }
  return carried;
}

std::optional<std::vector<WorkFile>> Artefacts::read(std::uint64_t most) const {
  std::vector<WorkFile> files;
  std::uint64_t all = 0;
  for (const rootfs::CarriedFile& file : open()) {
    std::string content;
    std::array<char, std::size_t{64} << 10> piece;
    ssize_t count = 0;
    while ((count = ::read(file.descriptor.get(), piece.data(), piece.size())) > 0) {
      all += static_cast<std::uint64_t>(count);
      if (all > most) return {};
      content.append(piece.data(), static_cast<std::size_t>(count));
    }
    if (count < 0) throw SystemError("read", file.path);
    files.push_back({.path = file.path, .source = std::move(content), .mode = file.mode, .position = {}});
  }
  return files;
}

}  // namespace evalrun::judge
