#include "runtime/serve/service.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "runtime/core/small_file.h"
#include "runtime/core/text.h"

namespace evalrun::serve {
namespace {

constexpr std::string_view kHealth = "/healthz", kMetrics = "/metrics", kOpenApi = "/openapi.json";

bool is_own_page(std::string_view path) {
  return path == kHealth || path == kMetrics || path == kOpenApi;
}

// "localhost", "127.0.0.1:8080", "[::1]:8080".
bool names_this_host(std::string_view host) {
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  host = host.substr(0, host.rfind(':'));
  if (host == "localhost") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

// Takes as long whatever the guess is.
bool is_same(std::string_view guess, std::string_view token) {
  unsigned char difference = guess.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < guess.size(); ++i) {
    difference |= static_cast<unsigned char>(guess[i] ^ token[i % token.size()]);
  }
  return difference == 0;
}

std::uint64_t resident_bytes() {
  const std::string text = read_small_file("/proc/self/statm");
  std::string_view rest = text;
  take_until(rest, ' ');
  return leading_number(rest).value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Dialect* Service::dialect_of(const Request& request, Route& route) const {
  for (const auto& dialect : dialects_) {
    route = dialect->route(request);
    if (route != Route::NotMine) return dialect.get();
  }
  return nullptr;
}

bool Service::knows_token(const Request& request) const {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view header = request.header("authorization").value_or("");
  return header.starts_with(kBearer) && is_same(header.substr(kBearer.size()), gate_.token);
}

// Why a request that needs no token is not let in; "" where it is.
std::string Service::forbidden(const Request& request) const {
  if (request.header("origin")) return "requests of web pages are not answered without a token";
  const auto host = request.header("host");
  if (gate_.checks_host && host && !names_this_host(*host))
    return "without a token, the host must be this one's loopback";
  return "";
}

// Where no dialect has the path, each one's client finds the word that it looks for.
Response Service::fail(const Dialect* dialect, Failure why, const std::string& message) const {
  if (dialect != nullptr) return dialect->failure(why, message);
  const int status = why == Failure::Unauthorized  ? 401
                     : why == Failure::Forbidden   ? 403
                     : why == Failure::NotFound    ? 404
                     : why == Failure::WrongMethod ? 405
                     : why == Failure::TooLarge    ? 413
                                                   : 503;
  const nlohmann::json body = {{"message", message}, {"detail", message}};
  return {status, json_escaped(body.dump()) + "\n", "application/json", {}};
}

Response Service::busy(const Dialect& dialect) {
  shop_.metrics.count_refusal(Refusal::Queue);
  return dialect.failure(Failure::Busy, "all sandboxes are at work and the queue is full; try again");
}

std::optional<Response> Service::admit(Exchange& exchange) {
  const Request& request = exchange.request();
  Route route = Route::NotMine;
  const Dialect* dialect = dialect_of(request, route);
  exchange.account.api = dialect == nullptr ? "" : std::string(dialect->name());
  if (gate_.token.empty()) {
    if (const std::string why = forbidden(request); !why.empty()) {
      shop_.metrics.count_refusal(Refusal::Unauthorized);
      return fail(dialect, Failure::Forbidden, why);
    }
  } else if (request.path != kHealth && !knows_token(request)) {
    shop_.metrics.count_refusal(Refusal::Unauthorized);
    Response response = fail(dialect, Failure::Unauthorized, "the token is missing or wrong");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (is_own_page(request.path)) {
    if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
    return fail(nullptr, Failure::WrongMethod, "Method Not Allowed");
  }
  if (dialect == nullptr) return fail(nullptr, Failure::NotFound, "Not Found");
  if (route == Route::WrongMethod) return fail(dialect, Failure::WrongMethod, "Method Not Allowed");
  if (!dialect->needs_room(request)) return std::nullopt;
  if (draining_) {
    shop_.metrics.count_refusal(Refusal::Draining);
    return dialect->failure(Failure::Busy, "the server is ending; try another one");
  }
  if (!shop_.queue.has_room()) return busy(*dialect);
  return std::nullopt;
}

Response Service::refuse(Exchange& exchange, Unread why) {
  Route route = Route::NotMine;
  const Dialect* dialect = dialect_of(exchange.request(), route);
  switch (why) {
    case Unread::TooLarge:
      shop_.metrics.count_refusal(Refusal::TooLarge);
      return fail(dialect, Failure::TooLarge, "the body is larger than this server takes (--max-body)");
    case Unread::NoMemory:
      shop_.metrics.count_refusal(Refusal::Memory);
      return fail(dialect, Failure::Busy, "too many large requests are being read; try again");
  }
  return fail(dialect, Failure::Internal, "");
}

void Service::take(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  if (request.path == kHealth) return exchange->answer(healthz());
  if (request.path == kMetrics) return exchange->answer(metrics());
  if (request.path == kOpenApi) return exchange->answer({200, openapi_ ? openapi_() : "{}", "application/json", {}});
  Route route = Route::NotMine;
  Dialect* dialect = dialect_of(request, route);
  if (dialect == nullptr) return exchange->answer(fail(nullptr, Failure::NotFound, "Not Found"));
  // Others may have come while the body was read.
  if (dialect->needs_room(request) && !shop_.queue.has_room()) return exchange->answer(busy(*dialect));
  try {
    dialect->take(exchange);
  } catch (const std::exception& error) {
    log_.event("failure", "message", error.what());
    exchange->answer(dialect->failure(Failure::Internal, "the server failed at this request"));
  }
}

void Service::finished(const Exchange& exchange, int status, std::uint64_t bytes_out, Duration took) {
  shop_.metrics.count_request(exchange.account.api, status);
  shop_.metrics.add(Stage::Request, took);
  if (status == 400 || status == 422) shop_.metrics.count_refusal(Refusal::Malformed);
  log_.request(exchange, status, bytes_out, took);
}

Response Service::healthz() {
  health_.refresh();
  const bool is_well = !draining_ && (health_.state() == "good" || health_.state() == "degraded");
  const std::string state = draining_ ? "draining" : health_.state();
  std::string body = "{\"state\":\"" + state + "\",\"live\":" + std::to_string(shop_.queue.live()) +
                     ",\"waiting\":" + std::to_string(shop_.queue.waiting()) + ",\"findings\":" + health_.findings() +
                     "}\n";
  return {is_well ? 200 : 503, std::move(body), "application/json", {}};
}

Response Service::metrics() {
  Gauges gauges;
  gauges.waiting = shop_.queue.waiting();
  gauges.live = shop_.queue.live();
  gauges.resident_bytes = resident_bytes();
  if (server_ != nullptr) {
    gauges.connections = server_->connections();
    gauges.requests = server_->open_exchanges();
    gauges.held_bytes = server_->held_bytes();
  }
  for (const auto& teller : gauge_tellers_) teller(gauges);
  return {200, shop_.metrics.text(gauges), "text/plain; version=0.0.4", {}};
}

}  // namespace evalrun::serve
