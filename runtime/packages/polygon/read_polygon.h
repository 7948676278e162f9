// Polygon: problem.xml. Its format has no published description, so what is not known to this reader is noted; what is
// known and not supported is refused.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_polygon(Reading& reading);

}  // namespace evalrun::packages
