#include "runtime/judge/expected.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/core/error.h"

namespace evalrun::judge {
namespace {

constexpr std::size_t kChunk = 64 << 10;

}  // namespace

Expected::Expected(Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)), buffer_(kChunk) {}

Expected Expected::of(const Case& one) {
  if (const auto* text = std::get_if<std::string>(&one.expected)) return Expected(*text);
  const std::string path = std::get<std::filesystem::path>(one.expected).string();
  // O_NONBLOCK: opening a FIFO must not wait for its writer. It has no effect on a regular file.
  Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) throw SystemError("open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw SystemError("fstat", path);
  if (!S_ISREG(status.st_mode)) throw SystemError("open as a regular file", path, EINVAL);
  return Expected(std::move(file), path);
}

void Expected::refill() {
  if (!file_) return;
  ssize_t count = 0;
  do {
    count = ::pread(file_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw SystemError("read", name_);
  offset_ += static_cast<std::uint64_t>(count);
  rest_ = {buffer_.data(), static_cast<std::size_t>(count)};
}

}  // namespace evalrun::judge
