#include "runtime/fleet/queue/step_queue.h"

#include <charconv>
#include <utility>

namespace evalrun::fleet {

using Kind = RedisReply::Kind;

[[noreturn]] void refuse_answer() {
  throw QueueError("the queue's answer is not that of its scripts; another program may write there");
}

const std::string& text_of(const RedisReply& reply) {
  if (reply.kind != Kind::Text) refuse_answer();
  return reply.text;
}

std::int64_t number_of(const RedisReply& reply) {
  if (reply.kind == Kind::Integer) return reply.integer;
  const std::string& text = text_of(reply);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) refuse_answer();
  return value;
}

const std::vector<RedisReply>& elements_of(const RedisReply& reply, std::size_t least) {
  if (reply.kind != Kind::Array || reply.elements.size() < least) refuse_answer();
  return reply.elements;
}

namespace {

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

ClaimedJob claimed_job(const RedisReply& reply) {
  const auto& fields = elements_of(reply, 9);
  ClaimedJob job{text_of(fields[0]), text_of(fields[1]), text_of(fields[2]), text_of(fields[3]), ""};
  job.waited = std::chrono::milliseconds(number_of(fields[4]));
  job.attempt = static_cast<unsigned>(number_of(fields[5]));
  job.is_alone = text_of(fields[6]) == "1";
  job.head = text_of(fields[7]);
  job.doubt = text_of(fields[8]);
  return job;
}

LeaseState lease_state(const std::string& word) {
  if (word == "ok") return LeaseState::Held;
  if (word == "cancelled") return LeaseState::Cancelled;
  if (word == "late") return LeaseState::Late;
  return LeaseState::Lost;
}

}  // namespace

StepQueue::StepQueue(loop::EventLoop& loop, const RedisAddress& address, QueueOptions options)
    : options_(std::move(options)), connection_(loop, address) {}
StepQueue::StepQueue(loop::EventLoop& loop, std::unique_ptr<Peer> peer, QueueOptions options)
    : options_(std::move(options)), connection_(loop, std::move(peer)) {}

std::string StepQueue::now() const {
  return options_.clock == nullptr ? "0" : std::to_string(*options_.clock);
}

void StepQueue::warn(const std::string& warning) {
  if (!std::exchange(has_warned_, true) && options_.warn) options_.warn(warning);
}

void StepQueue::enqueue(const Lot& lot, const std::vector<NewJob>& jobs, Then<Enqueued> then) {
  const std::string priority = std::to_string(static_cast<int>(lot.priority));
  const std::string bound = std::to_string(lot.bound);
  Words words = {lot.tenant, priority, lot.cpu_class, lot.batch, bound};
  for (const NewJob& job : jobs) words.insert(words.end(), {job.id, job.plan, job.head, job.line});
  run(Step::Enqueue, std::move(words), Again::Yes, [then = std::move(then)](std::optional<RedisReply> reply) {
    const auto& counts = elements_of(*reply, 2);
    then({static_cast<std::size_t>(number_of(counts[0])), static_cast<std::size_t>(number_of(counts[1]))});
  });
}

void StepQueue::claim(const Identity& who, unsigned free, std::size_t running, Duration lease, Then<Claimed> then) {
  const std::string count = std::to_string(free), busy = std::to_string(running), most = milliseconds(lease);
  run(Step::Claim, {who.worker, who.host, who.cpu_class, count, busy, most}, Again::No,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        if (!reply) return then({.jobs = {}, .is_away = true});
        Claimed claimed;
        const auto& answer = elements_of(*reply, 1);
        const std::string& word = text_of(answer[0]);
        claimed.must_drain = word == "drain";
        claimed.must_empty = word == "alone";
        for (std::size_t i = 1; i < answer.size(); ++i) claimed.jobs.push_back(claimed_job(answer[i]));
        then(std::move(claimed));
      });
}

void StepQueue::beat(const Identity& who, Duration lease, Beat beat, const std::vector<Lease>& leases,
                     Then<Beaten> then) {
  const std::string jobs = std::to_string(who.jobs), most = milliseconds(lease);
  Words words = {who.worker, who.host, who.cpu_class, jobs, who.version, most, beat == Beat::All ? "1" : "0"};
  std::vector<std::string> times;
  times.reserve(leases.size());
  for (const Lease& held : leases) {
    times.push_back(milliseconds(held.most));
    words.insert(words.end(), {held.id, held.token, times.back()});
  }
  // One that is lost is followed by another: it is not made again, but for the whole one, which the connection's return
  // asks for by itself.
  run(Step::Beat, std::move(words), Again::No,
      [then = std::move(then), count = leases.size()](std::optional<RedisReply> reply) {
        Beaten beaten;
        beaten.leases.assign(count, LeaseState::Held);
        if (!reply) return then(std::move(beaten));
        const auto& answer = elements_of(*reply, count + 1);
        beaten.must_drain = text_of(answer[0]) == "drain";
        for (std::size_t i = 0; i < count; ++i) beaten.leases[i] = lease_state(text_of(answer[i + 1]));
        then(std::move(beaten));
      });
}

void StepQueue::complete(const Identity& who, const Completion& completion, Then<Completed> then) {
  const std::string cpu = std::to_string(to_microseconds(completion.cpu));
  run(Step::Complete, {who.worker, completion.id, completion.token, completion.line, cpu}, Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        const std::string& word = text_of(*reply);
        then(word == "stored" ? Completed::Stored : word == "repeated" ? Completed::Repeated : Completed::Dropped);
      });
}

void StepQueue::give_back(const Identity& who, const GivenBack& job, Done done) {
  std::string_view how = "release";
  switch (job.how) {
    case Return::Release: break;
    case Return::Fault: how = "fault"; break;
    case Return::Cannot: how = "cannot"; break;
    case Return::Doubt: how = "doubt"; break;
  }
  run(Step::GiveBack, {who.worker, job.id, job.token, how, job.why, job.line}, Again::Yes,
      [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void StepQueue::reclaim(std::size_t most, Then<Reclaimed> then) {
  run(Step::Reclaim, {std::to_string(most)}, Again::No, [then = std::move(then)](std::optional<RedisReply> reply) {
    if (!reply) return then({});
    const auto& counts = elements_of(*reply, 2);
    then({static_cast<std::uint64_t>(number_of(counts[0])), static_cast<std::uint64_t>(number_of(counts[1]))});
  });
}

void StepQueue::leave(const Identity& who, const std::string& why, Done done) {
  run(Step::Leave, {who.worker, why}, Again::Yes, [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void StepQueue::forget_results(const std::string& batch, const std::vector<StoredResult>& results, Done done) {
  Words words = {batch};
  for (const StoredResult& result : results) words.insert(words.end(), {result.entry, result.id});
  run(Step::Forget, std::move(words), Again::Yes, [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void StepQueue::cancel(const std::vector<std::string>& ids, Then<Cancelled> then) {
  run(Step::Cancel, Words(ids.begin(), ids.end()), Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        const auto& counts = elements_of(*reply, 2);
        then({static_cast<std::uint64_t>(number_of(counts[0])), static_cast<std::uint64_t>(number_of(counts[1]))});
      });
}

void StepQueue::retry(const std::vector<std::string>& ids, Then<std::uint64_t> then) {
  run(Step::Retry, Words(ids.begin(), ids.end()), Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        then(static_cast<std::uint64_t>(number_of(*reply)));
      });
}

void StepQueue::drain(const std::vector<std::string>& workers, Then<std::uint64_t> then) {
  run(Step::Drain, Words(workers.begin(), workers.end()), Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        then(static_cast<std::uint64_t>(number_of(*reply)));
      });
}

void StepQueue::status(Then<std::string> then) {
  run(Step::Status, {}, Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) { then(text_of(*reply)); });
}

}  // namespace evalrun::fleet
