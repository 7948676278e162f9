#include "runtime/serve/work_files.h"

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
  if (const int error = supervise::read_bytes(opened, wanted.max.count, content.bytes); error != 0) {
    content.state = State::Failed;
    content.error = "read: " + errno_text(error);
  }
  return content;
}

}  // namespace evalrun::serve
