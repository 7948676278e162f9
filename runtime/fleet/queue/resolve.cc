#include "runtime/fleet/queue/resolve.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string_view>

namespace evalrun::fleet {
namespace {

constexpr int kSecondsForAServer = 2;
constexpr int kTries = 2;
constexpr std::size_t kLongestAnswer = 4096;

SocketAddress v4(const void* bytes, std::uint16_t port) {
  SocketAddress address;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  ::memcpy(&in.sin_addr, bytes, sizeof in.sin_addr);
  ::memcpy(&address.storage, &in, sizeof in);
  address.size = sizeof in;
  return address;
}

SocketAddress v6(const void* bytes, std::uint16_t port) {
  SocketAddress address;
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  ::memcpy(&in.sin6_addr, bytes, sizeof in.sin6_addr);
  ::memcpy(&address.storage, &in, sizeof in);
  address.size = sizeof in;
  return address;
}

std::vector<SocketAddress> spelt(const std::string& text, std::uint16_t port) {
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return {v4(&four, port)};
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) return {v6(&six, port)};
  return {};
}

// Of one kind of record. An answer is hostile: ns_parserr() keeps to its bounds, and we to the sizes that it tells.
void ask(struct __res_state& state, const std::string& host, int type, std::uint16_t port,
         std::vector<SocketAddress>& found) {
  std::array<unsigned char, kLongestAnswer> answer;
  const int size = ::res_nsearch(&state, host.c_str(), ns_c_in, type, answer.data(), static_cast<int>(answer.size()));
  ns_msg message;
  if (size <= 0 || size > static_cast<int>(answer.size()) || ::ns_initparse(answer.data(), size, &message) != 0) return;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != type) continue;
    if (type == ns_t_a && ns_rr_rdlen(record) == sizeof(in_addr)) found.push_back(v4(ns_rr_rdata(record), port));
    if (type == ns_t_aaaa && ns_rr_rdlen(record) == sizeof(in6_addr)) found.push_back(v6(ns_rr_rdata(record), port));
  }
}

}  // namespace

std::vector<SocketAddress> addresses_by_itself(const std::string& host, std::uint16_t port) {
  if (host == "localhost") return spelt("127.0.0.1", port);
  return spelt(host, port);
}

std::vector<SocketAddress> addresses_in_hosts(const std::string& text, const std::string& host, std::uint16_t port) {
  std::vector<SocketAddress> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    if (!(words >> address)) continue;
    for (std::string name; words >> name;) {
      if (::strcasecmp(name.c_str(), host.c_str()) != 0) continue;
      for (const SocketAddress& one : spelt(address, port)) found.push_back(one);
      break;
    }
  }
  return found;
}

std::vector<SocketAddress> look_up(const std::string& host, std::uint16_t port) {
  std::ifstream file("/etc/hosts");
  std::ostringstream text;
  text << file.rdbuf();
  std::vector<SocketAddress> found = addresses_in_hosts(text.str(), host, port);
  if (!found.empty()) return found;
  struct __res_state state {};
  if (::res_ninit(&state) != 0) return {};
  state.retrans = kSecondsForAServer;
  state.retry = kTries;
  ask(state, host, ns_t_a, port, found);
  if (found.empty()) ask(state, host, ns_t_aaaa, port, found);
  ::res_nclose(&state);
  return found;
}

}  // namespace evalrun::fleet
