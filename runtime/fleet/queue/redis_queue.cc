#include "runtime/fleet/queue/redis_queue.h"

#include <sha1.h>

#include <charconv>
#include <memory>
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

// The line "NAME:VALUE" of INFO; "" where there is none.
std::string info_of(const std::string& info, const std::string& name) {
  const std::size_t at = info.find("\n" + name + ":");
  if (at == info.npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

}  // namespace

RedisQueue::RedisQueue(loop::EventLoop& loop, const RedisAddress& address, QueueOptions options)
    : StepQueue(loop, address, std::move(options)) {
  for (std::size_t i = 0; i < kScripts; ++i) names_[i] = sha1_hex(script_of(static_cast<Step>(i)));
  greet(address);
}

void RedisQueue::greet(const RedisAddress& address) {
  const auto nothing = [](std::optional<RedisReply>) {};
  if (!address.password.empty() && !address.user.empty()) {
    connection().greet_with({"AUTH", address.user, address.password}, nothing);
  } else if (!address.password.empty()) {
    connection().greet_with({"AUTH", address.password}, nothing);
  }
  if (address.database != 0) connection().greet_with({"SELECT", std::to_string(address.database)}, nothing);
  connection().greet_with({"INFO"}, [this](std::optional<RedisReply> reply) { check_server(text_of(*reply)); });
  for (std::size_t i = 0; i < kScripts; ++i) {
    connection().greet_with({"SCRIPT", "LOAD", script_of(static_cast<Step>(i))}, nothing);
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
  if (info_of(info, "aof_enabled") != "1") {
    warn("the queue's server keeps no append-only file: when it ends, jobs and results are lost; set appendonly yes");
  }
}

void RedisQueue::run(Step step, Words words, Again again, RedisConnection::Answered answered) {
  const std::string time = now();
  words.insert(words.begin(), {"EVALSHA", names_[static_cast<std::size_t>(step)], "0", time});
  connection().call(words, again, std::move(answered));
}

void RedisQueue::put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) {
  const std::string key = "er:plan:" + digest;
  connection().call({"HSET", key, "name", name, "bundle", bundle}, Again::Yes, [](std::optional<RedisReply>) {});
  connection().call({"EXPIRE", key, std::to_string(kPlanSeconds)}, Again::Yes,
                    [done = std::move(done)](std::optional<RedisReply>) { done(); });
}

void RedisQueue::get_plan(const std::string& digest, Then<std::optional<std::string>> then) {
  connection().call({"HGET", "er:plan:" + digest, "bundle"}, Again::Yes,
                    [then = std::move(then)](std::optional<RedisReply> reply) {
                      if (reply->kind == Kind::Nil) return then(std::nullopt);
                      then(text_of(*reply));
                    });
}

void RedisQueue::read_results(const std::string& batch, const std::string& after, std::size_t most,
                              Then<std::vector<StoredResult>> then) {
  const std::string from = after.empty() ? "-" : "(" + after, count = std::to_string(most);
  connection().call({"XRANGE", "er:results:" + batch, from, "+", "COUNT", count}, Again::Yes,
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

void RedisQueue::unfinished(const std::string& batch, Then<std::vector<std::string>> then) {
  connection().call({"SMEMBERS", "er:batch:" + batch}, Again::Yes,
                    [then = std::move(then)](std::optional<RedisReply> reply) {
                      std::vector<std::string> ids;
                      for (const RedisReply& id : elements_of(*reply, 0)) ids.push_back(text_of(id));
                      then(std::move(ids));
                    });
}

void RedisQueue::dead(std::size_t most, Then<std::vector<DeadJob>> then) {
  connection().call({"ZRANGE", "er:dead", "0", std::to_string(most - 1)}, Again::Yes,
                    [this, then = std::move(then)](std::optional<RedisReply> reply) {
                      const auto jobs = std::make_shared<std::vector<DeadJob>>();
                      for (const RedisReply& id : elements_of(*reply, 0)) jobs->push_back({text_of(id), "", ""});
                      if (jobs->empty()) return then({});
                      for (std::size_t i = 0; i < jobs->size(); ++i) {
                        connection().call({"HMGET", "er:job:" + (*jobs)[i].id, "batch", "why"}, Again::Yes,
                                          [jobs, i, then](std::optional<RedisReply> fields) {
                                            const auto& values = elements_of(*fields, 2);
                                            (*jobs)[i].batch = values[0].text;
                                            (*jobs)[i].why = values[1].text;
                                            if (i + 1 == jobs->size()) then(std::move(*jobs));
                                          });
                      }
                    });
}

}  // namespace evalrun::fleet
