// What tests of a submission's functions and classes say of it: pure functions from the record that they wrote, and the
// ends of their two sandboxes, to a verdict. docs/examiner.md has the record.
//
// Nothing but a complete record of passed tests is a pass. Whatever the submission does to keep the tests from their
// end is its own failure, never the sandbox's or the jury's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/judge/dialogue.h"
#include "runtime/judge/verdict.h"
#include "runtime/plan/tests.h"
#include "runtime/testreports/test_report.h"

namespace evalrun::judge {

using testreports::TestLine;
using testreports::TestStatus;

struct TestRecord {
  std::vector<TestLine> tests;
  bool has_begun = false;
  bool is_complete = false;  // its last line is there, and counts the tests before it
  std::string token;         // of that line
  std::string fault;         // why the test file itself is no test file
};

// A record that is not what a record must be is one that has not been completed.
TestRecord read_record(std::string_view text);

struct Examination {
  Verdict verdict = Verdict::Ie;
  std::string message;
  std::string fault;  // of the test file or its image: nobody else's
  std::vector<TestLine> tests;
};

// `submission_limits` are for the message.
Examination settle_two_sided(TestRecord record, const DialogueEnd& end, const Limits& submission_limits,
                             const Limits& examiner_limits);

// `token`: what the record's last line must have.
Examination settle_in_process(TestRecord record, const supervise::RunResult& run, const Limits& limits,
                              std::string_view token);

// `text`: the report, as far as it is there. `missing`: why it is not.
Examination settle_reported(ReportFormat format, std::string_view text, const std::string& missing,
                            const supervise::RunResult& run, const Limits& limits);

// What a verdict of such tests cannot exclude, for the result.
std::vector<std::string_view> tricks_not_excluded(TestsMode mode);

}  // namespace evalrun::judge
