// The submissions of a Polygon package: its solutions, and what their tags say of them.
#pragma once

#include <optional>

#include "runtime/packages/polygon/sources.h"

namespace evalrun::packages::polygon {

// Adds them. Returns the program of the one whose tag is main, which makes answers that are not there.
std::optional<problem::ProgramIndex> read_solutions(Reading& reading, ProblemXml& xml, const SourceFiles& files);

}  // namespace evalrun::packages::polygon
