#include "runtime/judge/expected.h"

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
