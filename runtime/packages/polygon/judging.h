// The tests of a Polygon package and their groups: the element judging of problem.xml.
#pragma once

#include <optional>

#include "runtime/packages/polygon/sources.h"

namespace evalrun::packages::polygon {

// `main` makes the answers that the package does not have.
void read_judging(Reading& reading, ProblemXml& xml, const SourceFiles& files,
                  std::optional<problem::ProgramIndex> main);

}  // namespace evalrun::packages::polygon
