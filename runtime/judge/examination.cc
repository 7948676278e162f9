#include "runtime/judge/examination.h"

#include <algorithm>

#include "runtime/core/text.h"

namespace evalrun::judge {
namespace {

using supervise::Outcome;
using supervise::RunResult;
using supervise::SandboxFault;

// What is written of a field: "\\", "\t" and the like, and other characters as Python writes them, which stay so.
std::string field_of(std::string_view written) {
  std::string text;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '\\' || i + 1 == written.size()) {
      text += written[i];
      continue;
    }
    switch (written[i + 1]) {
      case '\\': text += '\\'; break;
      case 't': text += '\t'; break;
      case 'n': text += '\n'; break;
      case 'r': text += '\r'; break;
      default: text += written[i]; continue;
    }
    ++i;
  }
  return text;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == line.npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

// False: this is no line of a record.
bool read_line(TestRecord& record, std::string_view line) {
  const std::vector<std::string_view> fields = fields_of(line);
  if (record.is_complete) return false;
  if (fields[0] == "fault" && fields.size() == 2) {
    record.fault = field_of(fields[1]);
    return true;
  }
  if (fields[0] == "test" && fields.size() == 4) {
    const TestStatus* status = testreports::status_named(fields[1]);
    if (status == nullptr) return false;
    record.tests.push_back({field_of(fields[2]), *status, field_of(fields[3])});
    return true;
  }
  if (fields[0] != "end" || fields.size() < 2 || fields.size() > 3) return false;
  if (fields[1] != std::to_string(record.tests.size())) return false;
  record.is_complete = true;
  if (fields.size() == 3) record.token = std::string(fields[2]);
  return true;
}

bool is_fault(const Outcome& outcome) {
  return std::holds_alternative<SandboxFault>(outcome) || std::holds_alternative<supervise::Cancelled>(outcome);
}

// The first that has not passed, if any; of tests that only did not want to be run, none.
const TestLine* first_failed(const std::vector<TestLine>& tests) {
  const auto found = std::ranges::find_if(tests, [](const TestLine& test) {
    return test.status != TestStatus::Passed && test.status != TestStatus::Skipped;
  });
  return found == tests.end() ? nullptr : &*found;
}

Verdict verdict_of(TestStatus status) {
  switch (status) {
    case TestStatus::Passed: return Verdict::Ac;
    case TestStatus::Failed:
    case TestStatus::Skipped:
    case TestStatus::NotRun: return Verdict::Wa;
    case TestStatus::Error:
    case TestStatus::Protocol:
    case TestStatus::Load: return Verdict::Re;
  }
  return Verdict::Ie;
}

std::string count_of(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Of a record that is complete.
void settle_by_tests(Examination& all) {
  const auto passed = std::ranges::count(all.tests, TestStatus::Passed, &TestLine::status);
  if (all.tests.empty()) {
    all.verdict = Verdict::Wa;
    all.message = "no test was run";
  } else if (const TestLine* failed = first_failed(all.tests)) {
    all.verdict = verdict_of(failed->status);
    all.message = std::to_string(passed) + " of " + count_of(all.tests.size(), "test") + " passed; " + failed->name +
                  ": " + failed->message;
  } else if (passed == 0) {
    all.verdict = Verdict::Wa;
    all.message = "no test has passed: " + count_of(all.tests.size(), "test") + ", all skipped";
  } else {
    all.verdict = Verdict::Ac;
    all.message = count_of(static_cast<std::size_t>(passed), "test") + " passed";
  }
  all.message = one_line(all.message);
}

// What the submission's sandbox ended it for, before the tests were through.
bool has_met_limit(const SideEnd& submission) {
  return submission.ended_by == EndedBy::Limit || submission.ended_by == EndedBy::WallLimit ||
         std::holds_alternative<supervise::Violation>(submission.run.outcome);
}

}  // namespace

TestRecord read_record(std::string_view text) {
  TestRecord record;
  if (!text.starts_with(kRecordBegin)) return record;
  record.has_begun = true;
  text.remove_prefix(kRecordBegin.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos || !read_line(record, text.substr(0, end))) {
      record.is_complete = false;
      return record;
    }
    text.remove_prefix(end + 1);
  }
  return record;
}

Examination settle_two_sided(TestRecord record, const DialogueEnd& end, const Limits& submission_limits,
                             const Limits& examiner_limits) {
  Examination all;
  all.tests = std::move(record.tests);
  const Outcome& examiner = end.interactor.run.outcome;
  const Outcome& submission = end.submission.run.outcome;
  if (is_fault(submission) || is_fault(examiner)) {
    all.message = is_fault(submission) ? message_of(submission, submission_limits)
                                       : "the tests: " + message_of(examiner, examiner_limits);
    return all;
  }
  if (!record.fault.empty()) {
    all.fault = record.fault;
    return all;
  }
  if (!record.has_begun) {
    all.fault = "they did not begin: " + message_of(examiner, examiner_limits);
    return all;
  }
  const auto* exited = std::get_if<supervise::Exited>(&examiner);
  const bool is_complete = record.is_complete && exited != nullptr && exited->code == 0;
  if (has_met_limit(end.submission)) {
    all.verdict = judge::verdict_of(submission);
    all.message = message_of(end.submission.run, submission_limits);
  } else if (is_complete) {
    settle_by_tests(all);
    if (all.verdict == Verdict::Re && end.first == Side::Submission) {
      all.message += " (" + message_of(end.submission.run, submission_limits) + ")";
    }
  } else {
    // What the tests make of the submission's answers is the submission's doing.
    const Verdict verdict = judge::verdict_of(examiner);
    all.verdict = verdict == Verdict::Tle || verdict == Verdict::Mle || verdict == Verdict::Ole ? verdict : Verdict::Re;
    all.message = "the tests did not come to their end: " + message_of(end.interactor.run, examiner_limits);
  }
  return all;
}

Examination settle_in_process(TestRecord record, const RunResult& run, const Limits& limits, std::string_view token) {
  Examination all;
  all.tests = std::move(record.tests);
  const Verdict verdict = judge::verdict_of(run.outcome);
  if (is_fault(run.outcome)) {
    all.message = message_of(run, limits);
  } else if (!record.fault.empty()) {
    all.fault = record.fault;
  } else if (verdict != Verdict::Ok) {
    all.verdict = verdict;
    all.message = message_of(run, limits);
  } else if (!record.is_complete || record.token != token) {
    all.verdict = Verdict::Re;
    all.message = "the run ended before the tests did";
  } else {
    settle_by_tests(all);
  }
  return all;
}

Examination settle_reported(ReportFormat format, std::string_view text, const std::string& missing,
                            const RunResult& run, const Limits& limits) {
  Examination all;
  const auto* exited = std::get_if<supervise::Exited>(&run.outcome);
  if (is_fault(run.outcome)) {
    all.message = message_of(run, limits);
    return all;
  }
  testreports::Report report;
  switch (format) {
    case ReportFormat::Junit: report = testreports::read_junit(text); break;
    case ReportFormat::Tap: report = testreports::read_tap(text); break;
    case ReportFormat::Doctest: report = testreports::read_doctest(text); break;
  }
  all.tests = std::move(report.tests);
  if (exited == nullptr) {
    all.verdict = judge::verdict_of(run.outcome);
    all.message = message_of(run, limits);
  } else if (!missing.empty() || !report.fault.empty()) {
    all.verdict = Verdict::Re;
    all.message = "there is no whole report: " + (missing.empty() ? report.fault : missing);
    if (exited->code != 0) all.message += "; " + message_of(run, limits);
    all.message = one_line(all.message);
  } else {
    settle_by_tests(all);
    if (all.verdict == Verdict::Ac && exited->code != 0) {
      all.verdict = Verdict::Re;
      all.message += ", and the program " + message_of(run, limits);
    }
  }
  return all;
}

std::vector<std::string_view> tricks_not_excluded(TestsMode mode) {
  switch (mode) {
    case TestsMode::TwoSided: return {};
    case TestsMode::InProcess:
      return {"objects that compare equal to everything",
              "functions of the tests, of unittest or of Python that the submission replaces",
              "frames and objects of the tests that the submission finds and changes",
              "a record with its token that the submission finds and writes itself"};
    case TestsMode::Reported:
      return {"a report that the submission writes itself", "tests that the submission changes or leaves out"};
  }
  return {};
}

}  // namespace evalrun::judge
