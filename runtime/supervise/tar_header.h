// The headers of a tar archive (POSIX.1-2001 "pax", and ustar where a name is short enough): pure, from values to
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace evalrun::supervise {

inline constexpr std::size_t kTarBlock = 512;
inline constexpr std::uint64_t kLargestTarFile = (std::uint64_t{1} << 33) - 1;  // eleven octal digits

struct TarEntry {
  enum class Kind { File, Folder };
  std::string path;  // relative, without a final slash
  Kind kind = Kind::File;
  std::uint32_t mode = 0644;  // permission bits
  std::uint64_t size = 0;     // of a file: at most kLargestTarFile
  std::int64_t modified = 0;  // seconds; below zero and beyond eleven octal digits: 0
};

// One block, or three where the path is too long for ustar. Owner and group are root's numbers: the program's own mean
// nothing outside.
std::string tar_header(const TarEntry& entry);

// How many zero bytes follow a file of that size, to a whole block.
std::size_t tar_padding(std::uint64_t size);

// What ends an archive.
std::string tar_end();

}  // namespace evalrun::supervise
