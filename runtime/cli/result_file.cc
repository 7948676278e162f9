#include "runtime/cli/result_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/write_all.h"

namespace evalrun::cli {
namespace {

// Over what is there: a file's old content, or what an earlier attempt has written. To empty it first would have some
// file systems give its blocks back and find new ones.
void overwrite(int fd, std::string_view text, const std::string& subject) {
  if (::lseek(fd, 0, SEEK_SET) != 0) throw SystemError("lseek", subject);
  try {
    write_all(fd, text, subject);
  } catch (...) {
    // No old text may stand behind half a new one.
    [[maybe_unused]] const int cut = ::ftruncate(fd, ::lseek(fd, 0, SEEK_CUR));
    throw;
  }
  struct stat status {};
  if (::fstat(fd, &status) == 0 && std::cmp_equal(status.st_size, text.size())) return;
  if (::ftruncate(fd, static_cast<off_t>(text.size())) != 0) throw SystemError("ftruncate", subject);
}

}  // namespace

ResultFile::ResultFile(Fd open, const std::string& name) : path_(name), existing_(std::move(open)) {
  if (!existing_) throw SystemError("dup", name);
}

ResultFile::ResultFile(const std::string& path, const std::string& flag) : path_(path), flag_(flag) {
  if (path.empty()) return;
  struct stat status {};
  // A link to nothing is a name too; what it names is then made.
  const bool is_there = ::lstat(path.c_str(), &status) == 0;
  if (!is_there && errno == ENOENT) {
    make_new();
    return;
  }
  // Nothing is cut off before there is a result to write.
  HostFile file = open_host_file(path, FileUse::Write, FileKinds::RegularOrCharacterDevice);
  if (!file.descriptor) throw UsageError(flag_ + " " + path_ + ": " + file.refusal);
  regular_ = file.is_regular;
  existing_ = std::move(file.descriptor);
}

void ResultFile::make_new() {
  const std::filesystem::path path(path_);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  folder_ = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) throw UsageError(flag_ + " " + path_ + ": " + errno_text(errno));
  new_.emplace(folder_.get(), path.filename().string());
  if (new_->error() != 0) throw UsageError(flag_ + " " + path_ + ": " + errno_text(new_->error()));
}

void ResultFile::write(const std::string& text) {
  if (new_) {
    overwrite(new_->get(), text, path_);
    if (const int error = new_->publish(); error != 0) throw SystemError("linkat", path_, error);
    return;
  }
  if (!existing_) return write_all(STDOUT_FILENO, text, "standard output");
  if (regular_) return overwrite(existing_.get(), text, path_);
  write_all(existing_.get(), text, path_);
}

}  // namespace evalrun::cli
