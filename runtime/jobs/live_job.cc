#include "runtime/jobs/live_job.h"

#include <utility>

#include "runtime/report/grade_report.h"
#include "runtime/report/report.h"

namespace evalrun::jobs {
namespace {

// Cases one after the other: `--jobs` counts sandboxes.
std::unique_ptr<judge::Grading> start_grading(const Workplace& place, const Plan& plan) {
  const judge::GradingOptions options{.jobs = 1, .after_failure = place.after_failure};
  return std::make_unique<judge::Grading>(place.pool, plan, place.host, options);
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

LiveJob::LiveJob(const Workplace& place, Plan plan, Duration began, const std::filesystem::path& save_to)
    : plan_(std::move(plan)), began_(began) {
  if (!plan_.kind.collect.empty()) save_folder_.emplace(save_to);
  if (judge::is_graded(plan_)) {
    grading_ = start_grading(place, plan_);
    return;
  }
  run_ = place.pool.start(plan_);
  if (save_folder_) run_->collect_into(&*save_folder_);
  prepared_ = loop::now() - began_;
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

JobEnd LiveJob::take_end() {
  if (run_) {
    supervise::RunResult result = run_->take_result(nullptr);
    run_.reset();
    const std::size_t size = kept_by(result);
    return {status_of(judge::verdict_of(result.outcome)), std::move(result), prepared_, size};
  }
  judge::Grade grade = grading_->take_grade();
  grading_.reset();
  std::size_t size = grade.cases.size() * kWordsOfACase;
  if (grade.compile) size += kept_by(grade.compile->run);
  if (grade.run) size += kept_by(*grade.run);
  for (const judge::CaseGrade& one : grade.cases) size += kept_by(one.run);
  return {status_of(grade.verdict), std::move(grade), loop::now() - began_, size};
}

std::string LiveJob::describe(const JobEnd& end) const {
  using report::Layout;
  if (const auto* grade = std::get_if<judge::Grade>(&end.value)) {
    return report::to_json(report::GradeReport{plan_, *grade, end.took}, Layout::OneLine);
  }
  return report::to_json(report::Report{plan_, std::get<supervise::RunResult>(end.value), end.took}, Layout::OneLine);
}

}  // namespace evalrun::jobs
