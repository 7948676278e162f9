// Files of jobs, by what they hold: "sha256:DIGEST/SIZE". Whoever submits puts them into a place that all hosts share,
// a folder or a server that takes GET, HEAD and PUT; a worker takes them into a bounded folder of its own, and believes
// no name: what it has taken has the digest or is no file. No sandbox sees the shared place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"

namespace evalrun::fleet {

struct FileDigest {
  std::string hex;  // 64 lower-case digits
  std::uint64_t size = 0;

  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

// Nothing where it is none. Pure.
std::optional<FileDigest> parse_file_digest(std::string_view text);
std::string to_string(const FileDigest& file);

// The file cannot be had, or is not what its name says.
class SharedFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What all hosts share.
class SharedPlace {
 public:
  SharedPlace() = default;
  SharedPlace(std::filesystem::path folder) : folder_(std::move(folder)) {}  // NOLINT(google-explicit-constructor)

  // "http://…", "https://…", or a folder. Throws UsageError where the program for the first two is not installed.
  static SharedPlace named(const std::string& text);

  [[nodiscard]] bool empty() const { return folder_.empty() && url_.empty(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }  // "": it is a server
  [[nodiscard]] std::string url_of(const std::filesystem::path& place) const;

 private:
  std::filesystem::path folder_;
  std::string url_;
};

// For messages. Pure.
std::string url_without_user(const std::string& url);

// Where the file is in the shared place: "sha256/ab/abcd…".
std::filesystem::path place_of(const FileDigest& file);

// Copies a regular file of this host into the shared place, unless it is there. Throws SharedFileError.
FileDigest put_shared_file(const SharedPlace& shared, const std::string& path);

class FileCache {
 public:
  // `folder` is made, belongs to one worker at a time, and is emptied. Throws SystemError and UsageError.
  FileCache(SharedPlace shared, const std::filesystem::path& folder, Bytes most);

  // The file's path, where the cache has it; it stays there until it is let go as often as it was held.
  std::optional<std::filesystem::path> hold(const FileDigest& file);
  void let_go(const FileDigest& file);

  // Copies the file out of the shared place. Touches nothing that the other calls do: any thread may. Throws
  // SharedFileError.
  void fetch(const FileDigest& file) const;
  // After fetch(), in the loop's thread. Others that nobody holds make room.
  void add(const FileDigest& file);

 private:
  struct Entry {
    std::uint64_t size = 0, used = 0;
    unsigned holders = 0;
  };

  SharedPlace shared_;
  std::filesystem::path path_;
  Fd folder_, lock_;
  std::uint64_t most_, held_ = 0, clock_ = 0;
  std::map<std::string, Entry> entries_;  // by their digits
};

}  // namespace evalrun::fleet
