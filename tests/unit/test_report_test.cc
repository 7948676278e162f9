// Reports of tests as frameworks write them, and as a program writes them that wants to pass.
#include "runtime/testreports/test_report.h"

#include <gtest/gtest.h>

namespace evalrun::testreports {
namespace {

using Lines = std::vector<TestLine>;

TEST(junit, has_a_test_for_each_case_of_each_suite) {
  const Report report = read_junit(
      "<?xml version=\"1.0\"?><!-- c --><testsuites><testsuite name=\"s\">"
      "<testcase classname=\"m.T\" name=\"a\" time=\"0.1\"/>"
      "<testcase classname=\"m.T\" name=\"b\"><failure message=\"1 != 2 &lt;\">trace</failure></testcase>"
      "<testsuite><testcase name=\"c\"><error>boom</error></testcase></testsuite>"
      "<testcase classname=\"\" name=\"d\"><skipped message=\"no\"/><system-out>x</system-out></testcase>"
      "</testsuite></testsuites>\n");
  EXPECT_EQ(report.fault, "");
  const Lines tests = {{"m.T.a", TestStatus::Passed, ""},
                       {"m.T.b", TestStatus::Failed, "1 != 2 <"},
                       {"c", TestStatus::Error, "boom"},
                       {"d", TestStatus::Skipped, "no"}};
  EXPECT_EQ(report.tests, tests);
  EXPECT_EQ(read_junit("<testsuite><testcase name='a'/></testsuite>").tests.size(), 1U);
}

TEST(junit, that_is_none_is_told) {
  const auto fault = [](const std::string& text) { return read_junit(text).fault; };
  EXPECT_EQ(fault("").find("no XML at byte 0"), 0U) << fault("");
  EXPECT_EQ(fault("<testsuite><testcase name='a'/>").find("no XML at byte"), 0U) << "it has ended early";
  EXPECT_EQ(fault("<html/>"), "expected <testsuites> or <testsuite>, found <html>");
  EXPECT_EQ(fault("<testsuite/>"), "") << "a report of no test is a report";
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "<testsuite>";
  for (int i = 0; i < 20; ++i) deep += "</testsuite>";
  EXPECT_EQ(fault(deep), "suites more than 16 deep");
  std::string many = "<testsuite>";
  for (std::size_t i = 0; i < kMostTests; ++i) many += "<testcase/>";
  EXPECT_EQ(fault(many + "</testsuite>"), "");
  EXPECT_EQ(fault(many + "<testcase/></testsuite>"), "more than 100000 tests");
}

TEST(junit, makes_nothing_of_entities) {
  const Report report = read_junit(
      "<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]><testsuite><testcase name=\"&a;&f;\"/>"
      "</testsuite>");
  EXPECT_EQ(report.tests.at(0).name, "&a;&f;");
}

TEST(tap, reads_names_directives_and_details) {
  const Report report = read_tap(
      "TAP version 14\n1..6\nok 1 - adds\nprinted by the program\n# a comment\nnot ok 2 - divides\n  ---\n"
      "  message: by zero\n  at: x\n  ...\nok 3 # SKIP no network\nnot ok 4 soon # TODO\r\n"
      "    ok 1 - a subtest\n    1..1\nok 5 - with \\# in its name\nok\n");
  EXPECT_EQ(report.fault, "");
  const Lines tests = {{"adds", TestStatus::Passed, ""},
                       {"divides", TestStatus::Failed, "by zero"},
                       {"test 3", TestStatus::Skipped, "SKIP no network"},
                       {"soon", TestStatus::Skipped, "TODO"},
                       {"with \\# in its name", TestStatus::Passed, ""},
                       {"test 6", TestStatus::Passed, ""}};
  EXPECT_EQ(report.tests, tests);
}

TEST(tap, that_does_not_hold_what_it_plans_is_told) {
  const auto fault = [](const std::string& text) { return read_tap(text).fault; };
  EXPECT_EQ(fault("ok 1\nok 2\n1..2\n"), "") << "the plan may come last";
  EXPECT_EQ(fault("1..0 # skip all\n"), "");
  EXPECT_EQ(fault(""), "no line of TAP");
  EXPECT_EQ(fault("hello\n"), "no line of TAP");
  EXPECT_EQ(fault("ok 1\n"), "no plan (1..N): it has ended early");
  EXPECT_EQ(fault("1..3\nok 1\nok 2\n"), "the plan says 1..3, and 2 tests are told");
  EXPECT_EQ(fault("1..1\nok 1\nok 2\n"), "the plan says 1..1, and 2 tests are told");
  EXPECT_EQ(fault("1..2\nok 1\nok 1\n"), "test 1 where 2 was next");
  EXPECT_EQ(fault("1..1\n1..1\nok 1\n"), "two plans");
  EXPECT_EQ(fault("1..2\nok 1\nBail out! no database\n"), "it bailed out: no database");
  EXPECT_EQ(fault("1..1\nokay\nok 1\n"), "");
}

constexpr const char* kDoctest =
    "Trying:\n    f(1)\nExpecting:\n    2\nok\nTrying:\n    f(2)\nExpecting:\n    5\n"
    "**********************************************************************\nFile \"/work/m.py\", line 5, in m.f\n"
    "Failed example:\n    f(2)\nExpected:\n    5\nGot:\n    4\nTrying:\n    g()\nExpecting:\n    1\nok\n"
    "1 items had no tests:\n    m\n1 items passed all tests:\n   1 tests in m.g\n"
    "**********************************************************************\n1 items had failures:\n   1 of   2 in "
    "m.f\n"
    "3 tests in 3 items.\n2 passed and 1 failed.\n***Test Failed*** 1 failures.\n";

TEST(doctest, has_a_test_for_each_docstring) {
  const Report report = read_doctest(kDoctest);
  EXPECT_EQ(report.fault, "");
  const Lines tests = {{"m.g", TestStatus::Passed, "1 example"},
                       {"m.f", TestStatus::Failed, "1 of 2 examples failed; line 5: f(2); expected 5; got 4"}};
  EXPECT_EQ(report.tests, tests);
  // As later versions of Python write it.
  const Report later =
      read_doctest("1 item passed all tests:\n 2 tests in m.g\n2 tests in 1 item.\n2 passed.\nTest passed.\n");
  EXPECT_EQ(later.tests, (Lines{{"m.g", TestStatus::Passed, "2 examples"}}));
}

TEST(doctest, without_its_last_line_is_none) {
  const std::string all = kDoctest;
  EXPECT_NE(read_doctest(all.substr(0, all.find("***Test Failed"))).fault, "");
  EXPECT_NE(read_doctest("").fault, "") << "nothing is said without -v where all passes";
}

}  // namespace
}  // namespace evalrun::testreports
