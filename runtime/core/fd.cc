#include "runtime/core/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/core/error.h"

namespace evalrun {

void Fd::reset() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Pipe make_pipe(Blocking reader, Blocking writer) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw SystemError("pipe2", "");
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  const auto unblock = [](const Fd& end) {
    if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) != 0) throw SystemError("fcntl(O_NONBLOCK)", "pipe");
  };
  if (reader == Blocking::No) unblock(pipe.read_end);
  if (writer == Blocking::No) unblock(pipe.write_end);
  return pipe;
}

}  // namespace evalrun
