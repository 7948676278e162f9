// The reader of Polygon's packages.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_polygon(Reading& reading);

}  // namespace evalrun::packages
