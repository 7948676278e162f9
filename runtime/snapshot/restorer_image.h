// The restorer's program, as the build has linked it.
#pragma once

#include <cstdint>
#include <span>

namespace evalrun::snapshot {

// Its one segment, which stands one page after kBegin, and where in memory it is entered.
struct RestorerImage {
  std::span<const unsigned char> bytes;
  std::uint64_t entry;
};

RestorerImage restorer_image() noexcept;

}  // namespace evalrun::snapshot
