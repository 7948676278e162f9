#include "tests/fleet/queue_client.h"

namespace evalrun::test {

using namespace fleet;

Identity worker(const std::string& name, const std::string& host, const std::string& cpu_class) {
  return {name, host.empty() ? "host-" + name : host, cpu_class, "test", 4};
}

Lease lease_of(const ClaimedJob& job, Duration most) {
  return {job.id, job.token, most};
}

Enqueued QueueClient::enqueue(const Lot& lot, const std::vector<std::string>& names) {
  std::vector<NewJob> jobs;
  for (const std::string& name : names)
    jobs.push_back({name, "digest", R"({"id":")" + name + R"(","line":1,)", "line of " + name});
  return ask<Enqueued>([&](auto then) { queue_->enqueue(lot, jobs, then); });
}

Claimed QueueClient::claim(const Identity& who, unsigned free, std::size_t running) {
  return ask<Claimed>([&](auto then) { queue_->claim(who, free, running, kLease, then); });
}

Beaten QueueClient::beat(const Identity& who, const std::vector<Lease>& leases, Beat beat) {
  return ask<Beaten>([&](auto then) { queue_->beat(who, kLease, beat, leases, then); });
}

Completed QueueClient::complete(const Identity& who, const ClaimedJob& job, Duration cpu) {
  const Completion completion{job.id, job.token, "result of " + job.id + " by " + who.worker, cpu};
  return ask<Completed>([&](auto then) { queue_->complete(who, completion, then); });
}

void QueueClient::give_back(const Identity& who, const ClaimedJob& job, Return how, const std::string& why) {
  ask<bool>([&](auto then) {
    queue_->give_back(who, {job.id, job.token, how, why, "last result of " + job.id}, [then] { then(true); });
  });
}

Reclaimed QueueClient::reclaim(std::size_t most) {
  return ask<Reclaimed>([&](auto then) { queue_->reclaim(most, then); });
}

std::vector<StoredResult> QueueClient::results(const std::string& batch) {
  return ask<std::vector<StoredResult>>([&](auto then) { queue_->read_results(batch, "", 100000, then); });
}

Cancelled QueueClient::cancel(const std::vector<std::string>& ids) {
  return ask<Cancelled>([&](auto then) { queue_->cancel(ids, then); });
}

std::string QueueClient::status() {
  return ask<std::string>([&](auto then) { queue_->status(then); });
}

}  // namespace evalrun::test
