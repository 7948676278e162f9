// Where a queue is, as the command line names it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace evalrun::fleet {

struct RedisAddress {
  std::string path;  // of a Unix socket; "": TCP
  std::string host;
  std::uint16_t port = 6379;
  unsigned database = 0;
  std::string user, password;  // "": none

  friend bool operator==(const RedisAddress&, const RedisAddress&) = default;
};

// As libpq reads it, which is another program's (postgres_queue.h).
struct PostgresAddress {
  std::string text;

  friend bool operator==(const PostgresAddress&, const PostgresAddress&) = default;
};

using QueueAddress = std::variant<RedisAddress, PostgresAddress>;

// "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]", "unix:PATH[?db=DATABASE]", or
// "postgresql://[USER[:PASSWORD]@][HOST[:PORT]][/DATABASE][?KEY=VALUE...]". Throws UsageError. A password in a command
// line can be read by every user of the host; one in EVALRUN_QUEUE cannot.
QueueAddress parse_queue_address(const std::string& text);

// For messages: without the password.
std::string to_string(const QueueAddress& address);

}  // namespace evalrun::fleet
