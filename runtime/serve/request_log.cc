#include "runtime/serve/request_log.h"

#include <limits.h>
#include <poll.h>
#include <time.h>

#include <nlohmann/json.hpp>

#include "runtime/core/quiet_write.h"
#include "runtime/core/text.h"

namespace evalrun::serve {
namespace {

using nlohmann::ordered_json;

// A path is the client's.
constexpr std::size_t kLongestPath = 512;

std::string now_in_words() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000);
  return text;
}

}  // namespace

// A pipe that is ready takes PIPE_BUF bytes without blocking (pipe(7)).
void RequestLog::write(std::string line) {
  line = json_escaped(std::move(line)) + "\n";
  pollfd ready{fd_, POLLOUT, 0};
  if (line.size() > PIPE_BUF || ::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0 ||
      write_quietly(fd_, line) != static_cast<ssize_t>(line.size())) {
    metrics_.count_dropped_line();
  }
}

void RequestLog::request(const Exchange& exchange, int status, std::uint64_t bytes_out, Duration took) {
  const Request& request = exchange.request();
  ordered_json row = {{"time", now_in_words()},
                      {"event", "request"},
                      {"peer", request.peer},
                      {"api", exchange.account.api},
                      {"method", json_text(std::string_view(request.method).substr(0, 32))},
                      {"path", json_text(std::string_view(request.path).substr(0, kLongestPath))},
                      {"status", status},
                      {"bytes_in", exchange.body_bytes()},
                      {"bytes_out", bytes_out},
                      {"took_us", to_microseconds(took)}};
  if (exchange.account.jobs != 0) {
    row["jobs"] = exchange.account.jobs;
    row["verdict"] = exchange.account.verdict;
    row["waited_us"] = to_microseconds(exchange.account.waited);
  }
  write(row.dump());
}

void RequestLog::event(const std::string& name, const std::string& key, const std::string& value) {
  ordered_json row = {{"time", now_in_words()}, {"event", name}};
  if (!key.empty()) row[key] = json_text(value);
  write(row.dump());
}

}  // namespace evalrun::serve
