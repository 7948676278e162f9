// Servers for the tests of the queue: each in a folder of its own, on a Unix socket, ended by its pid.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/fleet/queue/queue_address.h"
#include "tests/support/command.h"

namespace evalrun::test {

enum class Engine { Redis, Postgres };

std::string name_of(Engine engine);
// EVALRUN_SKIP's word where there is none.
bool is_installed(Engine engine);

class QueueServer {
 public:
  virtual ~QueueServer() = default;

  [[nodiscard]] virtual fleet::QueueAddress address() const = 0;
  [[nodiscard]] virtual std::string url() const = 0;  // with all that the address has
  virtual void kill_at_once() = 0;                    // SIGKILL
  virtual void start() = 0;                           // again, from what it has written
  virtual void stop_for_a_while() = 0;
  virtual void go_on() = 0;
  // Each for itself: the names of keys, or of tables with their number of rows.
  virtual std::vector<std::string> contents() = 0;
};

std::unique_ptr<QueueServer> start_server(Engine engine);
// An empty queue; in the same process it may be the same server's. Nobody may end that.
std::unique_ptr<QueueServer> start_shared_server(Engine engine);

class RedisServer final : public QueueServer {
 public:
  // Throws where there is no redis-server. `more`: words of its command line.
  explicit RedisServer(std::vector<std::string> more = {});
  ~RedisServer() override;
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  static bool is_installed();

  [[nodiscard]] fleet::QueueAddress address() const override { return redis_address(); }
  [[nodiscard]] fleet::RedisAddress redis_address() const;
  [[nodiscard]] std::string url() const override;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  void kill_at_once() override;
  void start() override;
  void stop_for_a_while() override;
  void go_on() override;
  std::vector<std::string> contents() override;

 private:
  TemporaryFolder folder_;
  std::vector<std::string> more_;
  pid_t pid_ = -1;
};

// The server refuses root, and its tools a user without an account: it runs as nobody, or as one who is nobody in a
// user namespace of his own.
class PostgresServer final : public QueueServer {
 public:
  explicit PostgresServer(std::vector<std::string> more = {});
  ~PostgresServer() override;
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  static bool is_installed();

  [[nodiscard]] fleet::QueueAddress address() const override { return fleet::PostgresAddress{url()}; }
  [[nodiscard]] std::string url() const override;

  void kill_at_once() override;
  void start() override;
  void stop_for_a_while() override;
  void go_on() override;
  std::vector<std::string> contents() override;

  // The output of psql, values alone. Throws where a statement fails.
  [[nodiscard]] std::string ask(const std::string& statements) const;
  void empty() const;  // as if no queue had ever been there
  // In the form of the server's own file of who may come in: "local all all trust".
  void let_in(const std::string& rules);

 private:
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path() / "server"; }
  void end(int signal);

  TemporaryFolder folder_;
  std::vector<std::string> more_;
  pid_t pid_ = -1;
};

}  // namespace evalrun::test
