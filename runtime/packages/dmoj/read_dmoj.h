// The reader of DMOJ's problems.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_dmoj(Reading& reading);

// The data of a DMOJ problem lies in a zip that init.yml names. Its files are added to the tree.
void add_dmoj_archive(archive::Tree& tree, problem::Findings& findings);

}  // namespace evalrun::packages
