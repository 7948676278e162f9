// A board as JUnit XML, for continuous integration: a testsuite for each submission, a testcase for each case.
//
// A case that is not accepted is a failure; a fault of the judge's own is an error; what was not run is skipped. A
// submission that is labelled with what it comes to, as those of a problem package are, passes or fails by its label
// alone: one testcase says so, and its cases are told without failing.
#pragma once

#include <string>

#include "runtime/report/board.h"

namespace evalrun::report {

// Well-formed XML 1.0 in UTF-8, whatever the board holds.
std::string junit_report(const Board& board);

}  // namespace evalrun::report
