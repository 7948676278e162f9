#include "runtime/isolate/box.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>

#include "runtime/isolate/failure.h"

namespace evalrun::isolate {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = "evalrun-isolate-1";
constexpr mode_t kPrivate = 0700;

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Fatal("Cannot create directory " + folder.string() + ": " + error.message());
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

// Visits everything below the folder `name` of `parent`, folders after what is in them, then the folder itself; never
// through a link.
template <typename Visit>
void walk(int parent, const char* name, const Visit& visit) {
  Fd folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) throw Fatal(std::string("Cannot open directory ") + name, errno);
  const std::unique_ptr<DIR, CloseFolder> entries(::fdopendir(folder.get()));
  if (!entries) throw Fatal(std::string("Cannot read directory ") + name, errno);
  const int descriptor = folder.release();
  for (const dirent* entry = ::readdir(entries.get()); entry != nullptr; entry = ::readdir(entries.get())) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    struct stat found {};
    if (::fstatat(descriptor, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      throw Fatal(std::string("Cannot stat ") + entry->d_name, errno);
    }
    if (S_ISDIR(found.st_mode)) {
      walk(descriptor, entry->d_name, visit);
    } else {
      visit(descriptor, entry->d_name, found.st_mode);
    }
  }
  visit(parent, name, S_IFDIR);
}

void remove_tree(const fs::path& folder) {
  walk(AT_FDCWD, folder.c_str(), [](int parent, const char* name, mode_t mode) {
    if (::unlinkat(parent, name, S_ISDIR(mode) ? AT_REMOVEDIR : 0) != 0) {
      throw Fatal(std::string("Cannot remove ") + name, errno);
    }
  });
}

void give_tree(const fs::path& folder, Owner to, SpecialFiles special) {
  walk(AT_FDCWD, folder.c_str(), [&](int parent, const char* name, mode_t mode) {
    if (S_ISREG(mode) || S_ISDIR(mode) || special == SpecialFiles::Keep) {
      if (::fchownat(parent, name, to.uid, to.gid, AT_SYMLINK_NOFOLLOW) != 0) {
        throw Fatal(std::string("Cannot chown ") + name, errno);
      }
    } else if (::unlinkat(parent, name, 0) != 0) {
      throw Fatal(std::string("Cannot unlink special file ") + name, errno);
    }
  });
}

void set_quota(const fs::path& folder, uid_t uid, std::pair<unsigned, unsigned> quota) {
  if (quota.first == 0) return;
  dqblk limits{};
  limits.dqb_bhardlimit = limits.dqb_bsoftlimit = quota.first;
  limits.dqb_ihardlimit = limits.dqb_isoftlimit = quota.second;
  limits.dqb_valid = QIF_LIMITS;
  const Fd at(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) throw Fatal("Cannot open " + folder.string(), errno);
  if (::syscall(SYS_quotactl_fd, at.get(), QCMD(Q_SETQUOTA, USRQUOTA), uid, &limits) == 0) return;
  // quotactl(2) says ESRCH where a file system has no quotas.
  if (errno == ESRCH) throw Fatal("Cannot set disk quota: quotas have not been enabled for this filesystem");
  throw Fatal("Cannot set disk quota", errno);
}

}  // namespace

Box::Box(const Config& config, unsigned id, Owner caller, Groups groups, WhenBusy when_busy)
    : caller_(caller),
      program_(caller),
      with_groups_(groups == Groups::With),
      waits_(when_busy == WhenBusy::Wait),
      is_root_(::geteuid() == 0) {
  if (id >= config.num_boxes) {
    throw Fatal("Sandbox ID out of range (allowed: 0-" + std::to_string(config.num_boxes - 1) + ")");
  }
  folder_ = config.box_root / std::to_string(id);
  lock_file_ = config.lock_root / std::to_string(id);
  if (is_root_) program_ = {config.first_id + id, config.first_id + id};
  // One lock for all callers, each of whom may make boxes.
  make_folders(config.lock_root);
}

bool Box::lock(bool makes_it) {
  lock_ = Fd(::open(lock_file_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | (makes_it ? O_CREAT : 0), 0666));
  if (!lock_) {
    if (errno == ENOENT) return false;
    throw Fatal("Cannot open " + lock_file_.string(), errno);
  }
  while (::flock(lock_.get(), LOCK_EX | (waits_ ? 0 : LOCK_NB)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) throw Fatal("This box is currently in use by another process");
    throw Fatal("Cannot lock " + lock_file_.string(), errno);
  }
  const Record record = read_record();
  if (record.is_there) {
    if (record.is_initialized && record.owner != caller_.uid && ::getuid() != 0) {
      throw Fatal("This box belongs to a different user (uid " + std::to_string(record.owner) + ")");
    }
    if (!makes_it && record.with_groups != with_groups_) {
      throw Fatal("This box was initialized with an incompatible control group mode");
    }
  }
  return makes_it || record.is_there;
}

Box::Record Box::read_record() const {
  char text[128] = {};
  const ssize_t length = ::pread(lock_.get(), text, sizeof text - 1, 0);
  if (length < 0) throw Fatal("Cannot read " + lock_file_.string(), errno);
  if (length == 0) return {};
  std::istringstream fields(text);
  std::string magic;
  Record record;
  record.is_there = true;
  fields >> magic >> record.owner >> record.with_groups >> record.is_initialized;
  if (!fields || magic != kRecord) throw Fatal("Lock file " + lock_file_.string() + " has incompatible format");
  return record;
}

void Box::write_record(bool is_initialized) const {
  const std::string text = std::string(kRecord) + " " + std::to_string(caller_.uid) + " " +
                           std::to_string(with_groups_) + " " + std::to_string(is_initialized) + "\n";
  if (::ftruncate(lock_.get(), 0) != 0 ||
      ::pwrite(lock_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw Fatal("Cannot write lock file", errno);
  }
}

void Box::init(std::pair<unsigned, unsigned> quota) {
  lock(true);
  write_record(false);
  if (fs::is_directory(fs::symlink_status(folder_))) remove_tree(folder_);
  make_folders(folder_);
  const fs::path box = folder_ / "box";
  if (::mkdir(box.c_str(), kPrivate) != 0) throw Fatal("Cannot create box", errno);
  if (is_root_ && ::chown(box.c_str(), caller_.uid, caller_.gid) != 0) throw Fatal("Cannot chown box", errno);
  set_quota(folder_, program_.uid, quota);
  write_record(true);
}

bool Box::cleanup() {
  if (!lock(false)) return false;
  if (fs::is_directory(fs::symlink_status(folder_))) remove_tree(folder_);
  // The file of a lock is never unlinked: somebody may wait for it.
  if (::ftruncate(lock_.get(), 0) != 0) throw Fatal("Cannot truncate lock file", errno);
  return true;
}

void Box::enter() {
  const char* name = with_groups_ ? "isolate --cg" : "isolate";
  if (!lock(false)) throw Fatal(std::string("Box not found, did you run `") + name + " --init'?");
  if (!read_record().is_initialized) throw Fatal("This box was not initialized properly");
}

void Box::make_temporary(const std::string& relative) const {
  const fs::path made = folder_ / relative;
  make_folders(made.parent_path());
  if (::mkdir(made.c_str(), kPrivate) != 0 && errno != EEXIST) {
    throw Fatal("Cannot create directory " + made.string(), errno);
  }
  if (is_root_ && ::lchown(made.c_str(), program_.uid, program_.gid) != 0) {
    throw Fatal("Cannot chown " + made.string(), errno);
  }
  if (::chmod(made.c_str(), kPrivate) != 0) throw Fatal("Cannot chmod " + made.string(), errno);
}

fs::path Box::write_image(const std::string& text) const {
  fs::path file = folder_ / "image.toml";
  const Fd image(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!image || ::write(image.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Fatal("Cannot write " + file.string(), errno);
  }
  return file;
}

void Box::give_to_program(SpecialFiles special) const {
  give_tree(folder_ / "box", program_, special);
}

void Box::give_back(SpecialFiles special) const {
  give_tree(folder_ / "box", caller_, special);
}

}  // namespace evalrun::isolate
