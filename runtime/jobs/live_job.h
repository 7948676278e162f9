// A job that is running: one sandbox, or one submission over its cases, one sandbox at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/host/host.h"
#include "runtime/jobs/status.h"
#include "runtime/judge/live_task.h"
#include "runtime/loop/event_loop.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/supervise/collect.h"

namespace evalrun::jobs {

// What every job needs to run; all of it outlives the jobs.
struct Workplace {
  loop::EventLoop& loop;
  const host::HostFacts& host;
  pool::CellPool& pool;
  judge::AfterFailure after_failure;
  // Of all jobs, so that a checker is compiled once; null: each job's own. Advanced by whoever owns it.
  judge::Jury* jury = nullptr;
};

// What a job has come to, before it is put into words.
struct JobEnd {
  Status status = Status::Good;
  judge::TaskEnd value;
  Duration took{};
  std::size_t size = 0;  // of the output that is kept, in bytes
};

class LiveJob {
 public:
  // Starts it. `began` is when its line was taken up; `save_to` is made where the plan collects files; "": they are for
  // take_work_folder() alone. Throws what sandbox::compile, supervise::Run and judge::Grading throw.
  LiveJob(const Workplace& place, Task task, Duration began, const std::filesystem::path& save_to);
  ~LiveJob();
  LiveJob(const LiveJob&) = delete;
  LiveJob& operator=(const LiveJob&) = delete;

  [[nodiscard]] const Plan& plan() const noexcept { return task_.plan; }

  // After every turn of the loop. Throws what starting it throws, where a next sandbox of a submission does.
  void advance();
  [[nodiscard]] bool finished() const noexcept;
  void interrupt(int signal);

  // /work as the program left it, where the plan collects files; else none. After finished(), before take_end().
  Fd take_work_folder();
  // Once, after finished().
  JobEnd take_end();
  // The object of `evalrun run`, on one line. Touches nothing but the task: any thread may call it.
  [[nodiscard]] std::string describe(const JobEnd& end) const;

 private:
  const Task task_;
  Duration began_, prepared_{};
  std::optional<supervise::SaveFolder> save_folder_;
  std::optional<judge::LiveTask> live_;  // until its end is taken
};

}  // namespace evalrun::jobs
