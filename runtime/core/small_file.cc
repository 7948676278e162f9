#include "runtime/core/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "runtime/core/fd.h"

namespace evalrun {

std::string read_small_file(const std::string& path) {
  return read_small_file(AT_FDCWD, path.c_str());
}

std::string read_small_file(int folder, const char* name) {
  const Fd file(::openat(folder, name, O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> chunk;
  for (ssize_t count = 0; file && (count = ::read(file.get(), chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace evalrun
