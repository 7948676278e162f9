#include "runtime/plan/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"

namespace evalrun {
namespace {

std::string read_all(int fd, const std::string& name) {
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw PlanError({name, 0, 0}, "", SystemError("read", "", errno).what());
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    check_text_size(text.size(), name);
  }
}

}  // namespace

void check_text_size(std::size_t size, const std::string& name) {
  if (size > kMaxTextFile) throw PlanError({name, 1, 1}, "", "expected at most 16 MiB of text");
}

std::string read_text_file(const std::string& path, const std::string& name) {
  if (path == "-") return read_all(STDIN_FILENO, name);
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) throw PlanError({name, 0, 0}, "", SystemError("open", "", errno).what());
  return read_all(file.get(), name);
}

}  // namespace evalrun
