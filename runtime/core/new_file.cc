#include "runtime/core/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace evalrun {
namespace {

// What a program has made is its submitter's: for the owner alone.
constexpr mode_t kMode = 0600;

// What a file system, or a kernel's overlayfs, answers that has no O_TMPFILE (open(2)).
bool has_no_nameless_files(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == ENOSYS;
}

}  // namespace

NewFile::NewFile(int folder, const std::string& name)
    : folder_(folder), name_(name), file_(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode)) {
  if (!file_ && has_no_nameless_files(errno)) {
    part_ = "." + name.substr(0, 200) + ".part-" + std::to_string(::getpid());
    file_ = Fd(::openat(folder, part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode));
  }
  if (!file_) error_ = errno;
}

NewFile::~NewFile() {
  if (file_ && !part_.empty()) ::unlinkat(folder_, part_.c_str(), 0);
}

int NewFile::publish() noexcept {
  const Fd file = std::move(file_);
  if (!part_.empty()) {
    if (::renameat(folder_, part_.c_str(), folder_, name_.c_str()) == 0) return 0;
    const int error = errno;
    ::unlinkat(folder_, part_.c_str(), 0);
    return error;
  }
  // linkat by the descriptor itself needs a capability (open(2), O_TMPFILE).
  std::array<char, 32> self;
  std::snprintf(self.data(), self.size(), "/proc/self/fd/%d", file.get());
  const auto link = [&] { return ::linkat(AT_FDCWD, self.data(), folder_, name_.c_str(), AT_SYMLINK_FOLLOW); };
  if (link() == 0) return 0;
  if (errno != EEXIST) return errno;
  if (::unlinkat(folder_, name_.c_str(), 0) != 0 && errno != ENOENT) return errno;
  return link() == 0 ? 0 : errno;
}

}  // namespace evalrun
