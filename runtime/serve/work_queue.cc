#include "runtime/serve/work_queue.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "runtime/core/error.h"

namespace evalrun::serve {
namespace {

// What was thrown on a task's way is that task's end.
WorkEnd end_of_failure() {
  try {
    throw;
  } catch (const PlanError& error) {
    return NotPossible{error.what()};
  } catch (const std::exception& error) {
    return Lost{supervise::fault_of(std::current_exception()), error.what()};
  }
}

}  // namespace

class WorkQueue::JobWork final : public Work {
 public:
  JobWork(const jobs::Workplace& place, Task task)
      : job_(std::make_shared<jobs::LiveJob>(place, std::move(task), loop::now(), std::filesystem::path())) {}

  void advance() override { job_->advance(); }
  [[nodiscard]] bool finished() const override { return job_->finished(); }
  void interrupt(int signal) override { job_->interrupt(signal); }
  WorkEnd take_end(Duration waited) override {
    Fd work = job_->take_work_folder();
    jobs::JobEnd end = job_->take_end();
    return Ended{std::move(job_), std::move(end), std::move(work), waited};
  }

 private:
  std::shared_ptr<jobs::LiveJob> job_;
};

class WorkQueue::GroupWork final : public Work {
 public:
  GroupWork(const jobs::Workplace& place, const std::vector<Plan>& plans, const std::vector<PipeBetween>& pipes,
            const OutsideStreams& outside)
      : runs_(place.pool, plans, pipes, outside) {
    for (const Plan& plan : plans) limits_.push_back(plan.kind.limits);
  }

  void advance() override {}
  [[nodiscard]] bool finished() const override { return runs_.finished(); }
  void interrupt(int signal) override { runs_.interrupt(signal); }
  WorkEnd take_end(Duration waited) override { return GroupEnded{runs_.take_end(), std::move(limits_), waited}; }

 private:
  PipedRuns runs_;
  std::vector<Limits> limits_;
};

WorkQueue::Id WorkQueue::enter(std::function<std::unique_ptr<Work>()> start, Taker taker) {
  waiting_.push_back({next_, std::move(start), loop::now(), std::move(taker)});
  return next_++;
}

WorkQueue::Id WorkQueue::submit(Task task, Taker taker) {
  const auto kept = std::make_shared<Task>(std::move(task));
  return enter([this, kept] { return std::make_unique<JobWork>(place_, std::move(*kept)); }, std::move(taker));
}

WorkQueue::Id WorkQueue::submit_group(std::vector<Plan> plans, std::vector<PipeBetween> pipes, OutsideStreams outside,
                                      Taker taker) {
  return enter([this, plans = std::move(plans), pipes = std::move(pipes),
                outside = std::move(outside)] { return std::make_unique<GroupWork>(place_, plans, pipes, outside); },
               std::move(taker));
}

void WorkQueue::cancel(Id id) {
  std::erase_if(waiting_, [&](const Waiting& each) { return each.id == id; });
  for (Live& live : live_) {
    if (live.id != id) continue;
    live.taker = {};
    live.work->interrupt(SIGTERM);
  }
}

WorkQueue::Stopped WorkQueue::stop(Id id) {
  if (std::erase_if(waiting_, [&](const Waiting& each) { return each.id == id; }) != 0) return Stopped::BeforeItBegan;
  const auto live = std::ranges::find(live_, id, &Live::id);
  if (live == live_.end()) return Stopped::NotThere;
  live->work->interrupt(SIGTERM);
  return Stopped::AtWork;
}

void WorkQueue::interrupt(int signal) {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    waiting.taker(Lost{{"serve", "interrupt", "", EINTR, true}, "the server is ending"});
  }
  for (const Live& live : live_) live.work->interrupt(signal);
}

void WorkQueue::advance() {
  for (auto live = live_.begin(); live != live_.end();) {
    std::optional<WorkEnd> end;
    look_at(*live, end);
    if (!end) {
      ++live;
      continue;
    }
    const Taker taker = std::move(live->taker);
    live = live_.erase(live);
    if (taker) taker(std::move(*end));
  }
  while (!waiting_.empty() && live_.size() < bounds_.jobs) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
}

void WorkQueue::look_at(Live& live, std::optional<WorkEnd>& end) {
  try {
    live.work->advance();
    if (live.work->finished()) end = live.work->take_end(live.waited);
  } catch (const std::exception&) {
    end = end_of_failure();
  }
}

void WorkQueue::start(Waiting&& waiting) {
  const Duration now = loop::now();
  try {
    std::unique_ptr<Work> work = waiting.start();
    live_.push_back({waiting.id, now - waiting.since, std::move(waiting.taker), std::move(work)});
  } catch (const std::exception&) {
    waiting.taker(end_of_failure());
  }
}

}  // namespace evalrun::serve
