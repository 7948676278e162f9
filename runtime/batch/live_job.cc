#include "runtime/batch/live_job.h"

#include <utility>

#include "runtime/report/grade_report.h"
#include "runtime/report/report.h"

namespace evalrun::batch {
namespace {

// Cases one after the other: `--jobs` counts sandboxes.
std::unique_ptr<judge::Grading> start_grading(const Workplace& place, const Plan& plan) {
  const judge::GradingOptions options{.jobs = 1, .after_failure = place.after_failure};
  return std::make_unique<judge::Grading>(place.pool, plan, place.host, options);
}

}  // namespace

LiveJob::LiveJob(const Workplace& place, Plan plan, Duration began, const std::filesystem::path& save_to)
    : plan_(std::move(plan)), began_(began) {
  if (!plan_.collect.empty()) save_folder_.emplace(save_to);
  if (judge::is_graded(plan_)) {
    grading_ = start_grading(place, plan_);
    return;
  }
  run_ = place.pool.start(plan_);
  prepared_ = supervise::now() - began_;
}

LiveJob::~LiveJob() = default;

void LiveJob::advance() {
  if (grading_) grading_->advance(save_folder_ ? &*save_folder_ : nullptr);
}

bool LiveJob::finished() const noexcept {
  return run_ ? run_->finished() : grading_->finished();
}

void LiveJob::interrupt(int signal) {
  if (run_) run_->interrupt(signal);
  if (grading_) grading_->interrupt(signal);
}

JobResult LiveJob::take_result() {
  if (run_) {
    const supervise::RunResult result = run_->take_result(save_folder_ ? &*save_folder_ : nullptr);
    const judge::Verdict verdict = judge::verdict_of(result.outcome);
    return {static_cast<Status>(judge::exit_status_of(verdict)),
            report::to_json(report::Report{plan_, result, prepared_}, report::Layout::OneLine)};
  }
  const judge::Grade grade = grading_->take_grade();
  return {static_cast<Status>(judge::exit_status_of(grade.verdict)),
          report::to_json(report::GradeReport{plan_, grade, supervise::now() - began_}, report::Layout::OneLine)};
}

}  // namespace evalrun::batch
