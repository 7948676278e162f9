// The submissions of a DMOJ problem: the test.yml files of a testsuite, which name them and say what each must get.
#pragma once

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::dmoj {

void read_submissions(Reading& reading);

}  // namespace evalrun::packages::dmoj
