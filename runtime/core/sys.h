// System calls for the code between clone3 and execve: no errno, no cancellation points, no C library state. errno
// lives in thread-local storage, which a CLONE_VM child shares with its parent, so the child must not touch it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "runtime/core/arch.h"

namespace evalrun {

namespace detail {
template <typename T>
long as_word(T value) noexcept {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else {
    return static_cast<long>(value);
  }
}
inline long as_word(decltype(nullptr)) noexcept {
  return 0;
}
}  // namespace detail

// The call's result; -errno where it failed.
template <typename... Arguments>
long sys(long number, Arguments... arguments) noexcept {
  static_assert(sizeof...(arguments) <= 6);
  const long words[6] = {detail::as_word(arguments)...};
  return arch::system_call(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

// An address in another process's memory, in the form process_vm_readv and process_vm_writev take it; never followed
// here.
inline void* in_their_memory(std::uint64_t address) noexcept {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace evalrun
