// A case that tests examine: the submission answers them from a sandbox of its own, or runs them itself.
#include <sys/random.h>

#include <array>

#include "runtime/core/error.h"
#include "runtime/judge/case_run.h"
#include "runtime/judge/examination.h"
#include "runtime/judge/secret_stream.h"
#include "runtime/supervise/collect.h"

namespace evalrun::judge {
namespace {

// More than the programs write of themselves.
constexpr std::size_t kMostOfRecord = std::size_t{8} << 20;

std::string random_token() {
  std::array<unsigned char, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw SystemError("getrandom", "");
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

void CaseRun::start_examination() {
  const Tests& tests = *context_.task.tests;
  if (tests.mode == TestsMode::Reported) {
    supervise::RunHooks hooks;
    const auto keep = [this](std::string_view piece) {
      const std::size_t room = testreports::kMostOfReport - record_.size();
      if (piece.size() > room) record_is_cut_ = true;
      record_.append(piece.substr(0, room));
    };
    if (tests.report_file.empty()) {
      (tests.report_stream == ReportStream::Output ? hooks.output : hooks.error_output) = keep;
    }
    run_ = start_program(std::move(hooks));
    return;
  }
  if (tests.mode == TestsMode::InProcess) {
    token_ = random_token();
    supervise::RunHooks hooks;
    hooks.output = [this](std::string_view piece) {
      if (record_.size() < kMostOfRecord) record_.append(piece);
    };
    run_ = start_program(std::move(hooks));
    return;
  }
  const JuryProgram& examiner = *context_.task.jury[context_.task.interaction->program];
  DialogueOptions options;
  // Nothing that the submission does after the tests' end counts.
  options.conclude = [](int) { return Conclusion::Reject; };
  options.transcript = Bytes{};
  dialogue_ = std::make_unique<Dialogue>(
      context_.pool.loop(),
      [&](supervise::RunHooks hooks) {
        return context_.pool.start_first_of_two(context_.starts.of_examiner(), examiner.plan, std::move(hooks));
      },
      [&](supervise::RunHooks hooks) { return start_program(std::move(hooks)); }, std::move(options));
}

void CaseRun::end_reported(Fd work) {
  if (interrupted_) return settle(Verdict::Cancelled);
  const Tests& tests = *context_.task.tests;
  std::string missing;
  if (record_is_cut_) missing = "larger than " + to_string(Bytes{testreports::kMostOfReport});
  if (judges_a_file()) {
    const supervise::WorkFileOpened file = supervise::open_in_work(work.get(), one().output_file);
    if (!file.refusal.empty()) {
      missing = file.error == ENOENT ? "the program has not written it" : file.refusal;
    } else if (file.size > testreports::kMostOfReport) {
      missing = "larger than " + to_string(Bytes{testreports::kMostOfReport});
    } else if (const int error = supervise::read_bytes(file, file.size, record_); error != 0) {
      missing = "read: " + errno_text(error);
    }
    if (!missing.empty()) missing = one().output_file + ": " + missing;
  }
  settle_examination(settle_reported(tests.report, record_, missing, grade_.run, one().limits));
}

void CaseRun::end_in_process() {
  keep_secret(grade_.run.output);  // the record
  if (interrupted_) return settle(Verdict::Cancelled);
  settle_examination(settle_in_process(read_record(record_), grade_.run, one().limits, token_));
}

void CaseRun::end_examination() {
  DialogueEnd& end = grade_.dialogue.emplace(dialogue_->take_end());
  dialogue_.reset();
  supervise::Stream& record = end.interactor.run.error_output;
  const JuryProgram& examiner = *context_.task.jury[context_.task.interaction->program];
  TestRecord read = read_record(record.kept);
  if (record.truncated) read.is_complete = false;
  Examination examination = settle_two_sided(std::move(read), end, one().limits, examiner.plan.kind.limits);
  keep_secret(record);
  take_run(std::move(end.submission.run));
  if (interrupted_) return settle(Verdict::Cancelled);
  settle_examination(std::move(examination));
}

void CaseRun::settle_examination(Examination examination) {
  const Verdict verdict = examination.verdict;
  if (!examination.fault.empty()) {
    grade_.jury_fault = {"the tests", {}, examination.fault, ""};
  }
  grade_.examination = std::move(examination);
  settle(verdict);
}

}  // namespace evalrun::judge
