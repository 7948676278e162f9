#include "runtime/serve/work_files.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/supervise/collect.h"

namespace evalrun::serve {

WorkContent read_from_work(int work, const CollectFile& wanted, TooLarge too_large) {
  using State = WorkContent::State;
  WorkContent content{wanted.path, {}, State::Read, {}};
  const supervise::WorkFileOpened opened = supervise::open_in_work(work, wanted.path);
  if (!opened.descriptor) {
    content.error = opened.refusal;
    content.state = opened.error == 0 ? State::NotRegular : opened.error == ENOENT ? State::Missing : State::Failed;
    return content;
  }
  if (opened.size > wanted.max.count) {
    content.state = State::TooLarge;
    content.error = "has " + std::to_string(opened.size) + " bytes, more than " + std::to_string(wanted.max.count);
    if (too_large == TooLarge::Refuse) return content;
  }
  std::array<char, 128 << 10> piece;
  while (content.bytes.size() < wanted.max.count) {
    const std::size_t most = std::min<std::size_t>(piece.size(), wanted.max.count - content.bytes.size());
    const ssize_t count = ::read(opened.descriptor.get(), piece.data(), most);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      content.state = State::Failed;
      content.error = "read: " + errno_text(errno);
    }
    if (count <= 0) break;
    content.bytes.append(piece.data(), static_cast<std::size_t>(count));
  }
  return content;
}

}  // namespace evalrun::serve
