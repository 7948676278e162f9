// The reader of the problem package format, of all its versions, and of DOMjudge's additions to it.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_kattis(Reading& reading);

}  // namespace evalrun::packages
