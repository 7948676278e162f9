#include "runtime/cli/batch.h"

#include <unistd.h>

#include <functional>
#include <optional>
#include <utility>

#include "runtime/batch/batch.h"
#include "runtime/cli/end_signals.h"
#include "runtime/cli/jobs_file.h"
#include "runtime/cli/message.h"
#include "runtime/cli/progress_line.h"
#include "runtime/cli/report_files.h"
#include "runtime/cli/sandbox_count.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/jobs/job_board.h"
#include "runtime/reader/image.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::cli {
namespace {

namespace fs = std::filesystem;

jobs::Plans::Sources sources_of(const Options& options, const fs::path& folder) {
  if (!options.plan.empty() && descriptor_named_by(options.plan) == STDIN_FILENO &&
      descriptor_named_by(options.jobs_file) == STDIN_FILENO) {
    throw UsageError("the plan and the jobs cannot both come from standard input");
  }
  jobs::Plans::Sources sources{std::nullopt, options.set, image_search_path(), folder};
  if (!options.plan.empty()) sources.base = read_plan(options.plan);
  return sources;
}

void tell_interruption(int signal, const batch::Progress& progress, std::size_t ended, bool has_journal) {
  say_interrupted(signal, ": " + std::to_string(progress.done) + " jobs done, " + std::to_string(ended) +
                              " ended without a result" +
                              (has_journal ? "; the same command goes on with the journal" : ""));
}

}  // namespace

int run_batch(const Options& options) {
  const JobsFile jobs = open_jobs(options.jobs_file);
  jobs::Plans plans(sources_of(options, jobs.folder));
  ReportFiles reports(options);
  std::optional<jobs::JobBoard> board;
  if (reports.are_wanted()) board.emplace(fs::path(jobs.name).filename().string());
  std::optional<batch::Journal> journal;
  if (!options.journal.empty()) journal.emplace(options.journal, plans.hash());
  if (journal && !journal->warning().empty()) say(journal->warning());

  const unsigned jobs_at_a_time = sandboxes_at_a_time(options.jobs);
  // From here on these signals are only news: nothing that can wait for somebody else is done outside the loop.
  std::optional<EndSignals> signals(std::in_place);
  loop::EventLoop loop;
  groups::Groups groups;
  const host::HostFacts host = groups::counted_by(groups, host::probe_host());
  warm::ForkServer fork_server;
  pool::CellPool pool(loop, groups, host, jobs_at_a_time, &fork_server);
  judge::Jury jury(pool, host);
  batch::Batch batch(
      {loop, host, pool,
       options.after_failure == AfterFailure::Stop ? judge::AfterFailure::Stop : judge::AfterFailure::GoOn, &jury},
      {.order = options.order,
       .jobs = jobs_at_a_time,
       .form = options.format == Format::Csv    ? jobs::ResultForm::Csv
               : options.format == Format::Text ? jobs::ResultForm::Text
                                                : jobs::ResultForm::JsonLines,
       .input_name = jobs.name,
       .save_to = options.save_to.empty() ? "batch-files" : options.save_to,
       .on_line =
           board ? [&board](std::string_view line) { board->add(line); } : std::function<void(std::string_view)>()},
      plans, journal ? &*journal : nullptr, jobs.get(), STDOUT_FILENO);
  std::optional<ProgressLine> progress;
  if (ProgressLine::is_wanted()) progress.emplace(loop, batch, jobs.size);

  int ended_by = 0;
  std::size_t unfinished = 0;
  loop.watch(signals->get(), loop::Interest::Read, loop.caller(), [&] {
    const int signal = signals->take();
    if (signal == 0) return;
    batch.interrupt(signal);
    jury.interrupt(signal);
    if (ended_by == 0) unfinished = batch.progress().live;
    ended_by = signal;
  });
  for (batch.advance(); !batch.finished(); batch.advance()) {
    loop.run_once();
    jury.advance();
  }
  progress.reset();
  if (board) reports.write(board->take());
  if (ended_by == 0) return static_cast<int>(batch.status());
  loop.forget(signals->get());
  signals.reset();  // whoever reads standard error may not
  tell_interruption(ended_by, batch.progress(), unfinished, journal.has_value());
  return static_cast<int>(jobs::Status::SandboxFailed);
}

}  // namespace evalrun::cli
