#include "runtime/fleet/queue/redis_queue.h"

#include <sha1.h>

#include <charconv>
#include <utility>

namespace evalrun::fleet {
namespace {

using Kind = RedisReply::Kind;

constexpr unsigned kOldestServer = 7;
constexpr std::uint64_t kPlanSeconds = 28ULL * 24 * 3600;

std::string sha1_hex(const char* text) {
  SHA1_CTX context;
  SHA1Init(&context);
  SHA1Update(&context, reinterpret_cast<const std::uint8_t*>(text), std::char_traits<char>::length(text));
  std::array<char, SHA1_DIGEST_STRING_LENGTH> hex;
  return SHA1End(&context, hex.data());
}

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

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

ClaimedJob claimed_job(const RedisReply& reply) {
  const auto& fields = elements_of(reply, 8);
  ClaimedJob job{text_of(fields[0]), text_of(fields[1]), text_of(fields[2]), text_of(fields[3]), ""};
  job.waited = std::chrono::milliseconds(number_of(fields[4]));
  job.attempt = static_cast<unsigned>(number_of(fields[5]));
  job.is_alone = text_of(fields[6]) == "1";
  job.head = text_of(fields[7]);
  return job;
}

LeaseState lease_state(const std::string& word) {
  if (word == "ok") return LeaseState::Held;
  if (word == "cancelled") return LeaseState::Cancelled;
  if (word == "late") return LeaseState::Late;
  return LeaseState::Lost;
}

// The line "NAME:VALUE" of INFO; "" where there is none.
std::string info_of(const std::string& info, const std::string& name) {
  const std::size_t at = info.find("\n" + name + ":");
  if (at == info.npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

}  // namespace

RedisQueue::RedisQueue(loop::EventLoop& loop, const QueueAddress& address, Options options)
    : options_(std::move(options)), connection_(loop, address) {
  for (std::size_t i = 0; i < kScripts; ++i) names_[i] = sha1_hex(fleet::text_of(static_cast<Script>(i)));
  greet(address);
}

void RedisQueue::greet(const QueueAddress& address) {
  const auto nothing = [](std::optional<RedisReply>) {};
  if (!address.password.empty() && !address.user.empty()) {
    connection_.greet_with({"AUTH", address.user, address.password}, nothing);
  } else if (!address.password.empty()) {
    connection_.greet_with({"AUTH", address.password}, nothing);
  }
  if (address.database != 0) connection_.greet_with({"SELECT", std::to_string(address.database)}, nothing);
  connection_.greet_with({"INFO"}, [this](std::optional<RedisReply> reply) { check_server(text_of(*reply)); });
  for (std::size_t i = 0; i < kScripts; ++i) {
    connection_.greet_with({"SCRIPT", "LOAD", fleet::text_of(static_cast<Script>(i))}, nothing);
  }
}

void RedisQueue::check_server(const std::string& info) {
  const std::string version = info_of(info, "redis_version");
  unsigned major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (major < kOldestServer) throw QueueError("the queue needs Redis 7.0 or newer, and this is " + version);
  const std::string policy = info_of(info, "maxmemory_policy");
  if (policy != "noeviction") {
    throw QueueError("the queue's server may drop what it holds (maxmemory-policy " + policy +
                     "); set maxmemory-policy noeviction");
  }
  if (has_warned_ || !options_.warn) return;
  has_warned_ = true;
  if (info_of(info, "aof_enabled") != "1") {
    options_.warn(
        "the queue's server keeps no append-only file: when it ends, jobs and results are lost; set appendonly yes");
  }
}

void RedisQueue::run(Script script, Words words, Again again, RedisConnection::Answered answered) {
  const std::string now = options_.clock == nullptr ? "0" : std::to_string(*options_.clock);
  words.insert(words.begin(), {"EVALSHA", names_[static_cast<std::size_t>(script)], "0", now});
  connection_.call(words, again, std::move(answered));
}

void RedisQueue::put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) {
  const std::string key = "er:plan:" + digest;
  connection_.call({"HSET", key, "name", name, "bundle", bundle}, Again::Yes, [](std::optional<RedisReply>) {});
  connection_.call({"EXPIRE", key, std::to_string(kPlanSeconds)}, Again::Yes,
                   [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void RedisQueue::get_plan(const std::string& digest, Then<std::optional<std::string>> then) {
  connection_.call({"HGET", "er:plan:" + digest, "bundle"}, Again::Yes,
                   [then = std::move(then)](std::optional<RedisReply> reply) {
                     if (reply->kind == Kind::Nil) return then(std::nullopt);
                     then(text_of(*reply));
                   });
}

void RedisQueue::enqueue(const Lot& lot, const std::vector<NewJob>& jobs, Then<Enqueued> then) {
  const std::string priority = std::to_string(static_cast<int>(lot.priority));
  const std::string bound = std::to_string(lot.bound);
  Words words = {lot.tenant, priority, lot.cpu_class, lot.batch, bound};
  for (const NewJob& job : jobs) words.insert(words.end(), {job.id, job.plan, job.head, job.line});
  run(Script::Enqueue, std::move(words), Again::Yes, [then = std::move(then)](std::optional<RedisReply> reply) {
    const auto& counts = elements_of(*reply, 2);
    then({static_cast<std::size_t>(number_of(counts[0])), static_cast<std::size_t>(number_of(counts[1]))});
  });
}

void RedisQueue::claim(const Identity& who, unsigned free, std::size_t running, Duration lease, Then<Claimed> then) {
  const std::string count = std::to_string(free), busy = std::to_string(running), most = milliseconds(lease);
  run(Script::Claim, {who.worker, who.host, who.cpu_class, count, busy, most}, Again::No,
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

void RedisQueue::beat(const Identity& who, Duration lease, Beat beat, const std::vector<Lease>& leases,
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
  run(Script::Beat, std::move(words), Again::No,
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

void RedisQueue::complete(const Identity& who, const Completion& completion, Then<Completed> then) {
  const std::string cpu = std::to_string(to_microseconds(completion.cpu));
  run(Script::Complete, {who.worker, completion.id, completion.token, completion.line, cpu}, Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        const std::string& word = text_of(*reply);
        then(word == "stored" ? Completed::Stored : word == "repeated" ? Completed::Repeated : Completed::Dropped);
      });
}

void RedisQueue::give_back(const Identity& who, const GivenBack& job, Done done) {
  std::string_view how = "release";
  switch (job.how) {
    case Return::Release: break;
    case Return::Fault: how = "fault"; break;
    case Return::Cannot: how = "cannot"; break;
  }
  run(Script::GiveBack, {who.worker, job.id, job.token, how, job.why, job.line}, Again::Yes,
      [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void RedisQueue::reclaim(std::size_t most, Then<Reclaimed> then) {
  run(Script::Reclaim, {std::to_string(most)}, Again::No, [then = std::move(then)](std::optional<RedisReply> reply) {
    if (!reply) return then({});
    const auto& counts = elements_of(*reply, 2);
    then({static_cast<std::uint64_t>(number_of(counts[0])), static_cast<std::uint64_t>(number_of(counts[1]))});
  });
}

void RedisQueue::leave(const Identity& who, const std::string& why, Done done) {
  run(Script::Leave, {who.worker, why}, Again::Yes, [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void RedisQueue::read_results(const std::string& batch, const std::string& after, std::size_t most,
                              Then<std::vector<StoredResult>> then) {
  const std::string from = after.empty() ? "-" : "(" + after, count = std::to_string(most);
  connection_.call({"XRANGE", "er:results:" + batch, from, "+", "COUNT", count}, Again::Yes,
                   [then = std::move(then)](std::optional<RedisReply> reply) {
                     std::vector<StoredResult> results;
                     for (const RedisReply& entry : elements_of(*reply, 0)) {
                       const auto& parts = elements_of(entry, 2);
                       const auto& fields = elements_of(parts[1], 4);
                       results.push_back({text_of(parts[0]), text_of(fields[1]), text_of(fields[3])});
                     }
                     then(std::move(results));
                   });
}

void RedisQueue::forget_results(const std::string& batch, const std::vector<StoredResult>& results, Done done) {
  Words words = {batch};
  for (const StoredResult& result : results) words.insert(words.end(), {result.entry, result.id});
  run(Script::Forget, std::move(words), Again::Yes, [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void RedisQueue::unfinished(const std::string& batch, Then<std::vector<std::string>> then) {
  connection_.call({"SMEMBERS", "er:batch:" + batch}, Again::Yes,
                   [then = std::move(then)](std::optional<RedisReply> reply) {
                     std::vector<std::string> ids;
                     for (const RedisReply& id : elements_of(*reply, 0)) ids.push_back(text_of(id));
                     then(std::move(ids));
                   });
}

void RedisQueue::cancel(const std::vector<std::string>& ids, Then<Cancelled> then) {
  run(Script::Cancel, Words(ids.begin(), ids.end()), Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        const auto& counts = elements_of(*reply, 2);
        then({static_cast<std::uint64_t>(number_of(counts[0])), static_cast<std::uint64_t>(number_of(counts[1]))});
      });
}

void RedisQueue::dead(std::size_t most, Then<std::vector<DeadJob>> then) {
  connection_.call({"ZRANGE", "er:dead", "0", std::to_string(most - 1)}, Again::Yes,
                   [this, then = std::move(then)](std::optional<RedisReply> reply) {
                     const auto jobs = std::make_shared<std::vector<DeadJob>>();
                     for (const RedisReply& id : elements_of(*reply, 0)) jobs->push_back({text_of(id), "", ""});
                     if (jobs->empty()) return then({});
                     for (std::size_t i = 0; i < jobs->size(); ++i) {
                       connection_.call({"HMGET", "er:job:" + (*jobs)[i].id, "batch", "why"}, Again::Yes,
                                        [jobs, i, then](std::optional<RedisReply> fields) {
                                          const auto& values = elements_of(*fields, 2);
                                          (*jobs)[i].batch = values[0].text;
                                          (*jobs)[i].why = values[1].text;
                                          if (i + 1 == jobs->size()) then(std::move(*jobs));
                                        });
                     }
                   });
}

void RedisQueue::retry(const std::vector<std::string>& ids, Then<std::uint64_t> then) {
  run(Script::Retry, Words(ids.begin(), ids.end()), Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        then(static_cast<std::uint64_t>(number_of(*reply)));
      });
}

void RedisQueue::drain(const std::vector<std::string>& workers, Then<std::uint64_t> then) {
  run(Script::Drain, Words(workers.begin(), workers.end()), Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) {
        then(static_cast<std::uint64_t>(number_of(*reply)));
      });
}

void RedisQueue::status(Then<std::string> then) {
  run(Script::Status, {}, Again::Yes,
      [then = std::move(then)](std::optional<RedisReply> reply) { then(text_of(*reply)); });
}

}  // namespace evalrun::fleet
