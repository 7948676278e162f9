// Reports of tests that frameworks of many languages write: from their text to what it says of each test. Pure
// functions. The text is the program's, which may write anything: sizes are bounded, and what is no report is told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/testreports/test_line.h"

namespace evalrun::testreports {

// A report is read up to here, and so many tests of it.
inline constexpr std::size_t kMostOfReport = std::size_t{8} << 20;
inline constexpr std::size_t kMostTests = 100'000;

struct Report {
  std::vector<TestLine> tests;  // in the report's order
  std::string fault;            // why this is no whole report; "" where it is one
};

// The XML that Ant's JUnit task began and every framework has since: <testsuites>, <testsuite>, <testcase> with
// <failure>, <error> or <skipped> (https://github.com/testmoapp/junitxml). A test is called "classname.name".
Report read_junit(std::string_view text);

// The Test Anything Protocol, versions 12 to 14 (https://testanything.org). Subtests, which are indented, belong to the
// test that follows them. "not ok" with "# TODO" is no failure; a plan that does not hold is a fault.
Report read_tap(std::string_view text);

// What `python3 -m doctest -v FILE` writes: a test for each docstring with examples.
Report read_doctest(std::string_view text);

}  // namespace evalrun::testreports
