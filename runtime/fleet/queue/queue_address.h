// Where a queue is, as the command line names it. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace evalrun::fleet {

struct QueueAddress {
  std::string path;  // of a Unix socket; "": TCP
  std::string host;
  std::uint16_t port = 6379;
  unsigned database = 0;
  std::string user, password;  // "": none

  friend bool operator==(const QueueAddress&, const QueueAddress&) = default;
};

// "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]" or "unix:PATH[?db=DATABASE]". Throws UsageError. A password in a
// command line can be read by every user of the host; one in EVALRUN_QUEUE cannot.
QueueAddress parse_queue_address(const std::string& text);

// For messages: without the password.
std::string to_string(const QueueAddress& address);

}  // namespace evalrun::fleet
