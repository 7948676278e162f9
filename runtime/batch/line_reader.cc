#include "runtime/batch/line_reader.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/core/error.h"

namespace evalrun::batch {
namespace {

constexpr std::size_t kChunk = 64 << 10;

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r") == text.npos;
}

}  // namespace

LineReader::LineReader(loop::EventLoop& loop, int fd) : loop_(loop), fd_(fd) {
  wait();
}

LineReader::~LineReader() {
  leave();
}

void LineReader::wait() {
  if (waiting_ || always_ready_ || ended_) return;
  const bool can_wait = loop_.watch(fd_, loop::Interest::Read, loop_.caller(), [this] {
    ready_ = true;
    leave();
  });
  waiting_ = can_wait;
  always_ready_ = !can_wait;
}

void LineReader::leave() noexcept {
  if (waiting_) loop_.forget(fd_);
  waiting_ = false;
}

std::optional<InputLine> LineReader::buffered_line() {
  while (buffered_) {
    std::optional<LineBuffer::Line> line = buffer_.take();
    if (!line && ended_) line = buffer_.take_rest();
    if (!line) {
      buffered_ = false;
      break;
    }
    ++number_;
    if (line->too_long || !is_blank(line->text)) return InputLine{number_, std::move(line->text), line->too_long};
  }
  return std::nullopt;
}

std::optional<InputLine> LineReader::next() {
  while (true) {
    if (auto line = buffered_line()) return line;
    if (ended_ || (!ready_ && !always_ready_)) return std::nullopt;
    read();
  }
}

void LineReader::read() {
  std::array<char, kChunk> chunk;
  ready_ = false;
  const ssize_t count = ::read(fd_, chunk.data(), chunk.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count < 0) throw SystemError("read", "the jobs");
  ended_ = count == 0;
  buffered_ = true;
  buffer_.add({chunk.data(), static_cast<std::size_t>(count)});
  bytes_read_ += static_cast<std::uint64_t>(count);
}

}  // namespace evalrun::batch
