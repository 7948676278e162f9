// The problem package format: problem.yaml of all versions, DOMjudge's additions, and the jury programs.
//
// Packages say a version and then mix its names with those of others. So what is there is read: both names of a folder
// count in every version, and what a version alone can mean is decided by the version.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_kattis(Reading& reading);

}  // namespace evalrun::packages
