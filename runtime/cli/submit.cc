#include <unistd.h>

#include <iostream>
#include <optional>
#include <random>

#include "runtime/cli/end_signals.h"
#include "runtime/cli/fleet.h"
#include "runtime/cli/jobs_file.h"
#include "runtime/cli/message.h"
#include "runtime/cli/queue_of.h"
#include "runtime/cli/report_files.h"
#include "runtime/core/host_file.h"
#include "runtime/core/plural.h"
#include "runtime/fleet/submission.h"
#include "runtime/jobs/job_board.h"
#include "runtime/reader/parse.h"

namespace evalrun::cli {
namespace {

std::string random_name() {
  std::random_device random;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name = "batch-";
  for (int i = 0; i < 16; ++i) name += kDigits[random() % kDigits.size()];
  return name;
}

fleet::SubmissionOptions submission_options(const Options& options, const JobsFile& jobs) {
  fleet::SubmissionOptions submission;
  submission.lot.tenant = options.tenant.empty() ? "default" : options.tenant;
  submission.lot.priority = options.priority;
  submission.lot.cpu_class = options.cpu_class;
  submission.lot.batch = options.batch.empty() ? random_name() : options.batch;
  if (options.queue_limit != 0) submission.lot.bound = options.queue_limit;
  submission.results = options.wait ? fleet::Results::Awaited : fleet::Results::NotAwaited;
  // Nobody but this process knows the name of such a batch.
  submission.afterwards = options.wait && options.batch.empty() ? fleet::Afterwards::Forget : fleet::Afterwards::Keep;
  submission.form = options.format == Format::Csv    ? jobs::ResultForm::Csv
                    : options.format == Format::Text ? jobs::ResultForm::Text
                                                     : jobs::ResultForm::JsonLines;
  if (!options.plan.empty()) submission.plan = read_plan(options.plan);
  submission.order = options.order;
  submission.overrides = options.set;
  submission.input_name = jobs.name;
  submission.folder = jobs.folder;
  if (!options.shared_files.empty()) submission.files = fleet::SharedPlace::named(options.shared_files);
  return submission;
}

void tell_interruption(int signal, const std::string& batch, const fleet::SubmissionOptions& options,
                       const fleet::SubmissionCounts& counts) {
  const bool is_cancelled = options.afterwards == fleet::Afterwards::Forget;
  say_interrupted(signal,
                  ": " + plural(counts.submitted, "job") + " submitted, " + plural(counts.results, "result") +
                      (is_cancelled ? "; the rest is cancelled"
                                    : "; the jobs go on, and --wait --batch " + batch + " fetches their results"));
}

}  // namespace

int submit_jobs(const Options& options) {
  if (!options.plan.empty() && descriptor_named_by(options.plan) == STDIN_FILENO &&
      descriptor_named_by(options.jobs_file) == STDIN_FILENO) {
    throw UsageError("the plan and the jobs cannot both come from standard input");
  }
  const JobsFile jobs = open_jobs(options.jobs_file);
  ReportFiles reports(options);
  if (reports.are_wanted() && !options.wait) throw UsageError("reports need --wait");
  std::optional<jobs::JobBoard> board;
  if (reports.are_wanted()) board.emplace(std::filesystem::path(jobs.name).filename().string());

  std::optional<EndSignals> signals(std::in_place);
  loop::EventLoop loop(loop::Urgency::Ordinary);
  fleet::SubmissionOptions submission_options = cli::submission_options(options, jobs);
  if (board) submission_options.on_line = [&board](std::string_view line) { board->add(line); };
  const std::unique_ptr<fleet::Queue> queue = queue_of(options, loop);
  fleet::Submission submission(loop, submission_options, *queue, jobs.get(), STDOUT_FILENO);
  int ended_by = 0;
  loop.watch(signals->get(), loop::Interest::Read, loop.caller(), [&] {
    const int signal = signals->take();
    if (signal == 0) return;
    submission.interrupt();
    ended_by = signal;
  });
  std::string away;
  for (submission.advance(); !submission.finished(); submission.advance()) {
    loop.run_once();
    if (queue->why_away() == away) continue;
    away = queue->why_away();
    say(away.empty() ? "the queue is there" : "the queue is away: " + away);
  }
  if (board) reports.write(board->take());
  const std::string& batch = submission_options.lot.batch;
  loop.forget(signals->get());
  signals.reset();  // whoever reads standard error may not
  if (ended_by != 0) {
    tell_interruption(ended_by, batch, submission_options, submission.counts());
  } else if (!options.wait) {
    const fleet::SubmissionCounts& counts = submission.counts();
    say("batch " + batch + ": " + plural(counts.submitted, "job") + " submitted" +
        (counts.known == 0 ? "" : ", of which " + std::to_string(counts.known) + " were there already"));
  }
  return static_cast<int>(submission.status());
}

}  // namespace evalrun::cli
