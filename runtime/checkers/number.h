// Numbers in an output: decimal ones, as programs print them.
#pragma once

#include <optional>
#include <string_view>

namespace evalrun::judge {

struct Tolerance {
  double absolute = 0;
  double relative = 0;
};

// Whether both texts are decimal numbers ("-1.5", "+.5", "2E-3"; "nan" and "inf" in any case; not "0x1p3") and near
// enough: off by at most `absolute`, or at most `relative` times the expected. A nan is near a nan, an infinity near
// itself; a number too large for a double is near nothing.
bool is_near(std::string_view found, std::string_view expected, const Tolerance& tolerance);

}  // namespace evalrun::judge
