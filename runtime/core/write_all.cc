#include "runtime/core/write_all.h"

#include <unistd.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/quiet_write.h"

namespace evalrun {
namespace {

// 0 or errno.
template <typename Write>
int repeat(std::string_view bytes, Write write) {
  while (!bytes.empty()) {
    const ssize_t count = write(bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

void write_all(int fd, std::string_view bytes, std::string_view subject) {
  const int error = repeat(bytes, [&](std::string_view rest) { return ::write(fd, rest.data(), rest.size()); });
  if (error != 0) throw SystemError("write", subject, error);
}

int write_all_quietly(int fd, std::string_view bytes) noexcept {
  return repeat(bytes, [&](std::string_view rest) { return write_quietly(fd, rest); });
}

}  // namespace evalrun
