#include "runtime/contest/judging.h"

#include <algorithm>

#include "runtime/contest/expectation.h"
#include "runtime/contest/time_limit.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/judge/capacity.h"

namespace evalrun::contest {
namespace {

// How often a submission near the limit is graded.
constexpr unsigned kRunsNearLimit = 3;

Duration slowest_case(const judge::Grade& grade) {
  Duration slowest{};
  for (const judge::CaseGrade& one : grade.cases) {
    if (one.verdict && one.why_skipped.empty()) slowest = std::max(slowest, one.run.cpu.total());
  }
  return slowest;
}

}  // namespace

struct Judging::Live {
  std::size_t index = 0;
  Judged judged;
  std::vector<std::pair<Duration, judge::Grade>> grades;  // by the slowest case
  std::unique_ptr<judge::Grading> grading;
};

Judging::Judging(Tasks& tasks, JudgingOptions options)
    : tasks_(tasks),
      options_(std::move(options)),
      host_(groups::counted_by(groups_, host::probe_host())),
      pool_(loop_, groups_, host_, judge::usable_cores()),
      jury_(pool_, host_) {}

Judging::~Judging() {
  live_.clear();
}

unsigned Judging::cores() const {
  return options_.jobs != 0 ? options_.jobs : judge::usable_cores();
}

void Judging::interrupt(int signal) {
  interrupted_ = true;
  jury_.interrupt(signal);
  if (generation_) generation_->interrupt(signal);
  if (validation_) validation_->interrupt(signal);
  for (const auto& live : live_) live->grading->interrupt(signal);
}

void Judging::finish(const auto& work) {
  for (;;) {
    jury_.advance();
    work->advance();
    if (work->finished()) return;
    loop_.run_once(std::nullopt);
  }
}

void Judging::make_missing_data() {
  if (tasks_.missing_data().empty()) return;
  generation_ = std::make_unique<Generation>(pool_, jury_, *tasks_.files(), tasks_.missing_data(), cores());
  finish(generation_);
  tasks_.take_data(generation_->made());
  generation_.reset();
}

std::size_t Judging::validate(PackageTasks& package, problem::Findings& findings) {
  make_missing_data();
  validation_ = std::make_unique<Validation>(pool_, jury_, package, cores());
  finish(validation_);
  validation_->report(findings);
  const std::size_t runs = validation_->runs();
  validation_.reset();
  return runs;
}

void Judging::start(Live& live) {
  judge::GradingOptions options;
  options.jobs = jobs_of_each_;
  options.rules = options_.rules;
  options.jury = &jury_;
  options.faults = &tasks_.faults();
  options.after_failure = options_.after_failure;
  options.pointless_cases = options_.pointless_cases;
  const problem::Submission* labelled = live.judged.labelled;
  if (labelled != nullptr && needs_all_cases(labelled->expected)) options.pointless_cases = judge::PointlessCases::Run;
  live.grading = std::make_unique<judge::Grading>(pool_, *live.judged.task, host_, options);
}

// Near the limit one run says too little: the median of three does.
void Judging::end(Live& live) {
  judge::Grade grade = live.grading->take_grade();
  live.grading.reset();
  const Duration slowest = slowest_case(grade);
  live.grades.emplace_back(slowest, std::move(grade));
  const bool again =
      !interrupted_ && live.grades.size() < kRunsNearLimit && is_near(live.grades[0].first, live.judged.limit);
  if (again) return start(live);
  std::ranges::stable_sort(live.grades, {}, [](const auto& one) { return one.first; });
  auto& median = live.grades[live.grades.size() / 2];
  live.judged.was_interrupted = interrupted_;
  live.judged.runs = static_cast<unsigned>(live.grades.size());
  live.judged.is_near_limit = live.grades.size() > 1;
  live.judged.slowest = median.first;
  live.judged.grade = std::move(median.second);
}

std::unique_ptr<Judging::Live> Judging::make_live(const Entry& entry, std::size_t index, Duration time_limit) {
  auto live = std::make_unique<Live>();
  live->index = index;
  Judged& judged = live->judged;
  judged.name = entry.name;
  judged.labelled = entry.labelled;
  judged.limit = entry.labelled != nullptr ? entry.labelled->time_limit.value_or(time_limit) : time_limit;
  SourcesOrRefusal found = tasks_.finished(entry.sources());
  if (auto* refusal = std::get_if<Refusal>(&found)) {
    judged.refusal = std::move(*refusal);
    return live;
  }
  const auto& sources = std::get<Sources>(found);
  judged.language = sources.language;
  const std::optional<Bytes> memory = entry.labelled != nullptr ? entry.labelled->memory_limit : std::nullopt;
  try {
    judged.task = std::make_shared<const Task>(tasks_.task_for(sources, judged.limit, memory, options_.overrides));
  } catch (const PlanError& error) {
    judged.refusal = Refusal{Refusal::Cause::Unreadable, one_line(error.what())};
    return live;
  }
  start(*live);
  return live;
}

// While the last ones run, cores would idle that had one submission each.
void Judging::share_cores_of_the_last() {
  if (live_.empty()) return;
  const auto each = static_cast<unsigned>(cores() / live_.size());
  for (const auto& live : live_) {
    if (live->grading) live->grading->set_jobs(std::max(1U, each));
  }
}

std::vector<Judged> Judging::judge(const std::vector<Entry>& entries, Duration time_limit, const Told& told) {
  make_missing_data();
  std::vector<Judged> all(entries.size());
  const std::size_t side_by_side = std::clamp<std::size_t>(entries.size(), 1, cores());
  jobs_of_each_ = static_cast<unsigned>(cores() / side_by_side);
  std::size_t next = 0;
  while (next < entries.size() || !live_.empty()) {
    while (!interrupted_ && next < entries.size() && live_.size() < side_by_side) {
      live_.push_back(make_live(entries[next], next, time_limit));
      ++next;
    }
    if (interrupted_) next = entries.size();
    if (next == entries.size()) share_cores_of_the_last();
    jury_.advance();
    std::size_t to_prepare = 0;
    for (const auto& live : live_) {
      if (!live->grading) continue;
      live->grading->advance(nullptr);
      if (live->grading->finished()) {
        end(*live);
      } else {
        to_prepare += live->grading->cases_to_prepare();
      }
    }
    const auto ended = [&](const std::unique_ptr<Live>& live) {
      if (live->grading) return false;
      if (told && !live->judged.was_interrupted) told(live->index, live->judged);
      all[live->index] = std::move(live->judged);
      return true;
    };
    if (std::erase_if(live_, ended) > 0) continue;
    const bool prepared = pool_.prepare(to_prepare);
    if (!live_.empty()) loop_.run_once(prepared ? std::optional(std::chrono::milliseconds(0)) : std::nullopt);
  }
  // After an interruption: those that never began.
  std::erase_if(all, [](const Judged& one) { return !one.refusal && !one.task; });
  return all;
}

}  // namespace evalrun::contest
