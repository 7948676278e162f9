#include "runtime/batch/result_queue.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/core/error.h"

namespace evalrun::batch {
namespace {

// What a pipe that is ready takes without blocking (pipe(7)). The descriptor cannot be made non-blocking: that would
// hold for everybody who shares it.
constexpr std::size_t kSharedChunk = PIPE_BUF;
// Of a regular file, in a turn of the loop.
constexpr std::size_t kFileChunk = 256 << 10;

}  // namespace

ResultQueue::~ResultQueue() {
  give_up();
}

void ResultQueue::put(std::string line) {
  if (line.empty()) return;
  length_ += line.size();
  pending_.push_back(std::move(line));
  wait();
}

void ResultQueue::wait() {
  if (watched_) return;
  if (!turn_) {
    watched_ = loop_.watch(fd_, loop::Interest::Write, loop_.caller(), [this] { write_some(kSharedChunk); });
    if (watched_) return;
    turn_.emplace();
  }
  write_some(kFileChunk);
  if (length_ == 0) return;
  watched_ = loop_.watch(turn_->get(), loop::Interest::Read, loop_.caller(), [this] {
    turn_->acknowledge();
    write_some(kFileChunk);
    if (length_ != 0) turn_->set({});
  });
  turn_->set({});
}

void ResultQueue::write_some(std::size_t most) {
  const std::string& line = pending_.front();
  const ssize_t count = ::write(fd_, line.data() + written_, std::min(line.size() - written_, most));
  if (count < 0 && errno != EINTR && errno != EAGAIN) throw SystemError("write", "the results");
  if (count <= 0) return;
  written_ += static_cast<std::size_t>(count);
  length_ -= static_cast<std::size_t>(count);
  if (written_ < line.size()) return;
  pending_.pop_front();
  written_ = 0;
  if (pending_.empty()) give_up();
}

void ResultQueue::give_up() noexcept {
  if (watched_) loop_.forget(turn_ ? turn_->get() : fd_);
  watched_ = false;
  pending_.clear();
  length_ = 0;
  written_ = 0;
}

}  // namespace evalrun::batch
