#include "runtime/fleet/submission.h"

#include <algorithm>
#include <utility>

#include "runtime/batch/read_line.h"
#include "runtime/core/error.h"
#include "runtime/core/sha256.h"
#include "runtime/fleet/job_text.h"
#include "runtime/fleet/shared_files.h"
#include "runtime/jobs/result_line.h"
#include "runtime/reader/template.h"

namespace evalrun::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostLinesAtOnce = 256;
constexpr std::size_t kMostBytesAtOnce = 1U << 20;
constexpr int kLinesPerTurn = 64;
constexpr std::size_t kResultsAtOnce = 256;
// Results that wait for the output's reader, beyond which none are read and no lines are.
constexpr std::size_t kMostWaiting = 1U << 20;
// In the input's order: lines that are not out, beyond which none are read.
constexpr std::size_t kMostInOrder = 4096;
constexpr std::size_t kLongestPlainId = 128;
constexpr std::size_t kManyPlans = 10000;
constexpr Duration kLeastWait = 2ms;
constexpr Duration kMostWaitToSend = 200ms;
constexpr Duration kMostWaitToRead = 50ms;

jobs::Status status_in(std::string_view line) {
  // No text in JSON holds a quotation mark without a backslash before it, and the first verdict is the job's.
  constexpr std::string_view kVerdict = "\"verdict\":\"";
  const std::size_t at = line.find(kVerdict);
  if (at == line.npos) return jobs::Status::Malformed;
  const std::string_view rest = line.substr(at + kVerdict.size());
  const std::string_view verdict = rest.substr(0, rest.find('"'));
  if (verdict == "OK" || verdict == "AC") return jobs::Status::Good;
  if (verdict == "IE" || verdict == "CANCELLED") return jobs::Status::SandboxFailed;
  return jobs::Status::OtherVerdict;
}

}  // namespace

std::string queue_id(const std::string& batch, const std::string& id) {
  return batch + (id.size() <= kLongestPlainId ? "/=" + id : "/#" + sha256_hex(id));
}

Submission::Submission(loop::EventLoop& loop, SubmissionOptions options, Queue& queue, int input, int output)
    : loop_(loop),
      options_(std::move(options)),
      queue_(queue),
      lines_(loop, input),
      results_(loop, output),
      send_wait_(kLeastWait),
      read_wait_(kLeastWait) {
  if (options_.plan) {
    const PlanTemplate checked(*options_.plan, options_.overrides);
    try {
      base_plan_ = plan_of("");
    } catch (const SharedFileError& error) {
      throw UsageError("--files: " + std::string(error.what()));
    }
  }
  if (options_.results == Results::Awaited) results_.put(jobs::header_of(options_.form));
  loop_.watch(wake_.get(), loop::Interest::Read, loop_.caller(), [this] { wake_.acknowledge(); });
}

Submission::~Submission() {
  loop_.forget(wake_.get());
}

bool Submission::finished() const {
  if (is_interrupted_) return !is_cancelling_;
  const bool all_sent = lines_.ended() && gathered_.empty() && sent_.empty();
  if (!all_sent || is_reading_ || results_.length() != 0) return false;
  if (options_.results == Results::NotAwaited) return queue_.is_idle();
  return counts_.results == counts_.submitted && to_forget_.empty() && queue_.is_idle();
}

void Submission::advance() {
  if (!is_interrupted_) {
    take_lines();
    send();
  }
  read_results();
  forget();
  plan_next_turn();
}

void Submission::plan_next_turn() {
  if (more_lines_) return wake_.set({});
  Duration next = Duration::max();
  if (!sent_.empty() && !is_sending_) next = std::min(next, send_at_);
  if (options_.results == Results::Awaited && !is_reading_) next = std::min(next, read_at_);
  if (next != Duration::max()) wake_.set(next);
}

// --- into the queue --------------------------------------------------------------------------------------------------

bool Submission::has_room() const {
  return gathered_.size() < kMostLinesAtOnce && gathered_bytes_ < kMostBytesAtOnce &&
         results_.length() < kMostWaiting && in_order_.size() < kMostInOrder;
}

void Submission::take_lines() {
  more_lines_ = false;
  for (int turn = 0; turn < kLinesPerTurn; ++turn) {
    if (!has_room()) return lines_.leave();
    std::optional<batch::InputLine> line = lines_.next();
    if (!line) return lines_.wait();
    take_line(std::move(*line));
  }
  more_lines_ = true;
}

void Submission::take_line(batch::InputLine&& line) {
  auto parsed = batch::read_line(line, options_.input_name, ids_);
  if (const auto* bad = std::get_if<jobs::BadLine>(&parsed)) return refuse(line.number, bad->id, bad->message);
  const std::optional<jobs::JobId> id = std::get<jobs::JobLine>(parsed).id;
  const SourcePosition position = batch::position_of(line, options_.input_name);
  const std::string& path = std::get<jobs::JobLine>(parsed).plan;
  std::string plan = base_plan_;
  try {
    if (path.empty() && base_plan_.empty()) throw PlanError(position, "plan", "missing; the batch has no --plan");
    if (!path.empty()) plan = plan_of((options_.folder / path).string());
    if (!options_.files.empty()) {
      auto shared = with_shared_files(std::get<jobs::JobLine>(parsed), options_.files, options_.folder);
      if (shared) line.text = std::move(*shared);
    }
  } catch (const PlanError& error) {
    return refuse(line.number, id, error.what());
  } catch (const SharedFileError& error) {
    return refuse(line.number, id, to_string(position) + ": " + error.what());
  }
  begin_in_order(line.number, jobs::text_of(*id));
  gathered_bytes_ += line.text.size();
  gathered_.push_back({queue_id(options_.lot.batch, jobs::text_of(*id)), plan, jobs::result_head(*id, line.number),
                       std::move(line.text)});
}

// The digest of a plan, which is put into the queue when it is first needed. "": the base.
std::string Submission::plan_of(const std::string& path) {
  if (const auto found = plans_.find(path); found != plans_.end()) return found->second;
  PlanBundle bundle{path.empty() ? *options_.plan : read_plan_file(path),
                    options_.overrides,
                    options_.input_name,
                    options_.folder,
                    {}};
  if (!path.empty()) const PlanTemplate checked(bundle.plan, bundle.overrides);
  if (!options_.files.empty()) bundle.files = shared_files_of(bundle.plan, bundle.overrides, options_.files);
  const std::string text = to_json(bundle), digest = sha256_hex(text);
  if (plans_.size() >= kManyPlans) plans_.clear();
  plans_[path] = digest;
  queue_.put_plan(digest, bundle.plan.name, text, [] {});
  return digest;
}

void Submission::refuse(std::uint64_t line, const std::optional<jobs::JobId>& id, const std::string& message) {
  ++counts_.malformed;
  if (options_.results == Results::Awaited && options_.order == batch::Order::Input) {
    in_order_.emplace(line, std::nullopt);
    return put_at(line, {jobs::error_line(id, line, message), {}});
  }
  if (options_.results == Results::Awaited) return put(jobs::error_line(id, line, message));
  results_.put(jobs::error_line(id, line, message) + "\n");
}

void Submission::send() {
  if (is_sending_ || loop::now() < send_at_) return;
  if (sent_.empty()) {
    if (gathered_.empty()) return;
    // While more can be read at once, it goes along.
    if (more_lines_ && has_room()) return;
    sent_ = std::exchange(gathered_, {});
    gathered_bytes_ = 0;
  }
  is_sending_ = true;
  queue_.enqueue(options_.lot, sent_, [this](const Enqueued& answer) {
    is_sending_ = false;
    counts_.submitted += answer.taken;
    counts_.known += answer.known;
    sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(std::min(answer.taken, sent_.size())));
    send_wait_ = answer.taken > 0 ? kLeastWait : std::min(2 * send_wait_, kMostWaitToSend);
    send_at_ = sent_.empty() ? Duration{} : loop::now() + send_wait_;
  });
}

// --- out of the queue ------------------------------------------------------------------------------------------------

void Submission::read_results() {
  if (options_.results == Results::NotAwaited || is_reading_ || is_interrupted_) return;
  if (results_.length() >= kMostWaiting || counts_.results >= counts_.submitted || loop::now() < read_at_) return;
  is_reading_ = true;
  queue_.read_results(options_.lot.batch, last_entry_, kResultsAtOnce, [this](const std::vector<StoredResult>& found) {
    is_reading_ = false;
    for (const StoredResult& result : found) take_result(result);
    read_wait_ = found.empty() ? std::min(2 * read_wait_, kMostWaitToRead) : kLeastWait;
    read_at_ = found.size() == kResultsAtOnce ? Duration{} : loop::now() + read_wait_;
  });
}

void Submission::take_result(const StoredResult& result) {
  last_entry_ = result.entry;
  const std::optional<std::string> id = jobs::id_in_result_line(result.line);
  // Another submission of the same batch had it, or it was given up and tried again: one line for each id.
  if (!id || !ids_.contains(*id) || !received_.add(*id)) return;
  ++counts_.results;
  switch (status_in(result.line)) {
    case jobs::Status::Good: break;
    case jobs::Status::OtherVerdict: ++counts_.other_verdicts; break;
    case jobs::Status::Malformed: ++counts_.malformed; break;
    case jobs::Status::SandboxFailed: ++counts_.sandbox_failed; break;
  }
  const StoredResult entry{result.entry, result.id, {}};
  if (const auto place = lines_of_ids_.find(*id); place != lines_of_ids_.end()) {
    const std::uint64_t line = place->second;
    lines_of_ids_.erase(place);
    return put_at(line, {result.line, entry});
  }
  put(result.line);
  if (options_.afterwards == Afterwards::Forget) to_forget_.push_back(entry);
}

void Submission::begin_in_order(std::uint64_t line, const std::string& id) {
  if (options_.results == Results::NotAwaited || options_.order == batch::Order::Completion) return;
  in_order_.emplace(line, std::nullopt);
  lines_of_ids_.emplace(id, line);
}

// And whatever waited for it.
void Submission::put_at(std::uint64_t line, Ordered&& result) {
  in_order_.at(line) = std::move(result);
  while (!in_order_.empty() && in_order_.begin()->second) {
    Ordered next = std::move(*in_order_.begin()->second);
    in_order_.erase(in_order_.begin());
    put(std::move(next.text));
    const bool is_stored = !next.entry.entry.empty();
    if (is_stored && options_.afterwards == Afterwards::Forget) to_forget_.push_back(std::move(next.entry));
  }
}

// Once they are out: whoever is ended before finds them there again.
void Submission::forget() {
  if (to_forget_.empty() || results_.length() != 0) return;
  queue_.forget_results(options_.lot.batch, std::exchange(to_forget_, {}), [] {});
}

void Submission::put(std::string line) {
  if (options_.on_line) options_.on_line(line);
  results_.put(jobs::row_of(std::move(line), options_.form));
}

void Submission::interrupt() {
  if (is_interrupted_) {
    is_cancelling_ = false;
    return;
  }
  is_interrupted_ = true;
  lines_.leave();
  results_.give_up();
  if (options_.afterwards == Afterwards::Keep) return;
  is_cancelling_ = true;
  queue_.unfinished(options_.lot.batch, [this](std::vector<std::string> ids) { cancel_rest(std::move(ids)); });
}

void Submission::cancel_rest(std::vector<std::string> ids) {
  if (ids.empty()) {
    is_cancelling_ = false;
    return;
  }
  const std::size_t rest = ids.size() - std::min(ids.size(), kMostLinesAtOnce);
  const std::vector<std::string> some(ids.begin() + static_cast<std::ptrdiff_t>(rest), ids.end());
  ids.resize(rest);
  queue_.cancel(some, [this, ids = std::move(ids)](Cancelled) { cancel_rest(ids); });
}

jobs::Status Submission::status() const {
  if (counts_.sandbox_failed != 0 || is_interrupted_) return jobs::Status::SandboxFailed;
  if (counts_.malformed != 0) return jobs::Status::Malformed;
  return counts_.other_verdicts != 0 ? jobs::Status::OtherVerdict : jobs::Status::Good;
}

}  // namespace evalrun::fleet
