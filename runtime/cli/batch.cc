#include "runtime/cli/batch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "runtime/batch/batch.h"
#include "runtime/cli/end_signals.h"
#include "runtime/cli/progress_line.h"
#include "runtime/core/error.h"
#include "runtime/judge/room.h"
#include "runtime/plan/image.h"

namespace evalrun::cli {
namespace {

namespace fs = std::filesystem;

struct Jobs {
  Fd file;  // none: standard input
  std::string name;
  fs::path folder;
  std::uint64_t size = 0;  // 0: not known

  [[nodiscard]] int get() const { return file ? file.get() : STDIN_FILENO; }
};

Jobs open_jobs(const std::string& path) {
  Jobs jobs{{}, path == "-" ? "<stdin>" : path, fs::current_path()};
  if (path != "-") {
    jobs.file = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!jobs.file) throw UsageError(path + ": " + errno_text(errno));
  }
  struct stat status {};
  if (::fstat(jobs.get(), &status) != 0) throw SystemError("fstat", jobs.name);
  if (S_ISDIR(status.st_mode)) throw UsageError(path + ": " + errno_text(EISDIR));
  if (!S_ISREG(status.st_mode)) return jobs;
  jobs.size = static_cast<std::uint64_t>(status.st_size);
  // What a shell calls /dev/fd/63 is in no folder that anybody means.
  if (path != "-") jobs.folder = fs::absolute(path).parent_path();
  return jobs;
}

batch::Plans::Sources sources_of(const Options& options, const fs::path& folder) {
  if (options.plan == "-" && options.jobs_file == "-") {
    throw UsageError("the plan and the jobs cannot both come from standard input");
  }
  batch::Plans::Sources sources{std::nullopt, options.set, image_search_path(), folder};
  if (!options.plan.empty()) sources.base = read_plan(options.plan);
  return sources;
}

unsigned sandboxes(const Options& options) {
  const unsigned wanted = options.jobs != 0 ? options.jobs : judge::usable_cores();
  judge::raise_descriptor_limit();
  const unsigned most = judge::most_sandboxes(0);
  if (wanted > most) {
    std::cerr << "evalrun: the limit on open files has room for " << most << " sandboxes at a time, not " << wanted
              << "\n";
  }
  return std::min(wanted, most);
}

void tell_interruption(int signal, const batch::Progress& progress, std::size_t ended, bool has_journal) {
  std::cerr << "evalrun: interrupted by SIG" << ::sigabbrev_np(signal) << ": " << progress.done << " jobs done, "
            << ended << " ended without a result"
            << (has_journal ? "; the same command goes on with the journal\n" : "\n");
}

}  // namespace

int run_batch(const Options& options) {
  const Jobs jobs = open_jobs(options.jobs_file);
  batch::Plans plans(sources_of(options, jobs.folder));
  std::optional<batch::Journal> journal;
  if (!options.journal.empty()) journal.emplace(options.journal, plans.hash());
  if (journal && !journal->warning().empty()) std::cerr << "evalrun: " << journal->warning() << "\n";

  const EndSignals signals;
  supervise::EventLoop loop;
  supervise::Groups groups;
  const sandbox::HostFacts host = supervise::counted_by(groups, sandbox::probe_host());
  const unsigned jobs_at_a_time = sandboxes(options);
  sandbox::ForkServer fork_server;
  supervise::CellPool pool(loop, groups, host, jobs_at_a_time, &fork_server);
  batch::Batch batch(
      {loop, host, pool,
       options.after_failure == AfterFailure::Stop ? judge::AfterFailure::Stop : judge::AfterFailure::GoOn},
      {.order = options.order,
       .jobs = jobs_at_a_time,
       .input_name = jobs.name,
       .save_to = options.save_to.empty() ? "batch-files" : options.save_to},
      plans, journal ? &*journal : nullptr, jobs.get(), STDOUT_FILENO);
  std::optional<ProgressLine> progress;
  if (ProgressLine::is_wanted()) progress.emplace(loop, batch, jobs.size);

  int ended_by = 0;
  std::size_t unfinished = 0;
  loop.watch(signals.get(), supervise::Interest::Read, [&] {
    const int signal = signals.take();
    if (signal == 0) return;
    batch.interrupt(signal);
    if (ended_by == 0) unfinished = batch.progress().live;
    ended_by = signal;
  });
  for (batch.advance(); !batch.finished(); batch.advance()) loop.run_once();
  progress.reset();
  if (ended_by == 0) return static_cast<int>(batch.status());
  tell_interruption(ended_by, batch.progress(), unfinished, journal.has_value());
  return static_cast<int>(batch::Status::SandboxFailed);
}

}  // namespace evalrun::cli
