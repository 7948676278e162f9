// The kind of a CMS task: a submission is run by itself, talks with a manager, or is its outputs; what it is compiled
// with, and what looks at its output.
#pragma once

#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::cms {

// Reads the keys of task.yaml that say the kind, and looks for check/manager, sol/grader.* and sol/stub.*. The limits
// are read before.
void read_kind(Reading& reading, MapReader& yaml);

// After the kind.
void read_checker(Reading& reading);

}  // namespace evalrun::packages::cms
