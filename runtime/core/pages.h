// Memory in whole pages, as the kernel gives it.
#pragma once

#include <unistd.h>

#include <cstdint>

#include "runtime/core/units.h"

namespace evalrun {

inline std::uint64_t page_size() noexcept {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

// As many pages as hold `bytes`: 1 byte takes one.
inline Bytes in_whole_pages(std::uint64_t bytes) noexcept {
  const std::uint64_t page = page_size();
  return {bytes / page * page + (bytes % page != 0 ? page : 0)};
}

}  // namespace evalrun
