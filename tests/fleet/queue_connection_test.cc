// The way to the queue: its address, a server that ends and comes back, one that cannot write, one that is none.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <set>
#include <thread>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/fleet/queue/open_queue.h"
#include "runtime/fleet/queue/resolve.h"
#include "tests/fleet/queue_client.h"
#include "tests/fleet/queue_server.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using namespace fleet;

std::unique_ptr<QueueClient> client_of(const QueueAddress& address, std::function<void(const std::string&)> warn = {}) {
  return std::make_unique<QueueClient>([&](loop::EventLoop& loop, const std::uint64_t*) {
    return open_queue(loop, address, {.warn = std::move(warn), .clock = nullptr});
  });
}

std::string refusal(const QueueAddress& address) {
  try {
    client_of(address)->status();
  } catch (const QueueError& error) {
    return error.what();
  }
  return "";
}

Finished redis_cli(const RedisServer& server, std::vector<std::string> words) {
  words.insert(words.begin(), {"redis-cli", "-s", server.redis_address().path});
  return run_command(words);
}

TEST(QueueAddress, is_read_as_it_is_written) {
  const auto same = [](const std::string& text, const std::string& printed) {
    EXPECT_EQ(fleet::to_string(parse_queue_address(text)), printed) << text;
  };
  same("redis://queue", "redis://queue:6379/0");
  same("redis://queue:7000/3", "redis://queue:7000/3");
  same("redis://10.0.0.1/2", "redis://10.0.0.1:6379/2");
  same("redis://[::1]:7000", "redis://[::1]:7000/0");
  same("redis://ada:secret@queue:1", "redis://queue:1/0");
  same("unix:/run/redis.sock", "unix:/run/redis.sock");
  same("unix:/run/redis.sock?db=5", "unix:/run/redis.sock?db=5");
  same("postgresql://queue/judge", "postgresql://queue/judge");
  same("postgres://ada:se:c@ret@queue:5433/judge?sslmode=require&password=secret", "postgres://ada@queue:5433/judge");
  same("postgresql://ada@queue", "postgresql://ada@queue");
  same("postgresql:///judge?host=/run/postgresql", "postgresql:///judge");
  const auto redis = [](const std::string& text) { return std::get<RedisAddress>(parse_queue_address(text)); };
  EXPECT_EQ(redis("redis://ada:se:c@ret@queue").password, "se:c@ret");
  EXPECT_EQ(redis("redis://ada:secret@queue").user, "ada");
  EXPECT_EQ(redis("redis://:secret@queue").user, "");
}

TEST(QueueAddress, that_is_none_is_refused_without_its_password) {
  for (const std::string text : {"", "queue", "http://queue", "redis://", "redis://:6379", "redis://queue:x",
                                 "redis://queue:65536", "redis://queue/x", "redis://queue/1/2", "redis://[::1",
                                 "redis://[::1]x", "unix:", "unix:/a?x=1", "redis://ada:secret@queue:port"}) {
    try {
      parse_queue_address(text);
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
  }
}

TEST(Resolving, finds_what_a_hosts_file_has) {
  const std::string hosts =
      "# queue 1.1.1.1\n10.0.0.7  Queue queue.example # one\n\n::1 queue\nnonsense queue\n10.0.0.8 other\n";
  EXPECT_EQ(addresses_in_hosts(hosts, "queue", 1).size(), 2U);
  EXPECT_EQ(addresses_in_hosts(hosts, "queue.example", 1).size(), 1U);
  EXPECT_TRUE(addresses_in_hosts(hosts, "que", 1).empty());
  EXPECT_EQ(addresses_by_itself("127.0.0.1", 1).size(), 1U);
  EXPECT_EQ(addresses_by_itself("fe80::1", 1).size(), 1U);
  EXPECT_TRUE(addresses_by_itself("127.0.0", 1).empty());
}

class QueueConnection : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) EVALRUN_SKIP("redis-server");
  }
};

class EachQueueConnection : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (!is_installed(GetParam())) EVALRUN_SKIP(name_of(GetParam()));
  }
};

TEST_P(EachQueueConnection, calls_wait_for_a_server_that_comes_back_and_keep_their_order) {
  const std::unique_ptr<QueueServer> server = start_server(GetParam());
  const auto client = client_of(server->address());
  client->enqueue({.batch = "b"}, {"a"});
  unsigned returns = 0;
  client->queue().on_return([&] { ++returns; });
  server->kill_at_once();
  std::string order;
  for (const std::string name : {"b", "c", "d"}) {
    client->queue().enqueue({.batch = "b"}, {{name, "", "{", name}}, [&order, name](Enqueued) { order += name; });
  }
  client->wait([&] { return !client->queue().why_away().empty(); });
  EXPECT_TRUE(client->claim(worker("w"), 1).is_away);
  server->start();
  client->wait([&] { return order.size() == 3; });
  EXPECT_EQ(order, "bcd");
  EXPECT_EQ(returns, 1U);
  EXPECT_EQ(client->queue().why_away(), "");
  std::string claimed;
  for (const ClaimedJob& job : client->claim(worker("w"), 9).jobs) claimed += job.id;
  EXPECT_EQ(claimed, "abcd");  // what was there before came back from the file
}

TEST_P(EachQueueConnection, a_server_that_is_not_there_yet_is_waited_for) {
  const std::unique_ptr<QueueServer> server = start_server(GetParam());
  server->kill_at_once();
  const auto client = client_of(server->address());
  bool answered = false;
  client->queue().status([&](const std::string&) { answered = true; });
  for (int i = 0; i < 5; ++i) client->loop().run_once(50ms);
  EXPECT_FALSE(answered);
  EXPECT_NE(client->queue().why_away(), "");
  server->start();
  client->wait([&] { return answered; });
}

TEST_P(EachQueueConnection, a_completion_whose_answer_was_lost_is_stored_once) {
  const std::unique_ptr<QueueServer> server = start_server(GetParam());
  const auto client = client_of(server->address());
  client->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const Claimed claimed = client->claim(w, 1);
  // A claim may be lost with its server, and the job is as if never claimed; not one that something follows which
  // waited for the disk.
  client->enqueue({.batch = "c"}, {"b"});
  for (int i = 0; i < 3; ++i) {
    std::optional<Completed> answer;
    client->queue().complete(w, {claimed.jobs[0].id, claimed.jobs[0].token, "{}", {}},
                             [&](Completed c) { answer = c; });
    server->kill_at_once();
    server->start();
    client->wait([&] { return answer.has_value(); });
    EXPECT_NE(*answer, Completed::Dropped);
  }
  EXPECT_EQ(client->results("b").size(), 1U);
}

TEST_F(QueueConnection, a_password_is_asked_for_and_given) {
  RedisServer server({"--requirepass", "secret"});
  RedisAddress address = server.redis_address();
  EXPECT_NE(refusal(address).find("NOAUTH"), std::string::npos);
  address.password = "wrong";
  EXPECT_NE(refusal(address).find("WRONGPASS"), std::string::npos);
  address.password = "secret";
  EXPECT_EQ(refusal(address), "");
}

TEST_F(QueueConnection, databases_are_queues_of_their_own) {
  RedisServer server;
  RedisAddress other = server.redis_address();
  other.database = 3;
  client_of(other)->enqueue({.batch = "b"}, {"a"});
  const auto first = client_of(server.address()), third = client_of(other);
  first->status();  // a claim waits for no connection
  third->status();
  EXPECT_TRUE(first->claim(worker("w"), 1).jobs.empty());
  EXPECT_EQ(third->claim(worker("w"), 1).jobs.size(), 1U);
}

TEST_F(QueueConnection, a_server_that_may_drop_keys_is_refused) {
  const RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  EXPECT_NE(refusal(server.address()).find("set maxmemory-policy noeviction"), std::string::npos);
}

TEST_F(QueueConnection, a_server_without_an_append_only_file_is_warned_of) {
  std::string warning;
  const RedisServer careless({"--appendonly", "no"}), careful;
  client_of(careful.address(), [&](const std::string& text) { warning += text; })->status();
  EXPECT_EQ(warning, "");
  client_of(careless.address(), [&](const std::string& text) { warning += text; })->status();
  EXPECT_NE(warning.find("appendonly yes"), std::string::npos);
}

// Where memory is full, nothing new goes in, and what is there goes on: it is what frees memory.
TEST_F(QueueConnection, a_server_whose_memory_is_full_takes_results_and_no_jobs) {
  const RedisServer server;
  const auto client = client_of(server.address());
  client->enqueue({.batch = "b"}, {"a"});
  ASSERT_EQ(redis_cli(server, {"config", "set", "maxmemory", "1"}).exit_code, 0);
  bool is_in = false;
  client->queue().enqueue({.batch = "b"}, {{"b", "", "{", "b"}}, [&](Enqueued) { is_in = true; });
  for (int i = 0; i < 10; ++i) client->loop().run_once(30ms);
  EXPECT_FALSE(is_in);
  const Identity w = worker("w");
  const auto other = client_of(server.address());
  other->status();
  const Claimed job = other->claim(w, 1);
  ASSERT_EQ(job.jobs.size(), 1U);
  EXPECT_EQ(other->complete(w, job.jobs[0]), Completed::Stored);
  EXPECT_FALSE(is_in);
  ASSERT_EQ(redis_cli(server, {"config", "set", "maxmemory", "0"}).exit_code, 0);
  client->wait([&] { return is_in; });
}

TEST_F(QueueConnection, a_server_whose_disk_fails_is_waited_for) {
  const RedisServer server({"--save", "3600 1"});
  const auto client = client_of(server.address());
  client->enqueue({.batch = "b"}, {"a"});
  // Where its file should be, something is in the way; then it refuses every write.
  std::filesystem::create_directories(server.folder() / "dump.rdb" / "x");
  redis_cli(server, {"bgsave"});
  const auto is_ill = [&] { return redis_cli(server, {"set", "x", "y"}).output.starts_with("MISCONF"); };
  for (int i = 0; i < 100 && !is_ill(); ++i) client->loop().run_once(30ms);
  ASSERT_TRUE(is_ill());
  bool is_in = false;
  client->queue().enqueue({.batch = "b"}, {{"b", "", "{", "b"}}, [&](Enqueued) { is_in = true; });
  for (int i = 0; i < 10; ++i) client->loop().run_once(30ms);
  EXPECT_FALSE(is_in);
  EXPECT_NE(client->queue().why_away().find("MISCONF"), std::string::npos) << client->queue().why_away();
  std::filesystem::remove_all(server.folder() / "dump.rdb");
  redis_cli(server, {"bgsave"});
  client->wait([&] { return is_in; });
}

TEST_P(EachQueueConnection, a_large_line_goes_in_and_out_whole) {
  const std::unique_ptr<QueueServer> server = start_server(GetParam());
  const auto client = client_of(server->address());
  const std::string line(12U << 20, 'x');
  client->ask<Enqueued>([&](auto then) { client->queue().enqueue({.batch = "b"}, {{"a", "", "{", line}}, then); });
  const Claimed claimed = client->claim(worker("w"), 1);
  ASSERT_EQ(claimed.jobs.size(), 1U);
  EXPECT_EQ(claimed.jobs[0].line, line);
}

TEST_F(QueueConnection, what_is_no_redis_server_is_refused) {
  for (const std::string answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", "*99999999\r\n", "*1\r\n*-7\r\n", "$5\r\n"}) {
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "s").string();
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listener.get(), 5), 0);
    RedisAddress address;
    address.path = path;
    const auto client = client_of(address);
    Fd peer;
    bool is_refused = false;
    for (int i = 0; i < 30 && !is_refused; ++i) {
      if (!peer) peer = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer && i == 5) ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      try {
        client->loop().run_once(20ms);
      } catch (const QueueError&) {
        is_refused = true;
      }
    }
    // The last one is an answer that has not ended: it is waited for.
    EXPECT_EQ(is_refused, answer.front() != '$') << answer;
  }
}

INSTANTIATE_TEST_SUITE_P(redis, EachQueueConnection, testing::Values(Engine::Redis));
INSTANTIATE_TEST_SUITE_P(postgresql, EachQueueConnection, testing::Values(Engine::Postgres));

class PostgresConnection : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::is_installed()) EVALRUN_SKIP("postgresql");
  }
};

TEST_F(PostgresConnection, a_wrong_user_database_or_password_is_refused_and_a_full_server_is_waited_for) {
  PostgresServer server({"-c", "max_connections=4", "-c", "superuser_reserved_connections=0"});
  EXPECT_EQ(refusal(server.address()), "");
  const std::string host = server.url().substr(server.url().find("?host="));
  EXPECT_NE(refusal(PostgresAddress{"postgresql:///none" + host}).find("database \"none\" does not exist"),
            std::string::npos);
  EXPECT_NE(refusal(PostgresAddress{server.url() + "x"}).find("role \"evalrunx\" does not exist"), std::string::npos);
  EXPECT_NE(refusal(PostgresAddress{server.url() + "&nonsense=1"}).find("nonsense"), std::string::npos);
  std::vector<std::unique_ptr<QueueClient>> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(client_of(server.address()));
    others.back()->status();
  }
  const auto late = client_of(server.address());
  late->wait([&] { return !late->queue().why_away().empty(); });
  EXPECT_NE(late->queue().why_away().find("too many clients"), std::string::npos) << late->queue().why_away();
  others.clear();
  late->status();
}

TEST_F(PostgresConnection, a_password_is_asked_for_and_given) {
  PostgresServer server({"-c", "password_encryption=scram-sha-256"});
  static_cast<void>(server.ask("ALTER ROLE evalrun PASSWORD 'se''c@ret'"));
  server.let_in("local all all scram-sha-256");
  // The server reads its file some time after it was told to.
  std::string without;
  for (int i = 0; i < 100 && without.empty(); ++i) {
    without = refusal(server.address());
    if (without.empty()) ::usleep(20000);
  }
  EXPECT_NE(without.find("password"), std::string::npos) << without;
  EXPECT_NE(refusal(PostgresAddress{server.url() + "&password=wrong"}).find("password authentication failed"),
            std::string::npos);
  EXPECT_EQ(refusal(PostgresAddress{server.url() + "&password=se%27c%40ret"}), "");
}

TEST_F(PostgresConnection, tables_of_another_version_are_refused_and_not_touched) {
  PostgresServer server;
  client_of(server.address())->enqueue({.batch = "b"}, {"a"});
  static_cast<void>(server.ask("UPDATE evalrun.about SET version = 999"));
  EXPECT_NE(refusal(server.address()).find("another version of evalrun (999"), std::string::npos);
  EXPECT_EQ(server.ask("SELECT count(*) FROM evalrun.job"), "1\n");
}

TEST_F(PostgresConnection, a_server_that_does_not_wait_for_its_disk_is_warned_of) {
  std::string warning;
  const auto warn = [&](const std::string& text) { warning += text; };
  PostgresServer server;
  client_of(server.address(), warn)->status();
  EXPECT_EQ(warning, "");
  static_cast<void>(server.ask("ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf()"));
  for (int i = 0; i < 100 && server.ask("SHOW synchronous_commit") != "off\n"; ++i) ::usleep(20000);
  client_of(server.address(), warn)->status();
  EXPECT_NE(warning.find("synchronous_commit is off"), std::string::npos) << warning;
}

// A result's place is given before others can see it. A reader that goes past it would never see it.
TEST_F(PostgresConnection, a_result_that_is_being_stored_is_not_passed_over) {
  PostgresServer server;
  const auto client = client_of(server.address());
  client->enqueue({.batch = "b"}, {"a", "b"});
  const Identity w = worker("w");
  const Claimed claimed = client->claim(w, 2);
  ASSERT_EQ(claimed.jobs.size(), 2U);
  // The first is stored by a transaction that stays open for a while.
  std::thread slow([&] {
    static_cast<void>(
        server.ask("BEGIN; SELECT evalrun.complete(ARRAY['0', 'w', 'a', '1', 'result of a', '0']::bytea[]);"
                   "SELECT pg_sleep(0.7); COMMIT;"));
  });
  for (int i = 0; i < 200 && server.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0\n"; ++i)
    ::usleep(5000);
  EXPECT_EQ(client->complete(w, claimed.jobs[1]), Completed::Stored);
  const std::vector<StoredResult> seen = client->results("b");
  slow.join();
  EXPECT_EQ(seen.size(), 2U);
}

// Claims do not wait for the disk.
TEST_F(PostgresConnection, a_job_whose_claim_was_lost_with_the_server_has_one_result) {
  PostgresServer server({"-c", "fsync=off", "-c", "wal_writer_delay=10s"});
  const auto client = client_of(server.address());
  client->enqueue({.batch = "b"}, {"a"});
  const Identity w = worker("w");
  const Claimed first = client->claim(w, 1);
  ASSERT_EQ(first.jobs.size(), 1U);
  server.kill_at_once();
  server.start();
  client->status();
  EXPECT_EQ(client->beat(w, {lease_of(first.jobs[0])}).leases, std::vector{LeaseState::Lost});
  EXPECT_EQ(client->complete(w, first.jobs[0]), Completed::Dropped);
  // The token is given again: to the same worker, both are the same job; to another one, only its own word counts.
  const Claimed second = client->claim(worker("v"), 1);
  ASSERT_EQ(second.jobs.size(), 1U);
  EXPECT_EQ(second.jobs[0].token, first.jobs[0].token);
  EXPECT_EQ(client->complete(w, first.jobs[0]), Completed::Dropped);
  EXPECT_EQ(client->complete(worker("v"), second.jobs[0]), Completed::Stored);
  EXPECT_EQ(client->complete(w, first.jobs[0]), Completed::Dropped);
  EXPECT_EQ(client->results("b").size(), 1U);
}

TEST_F(PostgresConnection, of_many_that_come_to_an_empty_database_one_makes_the_tables) {
  PostgresServer server({"-c", "fsync=off"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(refusal(server.address()), ""); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.ask("SELECT count(*) FROM evalrun.about"), "1\n");
}

TEST_F(PostgresConnection, two_that_claim_at_a_time_get_different_jobs) {
  PostgresServer server({"-c", "fsync=off"});
  constexpr int kJobs = 400, kWorkers = 6;
  std::vector<std::string> names;
  for (int i = 0; i < kJobs; ++i) names.push_back("job-" + std::to_string(i));
  client_of(server.address())->enqueue({.batch = "b"}, names);
  std::vector<std::vector<std::string>> claimed(kWorkers);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kWorkers; ++i) {
    threads.emplace_back([&, i] {
      const auto client = client_of(server.address());
      const Identity who = worker("w" + std::to_string(i));
      client->beat(who, {});
      client->status();
      for (;;) {
        const Claimed given = client->claim(who, 2);
        if (given.jobs.empty()) return;
        for (const ClaimedJob& job : given.jobs) {
          claimed[i].push_back(job.id);
          EXPECT_EQ(client->complete(who, job), Completed::Stored) << job.id;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> distinct;
  std::size_t count = 0;
  for (const auto& some : claimed) {
    count += some.size();
    distinct.insert(some.begin(), some.end());
  }
  EXPECT_EQ(count, static_cast<std::size_t>(kJobs));
  EXPECT_EQ(distinct.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(client_of(server.address())->results("b").size(), static_cast<std::size_t>(kJobs));
}

}  // namespace
}  // namespace evalrun::test
