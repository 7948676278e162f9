// Fuzzes what evalrun itself reads of tests with libFuzzer: the record of an examiner, and reports of tests (the first
// byte says which). Whatever the text is, it settles the case; accepted is only what is whole and has passed. The
// messages between the two sides are relayed unread; `./dev broken-answers` breaks those.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/judge/examination.h"

namespace {

using namespace evalrun;
using testreports::TestLine;
using testreports::TestStatus;

supervise::RunResult ended_well() {
  supervise::RunResult run;
  run.outcome = supervise::Exited{0};
  return run;
}

void require(bool holds) {
  if (!holds) std::abort();
}

bool have_passed(const std::vector<TestLine>& tests) {
  const auto is_good = [](const TestLine& one) {
    return one.status == TestStatus::Passed || one.status == TestStatus::Skipped;
  };
  return std::ranges::all_of(tests, is_good) &&
         std::ranges::any_of(tests, [](const TestLine& one) { return one.status == TestStatus::Passed; });
}

void check(const judge::Examination& all) {
  require(all.verdict != judge::Verdict::Ac || (have_passed(all.tests) && all.fault.empty()));
  require(all.message.find('\n') == std::string::npos);
}

void settle_record(std::string_view text) {
  judge::TestRecord record = judge::read_record(text);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  if (record.is_complete) {
    require(text.starts_with(kRecordBegin) && text.ends_with('\n'));
    const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
    require(text.substr(last).starts_with("end\t" + std::to_string(record.tests.size())));
    require(record.tests.size() + 2 <= lines);
  }
  const bool may_pass = record.is_complete;
  judge::DialogueEnd end;
  end.interactor.run = ended_well();
  end.submission.run = ended_well();
  const judge::Examination all = judge::settle_two_sided(std::move(record), end, {}, {});
  require(may_pass || all.verdict != judge::Verdict::Ac);
  check(all);
}

void settle_one(std::string_view text) {
  if (text.empty()) return;
  const char form = text.front();
  text.remove_prefix(1);
  switch (form) {
    case 'j': return check(judge::settle_reported(ReportFormat::Junit, text, "", ended_well(), {}));
    case 't': return check(judge::settle_reported(ReportFormat::Tap, text, "", ended_well(), {}));
    case 'd': return check(judge::settle_reported(ReportFormat::Doctest, text, "", ended_well(), {}));
    default: return settle_record(text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  settle_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
