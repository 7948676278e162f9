#include "runtime/supervise/collect.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/write_all.h"

namespace evalrun::supervise {
namespace {

Fd open_beneath(int folder, const std::string& path) {
  open_how how{};
  // O_NONBLOCK: a FIFO put there must not make us wait.
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

// What a turn of the loop may take up.
constexpr std::size_t kPiece = 128 << 10;

}  // namespace

WorkFileOpened open_in_work(int work, const std::string& path) {
  WorkFileOpened opened{open_beneath(work, path), 0, "", 0};
  if (!opened.descriptor) {
    opened.error = errno;
    opened.refusal = "openat2: " + errno_text(opened.error);
    return opened;
  }
  struct stat status {};
  if (::fstat(opened.descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {{}, 0, "not a regular file", 0};
  }
  opened.size = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

SaveFolder::SaveFolder(const std::filesystem::path& path) : path_(path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  folder_ = Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) throw SystemError("open", path.string());
}

Fd SaveFolder::folder_of(const std::filesystem::path& file) const {
  Fd folder(::openat(folder_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const std::filesystem::path& part : file.parent_path()) {
    if (::mkdirat(folder.get(), part.c_str(), 0700) != 0 && errno != EEXIST) return {};
    folder = Fd(::openat(folder.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return {};
  }
  return folder;
}

void Collection::advance() {
  if (!open_) return begin(wanted_[next_++]);
  std::array<char, kPiece> piece;
  const ssize_t count = ::read(open_->source.get(), piece.data(), piece.size());
  if (count < 0 && errno == EINTR) return;
  CollectedFile& file = open_->file;
  if (count < 0) file.error = "read: " + errno_text(errno);
  if (count <= 0) return end();
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
  file.bytes += bytes.size();
  if (file.bytes > open_->most) {
    file.error = "grew past its bound while it was copied";
    return end();
  }
  open_->hash.update(bytes);
  const int error = write_all_quietly(open_->sink.get(), bytes);
  if (error == 0) return;
  file.error = "write: " + errno_text(error);
  end();
}

void Collection::abandon() noexcept {
  open_.reset();
  next_ = wanted_.size();
}

void Collection::begin(const CollectFile& wanted) {
  CollectedFile file;
  file.path = wanted.path;
  const auto fail = [&](std::string error) {
    file.error = std::move(error);
    files_.push_back(std::move(file));
  };
  WorkFileOpened source = open_in_work(work_, wanted.path);
  if (wanted.optional && source.error == ENOENT) return;
  if (!source.refusal.empty()) return fail(source.refusal);
  if (source.size > wanted.max.count) return fail("larger than " + to_string(wanted.max));
  const std::string name = std::filesystem::path(wanted.path).filename().string();
  Fd folder = into_.folder_of(wanted.path);
  if (!folder) return fail("open the folder to save in: " + errno_text(errno));
  NewFile sink(folder.get(), name);
  if (sink.error() != 0) return fail("open " + name + ": " + errno_text(sink.error()));
  open_.emplace(
      Open{std::move(file), wanted.max.count, std::move(source.descriptor), std::move(folder), std::move(sink), {}});
}

void Collection::end() {
  CollectedFile& file = open_->file;
  if (file.error.empty()) {
    file.sha256 = open_->hash.hex();
    const std::filesystem::path path = into_.path() / file.path;
    if (const int error = open_->sink.publish(); error != 0) {
      file.error = "link " + path.filename().string() + ": " + errno_text(error);
    } else {
      file.saved_as = path.string();
    }
  }
  files_.push_back(std::move(file));
  open_.reset();
}

}  // namespace evalrun::supervise
