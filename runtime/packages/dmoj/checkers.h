// DMOJ's checkers: the built-in ones by their names, and programs of the package.
#pragma once

#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::dmoj {

// Adds the checker that the key `checker` says; its place among the problem's checkers. The place is 0, that of the
// standard one, where it is wrong, which `reading` says then.
std::size_t read_checker(Reading& reading, MapReader& yaml, const YamlPointer& node);

}  // namespace evalrun::packages::dmoj
