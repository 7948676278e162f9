// How a submission's functions and classes are examined: what [tests] of a plan says. docs/examiner.md has the rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evalrun {

enum class TestsMode {
  TwoSided,   // the tests run in a sandbox of their own, and ask the submission's by a pipe
  InProcess,  // the tests run in one process with the submission, which can forge what they say
  Reported,   // the plan's own program runs them, and writes a report, which it can forge
};

// What a report is written in (runtime/testreports/test_report.h).
enum class ReportFormat { Junit, Tap, Doctest };
enum class ReportStream { Output, ErrorOutput };

struct Tests {
  friend bool operator==(const Tests&, const Tests&) = default;
  TestsMode mode = TestsMode::TwoSided;
  std::vector<std::string> entry;  // the names of the submission that the tests find there
  std::vector<std::string> trust;  // classes of the submission whose own operators may decide a test
  // Of TestsMode::Reported.
  ReportFormat report = ReportFormat::Junit;
  ReportStream report_stream = ReportStream::Output;
  std::string report_file;  // below /work; "": the stream
};

// Paths below /work, of the programs that evalrun brings and of the tests.
inline constexpr const char* kCandidateProgram = ".evalrun/candidate.py";
inline constexpr const char* kExaminerProgram = ".evalrun/examiner.py";
inline constexpr const char* kInProcessProgram = ".evalrun/in_process.py";
// Beside them: what the program is told, with a NUL byte between two words. Not in argv, so that all runs of a program
// have the same.
inline constexpr const char* kProgramWords = ".evalrun/words";
inline constexpr const char* kTestFile = "tests.py";

// What every record of tests begins with.
inline constexpr std::string_view kRecordBegin = "evalrun-tests\t1\n";

}  // namespace evalrun
