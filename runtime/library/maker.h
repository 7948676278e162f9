// Which process something belongs to. A process that forks has copies of its parent's engines and sessions; to destroy
// such a copy, at exit at the latest where it is static, would end what runs in the parent: sandboxes are killed by
// descriptors that both have, and the janitor leaves when it is told to.
#pragma once

#include <unistd.h>

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace evalrun {

class Maker {
 public:
  [[nodiscard]] bool is_this_process() const noexcept { return pid_ == ::getpid(); }

 private:
  pid_t pid_ = ::getpid();
};

// Keeps `value` until this process ends, where it can be found by whoever looks for leaks.
template <typename T>
void keep_for_ever(std::unique_ptr<T> value) noexcept {
  static auto* const kept = new (std::nothrow) std::vector<T*>;
  T* const pointer = value.release();
  try {
    if (kept != nullptr) kept->push_back(pointer);
  } catch (const std::bad_alloc&) {
    // Kept all the same.
  }
}

}  // namespace evalrun
