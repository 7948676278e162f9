#include "runtime/fleet/queue/queue_address.h"

#include <array>
#include <charconv>
#include <string_view>

#include "runtime/core/error.h"

namespace evalrun::fleet {
namespace {

constexpr std::string_view kRedis = "redis://";
constexpr std::string_view kUnix = "unix:";
// libpq knows both.
constexpr std::array<std::string_view, 2> kPostgres = {"postgresql://", "postgres://"};
constexpr std::size_t kLongestSocketPath = 107;  // sun_path of sockaddr_un
constexpr unsigned kMostDatabases = 1 << 20;

[[noreturn]] void refuse(std::string_view why) {
  // The text may hold a password.
  throw UsageError("--queue: " + std::string(why) + "; use redis://HOST:PORT/DB, unix:PATH or postgresql://HOST/DB");
}

unsigned number(std::string_view text, unsigned most, std::string_view what) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > most) {
    refuse("the " + std::string(what) + " is no number from 0 to " + std::to_string(most));
  }
  return value;
}

// Takes what stands before `mark`, and the mark; false where there is none.
bool take_before(std::string_view& text, char mark, std::string_view& before) {
  const std::size_t at = text.find(mark);
  if (at == text.npos) return false;
  before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return true;
}

RedisAddress parse_unix(std::string_view text) {
  RedisAddress address;
  std::string_view path;
  if (take_before(text, '?', path)) {
    if (!text.starts_with("db=")) refuse("after the path only ?db=NUMBER is known");
    address.database = number(text.substr(3), kMostDatabases, "database");
  } else {
    path = text;
  }
  if (path.empty() || path.size() > kLongestSocketPath) refuse("the path of a socket has from 1 to 107 bytes");
  address.path = path;
  return address;
}

RedisAddress parse_redis(std::string_view text) {
  RedisAddress address;
  std::string_view part;
  if (const std::size_t at = text.rfind('@'); at != text.npos) {
    std::string_view who = text.substr(0, at);
    text.remove_prefix(at + 1);
    if (take_before(who, ':', part)) address.user = part;
    address.password = who;
  }
  std::string_view place = text;
  if (take_before(text, '/', part)) {
    place = part;
    if (!text.empty()) address.database = number(text, kMostDatabases, "database");
  }
  std::string_view host = place;
  if (place.starts_with('[')) {  // [::1]:6379
    place.remove_prefix(1);
    if (!take_before(place, ']', host)) refuse("a bracket is not closed");
    if (!place.empty() && !place.starts_with(':')) refuse("after the bracket only a port can stand");
  } else if (const std::size_t colon = place.find(':'); colon != place.npos) {
    host = place.substr(0, colon);
    place.remove_prefix(colon);
  } else {
    place = {};
  }
  if (host.empty()) refuse("the host is missing");
  address.host = host;
  if (!place.empty()) address.port = static_cast<std::uint16_t>(number(place.substr(1), 65535, "port"));
  return address;
}

std::string text_of(const RedisAddress& address) {
  const std::string database = std::to_string(address.database);
  if (!address.path.empty()) return "unix:" + address.path + (address.database == 0 ? "" : "?db=" + database);
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return std::string(kRedis) + (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port) +
         "/" + database;
}

// The part after '?' is left out: it may hold a password.
std::string text_of(const PostgresAddress& address) {
  std::string text = address.text.substr(0, address.text.find('?'));
  const std::size_t begin = text.find("//") + 2, at = text.rfind('@');
  if (at == text.npos) return text;
  const std::size_t colon = text.find(':', begin);
  if (colon < at) text.erase(colon, at - colon);
  return text;
}

}  // namespace

QueueAddress parse_queue_address(const std::string& text) {
  const std::string_view view = text;
  if (view.starts_with(kUnix)) return parse_unix(view.substr(kUnix.size()));
  if (view.starts_with(kRedis)) return parse_redis(view.substr(kRedis.size()));
  for (const std::string_view begin : kPostgres) {
    if (view.starts_with(begin)) return PostgresAddress{text};
  }
  refuse("this is no address of a queue");
}

std::string to_string(const QueueAddress& address) {
  return std::visit([](const auto& one) { return text_of(one); }, address);
}

}  // namespace evalrun::fleet
