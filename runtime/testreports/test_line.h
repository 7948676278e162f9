// What is said of one test, whoever says it: evalrun's own examiner, or a report that the program writes.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::testreports {

enum class TestStatus {
  Passed,
  Failed,    // an assertion
  Error,     // another exception
  Skipped,   // by itself, before it asked the submission for anything
  NotRun,    // what came before it has ended the tests
  Protocol,  // the submission's side has ended, or said what the protocol does not allow
  Load,      // the submission could not be loaded, or has not what the tests are for
};

struct TestLine {
  friend bool operator==(const TestLine&, const TestLine&) = default;
  std::string name;
  TestStatus status = TestStatus::NotRun;
  std::string message;
};

std::string_view name_of(TestStatus status) noexcept;
// Null: no status is called so.
const TestStatus* status_named(std::string_view name) noexcept;

}  // namespace evalrun::testreports
