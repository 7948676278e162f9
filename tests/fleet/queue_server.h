// Servers for the tests of the queue: each in a folder of its own, on a Unix socket, ended by its pid.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/fleet/queue/queue_address.h"
#include "tests/support/command.h"

namespace evalrun::test {

class RedisServer {
 public:
  // Throws where there is no redis-server. `more`: words of its command line.
  explicit RedisServer(std::vector<std::string> more = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  static bool is_installed();

  [[nodiscard]] fleet::QueueAddress address() const;
  [[nodiscard]] std::string url() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  void kill_at_once();  // SIGKILL
  void start();         // again, from what it has written
  void stop_for_a_while();
  void go_on();

 private:
  TemporaryFolder folder_;
  std::vector<std::string> more_;
  pid_t pid_ = -1;
};

}  // namespace evalrun::test
