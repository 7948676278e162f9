// The service: which dialect has a request, who may send it, and whether there is room for it.
//
// Of this host alone, unless there is a token: then every request but GET /healthz needs "Authorization: Bearer TOKEN".
// Without a token no web page is answered, so that none can use the browser of whoever sits at this host: a request
// with an Origin, or, over TCP, with the name of another host, is refused.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/serve/dialect.h"
#include "runtime/serve/health.h"
#include "runtime/serve/http_server.h"
#include "runtime/serve/request_log.h"

namespace evalrun::serve {

struct Gate {
  std::string token;        // empty: none
  bool checks_host = true;  // of requests without a token
};

class Service final : public HttpHandler {
 public:
  Service(Workshop& shop, Gate gate, Health& health, RequestLog& log)
      : shop_(shop), gate_(std::move(gate)), health_(health), log_(log) {}

  void add(std::unique_ptr<Dialect> dialect) { dialects_.push_back(std::move(dialect)); }
  // Adds to the gauges what dialects hold.
  void tell_gauges(std::function<void(Gauges&)> teller) { gauge_tellers_.push_back(std::move(teller)); }
  // The page at GET /openapi.json.
  void set_openapi(std::function<std::string()> maker) { openapi_ = std::move(maker); }
  void set_server(const HttpServer* server) noexcept { server_ = server; }

  // Nothing more is accepted.
  void drain() noexcept { draining_ = true; }

  std::optional<Response> admit(Exchange& exchange) override;
  Response refuse(Exchange& exchange, Unread why) override;
  void take(const std::shared_ptr<Exchange>& exchange) override;
  void finished(const Exchange& exchange, int status, std::uint64_t bytes_out, Duration took) override;

 private:
  [[nodiscard]] Dialect* dialect_of(const Request& request, Route& route) const;
  [[nodiscard]] std::string forbidden(const Request& request) const;
  [[nodiscard]] bool knows_token(const Request& request) const;
  Response fail(const Dialect* dialect, Failure why, const std::string& message) const;
  Response busy(const Dialect& dialect);
  Response healthz();
  Response metrics();

  Workshop& shop_;
  const Gate gate_;
  Health& health_;
  RequestLog& log_;
  const HttpServer* server_ = nullptr;
  std::vector<std::unique_ptr<Dialect>> dialects_;
  std::vector<std::function<void(Gauges&)>> gauge_tellers_;
  std::function<std::string()> openapi_;
  bool draining_ = false;
};

}  // namespace evalrun::serve
