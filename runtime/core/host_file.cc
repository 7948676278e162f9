#include "runtime/core/host_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "runtime/core/error.h"

namespace evalrun {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr int kNeverWait = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

int flags_of(FileUse use) {
  switch (use) {
    case FileUse::Read: return O_RDONLY;
    case FileUse::Write: return O_WRONLY | O_CREAT;
    case FileUse::Append: return O_RDWR | O_CREAT | O_APPEND;
  }
  return O_RDONLY;
}

bool is_accepted(mode_t mode, FileKinds kinds) {
  return S_ISREG(mode) || (kinds == FileKinds::RegularOrCharacterDevice && S_ISCHR(mode));
}

HostFile refused(int error) {
  HostFile file;
  file.error = error;
  file.refusal = errno_text(error);
  return file;
}

// What was opened, or, with errno as it was left, was not.
HostFile looked_at(Fd descriptor, const std::string& path, FileKinds kinds) {
  HostFile file;
  file.descriptor = std::move(descriptor);
  struct stat status {};
  if (!file.descriptor || ::fstat(file.descriptor.get(), &status) != 0) {
    if (is_shortage(errno)) throw SystemError("open", path);
    return refused(errno);
  }
  if (!is_accepted(status.st_mode, kinds)) {
    HostFile other = refused(S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
    other.refusal = "is " + kind_of_file(status.st_mode) + ", not a regular file";
    return other;
  }
  file.size = static_cast<std::uint64_t>(status.st_size);
  file.is_regular = S_ISREG(status.st_mode);
  return file;
}

}  // namespace

bool is_shortage(int error) noexcept {
  return error == ENOMEM || error == EMFILE || error == ENFILE;
}

std::string kind_of_file(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "a regular file";
    case S_IFDIR: return "a folder";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    default: return "a file of an unknown kind";
  }
}

HostFile open_host_file(const std::string& path, FileUse use, FileKinds kinds) {
  Fd descriptor;
  do {
    descriptor = Fd(::open(path.c_str(), flags_of(use) | kNeverWait, kOwnerOnly));
  } while (!descriptor && errno == EINTR);
  return looked_at(std::move(descriptor), path, kinds);
}

Fd open_to_read(const std::string& path) {
  HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) throw SystemError("open", path, file.error != 0 ? file.error : EINVAL);
  return std::move(file.descriptor);
}

HostFile open_host_file_beneath(int folder, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | kNeverWait;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  Fd descriptor;
  do {
    descriptor = Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
  } while (!descriptor && (errno == EINTR || errno == EAGAIN));
  return looked_at(std::move(descriptor), path, FileKinds::Regular);
}

std::optional<int> descriptor_named_by(const std::string& path) {
  if (path == "-" || path == "/dev/stdin" || path == "/proc/self/fd/0") return STDIN_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const std::string_view digits = std::string_view(path).substr(folder.size());
    int number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size() && number >= 0) return number;
  }
  return std::nullopt;
}

}  // namespace evalrun
