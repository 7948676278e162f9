// Files of jobs, by what they hold: "sha256:DIGEST/SIZE". Whoever submits puts them into a folder that all hosts share;
// a worker takes them into a bounded folder of its own, and believes no name: what it has taken has the digest or is no
// file. No sandbox sees the shared folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
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

// Where the file is in the shared folder: "sha256/ab/abcd…".
std::filesystem::path place_of(const FileDigest& file);

// Copies a regular file of this host into the shared folder, unless it is there. Throws SharedFileError.
FileDigest put_shared_file(const std::filesystem::path& shared, const std::string& path);

class FileCache {
 public:
  // `folder` is made, belongs to one worker at a time, and is emptied. Throws SystemError and UsageError.
  FileCache(std::filesystem::path shared, const std::filesystem::path& folder, Bytes most);

  // The file's path, where the cache has it; it stays there until it is let go as often as it was held.
  std::optional<std::filesystem::path> hold(const FileDigest& file);
  void let_go(const FileDigest& file);

  // Copies the file out of the shared folder. Touches nothing that the other calls do: any thread may. Throws
  // SharedFileError.
  void fetch(const FileDigest& file) const;
  // After fetch(), in the loop's thread. Others that nobody holds make room.
  void add(const FileDigest& file);

 private:
  struct Entry {
    std::uint64_t size = 0, used = 0;
    unsigned holders = 0;
  };

  std::filesystem::path shared_, path_;
  Fd folder_, lock_;
  std::uint64_t most_, held_ = 0, clock_ = 0;
  std::map<std::string, Entry> entries_;  // by their digits
};

}  // namespace evalrun::fleet
