#include "runtime/supervise/collect.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/write_all.h"
#include "runtime/supervise/tar_header.h"

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

int read_bytes(const WorkFileOpened& file, std::uint64_t most, std::string& into) {
  std::array<char, kPiece> piece;
  into.clear();
  while (into.size() < most) {
    const std::size_t wanted = std::min<std::uint64_t>(piece.size(), most - into.size());
    const ssize_t count = ::read(file.descriptor.get(), piece.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) break;
    into.append(piece.data(), static_cast<std::size_t>(count));
  }
  return 0;
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

namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::filesystem::path& part : std::filesystem::path(path)) {
    if (part != ".") parts.push_back(part.string());
  }
  return parts;
}

// Whether an entry may hold what the pattern matches, or is matched, or lies in what is.
bool is_on_the_way(const std::vector<std::string>& pattern, const std::string& path) {
  const std::vector<std::string> parts = parts_of(path);
  const std::size_t compared = std::min(pattern.size(), parts.size());
  for (std::size_t i = 0; i < compared; ++i) {
    if (::fnmatch(pattern[i].c_str(), parts[i].c_str(), FNM_PERIOD) != 0) return false;
  }
  return true;
}

bool is_matched(const std::vector<std::string>& pattern, const std::string& path) {
  return parts_of(path).size() >= pattern.size();
}

struct FolderCloser {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

// False where that was the end of the file.
bool Collection::put(std::string_view bytes) {
  CollectedFile& file = open_->file;
  file.bytes += bytes.size();
  if (file.bytes > open_->most) {
    file.error = "larger than " + to_string(Bytes{open_->most});
    return false;
  }
  open_->hash.update(bytes);
  const int error = write_all_quietly(open_->sink.get(), bytes);
  if (error != 0) file.error = "write: " + errno_text(error);
  return error == 0;
}

void Collection::list_folder(const std::string& path, int folder) {
  Archive& archive = *open_->archive;
  // Of a descriptor of its own: closedir closes it.
  Fd copy(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  const std::unique_ptr<DIR, FolderCloser> listing(copy ? ::fdopendir(copy.get()) : nullptr);
  if (!listing) {
    open_->file.error = "list " + path + ": " + errno_text(errno);
    return;
  }
  static_cast<void>(copy.release());
  std::vector<std::string> found;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string below = path == "." ? name : path + "/" + name;
    if (is_on_the_way(archive.pattern, below)) found.push_back(std::move(below));
  }
  std::ranges::sort(found, std::greater<>());
  archive.to_come.insert(archive.to_come.end(), found.begin(), found.end());
}

// Everything else than files and folders is passed over: a link could lead anywhere where the archive is unpacked.
void Collection::add_to_archive(const std::string& path) {
  Archive& archive = *open_->archive;
  Fd opened = open_beneath(work_, path);
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0) {
    // A link, a socket, or a mount of the plan.
    if (errno == ELOOP || errno == ENXIO || errno == EXDEV) return;
    open_->file.error = "openat2 " + path + ": " + errno_text(errno);
    return;
  }
  const bool is_folder = S_ISDIR(status.st_mode);
  if (!is_folder && !S_ISREG(status.st_mode)) return;
  if (path != "." && is_matched(archive.pattern, path)) {
    TarEntry entry{.path = path,
                   .kind = is_folder ? TarEntry::Kind::Folder : TarEntry::Kind::File,
                   .mode = status.st_mode & 0777,
                   .size = is_folder ? 0 : static_cast<std::uint64_t>(status.st_size),
                   .modified = status.st_mtime};
    // Before anything of it is written: a sparse file says at once that it does not fit.
    if (entry.size > std::min(kLargestTarFile, open_->most)) {
      open_->file.error = "larger than " + to_string(Bytes{open_->most});
      return;
    }
    ++archive.entries;
    if (!put(tar_header(entry))) return;
    archive.left = entry.size;
    if (archive.left > 0) open_->source = std::move(opened);
  }
  if (is_folder) list_folder(path, opened.get());
}

void Collection::advance_archive() {
  Archive& archive = *open_->archive;
  CollectedFile& file = open_->file;
  if (archive.left > 0) {
    std::array<char, kPiece> piece;
    const ssize_t count =
        ::read(open_->source.get(), piece.data(), std::min<std::uint64_t>(piece.size(), archive.left));
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      file.error = count < 0 ? "read: " + errno_text(errno) : "a file shrank while it was copied";
      return end();
    }
    archive.left -= static_cast<std::uint64_t>(count);
    const bool is_well = put({piece.data(), static_cast<std::size_t>(count)});
    if (archive.left == 0) open_->source.reset();
    if (!is_well || (archive.left == 0 && !put(std::string(tar_padding(file.bytes), '\0')))) end();
    return;
  }
  if (!archive.to_come.empty()) {
    const std::string next = std::move(archive.to_come.back());
    archive.to_come.pop_back();
    add_to_archive(next);
    if (!file.error.empty()) end();
    return;
  }
  if (archive.entries == 0) {
    if (archive.is_optional) return open_.reset();
    file.error = "nothing matches";
  } else {
    put(tar_end());
  }
  end();
}

void Collection::advance() {
  if (!open_) return begin(wanted_[next_++]);
  if (open_->archive) return advance_archive();
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
  const bool is_archive = wanted.as == CollectAs::Tar;
  WorkFileOpened source;
  if (!is_archive) {
    source = open_in_work(work_, wanted.path);
    if (wanted.optional && source.error == ENOENT) return;
    if (!source.refusal.empty()) return fail(source.refusal);
    if (source.size > wanted.max.count) return fail("larger than " + to_string(wanted.max));
  }
  const std::string save_as = saved_name(wanted);
  const std::string name = std::filesystem::path(save_as).filename().string();
  Fd folder = into_.folder_of(save_as);
  if (!folder) return fail("open the folder to save in: " + errno_text(errno));
  NewFile sink(folder.get(), name);
  if (sink.error() != 0) return fail("open " + name + ": " + errno_text(sink.error()));
  open_.emplace(Open{std::move(file),
                     save_as,
                     wanted.max.count,
                     std::move(source.descriptor),
                     std::move(folder),
                     std::move(sink),
                     {},
                     std::nullopt});
  if (is_archive) {
    open_->archive = Archive{.pattern = parts_of(wanted.path), .to_come = {"."}, .is_optional = wanted.optional};
  }
}

void Collection::end() {
  CollectedFile& file = open_->file;
  if (file.error.empty()) {
    file.sha256 = open_->hash.hex();
    const std::filesystem::path path = into_.path() / open_->save_as;
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
