#include "runtime/groups/group_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/small_file.h"

namespace evalrun::groups {

int write_text(int folder, const std::string& path, const std::string& text) {
  const Fd file(::openat(folder, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  ssize_t count = -1;
  do {
    count = ::write(file.get(), text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

std::optional<std::uint64_t> read_number(const Fd& group, const char* file) {
  return leading_number(read_small_file(group.get(), file));
}

std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (take_until(line, ' ') == key) return leading_number(line);
  }
  return std::nullopt;
}

}  // namespace evalrun::groups
