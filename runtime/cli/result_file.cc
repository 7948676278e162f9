#include "runtime/cli/result_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "runtime/core/error.h"

namespace evalrun::cli {
namespace {

// From the beginning: an earlier attempt may have failed on the way, and a file that was there has its old content.
void begin_again(int fd, const std::string& subject) {
  struct stat status {};
  if (::fstat(fd, &status) == 0 && status.st_size == 0) return;
  if (::ftruncate(fd, 0) != 0) throw SystemError("ftruncate", subject);
  if (::lseek(fd, 0, SEEK_SET) != 0) throw SystemError("lseek", subject);
}

void write_all(int fd, std::string_view text, const std::string& subject) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("write", subject);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

ResultFile::ResultFile(const std::string& path) : path_(path) {
  if (path.empty()) return;
  struct stat status {};
  // A link to nothing is a name too; what it names is then made.
  const bool is_there = ::lstat(path.c_str(), &status) == 0;
  if (!is_there && errno == ENOENT) {
    make_new();
    return;
  }
  // O_NONBLOCK: a FIFO without a reader fails instead of waiting. Nothing is cut off before there is a result to write.
  open_existing(Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644)));
}

void ResultFile::open_existing(Fd file) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) throw UsageError("--output " + path_ + ": " + errno_text(errno));
  regular_ = S_ISREG(status.st_mode);
  if (!regular_ && !S_ISCHR(status.st_mode)) throw UsageError("--output " + path_ + ": not a regular file");
  existing_ = std::move(file);
}

void ResultFile::make_new() {
  const std::filesystem::path path(path_);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  folder_ = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) throw UsageError("--output " + path_ + ": " + errno_text(errno));
  new_.emplace(folder_.get(), path.filename().string());
  if (new_->error() != 0) throw UsageError("--output " + path_ + ": " + errno_text(new_->error()));
}

void ResultFile::write(const std::string& text) {
  if (new_) {
    begin_again(new_->get(), path_);
    write_all(new_->get(), text, path_);
    if (const int error = new_->publish(); error != 0) throw SystemError("linkat", path_, error);
    return;
  }
  if (!existing_) return write_all(STDOUT_FILENO, text, "standard output");
  if (regular_) begin_again(existing_.get(), path_);
  write_all(existing_.get(), text, path_);
}

}  // namespace evalrun::cli
