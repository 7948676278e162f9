// The constants of a package, as its files name them.
#pragma once

#include <map>
#include <string>

namespace evalrun::problem {

// The text with each {{name}} and {{name.variant}} replaced by its constant. Names that are no constants stay as they
// are. "name.value" is the same as "name".
std::string with_constants(std::string text, const std::map<std::string, std::string>& constants);

}  // namespace evalrun::problem
