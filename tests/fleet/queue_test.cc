// The rules of the queue, each by itself, against a server of the test's own and a clock that the test sets.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/fleet/queue/open_queue.h"
#include "tests/fleet/queue_client.h"
#include "tests/fleet/queue_server.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using namespace fleet;

class QueueRules : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!is_installed(GetParam())) EVALRUN_SKIP(name_of(GetParam()));
    server_ = start_shared_server(GetParam());
    client_ = std::make_unique<QueueClient>([&](loop::EventLoop& loop, const std::uint64_t* clock) {
      return open_queue(loop, server_->address(), {.warn = {}, .clock = clock});
    });
  }

  void pass(std::chrono::milliseconds time) { client_->clock() += static_cast<std::uint64_t>(time.count()); }
  // Longer than a lease and the half of one that it is given more, with the looks that both need.
  void lose_leases() {
    pass(31s);
    EXPECT_EQ(client_->reclaim().back, 0U);
    pass(16s);
  }
  ClaimedJob claim_one(const Identity& who) {
    const Claimed claimed = client_->claim(who, 1);
    EXPECT_EQ(claimed.jobs.size(), 1U);
    return claimed.jobs.empty() ? ClaimedJob{} : claimed.jobs.front();
  }
  // A worker that has finished a job: its word counts when it is lost.
  Identity proven(const std::string& name) {
    const Identity who = worker(name);
    client_->beat(who, {});
    client_->enqueue({.priority = Priority::Contest, .batch = "proof"}, {"proof-" + name});
    EXPECT_EQ(client_->complete(who, claim_one(who)), Completed::Stored);
    return who;
  }
  nlohmann::json status() { return nlohmann::json::parse(client_->status()); }

  std::unique_ptr<QueueServer> server_;
  std::unique_ptr<QueueClient> client_;
};

std::set<std::string> ids_of(const Claimed& claimed) {
  std::set<std::string> ids;
  for (const ClaimedJob& job : claimed.jobs) ids.insert(job.id);
  return ids;
}

TEST_P(QueueRules, a_job_goes_in_once_however_often_it_is_submitted) {
  const Lot lot{.batch = "b"};
  EXPECT_EQ(client_->enqueue(lot, {"a", "b"}).known, 0U);
  const Enqueued again = client_->enqueue(lot, {"a", "c", "b"});
  EXPECT_EQ(again.taken, 3U);
  EXPECT_EQ(again.known, 2U);
  EXPECT_EQ(ids_of(client_->claim(worker("w"), 10)), (std::set<std::string>{"a", "b", "c"}));
}

TEST_P(QueueRules, a_finished_job_does_not_run_again_when_it_is_submitted_again) {
  const Lot lot{.batch = "b"};
  client_->enqueue(lot, {"a"});
  const Identity w = worker("w");
  EXPECT_EQ(client_->complete(w, claim_one(w)), Completed::Stored);
  EXPECT_EQ(client_->enqueue(lot, {"a"}).known, 1U);
  EXPECT_TRUE(client_->claim(w, 1).jobs.empty());
  EXPECT_EQ(client_->results("b").size(), 1U);
}

TEST_P(QueueRules, a_tenant_whose_queue_is_full_waits_and_another_does_not) {
  const Lot lot{.tenant = "t", .batch = "b", .bound = 3};
  EXPECT_EQ(client_->enqueue(lot, {"a", "b"}).taken, 2U);
  EXPECT_EQ(client_->enqueue(lot, {"c", "d", "e"}).taken, 1U);
  EXPECT_EQ(client_->enqueue(lot, {"a"}).taken, 1U);  // it is there already
  EXPECT_EQ(client_->enqueue({.tenant = "u", .batch = "b", .bound = 3}, {"f"}).taken, 1U);
  client_->claim(worker("w"), 1);
  EXPECT_EQ(client_->enqueue(lot, {"d", "e"}).taken, 1U);
}

TEST_P(QueueRules, a_claim_gives_no_more_than_can_start_and_no_job_twice) {
  client_->enqueue({.batch = "b"}, {"a", "b", "c"});
  EXPECT_TRUE(client_->claim(worker("w"), 0).jobs.empty());
  EXPECT_EQ(ids_of(client_->claim(worker("w"), 2)), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(ids_of(client_->claim(worker("v"), 2)), (std::set<std::string>{"c"}));
  EXPECT_TRUE(client_->claim(worker("v"), 2).jobs.empty());
}

TEST_P(QueueRules, a_claim_brings_the_line_the_plan_and_the_time_waited) {
  client_->enqueue({.batch = "b"}, {"a"});
  pass(1234ms);
  const ClaimedJob job = claim_one(worker("w"));
  EXPECT_EQ(job.line, "line of a");
  EXPECT_EQ(job.plan, "digest");
  EXPECT_EQ(job.waited, 1234ms);
  EXPECT_EQ(job.attempt, 1U);
  EXPECT_FALSE(job.is_alone);
}

TEST_P(QueueRules, a_higher_priority_goes_first_and_one_claim_in_twenty_begins_with_the_lowest) {
  std::vector<std::string> low, high;
  for (int i = 0; i < 60; ++i) {
    low.push_back("low-" + std::to_string(i));
    high.push_back("high-" + std::to_string(i));
  }
  client_->enqueue({.priority = Priority::Batch, .batch = "b"}, low);
  client_->enqueue({.priority = Priority::Contest, .batch = "b"}, high);
  int low_ones = 0;
  for (int i = 0; i < 60; ++i) low_ones += claim_one(worker("w")).id.starts_with("low") ? 1 : 0;
  EXPECT_EQ(low_ones, 3);
}

TEST_P(QueueRules, tenants_share_by_measured_cpu_time_not_by_number_of_jobs) {
  std::vector<std::string> cheap, dear;
  for (int i = 0; i < 220; ++i) {
    cheap.push_back("cheap-" + std::to_string(i));
    dear.push_back("dear-" + std::to_string(i));
  }
  client_->enqueue({.tenant = "dear", .batch = "b"}, dear);
  client_->enqueue({.tenant = "cheap", .batch = "b"}, cheap);
  const Identity w = worker("w");
  int dear_ones = 0;
  for (int i = 0; i < 220; ++i) {
    const ClaimedJob job = claim_one(w);
    const bool is_dear = job.id.starts_with("dear");
    dear_ones += is_dear ? 1 : 0;
    client_->complete(w, job, is_dear ? Duration(1s) : Duration(100ms));
  }
  // One second of each: a dear job for ten cheap ones.
  EXPECT_NEAR(dear_ones, 20, 3);
}

TEST_P(QueueRules, a_tenant_that_was_idle_has_saved_nothing_up) {
  std::vector<std::string> first, second;
  for (int i = 0; i < 40; ++i) first.push_back("first-" + std::to_string(i));
  for (int i = 0; i < 40; ++i) second.push_back("second-" + std::to_string(i));
  const Identity w = worker("w");
  client_->enqueue({.tenant = "first", .batch = "b"}, first);
  for (int i = 0; i < 20; ++i) client_->complete(w, claim_one(w), 1s);
  client_->enqueue({.tenant = "second", .batch = "b"}, second);
  int second_ones = 0;
  for (int i = 0; i < 20; ++i) {
    const ClaimedJob job = claim_one(w);
    second_ones += job.id.starts_with("second") ? 1 : 0;
    client_->complete(w, job, 1s);
  }
  EXPECT_NEAR(second_ones, 10, 2);
}

TEST_P(QueueRules, a_job_of_a_cpu_class_runs_only_on_workers_of_that_class) {
  client_->enqueue({.cpu_class = "fast", .batch = "b"}, {"pinned"});
  client_->enqueue({.batch = "b"}, {"free"});
  EXPECT_EQ(ids_of(client_->claim(worker("slow", "h", "slow"), 5)), (std::set<std::string>{"free"}));
  EXPECT_TRUE(client_->claim(worker("none"), 5).jobs.empty());
  EXPECT_EQ(ids_of(client_->claim(worker("fast", "h", "fast"), 5)), (std::set<std::string>{"pinned"}));
}

TEST_P(QueueRules, a_lease_lasts_while_its_worker_beats) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const ClaimedJob job = claim_one(w);
  for (int i = 0; i < 20; ++i) {
    pass(20s);
    EXPECT_EQ(client_->reclaim().back, 0U);
    EXPECT_EQ(client_->beat(w, {lease_of(job)}).leases, std::vector{LeaseState::Held});
  }
  EXPECT_EQ(client_->complete(w, job), Completed::Stored);
}

TEST_P(QueueRules, a_lease_without_beats_goes_to_another_worker_and_the_first_changes_nothing_more) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w"), v = worker("v");
  const ClaimedJob first = claim_one(w);
  lose_leases();
  EXPECT_EQ(client_->reclaim().back, 1U);
  const ClaimedJob second = claim_one(v);
  EXPECT_EQ(second.attempt, 2U);
  // A beat that did not ask whose it is would take the job back from v here.
  EXPECT_EQ(client_->beat(w, {lease_of(first)}).leases, std::vector{LeaseState::Lost});
  EXPECT_EQ(client_->beat(v, {lease_of(second)}).leases, std::vector{LeaseState::Held});
  EXPECT_EQ(client_->complete(w, first), Completed::Dropped);
  client_->give_back(w, first, Return::Fault, "too late");
  EXPECT_EQ(client_->complete(v, second), Completed::Stored);
  ASSERT_EQ(client_->results("b").size(), 1U);
  EXPECT_EQ(client_->results("b")[0].line, "result of a by v");
  EXPECT_EQ(status()["stats"]["dropped"], 2);
}

TEST_P(QueueRules, the_same_worker_does_not_complete_under_its_old_token) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const ClaimedJob first = claim_one(w);
  lose_leases();
  client_->reclaim();
  const ClaimedJob second = claim_one(w);
  EXPECT_EQ(client_->complete(w, first), Completed::Dropped);
  EXPECT_EQ(client_->complete(w, second), Completed::Stored);
}

TEST_P(QueueRules, a_completion_that_is_sent_twice_is_one_result) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const ClaimedJob job = claim_one(w);
  EXPECT_EQ(client_->complete(w, job), Completed::Stored);
  EXPECT_EQ(client_->complete(w, job), Completed::Repeated);
  EXPECT_EQ(client_->results("b").size(), 1U);
  EXPECT_FALSE(status()["stats"].contains("dropped"));
}

TEST_P(QueueRules, a_lease_that_ran_out_while_the_queue_stood_still_is_kept_by_a_beat) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const ClaimedJob job = claim_one(w);
  pass(1h);  // the queue was away, or its clock was set
  EXPECT_EQ(client_->reclaim().back, 0U);
  pass(10s);
  EXPECT_EQ(client_->beat(w, {lease_of(job, 2h)}).leases, std::vector{LeaseState::Held});
  pass(20s);
  EXPECT_EQ(client_->reclaim().back, 0U);
  EXPECT_EQ(client_->complete(w, job), Completed::Stored);
}

TEST_P(QueueRules, a_clock_that_is_set_back_does_not_make_a_lease_endless) {
  client_->enqueue({.batch = "b"}, {"a"});
  claim_one(worker("w"));
  client_->clock() -= 10 * 3600 * 1000;
  EXPECT_EQ(client_->reclaim().back, 0U);
  lose_leases();
  EXPECT_EQ(client_->reclaim().back, 1U);
}

TEST_P(QueueRules, a_job_that_takes_longer_than_its_plan_allows_is_late) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const ClaimedJob job = claim_one(w);
  pass(10s);
  EXPECT_EQ(client_->beat(w, {lease_of(job, 10s)}).leases, std::vector{LeaseState::Held});
  pass(1ms);
  EXPECT_EQ(client_->beat(w, {lease_of(job, 10s)}).leases, std::vector{LeaseState::Late});
}

TEST_P(QueueRules, a_fault_goes_to_another_host_and_after_three_the_job_is_dead_and_names_them) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w", "h1"), same_host = worker("w2", "h1"), v = worker("v", "h2"), u = worker("u", "h3");
  for (const Identity& who : {w, same_host, v, u}) client_->beat(who, {});
  client_->give_back(w, claim_one(w), Return::Fault, "no memory");
  EXPECT_TRUE(client_->claim(w, 1).jobs.empty());
  EXPECT_TRUE(client_->claim(same_host, 1).jobs.empty());
  client_->give_back(v, claim_one(v), Return::Fault, "no descriptor");
  EXPECT_TRUE(client_->claim(v, 1).jobs.empty());
  EXPECT_TRUE(client_->results("b").empty());
  client_->give_back(u, claim_one(u), Return::Fault, "no process");
  ASSERT_EQ(client_->results("b").size(), 1U);
  EXPECT_EQ(client_->results("b")[0].line, "last result of a");
  const auto dead = client_->ask<std::vector<DeadJob>>([&](auto then) { client_->queue().dead(10, then); });
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].why, "h1: no memory\nh2: no descriptor\nh3: no process\n");
}

TEST_P(QueueRules, a_fault_goes_to_the_same_host_where_no_other_is_alive) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w", "h1"), v = worker("v", "h2");
  client_->beat(v, {});
  client_->beat(w, {});
  client_->give_back(w, claim_one(w), Return::Fault, "x");
  EXPECT_TRUE(client_->claim(w, 1).jobs.empty());
  pass(61s);  // v is silent now
  client_->beat(w, {});
  EXPECT_EQ(client_->claim(w, 1).jobs.size(), 1U);
}

TEST_P(QueueRules, what_a_host_lacks_is_another_hosts_and_counts_as_no_attempt) {
  client_->enqueue({.batch = "b"}, {"a", "b"});
  const Identity w = worker("w", "h1"), v = worker("v", "h2");
  client_->beat(w, {});
  client_->beat(v, {});
  client_->give_back(w, claim_one(w), Return::Cannot, "no image");
  EXPECT_EQ(claim_one(w).id, "b");
  const ClaimedJob job = claim_one(v);
  EXPECT_EQ(job.id, "a");
  EXPECT_EQ(job.attempt, 1U);
  client_->give_back(v, job, Return::Cannot, "no image");
  ASSERT_EQ(client_->results("b").size(), 1U);
  EXPECT_EQ(client_->results("b")[0].line, "last result of a");
}

TEST_P(QueueRules, a_doubted_result_is_tried_once_by_another_host_and_counts_where_there_is_none) {
  client_->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w", "h1"), v = worker("v", "h2"), u = worker("u", "h3");
  for (const Identity& who : {w, v, u}) client_->beat(who, {});
  client_->give_back(w, claim_one(w), Return::Doubt, "late on h1");
  EXPECT_TRUE(client_->results("b").empty());
  EXPECT_TRUE(client_->claim(w, 1).jobs.empty());
  const ClaimedJob again = claim_one(v);
  EXPECT_EQ(again.doubt, "late on h1");
  EXPECT_EQ(again.attempt, 1U);
  EXPECT_FALSE(again.is_alone);
  // Who doubts it once more has said the last word.
  client_->give_back(v, again, Return::Doubt, "late on h2");
  ASSERT_EQ(client_->results("b").size(), 1U);
  EXPECT_EQ(client_->results("b")[0].line, "last result of a");
  EXPECT_EQ(status()["dead"], 0);
  for (const Identity& who : {v, u}) {
    client_->ask<bool>([&](auto then) { client_->queue().leave(who, "drained", [then] { then(true); }); });
  }
  client_->enqueue({.batch = "b"}, {"alone"});
  const ClaimedJob alone = claim_one(w);
  EXPECT_EQ(alone.doubt, "");
  client_->give_back(w, alone, Return::Doubt, "late on h1");
  EXPECT_EQ(client_->results("b").size(), 2U);
}

TEST_P(QueueRules, another_host_is_one_that_may_run_the_job) {
  client_->enqueue({.cpu_class = "fast", .batch = "b"}, {"a"});
  const Identity fast = worker("w", "h1", "fast"), slow = worker("v", "h2", "slow");
  for (const Identity& who : {fast, slow}) client_->beat(who, {});
  client_->give_back(fast, claim_one(fast), Return::Fault, "x");
  // Nobody else may, so it is this one's again.
  const ClaimedJob again = claim_one(fast);
  EXPECT_EQ(again.attempt, 2U);
  client_->give_back(fast, again, Return::Cannot, "no image");
  EXPECT_EQ(client_->results("b").size(), 1U);
}

TEST_P(QueueRules, a_released_job_is_as_if_it_had_never_been_claimed) {
  client_->enqueue({.batch = "b"}, {"a", "b"});
  const Identity w = worker("w");
  client_->give_back(w, claim_one(w), Return::Release);
  const ClaimedJob job = claim_one(w);
  EXPECT_EQ(job.id, "a");
  EXPECT_EQ(job.attempt, 1U);
  EXPECT_FALSE(job.is_alone);
}

TEST_P(QueueRules, a_job_that_three_workers_were_lost_over_is_dead) {
  const std::vector workers = {proven("w1"), proven("w2"), proven("w3")};
  client_->enqueue({.batch = "b"}, {"poison"});
  for (const Identity& who : workers) {
    EXPECT_EQ(claim_one(who).id, "poison") << who.worker;
    lose_leases();
    client_->reclaim();
  }
  ASSERT_EQ(client_->results("b").size(), 1U);
  const auto result = nlohmann::json::parse(client_->results("b")[0].line);
  EXPECT_EQ(result["id"], "poison");
  EXPECT_EQ(result["result"]["verdict"], "IE");
  EXPECT_EQ(result["result"]["outcome"]["kind"], "sandbox_error");
  EXPECT_EQ(result["result"]["message"], "given up: 3 workers were lost while they ran it");
  EXPECT_EQ(status()["dead"], 1);
  EXPECT_EQ(status()["running"], 0);
  EXPECT_EQ(status()["waiting"], 0);
}

TEST_P(QueueRules, a_job_is_not_to_blame_for_workers_that_never_finished_anything) {
  client_->enqueue({.batch = "b"}, {"a"});
  for (int i = 1; i <= 5; ++i) {
    claim_one(worker("broken-" + std::to_string(i)));
    lose_leases();
    EXPECT_EQ(client_->reclaim().dead, 0U) << i;
  }
  claim_one(worker("broken-6"));
  lose_leases();
  EXPECT_EQ(client_->reclaim().dead, 1U);  // somewhere it ends
}

TEST_P(QueueRules, a_job_over_which_a_worker_was_lost_runs_alone) {
  client_->enqueue({.batch = "b"}, {"a"});
  claim_one(worker("w"));
  lose_leases();
  client_->reclaim();
  client_->enqueue({.batch = "b"}, {"b", "c", "d"});
  const Identity v = worker("v"), u = worker("u");
  // v is busy: it is to end what it runs first. Another worker goes on with other jobs meanwhile.
  Claimed claimed = client_->claim(v, 2, 1);
  EXPECT_TRUE(claimed.jobs.empty());
  EXPECT_TRUE(claimed.must_empty);
  EXPECT_EQ(ids_of(client_->claim(u, 1, 1)), (std::set<std::string>{"b"}));
  claimed = client_->claim(v, 4, 0);
  EXPECT_EQ(ids_of(claimed), (std::set<std::string>{"a"}));
  EXPECT_TRUE(claimed.jobs[0].is_alone);
}

TEST_P(QueueRules, a_waiting_job_is_cancelled_with_a_result_and_a_running_one_is_told) {
  client_->enqueue({.batch = "b"}, {"runs", "waits"});
  const Identity w = worker("w");
  const ClaimedJob job = claim_one(w);
  const Cancelled cancelled = client_->cancel({"runs", "waits", "unknown"});
  EXPECT_EQ(cancelled.ended, 1U);
  EXPECT_EQ(cancelled.told, 1U);
  EXPECT_TRUE(client_->claim(w, 5).jobs.empty());
  EXPECT_EQ(client_->beat(w, {lease_of(job)}).leases, std::vector{LeaseState::Cancelled});
  ASSERT_EQ(client_->results("b").size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(client_->results("b")[0].line)["result"]["verdict"], "CANCELLED");
  EXPECT_EQ(client_->complete(w, job), Completed::Stored);
  EXPECT_EQ(client_->results("b").size(), 2U);
}

TEST_P(QueueRules, a_cancelled_job_whose_worker_is_lost_does_not_run_again) {
  client_->enqueue({.batch = "b"}, {"a"});
  claim_one(worker("w"));
  client_->cancel({"a"});
  lose_leases();
  client_->reclaim();
  EXPECT_TRUE(client_->claim(worker("v"), 1).jobs.empty());
  EXPECT_EQ(client_->results("b").size(), 1U);
}

TEST_P(QueueRules, a_whole_beat_takes_back_what_the_worker_never_heard_of) {
  client_->enqueue({.batch = "b"}, {"a", "b"});
  const Identity w = worker("w");
  const Claimed claimed = client_->claim(w, 2);
  ASSERT_EQ(claimed.jobs.size(), 2U);
  const std::vector held = {lease_of(claimed.jobs[1])};
  EXPECT_EQ(client_->beat(w, held, Beat::Some).leases, std::vector{LeaseState::Held});
  EXPECT_TRUE(client_->claim(w, 1).jobs.empty());
  EXPECT_EQ(client_->beat(w, held, Beat::All).leases, std::vector{LeaseState::Held});
  const ClaimedJob again = claim_one(w);
  EXPECT_EQ(again.id, "a");
  EXPECT_EQ(again.attempt, 1U);
  EXPECT_EQ(client_->complete(w, again), Completed::Stored);
  EXPECT_EQ(client_->complete(w, claimed.jobs[1]), Completed::Stored);
}

TEST_P(QueueRules, a_worker_or_a_host_that_is_to_drain_gets_nothing_more) {
  client_->enqueue({.batch = "b"}, {"a", "b", "c"});
  const Identity w = worker("w", "h1"), v = worker("v", "h2"), u = worker("u", "h3");
  for (const Identity& who : {w, v, u}) client_->beat(who, {});
  const auto drain = [&](const std::vector<std::string>& names) {
    return client_->ask<std::uint64_t>([&](auto then) { client_->queue().drain(names, then); });
  };
  EXPECT_EQ(drain({"w", "h2", "nobody"}), 2U);
  EXPECT_TRUE(client_->claim(w, 1).must_drain);
  EXPECT_TRUE(client_->beat(v, {}).must_drain);
  EXPECT_FALSE(client_->beat(u, {}).must_drain);
  EXPECT_EQ(client_->claim(u, 1).jobs.size(), 1U);
  EXPECT_EQ(drain({}), 3U);
  EXPECT_TRUE(client_->claim(u, 1).must_drain);
}

TEST_P(QueueRules, a_dead_job_is_tried_again_and_its_earlier_result_is_withdrawn) {
  client_->enqueue({.batch = "b"}, {"a"});
  for (const std::string name : {"w1", "w2", "w3"}) {
    client_->give_back(worker(name), claim_one(worker(name)), Return::Fault, "x");
  }
  ASSERT_EQ(client_->results("b").size(), 1U);
  const auto retry = [&] {
    return client_->ask<std::uint64_t>([&](auto then) { client_->queue().retry({"a", "unknown"}, then); });
  };
  EXPECT_EQ(retry(), 1U);
  EXPECT_EQ(retry(), 0U);
  EXPECT_TRUE(client_->results("b").empty());
  const Identity w = worker("w1");
  const ClaimedJob job = claim_one(w);
  EXPECT_EQ(job.attempt, 1U);
  EXPECT_EQ(job.line, "line of a");
  client_->complete(w, job);
  EXPECT_EQ(client_->results("b").size(), 1U);
  EXPECT_EQ(status()["dead"], 0);
}

TEST_P(QueueRules, results_are_read_from_a_place_on_and_forgotten) {
  client_->enqueue({.batch = "b"}, {"a", "b", "c"});
  const Identity w = worker("w");
  for (const ClaimedJob& job : client_->claim(w, 3).jobs) client_->complete(w, job);
  const auto all = client_->results("b");
  ASSERT_EQ(all.size(), 3U);
  const auto rest = client_->ask<std::vector<StoredResult>>(
      [&](auto then) { client_->queue().read_results("b", all[0].entry, 1, then); });
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].id, "b");
  client_->ask<bool>([&](auto then) { client_->queue().forget_results("b", all, [then] { then(true); }); });
  EXPECT_TRUE(client_->results("b").empty());
}

TEST_P(QueueRules, nothing_is_left_of_jobs_whose_results_were_fetched) {
  client_->enqueue({.tenant = "t", .batch = "b"}, {"a", "b"});
  const Identity w = worker("w");
  client_->beat(w, {});
  for (const ClaimedJob& job : client_->claim(w, 3).jobs) client_->complete(w, job);
  client_->ask<bool>(
      [&](auto then) { client_->queue().forget_results("b", client_->results("b"), [then] { then(true); }); });
  client_->ask<bool>([&](auto then) { client_->queue().leave(w, "drained", [then] { then(true); }); });
  const std::vector<std::string> left = server_->contents();
  // What is known of tenants and workers, some bytes each.
  if (GetParam() == Engine::Redis) {
    EXPECT_EQ(std::set(left.begin(), left.end()),
              (std::set<std::string>{"er:charged", "er:charged:now", "er:mean", "er:results:b", "er:sequence",
                                     "er:stats", "er:turns", "er:used", "er:worker:w"}));
  } else {
    for (const std::string empty : {"job 0", "result 0", "plan 0"}) {
      EXPECT_NE(std::ranges::find(left, empty), left.end()) << empty;
    }
  }
}

TEST_P(QueueRules, the_status_counts_what_there_is) {
  client_->enqueue({.tenant = "t", .batch = "b"}, {"a", "b", "c"});
  const Identity w = worker("w", "h", "fast");
  client_->beat(w, {});
  pass(5s);
  client_->complete(w, claim_one(w), 2s);
  claim_one(w);
  const nlohmann::json now = status();
  EXPECT_EQ(now["waiting"], 1);
  EXPECT_EQ(now["running"], 1);
  EXPECT_EQ(now["oldest_ms"], 5000);
  EXPECT_EQ(now["waiting_cpu_us"], 2'000'000);
  ASSERT_EQ(now["workers"].size(), 1U);
  EXPECT_EQ(now["workers"][0]["host"], "h");
  EXPECT_EQ(now["workers"][0]["completed"], 1);
  EXPECT_EQ(now["workers"][0]["running"], 1);
  ASSERT_EQ(now["tenants"].size(), 1U);
  EXPECT_EQ(now["tenants"][0]["cpu_us"], 2'000'000);
}

TEST_P(QueueRules, the_status_of_an_empty_queue_has_lists) {
  EXPECT_TRUE(status()["workers"].is_array());
  EXPECT_TRUE(status()["tenants"].is_array());
}

TEST_P(QueueRules, ids_and_lines_may_hold_any_bytes) {
  constexpr char kBytes[] = "a\0\r\n$5\r\n\xff er:job:x";
  const std::string id(kBytes, sizeof kBytes - 1);
  client_->enqueue({.batch = "b"}, {id});
  const Identity w = worker("w");
  const ClaimedJob job = claim_one(w);
  EXPECT_EQ(job.id, id);
  EXPECT_EQ(job.line, "line of " + id);
  EXPECT_EQ(client_->complete(w, job), Completed::Stored);
  EXPECT_EQ(client_->results("b").at(0).id, id);
}

INSTANTIATE_TEST_SUITE_P(redis, QueueRules, testing::Values(Engine::Redis));
INSTANTIATE_TEST_SUITE_P(postgresql, QueueRules, testing::Values(Engine::Postgres));

}  // namespace
}  // namespace evalrun::test
