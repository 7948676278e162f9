// The submissions of the problem package format, and what is expected of each.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// `reading` has the cases and groups already.
void read_kattis_submissions(Reading& reading);

}  // namespace evalrun::packages
