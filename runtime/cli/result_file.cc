#include "runtime/cli/result_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "runtime/core/error.h"

namespace evalrun::cli {

ResultFile::ResultFile(const std::string& path) : path_(path) {
  if (path.empty()) return;
  // O_NONBLOCK: a FIFO without a reader fails instead of waiting. Nothing is cut off before there is a result to write.
  file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644));
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) throw UsageError("--output " + path + ": " + errno_text(errno));
  regular_ = S_ISREG(status.st_mode);
  if (!regular_ && !S_ISCHR(status.st_mode)) throw UsageError("--output " + path + ": not a regular file");
}

void ResultFile::write(const std::string& text) const {
  const int fd = file_ ? file_.get() : STDOUT_FILENO;
  const std::string subject = file_ ? path_ : "standard output";
  if (regular_ && ::ftruncate(fd, 0) != 0) throw SystemError("ftruncate", subject);
  for (std::string_view left = text; !left.empty();) {
    const ssize_t count = ::write(fd, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("write", subject);
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace evalrun::cli
