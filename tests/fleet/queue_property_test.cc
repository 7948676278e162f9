// The steps of the queue in random orders, held against a model in which each job is a few plain values. At most one
// result for a job, none lost, and each answer the one that the model gives.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "runtime/fleet/queue/open_queue.h"
#include "tests/fleet/queue_client.h"
#include "tests/fleet/queue_server.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using namespace fleet;

constexpr std::uint64_t kLeaseMs = 30000;

struct ModelJob {
  enum class State { Waiting, Leased, Done, Dead } state = State::Waiting;
  std::string worker, token;
  std::uint64_t until = 0;
  bool is_graced = false, is_cancelled = false;
  int losses = 0, good = 0, faults = 0;
  int results = 0;
};

class Model {
 public:
  Model(QueueClient& client, unsigned seed) : client_(client), random_(seed) {
    for (int i = 0; i < 4; ++i) workers_.push_back(worker("w" + std::to_string(i)));
    for (const Identity& who : workers_) client_.beat(who, {});
  }

  void step() {
    switch (below(12)) {
      case 0: return enqueue();
      case 1:
      case 2:
      case 3: return claim();
      case 4:
      case 5: return beat();
      case 6:
      case 7: return complete();
      case 8: return give_back();
      case 9: return reclaim();
      case 10: return pass();
      case 11: return below(4) == 0 ? cancel() : retry();
    }
  }

  // Until every job has its result.
  void finish() {
    for (int turn = 0; turn < 1000 && unfinished() > 0; ++turn) {
      client_.clock() += kLeaseMs;
      reclaim();
      claim();
      for (const auto& [id, held] : std::multimap<std::string, Held>(held_)) {
        if (is_owner(id, held)) complete(id, held);
      }
    }
    EXPECT_EQ(unfinished(), 0U);
    std::map<std::string, int> found;
    for (const StoredResult& result : client_.results("b")) ++found[result.id];
    for (const auto& [id, job] : jobs_) EXPECT_EQ(found[id], 1) << id;
    EXPECT_EQ(found.size(), jobs_.size());
  }

  [[nodiscard]] std::size_t jobs() const { return jobs_.size(); }
  [[nodiscard]] std::size_t dropped() const { return dropped_; }
  [[nodiscard]] std::size_t dead() const { return dead_; }

 private:
  struct Held {
    Identity who;
    ClaimedJob job;
  };
  using State = ModelJob::State;

  std::uint64_t now() { return client_.clock(); }
  std::size_t below(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most - 1)(random_); }
  const Identity& some_worker() { return workers_[below(workers_.size())]; }

  std::size_t unfinished() const {
    std::size_t count = 0;
    for (const auto& [id, job] : jobs_) count += job.state == State::Waiting || job.state == State::Leased ? 1 : 0;
    return count;
  }

  bool is_owner(const std::string& id, const Held& held) {
    const ModelJob& job = jobs_.at(id);
    return job.state == State::Leased && job.worker == held.who.worker && job.token == held.job.token;
  }

  std::multimap<std::string, Held>::iterator some_held() {
    if (held_.empty()) return held_.end();
    return std::next(held_.begin(), static_cast<std::ptrdiff_t>(below(held_.size())));
  }

  void enqueue() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= below(3); ++i) names.push_back("job-" + std::to_string(below(200)));
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::size_t known = 0;
    std::set<std::string> seen;
    for (const std::string& name : names) known += jobs_.contains(name) || !seen.insert(name).second ? 1 : 0;
    const Lot lot{.tenant = "t" + std::to_string(below(3)), .priority = static_cast<Priority>(below(3)), .batch = "b"};
    const Enqueued answer = client_.enqueue(lot, names);
    EXPECT_EQ(answer.taken, names.size());
    EXPECT_EQ(answer.known, known);
    for (const std::string& name : names) jobs_.try_emplace(name);
  }

  void claim() {
    const Identity& who = some_worker();
    std::size_t running = 0;
    for (const auto& [id, job] : jobs_) running += job.state == State::Leased && job.worker == who.worker ? 1 : 0;
    const auto free = static_cast<unsigned>(1 + below(3));
    // What this worker may have in any case; that of others, and what must run alone, may be given or not.
    std::size_t plain = 0;
    bool anything_else = false;
    for (const auto& [id, job] : jobs_) {
      if (job.state != State::Waiting) continue;
      const bool is_plain = job.losses == 0 && job.faults == 0;
      plain += is_plain ? 1 : 0;
      anything_else = anything_else || !is_plain;
    }
    const Claimed claimed = client_.claim(who, free, running);
    EXPECT_LE(claimed.jobs.size(), free);
    if (!anything_else) {
      EXPECT_EQ(claimed.jobs.size(), std::min<std::size_t>(free, plain));
    }
    for (std::size_t i = 0; i < claimed.jobs.size(); ++i) {
      const ClaimedJob& given = claimed.jobs[i];
      ModelJob& job = jobs_.at(given.id);
      EXPECT_EQ(job.state, State::Waiting) << given.id;
      EXPECT_EQ(given.is_alone, job.losses > 0) << given.id;
      EXPECT_EQ(given.attempt, static_cast<unsigned>(1 + job.losses + job.faults));
      // Alone: nothing ran before, and nothing was given before or after.
      EXPECT_TRUE(!given.is_alone || (running + i == 0 && claimed.jobs.size() == 1)) << given.id;
      job.state = State::Leased;
      job.worker = who.worker;
      EXPECT_TRUE(tokens_.insert(given.id + " " + given.token).second) << "a token was given twice";
      job.token = given.token;
      job.until = now() + kLeaseMs;
      job.is_graced = false;
      held_.emplace(given.id, Held{who, given});
    }
  }

  void beat() {
    const auto one = some_held();
    if (one == held_.end()) return;
    const auto& [id, held] = *one;
    const Beaten answer = client_.beat(held.who, {lease_of(held.job, 10000h)});
    ModelJob& job = jobs_.at(id);
    if (!is_owner(id, held)) {
      EXPECT_EQ(answer.leases.at(0), LeaseState::Lost) << id;
      held_.erase(one);
      return;
    }
    EXPECT_EQ(answer.leases.at(0), job.is_cancelled ? LeaseState::Cancelled : LeaseState::Held) << id;
    job.until = now() + kLeaseMs;
    job.is_graced = false;
  }

  void complete() {
    const auto one = some_held();
    if (one == held_.end()) return;
    complete(one->first, one->second);
  }

  // What is held stays in the list at times: it is completed once more later, by a worker that was stopped meanwhile.
  void complete(const std::string& id, const Held& held) {
    ModelJob& job = jobs_.at(id);
    const bool owns = is_owner(id, held);
    const bool is_repeated = job.state == State::Done && job.worker == held.who.worker && job.token == held.job.token;
    const Completed answer = client_.complete(held.who, held.job, std::chrono::milliseconds(below(1000)));
    EXPECT_EQ(answer, owns ? Completed::Stored : is_repeated ? Completed::Repeated : Completed::Dropped) << id;
    dropped_ += answer == Completed::Dropped ? 1 : 0;
    if (!owns) return;
    job.state = State::Done;
    ++job.results;
    EXPECT_EQ(job.results, 1) << id;
    proven_.insert(held.who.worker);
  }

  void give_back() {
    const auto one = some_held();
    if (one == held_.end()) return;
    const auto [id, held] = *one;
    const bool is_fault = below(2) == 0;
    ModelJob& job = jobs_.at(id);
    const bool owns = is_owner(id, held);
    client_.give_back(held.who, held.job, is_fault ? Return::Fault : Return::Release, "why");
    if (!owns) return;
    job.worker.clear();
    job.state = State::Waiting;
    if (job.is_cancelled) {
      job.state = State::Done;
      job.worker = held.who.worker;
    } else if (is_fault && ++job.faults >= 3) {
      give_up(job);
    }
  }

  void give_up(ModelJob& job) {
    job.state = State::Dead;
    ++dead_;
  }

  void reclaim() {
    const Reclaimed answer = client_.reclaim(1000);
    Reclaimed expected;
    for (auto& [id, job] : jobs_) {
      if (job.state != State::Leased || job.until > now()) continue;
      if (!job.is_graced) {
        job.is_graced = true;
        job.until = now() + kLeaseMs / 2;
        continue;
      }
      ++job.losses;
      job.good += proven_.contains(job.worker) ? 1 : 0;
      if (job.is_cancelled) {
        job.state = State::Done;
      } else if ((job.losses >= 3 && job.good >= 2) || job.losses >= 6) {
        give_up(job);
        ++expected.dead;
      } else {
        job.state = State::Waiting;
        job.worker.clear();
        ++expected.back;
      }
    }
    EXPECT_EQ(answer.back, expected.back);
    EXPECT_EQ(answer.dead, expected.dead);
  }

  void pass() { client_.clock() += below(4) == 0 ? kLeaseMs + below(kLeaseMs) : below(kLeaseMs / 2); }

  void cancel() {
    if (jobs_.empty()) return;
    auto& [id, job] = *std::next(jobs_.begin(), static_cast<std::ptrdiff_t>(below(jobs_.size())));
    const Cancelled answer = client_.cancel({id});
    EXPECT_EQ(answer.ended, job.state == State::Waiting ? 1U : 0U) << id;
    EXPECT_EQ(answer.told, job.state == State::Leased ? 1U : 0U) << id;
    if (job.state == State::Leased) job.is_cancelled = true;
    if (job.state == State::Waiting) job.state = State::Done;
  }

  void retry() {
    for (auto& [id, job] : jobs_) {
      if (job.state != State::Dead) continue;
      EXPECT_EQ(client_.ask<std::uint64_t>([&](auto then) { client_.queue().retry({id}, then); }), 1U);
      job = {};
      return;
    }
  }

  QueueClient& client_;
  std::mt19937 random_;
  std::vector<Identity> workers_;
  std::map<std::string, ModelJob> jobs_;
  std::multimap<std::string, Held> held_;  // what workers believe to have
  std::set<std::string> proven_, tokens_;
  std::size_t dropped_ = 0, dead_ = 0;
};

class QueueProperty : public testing::TestWithParam<Engine> {};

TEST_P(QueueProperty, in_random_orders_each_job_has_one_result_and_none_is_lost) {
  if (!is_installed(GetParam())) EVALRUN_SKIP(name_of(GetParam()));
  const char* asked = std::getenv("EVALRUN_REPEAT");
  const unsigned usual = GetParam() == Engine::Redis ? 10 : 2;
  const unsigned rounds = asked == nullptr ? usual : static_cast<unsigned>(std::atoi(asked));
  std::size_t jobs = 0, dropped = 0, dead = 0;
  for (unsigned seed = 1; seed <= rounds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    const std::unique_ptr<QueueServer> server = start_shared_server(GetParam());
    QueueClient client([&](loop::EventLoop& loop, const std::uint64_t* clock) {
      return open_queue(loop, server->address(), {.warn = {}, .clock = clock});
    });
    Model model(client, seed);
    for (int i = 0; i < 2000 && !testing::Test::HasFailure(); ++i) model.step();
    if (!testing::Test::HasFailure()) model.finish();
    jobs += model.jobs();
    dropped += model.dropped();
    dead += model.dead();
  }
  // The orders are such that all of it happens.
  EXPECT_GT(jobs, 100 * rounds);
  EXPECT_GT(dropped, 0U);
  EXPECT_GT(dead, 0U);
  std::printf("%u rounds: %zu jobs, %zu late completions dropped, %zu given up\n", rounds, jobs, dropped, dead);
}

INSTANTIATE_TEST_SUITE_P(redis, QueueProperty, testing::Values(Engine::Redis));
INSTANTIATE_TEST_SUITE_P(postgresql, QueueProperty, testing::Values(Engine::Postgres));

}  // namespace
}  // namespace evalrun::test
