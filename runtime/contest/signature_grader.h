// DMOJ's signature graders: the jury's file is what is compiled, and the submission lies beside it, with the header
// included and its own main out of the way.
#pragma once

#include "runtime/packages/read_package.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

// The package has a signature grader. Throws archive::TreeError.
SourcesOrRefusal with_signature_grader(const packages::Package& package, Sources sources);

}  // namespace evalrun::contest
