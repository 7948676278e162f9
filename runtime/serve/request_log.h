// The log: one line of JSON for each request, and for what happens to the server, on standard error. Whoever reads it
// may be slow or gone: a line that would wait is dropped, and counted.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/core/units.h"
#include "runtime/serve/exchange.h"
#include "runtime/serve/metrics.h"

namespace evalrun::serve {

class RequestLog {
 public:
  // `fd` is borrowed.
  RequestLog(int fd, Metrics& metrics) : fd_(fd), metrics_(metrics) {}

  void request(const Exchange& exchange, int status, std::uint64_t bytes_out, Duration took);
  // {"time":…,"event":"listening","on":"127.0.0.1:8080"}
  void event(const std::string& name, const std::string& key = "", const std::string& value = "");

 private:
  void write(std::string line);

  int fd_;
  Metrics& metrics_;
};

}  // namespace evalrun::serve
