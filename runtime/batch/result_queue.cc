#include "runtime/batch/result_queue.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/core/error.h"

namespace evalrun::batch {
namespace {

// What a pipe that is ready takes without blocking (pipe(7)). The descriptor cannot be made non-blocking: that would
// hold for everybody who shares it.
constexpr std::size_t kSharedChunk = PIPE_BUF;

}  // namespace

ResultQueue::~ResultQueue() {
  give_up();
}

void ResultQueue::put(std::string_view line) {
  pending_.append(line);
  if (watched_) return;
  watched_ = loop_.watch(fd_, supervise::Interest::Write, loop_.caller(), [this] { write_some(kSharedChunk); });
  // What cannot be waited for is a regular file, and always ready.
  while (!watched_ && length() != 0) write_some(length());
}

void ResultQueue::write_some(std::size_t most) {
  const ssize_t count = ::write(fd_, pending_.data() + written_, std::min(length(), most));
  if (count < 0 && errno != EINTR && errno != EAGAIN) throw SystemError("write", "the results");
  if (count > 0) written_ += static_cast<std::size_t>(count);
  if (length() == 0) {
    give_up();
  } else if (written_ > pending_.size() / 2) {
    pending_.erase(0, written_);
    written_ = 0;
  }
}

void ResultQueue::give_up() noexcept {
  if (watched_) loop_.forget(fd_);
  watched_ = false;
  pending_.clear();
  written_ = 0;
}

}  // namespace evalrun::batch
