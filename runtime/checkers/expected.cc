#include "runtime/checkers/expected.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"

namespace evalrun::judge {
namespace {

constexpr std::size_t kChunk = 64 << 10;

}  // namespace

Expected::Expected(Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)), buffer_(kChunk) {}

Expected Expected::of(const Case& one) {
  if (const auto* text = std::get_if<std::string>(&one.expected)) return Expected(*text);
  const std::string path = std::get<std::filesystem::path>(one.expected).string();
  HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) throw SystemError("open as a regular file", path, file.error);
  return Expected(std::move(file.descriptor), path);
}

Expected Expected::again() const {
  if (!file_) {
    Expected other(text_);
    other.unifies_line_ends_ = unifies_line_ends_;
    return other;
  }
  Fd copy(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) throw SystemError("fcntl F_DUPFD_CLOEXEC", name_);
  Expected other(std::move(copy), name_);
  other.unifies_line_ends_ = unifies_line_ends_;
  return other;
}

void Expected::refill() {
  if (!unifies_line_ends_) {
    rest_ = next_chunk();
    return;
  }
  unified_.clear();
  bool is_empty = false;
  // A chunk may come to nothing: the "\n" of a "\r\n".
  while (unified_.empty() && !is_empty) {
    const std::string_view chunk = next_chunk();
    is_empty = chunk.empty();
    unify(chunk);
  }
  if (is_empty && last_ != '\n') unified_ += '\n';
  if (!unified_.empty()) last_ = unified_.back();
  rest_ = unified_;
}

void Expected::unify(std::string_view chunk) {
  for (const char c : chunk) {
    if (c != '\n' || !was_return_) unified_ += c == '\r' ? '\n' : c;
    was_return_ = c == '\r';
  }
}

// Empty at the end.
std::string_view Expected::next_chunk() {
  if (!file_) {
    const std::string_view chunk = unread_text_.substr(0, kChunk);
    unread_text_.remove_prefix(chunk.size());
    return chunk;
  }
  ssize_t count = 0;
  do {
    count = ::pread(file_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw SystemError("read", name_);
  offset_ += static_cast<std::uint64_t>(count);
  return {buffer_.data(), static_cast<std::size_t>(count)};
}

}  // namespace evalrun::judge
