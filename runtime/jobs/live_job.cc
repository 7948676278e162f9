#include "runtime/jobs/live_job.h"

#include <memory>
#include <utility>

#include "runtime/core/overloaded.h"
#include "runtime/report/grade_report.h"
#include "runtime/report/report.h"

namespace evalrun::jobs {
namespace {

// Cases one after the other: `--jobs` counts sandboxes.
judge::LiveTask start(const Workplace& place, const Task& task) {
  if (!task.is_graded()) return judge::LiveTask(place.pool.start_by_choice(task.plan));
  const judge::GradingOptions options{.jobs = 1, .after_failure = place.after_failure, .jury = place.jury};
  return judge::LiveTask(std::make_unique<judge::Grading>(place.pool, task, place.host, options));
}

// About what the report of one case takes.
constexpr std::size_t kWordsOfACase = 2 << 10;

std::size_t kept_by(const supervise::RunResult& run) {
  return run.output.kept.size() + run.error_output.kept.size();
}

Status status_of(judge::Verdict verdict) {
  return static_cast<Status>(judge::exit_status_of(verdict));
}

}  // namespace

LiveJob::LiveJob(const Workplace& place, Task task, Duration began, const std::filesystem::path& save_to)
    : task_(std::move(task)), began_(began) {
  if (!task_.plan.kind.collect.empty() && !save_to.empty()) save_folder_.emplace(save_to);
  live_.emplace(start(place, task_));
  if (save_folder_ && live_->run() != nullptr) live_->run()->collect_into(&*save_folder_);
  prepared_ = loop::now() - began_;
}

LiveJob::~LiveJob() = default;

void LiveJob::advance() {
  live_->advance(save_folder_ ? &*save_folder_ : nullptr);
}

bool LiveJob::finished() const noexcept {
  return live_->finished();
}

void LiveJob::interrupt(int signal) {
  live_->interrupt(signal);
}

Fd LiveJob::take_work_folder() {
  return live_->take_work_folder();
}

JobEnd LiveJob::take_end() {
  judge::TaskEnd end = live_->take_end();
  live_.reset();
  return std::visit(Overloaded{[&](supervise::RunResult&& result) {
                                 const Status status = status_of(judge::verdict_of(result.outcome));
                                 const std::size_t size = kept_by(result);
                                 return JobEnd{status, std::move(result), prepared_, size};
                               },
                               [&](judge::Grade&& grade) {
                                 const Status status = status_of(grade.verdict);
                                 std::size_t size = grade.cases.size() * kWordsOfACase;
                                 if (grade.compile) size += kept_by(grade.compile->run);
                                 if (grade.run) size += kept_by(*grade.run);
                                 for (const judge::StepGrade& one : grade.steps) size += kept_by(one.run);
                                 for (const judge::CaseGrade& one : grade.cases) size += kept_by(one.run);
                                 return JobEnd{status, std::move(grade), loop::now() - began_, size};
                               }},
                    std::move(end));
}

std::string LiveJob::describe(const JobEnd& end) const {
  using report::Layout;
  if (const auto* grade = std::get_if<judge::Grade>(&end.value)) {
    return report::to_json(report::GradeReport{task_, *grade, end.took}, Layout::OneLine);
  }
  return report::to_json(report::Report{task_.plan, std::get<supervise::RunResult>(end.value), end.took},
                         Layout::OneLine);
}

}  // namespace evalrun::jobs
