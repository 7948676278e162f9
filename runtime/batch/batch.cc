#include "runtime/batch/batch.h"

#include <algorithm>
#include <utility>

#include "runtime/batch/read_line.h"
#include "runtime/core/error.h"
#include "runtime/jobs/result_line.h"
#include "runtime/report/report.h"

namespace evalrun::batch {
namespace {

using namespace std::chrono_literals;

// Results that wait for the output's reader, or for an earlier line's, beyond which nothing new is started.
constexpr std::size_t kMostWaiting = 1U << 20;
// In the input's order: how many jobs for each sandbox may be done before the slowest is.
constexpr std::size_t kAheadPerJob = 16;
// Lines taken up between two looks at the clock, the signals and the running jobs.
constexpr int kLinesPerTurn = 64;
// Results that keep more output than this are written in the background.
constexpr std::size_t kLargeOutput = 64U << 10;
// What a crash of the machine, not of this process, may cost.
constexpr Duration kSyncEvery = 1s;
// How long a reader that has stopped reading is waited for after an interruption.
constexpr Duration kGrace = 2s;

// Of a job that ended evalrun before it ended itself: the first time others may have run beside it, the second it was
// alone.
constexpr unsigned kMostStarts = 2;

// The folder of a job whose id is no plain name. No id is called so.
constexpr std::string_view kLineFolder = "line-";

// An id that is a plain name, of a length that leaves room for what is made beside it.
bool is_plain_name(const std::string& id) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !id.empty() && id.size() <= 128 && id.front() != '.' && !id.starts_with(kLineFolder) &&
         id.find_first_not_of(kPlain) == id.npos;
}

std::string fault_line(const jobs::JobId& id, std::uint64_t line, const std::string& plan,
                       const supervise::SandboxFault& fault, const std::string& message) {
  return jobs::result_line(id, line, report::fault_to_json(plan, fault, message, report::Layout::OneLine));
}

}  // namespace

Batch::Batch(const jobs::Workplace& place, BatchOptions options, jobs::Plans& plans, Journal* journal, int input,
             int output)
    : place_(place),
      options_(std::move(options)),
      plans_(plans),
      journal_(journal),
      lines_(place.loop, input),
      results_(place.loop, output),
      ordering_(options_.order),
      background_(place.loop),
      replaying_(journal != nullptr && options_.order == Order::Completion) {
  if (journal_ != nullptr) ids_ = journal_->take_ids();
  results_.put(jobs::header_of(options_.form));
  place_.loop.watch(wake_.get(), loop::Interest::Read, place_.loop.caller(), [this] { wake_.acknowledge(); });
}

Batch::~Batch() {
  for (const Running& running : live_) {
    try {
      leave(running);
    } catch (const std::exception&) {
      // It is run alone then; no more is lost.
    }
  }
  live_.clear();
  place_.loop.forget(wake_.get());
}

bool Batch::finished() const {
  const bool all_started = interrupted_ || (lines_.ended() && !held_ && !replaying_);
  return all_started && live_.empty() && background_.is_idle() && results_.length() == 0;
}

void Batch::interrupt(int signal) {
  if (interrupted_) return results_.give_up();
  take_finished();
  interrupted_ = true;
  give_up_at_ = loop::now() + kGrace;
  lines_.leave();
  for (const Running& running : live_) {
    if (running.job) running.job->interrupt(signal);
  }
}

void Batch::advance() {
  take_finished();
  more_to_start_ = false;
  if (!interrupted_ && replay()) start_jobs();
  // One each turn: what has finished meanwhile comes first.
  if (!interrupted_ && !lines_.ended() && !live_.empty() && place_.pool.prepare()) more_to_start_ = true;
  write_ready();
  sync_journal();
  if (interrupted_ && loop::now() >= give_up_at_) results_.give_up();
  plan_next_turn();
}

void Batch::plan_next_turn() {
  if (more_to_start_) return wake_.set({});
  // Once the reader has been given up there is nothing more to wake for: the runs end by themselves.
  if (interrupted_) {
    if (loop::now() < give_up_at_) wake_.set(give_up_at_);
    return;
  }
  // While the background works, its end wakes the loop.
  if (journal_ != nullptr && journal_->is_dirty() && background_.is_idle()) wake_.set(sync_at_);
}

// What is thrown on a job's way is that job's end, not the batch's; false then.
template <typename Step>
bool Batch::attempt(const Running& running, const std::string& plan_name, Step step) {
  try {
    step();
    return true;
  } catch (const PlanError& error) {
    leave(running);
    refuse(running.line, running.id, error.what());
  } catch (const std::exception& error) {
    const supervise::SandboxFault fault = supervise::fault_of(std::current_exception());
    settle(running, jobs::Status::SandboxFailed, fault_line(running.id, running.line, plan_name, fault, error.what()));
  }
  return false;
}

void Batch::take_finished() {
  for (Running& running : live_) {
    if (running.is_being_written) continue;
    std::optional<jobs::JobEnd> end;
    const bool is_well = attempt(running, running.job->plan().origin.name, [&] {
      running.job->advance();
      if (running.job->finished()) end = running.job->take_end();
    });
    if (end) settle_end(running, std::move(*end));
    if ((end && !running.is_being_written) || !is_well) running.job.reset();
  }
  std::erase_if(live_, [](const Running& running) { return !running.job && !running.is_being_written; });
  if (live_.empty()) runs_alone_ = false;
}

void Batch::settle_end(Running& running, jobs::JobEnd&& end) {
  if (interrupted_) return leave(running);  // what was ended early is not done
  if (end.size > kLargeOutput || !background_.is_idle()) return write_in_background(running, std::move(end));
  std::string line = line_of(running, end);
  settle(running, end.status, std::move(line));
}

// What cannot be put into words is that job's failure.
std::string Batch::line_of(const Running& running, jobs::JobEnd& end) {
  try {
    return jobs::result_line(running.id, running.line, running.job->describe(end));
  } catch (const std::exception& error) {
    end.status = jobs::Status::SandboxFailed;
    const supervise::SandboxFault fault = supervise::fault_of(std::current_exception());
    return fault_line(running.id, running.line, running.job->plan().origin.name, fault, error.what());
  }
}

void Batch::write_in_background(Running& running, jobs::JobEnd&& end) {
  running.is_being_written = true;
  struct Writing {
    Running of;
    jobs::JobEnd end;
    std::string line;
  };
  // The job goes along: nobody else touches it until it is written.
  Running of{running.line, running.hash, running.id, std::move(running.job)};
  const auto writing = std::make_shared<Writing>(Writing{std::move(of), std::move(end), {}});
  background_.give(
      [this, writing] {
        writing->line = line_of(writing->of, writing->end);
        writing->end.value = {};
        if (journal_ != nullptr) {
          journal_->append({writing->of.line, writing->of.hash, writing->end.status, writing->line});
        }
      },
      [this, writing](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
        end_of_writing(writing->of.line, writing->end.status, std::move(writing->line));
      });
}

void Batch::end_of_writing(std::uint64_t line, jobs::Status status, std::string result) {
  count(status);
  ordering_.finish(line, std::move(result));
  std::erase_if(live_, [&](const Running& running) { return running.line == line; });
}

void Batch::settle(const Running& job, jobs::Status status, std::string line) {
  if (interrupted_) return leave(job);  // what was ended early is not done
  if (journal_ != nullptr && background_.is_idle()) {
    journal_->append({job.line, job.hash, status, line});
  } else if (journal_ != nullptr) {
    const auto record = std::make_shared<JournalRecord>(JournalRecord{job.line, job.hash, status, std::move(line)});
    return background_.give([this, record] { journal_->append(*record); },
                            [this, record](std::exception_ptr thrown) {
                              if (thrown) std::rethrow_exception(thrown);
                              end_of_writing(record->line, record->status, std::move(record->result));
                            });
  }
  count(status);
  ordering_.finish(job.line, std::move(line));
}

// The disk may take long.
void Batch::sync_journal() {
  if (journal_ == nullptr || !background_.is_idle()) return;
  if (finished()) return journal_->sync();
  if (!journal_->is_dirty() || loop::now() < sync_at_) return;
  sync_at_ = loop::now() + kSyncEvery;
  background_.give([this] { journal_->sync(); },
                   [](std::exception_ptr thrown) {
                     if (thrown) std::rethrow_exception(thrown);
                   });
}

void Batch::leave(const Running& job) {
  if (journal_ != nullptr) journal_->append_left(job.line, job.hash);
}

void Batch::give_up(const Running& job) {
  const supervise::SandboxFault fault{"batch", "give up", jobs::text_of(job.id), 0, false};
  settle(job, jobs::Status::SandboxFailed,
         fault_line(job.id, job.line, "", fault,
                    "given up: it was started twice, the second time alone, and each time evalrun ended before it"));
}

void Batch::count(jobs::Status status) {
  ++progress_.done;
  switch (status) {
    case jobs::Status::Good: break;
    case jobs::Status::OtherVerdict: ++progress_.other_verdicts; break;
    case jobs::Status::Malformed: ++progress_.malformed; break;
    case jobs::Status::SandboxFailed: ++progress_.sandbox_failed; break;
  }
}

// The journal's results, while there is room for them; true when all have gone out.
bool Batch::replay() {
  for (int turn = 0; replaying_ && has_room(); ++turn) {
    if (turn == kLinesPerTurn) {
      more_to_start_ = true;
      break;
    }
    const auto record = journal_->next();
    replaying_ = record.has_value();
    if (!record) break;
    ++progress_.from_journal;
    count(record->status);
    put(std::move(record->result));
  }
  return !replaying_;
}

std::size_t Batch::most_span() const {
  return kAheadPerJob * options_.jobs;
}

bool Batch::has_room() const {
  if (runs_alone_ || live_.size() >= options_.jobs || results_.length() >= kMostWaiting) return false;
  return options_.order == Order::Completion ||
         (ordering_.span() < most_span() && ordering_.held_bytes() < kMostWaiting);
}

void Batch::start_jobs() {
  for (int turn = 0; turn < kLinesPerTurn; ++turn) {
    write_ready();
    if (!has_room()) return lines_.leave();
    std::optional<InputLine> line = held_ ? std::exchange(held_, std::nullopt) : lines_.next();
    if (!line) {
      const bool whole = journal_ == nullptr || !lines_.ended() || journal_->done().all_confirmed();
      if (!whole) throw UsageError("the journal has results for lines that " + options_.input_name + " does not have");
      return lines_.wait();
    }
    take_line(std::move(*line));
    if (held_) return lines_.leave();
  }
  more_to_start_ = true;
}

void Batch::take_line(InputLine&& line) {
  const Duration began = loop::now();
  const std::uint64_t hash = journal_ == nullptr ? 0 : hash_of_job(line.text);
  if (journal_ != nullptr && journal_->done().contains(line.number)) return take_done_line(line, hash);
  // In turn: nothing behind it is started before.
  if (journal_ != nullptr && !live_.empty() && journal_->starts_without_end(line.number) > 0) {
    held_ = std::move(line);
    return;
  }
  ordering_.begin(line.number);
  auto parsed = read_line(line, options_.input_name, ids_);
  if (const auto* bad = std::get_if<jobs::BadLine>(&parsed)) return refuse(line.number, bad->id, bad->message);
  start(std::get<jobs::JobLine>(std::move(parsed)), line, hash, began);
}

void Batch::take_done_line(const InputLine& line, std::uint64_t hash) {
  if (!journal_->done().confirm(line.number, hash)) {
    throw UsageError("the journal is of another input: " + options_.input_name + " differs from it at line " +
                     std::to_string(line.number) + " or shortly before");
  }
  if (options_.order == Order::Completion) return;
  JournalRecord record = journal_->find(line.number);
  ++progress_.from_journal;
  count(record.status);
  ordering_.begin(line.number);
  ordering_.finish(line.number, std::move(record.result));
}

void Batch::start(jobs::JobLine&& job, const InputLine& line, std::uint64_t hash, Duration began) {
  Running running{line.number, hash, job.id, nullptr};
  const unsigned starts = journal_ == nullptr ? 0 : journal_->starts_without_end(line.number);
  if (starts >= kMostStarts) return give_up(running);
  if (journal_ != nullptr) journal_->append_started(line.number, hash);
  std::string plan_name;
  const bool is_well = attempt(running, plan_name, [&] {
    Task task = plans_.task_of(std::move(job));
    plan_name = task.plan.origin.name;
    running.job = std::make_unique<jobs::LiveJob>(place_, std::move(task), began,
                                                  save_folder(jobs::text_of(running.id), line.number));
  });
  if (!is_well) return;
  live_.push_back(std::move(running));
  runs_alone_ = starts > 0;
}

void Batch::refuse(std::uint64_t line, const std::optional<jobs::JobId>& id, const std::string& message) {
  count(jobs::Status::Malformed);
  ordering_.finish(line, jobs::error_line(id, line, message));
}

void Batch::write_ready() {
  while (auto line = ordering_.take()) put(std::move(*line));
}

void Batch::put(std::string line) {
  if (options_.on_line) options_.on_line(line);
  results_.put(jobs::row_of(std::move(line), options_.form));
}

std::filesystem::path Batch::save_folder(const std::string& id, std::uint64_t line) const {
  return options_.save_to / (is_plain_name(id) ? id : std::string(kLineFolder) + std::to_string(line));
}

Progress Batch::progress() const {
  Progress progress = progress_;
  progress.input_bytes = lines_.bytes_taken();
  progress.live = live_.size();
  return progress;
}

jobs::Status Batch::status() const {
  if (progress_.sandbox_failed != 0) return jobs::Status::SandboxFailed;
  if (progress_.malformed != 0) return jobs::Status::Malformed;
  return progress_.other_verdicts != 0 ? jobs::Status::OtherVerdict : jobs::Status::Good;
}

}  // namespace evalrun::batch
