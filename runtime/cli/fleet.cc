#include "runtime/cli/fleet.h"

#include <algorithm>
#include <iostream>

#include "runtime/cli/message.h"
#include "runtime/cli/queue_of.h"
#include "runtime/core/plural.h"
#include "runtime/fleet/calibration.h"
#include "runtime/fleet/status_report.h"

namespace evalrun::cli {
namespace {

using fleet::Queue;

// In one call of the queue: a script that takes long holds up all others.
constexpr std::size_t kIdsAtOnce = 500;
constexpr std::size_t kMostDead = 100000;

struct Place {
  explicit Place(const Options& options) : queue(queue_of(options, loop)) {}
  loop::EventLoop loop{loop::Urgency::Ordinary};
  std::unique_ptr<Queue> queue;

  template <typename Answer, typename Call>
  Answer ask(Call call) {
    return cli::ask<Answer>(loop, *queue, call);
  }
  std::vector<fleet::DeadJob> dead() {
    return ask<std::vector<fleet::DeadJob>>([&](auto then) { queue->dead(kMostDead, then); });
  }
};

template <typename Do>
void in_pieces(const std::vector<std::string>& ids, Do call) {
  for (std::size_t at = 0; at < ids.size(); at += kIdsAtOnce) {
    const std::size_t end = std::min(at + kIdsAtOnce, ids.size());
    call(std::vector<std::string>(ids.begin() + static_cast<std::ptrdiff_t>(at),
                                  ids.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

}  // namespace

int fleet_status(const Options& options) {
  Place place(options);
  const auto status = place.ask<std::string>([&](auto then) { place.queue->status(then); });
  if (options.metrics) {
    std::cout << fleet::status_to_metrics(status);
  } else if (options.format == Format::Json) {
    std::cout << status << "\n";
  } else {
    std::cout << fleet::status_to_text(status);
  }
  return 0;
}

int list_dead(const Options& options) {
  Place place(options);
  std::cout << (options.format == Format::Json ? fleet::dead_to_json : fleet::dead_to_text)(place.dead());
  return 0;
}

int retry_dead(const Options& options) {
  Place place(options);
  std::vector<std::string> ids = options.words;
  if (ids.empty()) {
    for (const fleet::DeadJob& job : place.dead()) ids.push_back(job.id);
  }
  std::uint64_t tried = 0;
  in_pieces(ids, [&](const std::vector<std::string>& some) {
    tried += place.ask<std::uint64_t>([&](auto then) { place.queue->retry(some, then); });
  });
  std::cout << plural(tried, "job") << " tried again\n";
  return tried == 0 && !options.words.empty() ? 1 : 0;
}

int drain_workers(const Options& options) {
  Place place(options);
  if (options.words.empty() && !options.all) throw UsageError("drain needs the names of workers or hosts, or --all");
  const auto told = place.ask<std::uint64_t>([&](auto then) { place.queue->drain(options.words, then); });
  std::cout << plural(told, "worker") << " told to drain\n";
  return told == 0 ? 1 : 0;
}

int cancel_jobs(const Options& options) {
  Place place(options);
  if (options.batch.empty() == options.words.empty()) throw UsageError("cancel needs either --batch NAME or jobs");
  std::vector<std::string> ids = options.words;
  if (!options.batch.empty()) {
    ids = place.ask<std::vector<std::string>>([&](auto then) { place.queue->unfinished(options.batch, then); });
  }
  fleet::Cancelled all;
  in_pieces(ids, [&](const std::vector<std::string>& some) {
    const auto cancelled = place.ask<fleet::Cancelled>([&](auto then) { place.queue->cancel(some, then); });
    all.ended += cancelled.ended;
    all.told += cancelled.told;
  });
  std::cout << plural(all.ended, "waiting job") << " cancelled, " << plural(all.told, "running job")
            << " told to stop\n";
  return all.ended + all.told == 0 ? 1 : 0;
}

int calibrate_host(const Options& options) {
  const fleet::Calibration calibration = fleet::calibrate();
  std::cout << (options.format == Format::Json ? fleet::to_json(calibration) : fleet::to_text(calibration));
  return 0;
}

}  // namespace evalrun::cli
