// DMOJ: init.yml, and the test.yml files of a testsuite, which label submissions.
//
// A key of a case that is missing is that of its batch, and then that of the whole file. Time and memory limits are not
// in the package: a test.yml or the command line says them.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_dmoj(Reading& reading);

// The data of a DMOJ problem lies in a zip that init.yml names. Its files are added to the tree.
void add_dmoj_archive(archive::Tree& tree, problem::Findings& findings);

}  // namespace evalrun::packages
