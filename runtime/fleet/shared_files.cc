#include "runtime/fleet/shared_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/new_file.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/core/write_all.h"
#include "runtime/fleet/http_transfer.h"

namespace evalrun::fleet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "sha256:";
constexpr std::size_t kDigits = 64;
constexpr std::size_t kPiece = 256U << 10;
// Workers are other users than those who submit; who may enter the shared folder is its owner's to say.
constexpr mode_t kSharedMode = 0644;

Fd open_folder(const fs::path& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// What is read, by the way, into `copy` (-1: nowhere). Throws SharedFileError, also where it is more than `most`.
FileDigest copied(int from, int copy, const std::string& name, std::uint64_t most) {
  Sha256 hash;
  std::uint64_t size = 0;
  std::vector<char> piece(kPiece);
  while (true) {
    const ssize_t count = ::read(from, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SharedFileError("read " + name + ": " + errno_text(errno));
    if (count == 0) return {hash.hex(), size};
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    hash.update(bytes);
    size += bytes.size();
    if (size > most) throw SharedFileError(name + ": it is larger than its name says");
    const int error = copy < 0 ? 0 : write_all_quietly(copy, bytes);
    if (error != 0) throw SharedFileError("copy " + name + ": " + errno_text(error));
  }
}

HostFile open_file(const std::string& path) {
  HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) throw SharedFileError(one_line(path) + ": " + file.refusal);
  return file;
}

// `at_end` is called when all is read, and throws where that was not all.
template <typename AtEnd>
void publish_copy(int from, const fs::path& folder, const std::string& name, const FileDigest& file, mode_t mode,
                  AtEnd at_end) {
  const Fd place = open_folder(folder);
  if (!place) throw SharedFileError(folder.string() + ": " + errno_text(errno));
  NewFile copy(place.get(), name);
  if (copy.error() != 0) throw SharedFileError(folder.string() + ": " + errno_text(copy.error()));
  const FileDigest found = copied(from, copy.get(), name, file.size);
  at_end();
  if (found != file) {
    throw SharedFileError(to_string(file) + ": what is there is something else");
  }
  if (::fchmod(copy.get(), mode) != 0) throw SharedFileError("fchmod " + name + ": " + errno_text(errno));
  if (const int error = copy.publish(); error != 0) throw SharedFileError(name + ": " + errno_text(error));
}

}  // namespace

SharedPlace SharedPlace::named(const std::string& text) {
  SharedPlace place;
  if (text.starts_with("http://") || text.starts_with("https://")) {
    need_http_program();
    place.url_ = text.ends_with('/') ? text : text + "/";
  } else {
    place.folder_ = fs::absolute(text);
  }
  return place;
}

std::string SharedPlace::url_of(const fs::path& place) const {
  return url_ + place.string();
}

std::string url_without_user(const std::string& url) {
  const std::size_t begin = url.find("//") + 2, end = url.find('/', begin);
  const std::size_t at = url.substr(0, end).rfind('@');
  return at == url.npos ? url : url.substr(0, begin) + url.substr(at + 1);
}

std::optional<FileDigest> parse_file_digest(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (text.size() < kDigits + 2 || text[kDigits] != '/') return std::nullopt;
  FileDigest file{std::string(text.substr(0, kDigits)), 0};
  if (file.hex.find_first_not_of(kHex) != file.hex.npos) return std::nullopt;
  text.remove_prefix(kDigits + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), file.size);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return file;
}

std::string to_string(const FileDigest& file) {
  return std::string(kPrefix) + file.hex + "/" + std::to_string(file.size);
}

fs::path place_of(const FileDigest& file) {
  return fs::path("sha256") / file.hex.substr(0, 2) / file.hex;
}

FileDigest put_shared_file(const SharedPlace& shared, const std::string& path) {
  const HostFile first = open_file(path);
  FileDigest file = copied(first.descriptor.get(), -1, path, std::numeric_limits<std::uint64_t>::max());
  if (shared.folder().empty()) {
    const std::string url = shared.url_of(place_of(file));
    if (HttpTransfer(HttpVerb::Has, url, file.size, -1).finish()) return file;
    if (::lseek(first.descriptor.get(), 0, SEEK_SET) != 0) throw SharedFileError(path + ": " + errno_text(errno));
    // One that changes meanwhile is put under a wrong name, and whoever takes it sees that.
    if (!HttpTransfer(HttpVerb::Put, url, file.size, first.descriptor.get()).finish()) {
      throw SharedFileError(one_line(url_without_user(url)) + ": the server takes no such file");
    }
    return file;
  }
  const fs::path place = shared.folder() / place_of(file);
  struct stat status {};
  if (::stat(place.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == file.size) return file;
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (error) throw SharedFileError(place.parent_path().string() + ": " + error.message());
  const HostFile again = open_file(path);
  publish_copy(again.descriptor.get(), place.parent_path(), file.hex, file, kSharedMode, [] {});
  return file;
}

FileCache::FileCache(SharedPlace shared, const fs::path& folder, Bytes most)
    : shared_(std::move(shared)), path_(fs::absolute(folder)), most_(most.count) {
  if (!shared_.folder().empty() && !fs::is_directory(shared_.folder())) {
    throw UsageError(shared_.folder().string() + " is no folder");
  }
  std::error_code failed;
  fs::create_directories(path_, failed);
  folder_ = open_folder(path_);
  if (!folder_) throw SystemError("open", path_.string());
  lock_ = Fd(::openat(folder_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) throw SystemError("open", (path_ / "lock").string());
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) throw UsageError(path_.string() + " is another worker's cache");
  // Files of before may be halves, after a loss of power.
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().filename().string().size() == kDigits) fs::remove(entry.path(), failed);
  }
}

std::optional<fs::path> FileCache::hold(const FileDigest& file) {
  const auto found = entries_.find(file.hex);
  if (found == entries_.end() || found->second.size != file.size) return std::nullopt;
  found->second.used = ++clock_;
  ++found->second.holders;
  return path_ / file.hex;
}

void FileCache::let_go(const FileDigest& file) {
  const auto found = entries_.find(file.hex);
  if (found != entries_.end() && found->second.holders > 0) --found->second.holders;
}

void FileCache::fetch(const FileDigest& file) const {
  if (file.size > most_) {
    throw SharedFileError(to_string(file) + ": larger than the worker's cache, which has " +
                          evalrun::to_string(Bytes{most_}));
  }
  if (shared_.folder().empty()) {
    const std::string url = shared_.url_of(place_of(file));
    HttpTransfer get(HttpVerb::Get, url, file.size, -1);
    return publish_copy(get.output(), path_, file.hex, file, 0400, [&] {
      if (!get.finish()) throw SharedFileError(one_line(url_without_user(url)) + ": it is not there");
    });
  }
  const HostFile from = open_file((shared_.folder() / place_of(file)).string());
  publish_copy(from.descriptor.get(), path_, file.hex, file, 0400, [] {});
}

void FileCache::add(const FileDigest& file) {
  const auto [place, is_new] = entries_.try_emplace(file.hex, Entry{file.size, ++clock_, 0});
  if (!is_new) return;
  held_ += file.size;
  while (held_ > most_) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry == place || entry->second.holders > 0) continue;
      if (oldest == entries_.end() || entry->second.used < oldest->second.used) oldest = entry;
    }
    if (oldest == entries_.end()) return;  // all are in use: it is bounded by the jobs that run
    ::unlinkat(folder_.get(), oldest->first.c_str(), 0);
    held_ -= oldest->second.size;
    entries_.erase(oldest);
  }
}

}  // namespace evalrun::fleet
