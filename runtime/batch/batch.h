// A batch: jobs in, results out, many sandboxes from one event loop.
//
// Theory of operation. A line of the input is read when there is room for its job, and there is room while fewer than
// `jobs` are running, the results that wait to be written are few, and, in the input's order, no result is far ahead of
// the slowest. So a reader that does not read stops the input, and what is held does not grow with the number of jobs:
// it is bounded by their size and by how many run. The line becomes a plan (job.h, plans.h) and the plan a running job
// (live_job.h); a line that is wrong becomes a result that says so. A result goes into the journal, then into the order
// (ordering.h), then to the output (result_queue.h).
//
// No turn of the loop takes long: a large result is put into words and into the journal by another thread
// (loop/background.h), its job keeping its place meanwhile; the disk is waited for there too. Small results are
// written by the loop itself where that thread has nothing to do, which is quicker.
//
// With a journal that knows jobs already, their results come from there: all of them first, in the order of completion;
// each at its line, in the input's.
//
// A job whose start is in the journal without an end may have ended evalrun itself, or only have run beside one that
// did. It is run again while nothing else runs: where evalrun ends once more, it was this job, and it is given up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/batch/journal.h"
#include "runtime/batch/line_reader.h"
#include "runtime/batch/ordering.h"
#include "runtime/batch/result_queue.h"
#include "runtime/batch/seen_ids.h"
#include "runtime/jobs/live_job.h"
#include "runtime/jobs/plans.h"
#include "runtime/jobs/result_row.h"
#include "runtime/loop/background.h"

namespace evalrun::batch {

struct BatchOptions {
  Order order = Order::Completion;
  unsigned jobs = 1;  // sandboxes at a time, at least one
  judge::AfterFailure after_failure = judge::AfterFailure::GoOn;
  jobs::ResultForm form = jobs::ResultForm::JsonLines;
  std::string input_name;                              // for messages
  std::filesystem::path save_to;                       // a folder for each job whose plan collects files
  std::function<void(std::string_view line)> on_line;  // told of every line of JSON before it goes out; may be empty
};

struct Progress {
  std::uint64_t done = 0;  // all of them
  std::uint64_t other_verdicts = 0, malformed = 0, sandbox_failed = 0;
  std::uint64_t from_journal = 0;
  std::uint64_t input_bytes = 0;
  std::size_t live = 0;
};

class Batch {
 public:
  // Reads `input` and writes `output`; all that is borrowed outlives the batch. `journal` may be null.
  Batch(const jobs::Workplace& place, BatchOptions options, jobs::Plans& plans, Journal* journal, int input,
        int output);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Before the first turn of the loop and after each. Throws UsageError where the input is not the journal's, and
  // SystemError where the input, the output or the journal fails.
  void advance();
  [[nodiscard]] bool finished() const;

  // Starts nothing more, and ends what is running without a result.
  void interrupt(int signal);
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

  [[nodiscard]] Progress progress() const;
  // The worst of the jobs'.
  [[nodiscard]] jobs::Status status() const;

 private:
  struct Running {
    std::uint64_t line;
    std::uint64_t hash;
    jobs::JobId id;
    std::unique_ptr<jobs::LiveJob> job;  // null once the background has it
    bool is_being_written = false;       // by the background: its end is there
  };

  void take_finished();
  bool replay();
  void start_jobs();
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t most_span() const;
  void take_line(InputLine&& line);
  void take_done_line(const InputLine& line, std::uint64_t hash);
  void start(jobs::JobLine&& job, const InputLine& line, std::uint64_t hash, Duration began);
  void give_up(const Running& job);
  void leave(const Running& job);
  void refuse(std::uint64_t line, const std::optional<jobs::JobId>& id, const std::string& message);
  template <typename Step>
  bool attempt(const Running& running, const std::string& plan_name, Step step);
  void settle_end(Running& running, jobs::JobEnd&& end);
  static std::string line_of(const Running& running, jobs::JobEnd& end);
  void write_in_background(Running& running, jobs::JobEnd&& end);
  void end_of_writing(std::uint64_t line, jobs::Status status, std::string result);
  void settle(const Running& job, jobs::Status status, std::string line);
  void sync_journal();
  void count(jobs::Status status);
  void write_ready();
  void put(std::string line);
  void plan_next_turn();
  [[nodiscard]] std::filesystem::path save_folder(const std::string& id, std::uint64_t line) const;

  jobs::Workplace place_;
  const BatchOptions options_;
  jobs::Plans& plans_;
  Journal* journal_;
  LineReader lines_;
  ResultQueue results_;
  Ordering ordering_;
  SeenIds ids_;
  std::optional<InputLine> held_;  // a job that is to run alone, while others run
  bool runs_alone_ = false;        // the one that runs
  std::vector<Running> live_;
  loop::Background background_;
  loop::Timer wake_;  // for a turn of the loop where no descriptor asks for one
  Duration sync_at_{}, give_up_at_{};
  bool replaying_ = false;
  bool more_to_start_ = false;
  bool interrupted_ = false;
  Progress progress_;
};

}  // namespace evalrun::batch
