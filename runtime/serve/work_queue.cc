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

WorkQueue::Id WorkQueue::submit(Task task, Taker taker) {
  waiting_.push_back({next_, std::move(task), loop::now(), std::move(taker)});
  return next_++;
}

void WorkQueue::cancel(Id id) {
  std::erase_if(waiting_, [&](const Waiting& each) { return each.id == id; });
  for (Live& live : live_) {
    if (live.id != id) continue;
    live.taker = {};
    live.job->interrupt(SIGTERM);
  }
}

void WorkQueue::interrupt(int signal) {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    waiting.taker(Lost{{"serve", "interrupt", "", EINTR, true}, "the server is ending"});
  }
  for (const Live& live : live_) live.job->interrupt(signal);
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
    live.job->advance();
    if (!live.job->finished()) return;
    Fd work = live.job->take_work_folder();
    jobs::JobEnd job_end = live.job->take_end();
    end = Ended{std::move(live.job), std::move(job_end), std::move(work), live.waited};
  } catch (const std::exception&) {
    end = end_of_failure();
  }
}

void WorkQueue::start(Waiting&& waiting) {
  const Duration now = loop::now();
  try {
    auto job = std::make_shared<jobs::LiveJob>(place_, std::move(waiting.task), now, std::filesystem::path());
    live_.push_back({waiting.id, now - waiting.since, std::move(waiting.taker), std::move(job)});
  } catch (const std::exception&) {
    waiting.taker(end_of_failure());
  }
}

}  // namespace evalrun::serve
