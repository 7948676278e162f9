// A queue whose calls wait for their answers, for tests.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/fleet/queue/queue.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::test {

class QueueClient {
 public:
  // `make` makes the queue in the loop, with the clock.
  template <typename Make>
  explicit QueueClient(Make make) : queue_(make(loop_, &clock_)) {}

  // Of the queue, where it has one of ours; milliseconds.
  std::uint64_t& clock() { return clock_; }
  fleet::Queue& queue() { return *queue_; }
  loop::EventLoop& loop() { return loop_; }

  // Turns the loop until `call`, given a handler, is answered.
  template <typename Answer, typename Call>
  Answer ask(Call call) {
    std::optional<Answer> answer;
    call([&](Answer given) { answer = std::move(given); });
    wait([&] { return answer.has_value(); });
    return std::move(*answer);
  }

  template <typename IsDone>
  void wait(IsDone is_done) {
    using namespace std::chrono_literals;
    const Duration end = loop::now() + 30s;
    while (!is_done()) {
      if (loop::now() > end) throw std::runtime_error("no answer: " + queue_->why_away());
      loop_.run_once(100ms);
    }
  }

  fleet::Enqueued enqueue(const fleet::Lot& lot, const std::vector<std::string>& names);
  fleet::Claimed claim(const fleet::Identity& who, unsigned free, std::size_t running = 0);
  fleet::Beaten beat(const fleet::Identity& who, const std::vector<fleet::Lease>& leases,
                     fleet::Beat beat = fleet::Beat::Some);
  fleet::Completed complete(const fleet::Identity& who, const fleet::ClaimedJob& job, Duration cpu = {});
  void give_back(const fleet::Identity& who, const fleet::ClaimedJob& job, fleet::Return how,
                 const std::string& why = "");
  fleet::Reclaimed reclaim(std::size_t most = 100);
  std::vector<fleet::StoredResult> results(const std::string& batch);
  fleet::Cancelled cancel(const std::vector<std::string>& ids);
  std::string status();

  static constexpr Duration kLease = std::chrono::seconds(30);

 private:
  loop::EventLoop loop_;
  std::uint64_t clock_ = 1'000'000'000;
  std::unique_ptr<fleet::Queue> queue_;
};

// Another worker on each host.
fleet::Identity worker(const std::string& name, const std::string& host = "", const std::string& cpu_class = "");

fleet::Lease lease_of(const fleet::ClaimedJob& job, Duration most = std::chrono::hours(1));

}  // namespace evalrun::test
