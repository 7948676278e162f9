// CMS: a task in the Italian format (italy_yaml), as CMS's own loader reads it: task.yaml, gen/GEN, and files in
// folders of fixed names. The loader takes programs that are built and inputs that are there; packages in repositories
// often have their sources alone, as cmsMake builds them, so those are taken too.
//
// What is a matter of the contest (tokens, feedback, statements) is known and passed over. CMS takes no notice of a key
// that it does not know, so an unknown one is noted here, unless it is nearly a known one.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// Reads all of the package, whatever is wrong with it.
void read_cms(Reading& reading);

}  // namespace evalrun::packages
