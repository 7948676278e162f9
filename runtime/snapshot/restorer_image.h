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

// Where a thread comes back to from what was loaded into its interpreter, and where such an interpreter ends
// (machine.h). While it is recorded there is nothing at these addresses.
std::uint64_t hook_return_address() noexcept;
std::uint64_t hook_end_address() noexcept;

}  // namespace evalrun::snapshot
