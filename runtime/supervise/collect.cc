#include "runtime/supervise/collect.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/new_file.h"
#include "runtime/core/quiet_write.h"
#include "runtime/core/sha256.h"

namespace evalrun::supervise {
namespace {

Fd open_beneath(int folder, const std::string& path) {
  open_how how{};
  // O_NONBLOCK: a FIFO put there must not make us wait.
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

// "" or what went wrong.
std::string copy(const Fd& from, int to, std::uint64_t most, CollectedFile& file) {
  Sha256 hash;
  std::array<char, 64 << 10> chunk;
  for (;;) {
    const ssize_t count = ::read(from.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return "read: " + errno_text(errno);
    if (count == 0) break;
    file.bytes += static_cast<std::uint64_t>(count);
    if (file.bytes > most) return "grew past its bound while it was copied";
    hash.update({chunk.data(), static_cast<std::size_t>(count)});
    for (ssize_t done = 0; done < count;) {
      const ssize_t written = write_quietly(to, {chunk.data() + done, static_cast<std::size_t>(count - done)});
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return "write: " + errno_text(errno);
      done += written;
    }
  }
  file.sha256 = hash.hex();
  return "";
}

CollectedFile collect_one(int work, const CollectFile& wanted, const SaveFolder& into) {
  CollectedFile file;
  file.path = wanted.path;
  const Fd source = open_beneath(work, wanted.path);
  if (!source) {
    file.error = "openat2: " + errno_text(errno);
    return file;
  }
  struct stat status {};
  if (::fstat(source.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    file.error = "not a regular file";
    return file;
  }
  if (static_cast<std::uint64_t>(status.st_size) > wanted.max.count) {
    file.error = "larger than " + to_string(wanted.max);
    return file;
  }
  const std::string name = std::filesystem::path(wanted.path).filename().string();
  const Fd folder = into.folder_of(wanted.path);
  if (!folder) {
    file.error = "open the folder to save in: " + errno_text(errno);
    return file;
  }
  NewFile sink(folder.get(), name);
  file.error = sink.error() == 0 ? copy(source, sink.get(), wanted.max.count, file)
                                 : "open " + name + ": " + errno_text(sink.error());
  if (!file.error.empty()) return file;
  if (const int error = sink.publish(); error != 0) {
    file.error = "link " + name + ": " + errno_text(error);
    return file;
  }
  file.saved_as = (into.path() / wanted.path).string();
  return file;
}

}  // namespace

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

std::vector<CollectedFile> collect_files(int work, const std::vector<CollectFile>& wanted, const SaveFolder& into) {
  std::vector<CollectedFile> files;
  for (const CollectFile& one : wanted) {
    CollectedFile file = collect_one(work, one, into);
    const bool absent = file.error == "openat2: " + errno_text(ENOENT);
    if (one.optional && absent) continue;
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace evalrun::supervise
