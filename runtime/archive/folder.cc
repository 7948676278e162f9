// A tree from a folder of the host. Every open is made by the kernel beneath the root, so that no link leads out of it,
// whoever exchanges what meanwhile.

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/archive/store.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"

namespace evalrun::archive {
namespace {

using FileNumber = std::pair<dev_t, ino_t>;

Fd open_beneath(int root, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  Fd descriptor;
  // EAGAIN: something was renamed or mounted on this host while the kernel followed a "..", openat2(2).
  do {
    descriptor =
        Fd(static_cast<int>(::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
  } while (!descriptor && (errno == EINTR || errno == EAGAIN));
  return descriptor;
}

class FolderStore final : public Store {
 public:
  explicit FolderStore(Fd root) : root_(std::move(root)) {}

  [[nodiscard]] int root() const { return root_.get(); }

  [[nodiscard]] Fd open(const Entry& entry, const std::string& path) const override {
    HostFile file = open_host_file_beneath(root_.get(), entry.path_in_store);
    if (!file.descriptor) throw TreeError(path + ": " + file.refusal);
    return std::move(file.descriptor);
  }

  void read(const Entry& entry, const std::string& path, const Take& take) const override {
    const Fd file = open(entry, path);
    std::array<char, 65536> block;  // not zeroed: most files are short
    for (;;) {
      const ssize_t count = ::read(file.get(), block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw TreeError(path + ": " + errno_text(errno));
      if (count == 0) return;
      take({block.data(), static_cast<std::size_t>(count)});
    }
  }

  [[nodiscard]] std::string identity(const Entry& entry) const override {
    struct stat status {};
    const Fd file = open_beneath(root_.get(), entry.path_in_store, O_PATH);
    if (!file || ::fstat(file.get(), &status) != 0) return "";
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  }

 private:
  Fd root_;
};

std::vector<std::string> names_of(const Fd& folder, const std::string& path, std::size_t most) {
  Fd again(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* stream = again ? ::fdopendir(again.get()) : nullptr;
  if (stream == nullptr) throw TreeError(path + ": " + errno_text(errno));
  static_cast<void>(again.release());  // closedir() closes it
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    names.push_back(name);
    if (names.size() > most) break;  // the bound of the tree refuses it
  }
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

class Walk {
 public:
  Walk(std::shared_ptr<FolderStore> store, std::string base, Listing listing)
      : store_(std::move(store)), base_(std::move(base)), listing_(listing) {}

  void walk(const std::string& folder) {
    const Fd opened = open_beneath(store_->root(), in_store(folder), O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) {
      refuse(folder, errno_text(errno));
      return;
    }
    const FileNumber number{status.st_dev, status.st_ino};
    if (std::ranges::find(open_folders_, number) != open_folders_.end()) {
      refuse(folder, "is a link to a folder that it lies in");
      return;
    }
    if (open_folders_.size() > listing_.bounds.depth) {
      throw TreeError("folders are more than " + std::to_string(listing_.bounds.depth) + " deep at " + folder);
    }
    open_folders_.push_back(number);
    for (const std::string& name : names_of(opened, folder, listing_.bounds.entries)) visit(below(folder, name));
    open_folders_.pop_back();
  }

 private:
  [[nodiscard]] std::string in_store(const std::string& path) const {
    return base_.empty() || path.empty() ? base_ + path : base_ + "/" + path;
  }

  void refuse(const std::string& path, const std::string& why) {
    listing_.refusals.push_back({Refusal::Fault::Content, path, why});
  }

  void visit(const std::string& path) {
    if (path.size() > listing_.bounds.path) {
      throw TreeError("a path is longer than " + std::to_string(listing_.bounds.path) + " bytes");
    }
    struct stat status {};
    const Fd file = open_beneath(store_->root(), in_store(path), O_PATH);
    if (!file || ::fstat(file.get(), &status) != 0) {
      if (is_shortage(errno)) throw SystemError("openat2", path);
      switch (errno) {
        case EXDEV:
          return refuse(path,
                        "is a link that leads out of the package; put the file itself there, or name a folder around "
                        "both by --root");
        case ELOOP: return refuse(path, "is a link that leads to itself");
        case ENOENT: return refuse(path, "is a link to nothing");
        default: return refuse(path, errno_text(errno));
      }
    }
    if (S_ISDIR(status.st_mode)) {
      Entry entry;
      entry.kind = Kind::Folder;
      entry.store = store_;
      add_entry(listing_, path, std::move(entry));
      return walk(path);
    }
    if (!S_ISREG(status.st_mode)) return refuse(path, "is " + kind_of_file(status.st_mode) + ", not a regular file");
    Entry entry;
    entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.store = store_;
    entry.path_in_store = in_store(path);
    add_entry(listing_, path, std::move(entry));
  }

  std::shared_ptr<FolderStore> store_;
  std::string base_;  // of the tree in the store
  Listing listing_;
  std::vector<FileNumber> open_folders_;
};

}  // namespace

void list_folder(Fd root, const std::string& path, Listing listing) {
  Walk(std::make_shared<FolderStore>(std::move(root)), path, listing).walk("");
}

}  // namespace evalrun::archive
