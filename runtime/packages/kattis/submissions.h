// The problem package format: submissions/, and what its folders, its tags and submissions.yaml expect of them.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::kattis {

// `reading` has the cases and groups already.
void read_submissions(Reading& reading);

}  // namespace evalrun::packages::kattis
