// Jobs on their way into a queue, and their results on the way back.
//
// Theory of operation. The input's lines are checked as a batch checks them (jobs/job.h) and go into the queue in
// pieces. A piece that finds the queue full is sent again, so the input's writer waits as before a full pipe; nothing
// is held but the piece. Results are read from the batch's own list in the queue, written, and forgotten there when
// they are out. In the input's order results wait here for those before them, and lines wait where many do. A batch
// that was named is not forgotten: the same command can be given again, submits only what the queue does not have, and
// prints all results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/batch/line_reader.h"
#include "runtime/batch/ordering.h"
#include "runtime/batch/result_queue.h"
#include "runtime/batch/seen_ids.h"
#include "runtime/fleet/plan_bundle.h"
#include "runtime/fleet/queue/queue.h"
#include "runtime/fleet/shared_files.h"
#include "runtime/jobs/job.h"
#include "runtime/jobs/result_row.h"
#include "runtime/jobs/status.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::fleet {

enum class Results { NotAwaited, Awaited };
// Whether the queue forgets the batch with its last result.
enum class Afterwards { Forget, Keep };

struct SubmissionOptions {
  Lot lot;
  Results results = Results::NotAwaited;
  Afterwards afterwards = Afterwards::Keep;
  batch::Order order = batch::Order::Completion;
  jobs::ResultForm form = jobs::ResultForm::JsonLines;
  std::optional<PlanText> plan;                        // what jobs without a plan change
  std::vector<std::string> overrides;                  // --set, of every plan
  std::string input_name;                              // for messages
  std::filesystem::path folder;                        // what paths in jobs are relative to
  SharedPlace files;                                   // empty: files of this host go nowhere
  std::function<void(std::string_view line)> on_line;  // told of every line of JSON before it goes out; may be empty
};

struct SubmissionCounts {
  std::uint64_t submitted = 0;  // of them some were known
  std::uint64_t known = 0;
  std::uint64_t results = 0;
  std::uint64_t malformed = 0, other_verdicts = 0, sandbox_failed = 0;
};

class Submission {
 public:
  // Reads `input` and writes `output`. All that is borrowed outlives it. Throws PlanError where the plan is wrong, and
  // UsageError where a file that it names cannot be shared.
  Submission(loop::EventLoop& loop, SubmissionOptions options, Queue& queue, int input, int output);
  ~Submission();
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  // Before the first turn of the loop and after each. Throws SystemError where the input or the output fails.
  void advance();
  [[nodiscard]] bool finished() const;

  // Submits nothing more. Of a batch that would be forgotten, what has not run is cancelled; of another one, the jobs
  // go on.
  void interrupt();

  [[nodiscard]] const SubmissionCounts& counts() const noexcept { return counts_; }
  // The worst of the results'.
  [[nodiscard]] jobs::Status status() const;

 private:
  // A line that goes out, and the queue's entry that is forgotten then ("": none).
  struct Ordered {
    std::string text;
    StoredResult entry;
  };

  void take_lines();
  void take_line(batch::InputLine&& line);
  std::string plan_of(const std::string& path);
  void refuse(std::uint64_t line, const std::optional<jobs::JobId>& id, const std::string& message);
  void send();
  void read_results();
  void take_result(const StoredResult& result);
  void forget();
  void put(std::string line);
  void begin_in_order(std::uint64_t line, const std::string& id);
  void put_at(std::uint64_t line, Ordered&& result);
  void cancel_rest(std::vector<std::string> ids);
  void plan_next_turn();
  [[nodiscard]] bool has_room() const;

  loop::EventLoop& loop_;
  const SubmissionOptions options_;
  Queue& queue_;
  batch::LineReader lines_;
  batch::ResultQueue results_;
  batch::SeenIds ids_, received_;
  std::map<std::string, std::string> plans_;  // the digests of those that jobs name, by their paths
  std::string base_plan_;
  std::vector<NewJob> gathered_, sent_;  // the next piece; the one that the queue was asked to take
  std::size_t gathered_bytes_ = 0;
  bool is_sending_ = false, is_reading_ = false, more_lines_ = false;
  Duration send_at_{}, read_at_{}, send_wait_{}, read_wait_{};
  std::string last_entry_;
  std::vector<StoredResult> to_forget_;
  // In the input's order: lines that are not out yet, and where the ids of those stand whose results are awaited.
  std::map<std::uint64_t, std::optional<Ordered>> in_order_;
  std::map<std::string, std::uint64_t> lines_of_ids_;
  bool is_interrupted_ = false, is_cancelling_ = false;
  loop::Timer wake_;
  SubmissionCounts counts_;
};

// The queue's name of a job: one for each id of a batch.
std::string queue_id(const std::string& batch, const std::string& id);

}  // namespace evalrun::fleet
