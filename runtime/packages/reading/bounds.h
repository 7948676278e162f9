// What a package may say at most, in every format.
#pragma once

#include <cstddef>

namespace evalrun::packages {

inline constexpr double kMostSeconds = 24 * 3600;  // of any limit of time
inline constexpr double kMostPoints = 1e9;         // of a case, a group or a problem
inline constexpr std::size_t kMostHeaders = 1000;  // that lie beside one program

}  // namespace evalrun::packages
