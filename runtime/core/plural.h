// Counted things in words.
#pragma once

#include <cstddef>
#include <string>

namespace evalrun {

// "1 case", "2 cases".
inline std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace evalrun
