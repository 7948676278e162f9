#include "runtime/judge/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/core/write_all.h"

namespace evalrun::judge {

Spool::Spool() : file_(::memfd_create("evalrun output", MFD_CLOEXEC)) {
  if (!file_) throw SystemError("memfd_create", "a program's output");
}

void Spool::write(std::string_view bytes) {
  write_all(file_.get(), bytes, "a program's output");
}

std::string Spool::path_of(const Fd& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

Fd Spool::reopen(const Fd& file) {
  Fd own(::open(path_of(file).c_str(), O_RDONLY | O_CLOEXEC));
  if (!own) throw SystemError("open", "a program's output");
  return own;
}

}  // namespace evalrun::judge
