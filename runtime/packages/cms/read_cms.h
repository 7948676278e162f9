// The reader of CMS's tasks.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_cms(Reading& reading);

}  // namespace evalrun::packages
