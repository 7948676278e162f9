#include "runtime/core/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/host_file.h"

namespace evalrun {

std::string read_small_file(const std::string& path) {
  return read_small_file(AT_FDCWD, path.c_str());
}

std::string read_small_file(int folder, const char* name) {
  const Fd file(::openat(folder, name, O_RDONLY | O_CLOEXEC));
  if (!file && is_shortage(errno)) throw SystemError("open", name);
  std::string text;
  std::array<char, 4096> chunk;
  while (file) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && is_shortage(errno)) throw SystemError("read", name);
    if (count <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string first_word_of(const std::string& path) {
  const std::string text = read_small_file(path);
  return text.substr(0, text.find_first_of(" \n"));
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return part;
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace evalrun
