#include "runtime/reader/text_file.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"

namespace evalrun {

void check_text_size(std::size_t size, const std::string& name) {
  if (size > kMaxTextFile) throw PlanError({name, 1, 1}, "", "expected at most 16 MiB of text");
}

std::string read_text_from(int descriptor, const std::string& name) {
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      if (is_shortage(errno)) throw SystemError("read", name);
      throw PlanError({name, 0, 0}, "", SystemError("read", "", errno).what());
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    check_text_size(text.size(), name);
  }
}

std::string read_text_file(const std::string& path, const std::string& name) {
  const HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) throw PlanError({name, 0, 0}, "", "open: " + file.refusal);
  check_text_size(file.size, name);
  return read_text_from(file.descriptor.get(), name);
}

}  // namespace evalrun
