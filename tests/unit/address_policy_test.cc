// What the broker allows, row by row: the pure decision alone. That it is asked about a copy, and acted on by the same,
// is tests/sandbox/mediation_test.cc.
#include "runtime/mediate/address_policy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace evalrun::supervise {
namespace {

using Way = mediate::Decision::Way;
using Bytes = std::vector<std::byte>;

constexpr std::array<std::uint16_t, 2> kBind{8080, 80};
constexpr std::array<std::uint16_t, 1> kConnect{9090};
constexpr mediate::AddressRules kLoopback{.loopback = true, .own_network = true, .bind = kBind, .connect = kConnect};
constexpr mediate::AddressRules kNone{.loopback = false, .own_network = true, .bind = {}, .connect = {}};

constexpr mediate::SocketKind kTcp{AF_INET, SOCK_STREAM, IPPROTO_TCP};
constexpr mediate::SocketKind kTcp6{AF_INET6, SOCK_STREAM, IPPROTO_TCP};
constexpr mediate::SocketKind kUdp{AF_INET, SOCK_DGRAM, IPPROTO_UDP};
constexpr mediate::SocketKind kUdp6{AF_INET6, SOCK_DGRAM, IPPROTO_UDP};
constexpr mediate::SocketKind kUnix{AF_UNIX, SOCK_STREAM, 0};

template <typename Address>
Bytes bytes_of(const Address& address, std::size_t size = sizeof(Address)) {
  Bytes bytes(size);
  std::memcpy(bytes.data(), &address, std::min(size, sizeof address));
  return bytes;
}

Bytes ipv4(const char* host, std::uint16_t port, std::size_t size = sizeof(sockaddr_in), sa_family_t family = AF_INET) {
  sockaddr_in address{};
  address.sin_family = family;
  address.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, host, &address.sin_addr), 1) << host;
  return bytes_of(address, size);
}

Bytes ipv6(const char* host, std::uint16_t port, std::size_t size = sizeof(sockaddr_in6)) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET6, host, &address.sin6_addr), 1) << host;
  return bytes_of(address, size);
}

Bytes unix_path(const std::string& path, sa_family_t family = AF_UNIX) {
  Bytes bytes(offsetof(sockaddr_un, sun_path) + path.size());
  std::memcpy(bytes.data(), &family, sizeof family);
  std::memcpy(bytes.data() + offsetof(sockaddr_un, sun_path), path.data(), path.size());
  return bytes;
}

const std::string kAbstract("\0name", 5);

struct Row {
  const char* what;
  mediate::AddressRules rules;
  mediate::MediatedCall call;
  mediate::SocketKind socket;
  Bytes address;
  Way way;
  mediate::Refusal refusal = {};
};

std::string outcome(const mediate::Decision& decision) {
  switch (decision.way) {
    case Way::Refuse: return std::string(describe(decision.refusal));
    case Way::Act: return "act";
    case Way::ActInside: return decision.is_path ? "act inside, at a path" : "act inside";
  }
  return "?";
}

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const mediate::Decision decision = decide(row.rules, row.call, row.socket, row.address);
    EXPECT_EQ(outcome(decision), outcome({row.way, row.refusal, decision.is_path})) << row.what;
  }
}

constexpr auto kBindCall = mediate::MediatedCall::Bind;
constexpr auto kConnectCall = mediate::MediatedCall::Connect;
constexpr auto kListenCall = mediate::MediatedCall::Listen;

// Without a network of the run's own.
mediate::AddressRules shared() {
  mediate::AddressRules rules = kLoopback;
  rules.own_network = false;
  return rules;
}

TEST(AddressPolicyTest, port_0_stands_for_those_that_the_kernel_chooses) {
  static constexpr std::uint16_t kAnyPort[] = {0};
  mediate::AddressRules binds = kLoopback;
  binds.bind = kAnyPort;
  mediate::AddressRules connects = kLoopback;
  connects.connect = kAnyPort;
  check({
      {"bind", binds, kBindCall, kTcp, ipv4("127.0.0.1", 0), Way::Act},
      {"bind to one of them", binds, kBindCall, kTcp, ipv4("127.0.0.1", 40000), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"listen without bind", binds, kListenCall, kTcp, ipv4("0.0.0.0", 0), Way::Act},
      {"first", binds, kListenCall, kTcp, ipv4("127.0.0.1", 32768), Way::Act},
      {"last", binds, kListenCall, kTcp, ipv4("127.0.0.1", 60999), Way::Act},
      {"below", binds, kListenCall, kTcp, ipv4("127.0.0.1", 32767), Way::Refuse, mediate::Refusal::PortNotInPlan},
      {"above", binds, kListenCall, kTcp, ipv4("127.0.0.1", 61000), Way::Refuse, mediate::Refusal::PortNotInPlan},
      {"connect has its own list", binds, kConnectCall, kTcp, ipv4("127.0.0.1", 40000), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"connect", connects, kConnectCall, kTcp, ipv4("127.0.0.1", 40000), Way::Act},
      {"connect to 0 itself", connects, kConnectCall, kTcp, ipv4("127.0.0.1", 0), Way::Refuse,
       mediate::Refusal::AnyPort},
      {"of another host", connects, kConnectCall, kTcp, ipv4("1.1.1.1", 40000), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"bind needs its own", connects, kBindCall, kTcp, ipv4("127.0.0.1", 0), Way::Refuse, mediate::Refusal::AnyPort},
  });
}

TEST(AddressPolicyTest, loopback_addresses_on_the_plans_ports_are_allowed_and_their_neighbours_are_not) {
  check({
      {"tcp", kLoopback, kBindCall, kTcp, ipv4("127.0.0.1", 8080), Way::Act},
      {"all of 127/8", kLoopback, kBindCall, kTcp, ipv4("127.255.0.9", 8080), Way::Act},
      {"126.255.255.255", kLoopback, kBindCall, kTcp, ipv4("126.255.255.255", 8080), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"128.0.0.1", kLoopback, kBindCall, kTcp, ipv4("128.0.0.1", 8080), Way::Refuse, mediate::Refusal::NotLoopback},
      {"wildcard of its own network", kLoopback, kBindCall, kTcp, ipv4("0.0.0.0", 8080), Way::Act},
      {"wildcard of the host's", shared(), kBindCall, kTcp, ipv4("0.0.0.0", 8080), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"wildcard, other port", kLoopback, kBindCall, kTcp, ipv4("0.0.0.0", 8081), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"broadcast", kLoopback, kConnectCall, kUdp, ipv4("255.255.255.255", 9090), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"port 80", kLoopback, kBindCall, kTcp, ipv4("127.0.0.1", 80), Way::Act},
      {"port 81", kLoopback, kBindCall, kTcp, ipv4("127.0.0.1", 81), Way::Refuse, mediate::Refusal::PortNotInPlan},
      {"byte-swapped port", kLoopback, kBindCall, kTcp, ipv4("127.0.0.1", 0x901f), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"port 0", kLoopback, kBindCall, kTcp, ipv4("127.0.0.1", 0), Way::Refuse, mediate::Refusal::AnyPort},
      {"udp", kLoopback, kBindCall, kUdp, ipv4("127.0.0.1", 8080), Way::Act},
      {"udp, port 0", kLoopback, kBindCall, kUdp, ipv4("127.0.0.1", 0), Way::Refuse, mediate::Refusal::AnyPort},
      {"udp, other port", kLoopback, kBindCall, kUdp, ipv4("127.0.0.1", 53), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"connect has ports of its own", kLoopback, kConnectCall, kTcp, ipv4("127.0.0.1", 9090), Way::Act},
      {"connect to a bind port", kLoopback, kConnectCall, kTcp, ipv4("127.0.0.1", 8080), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"connect to port 0", kLoopback, kConnectCall, kTcp, ipv4("127.0.0.1", 0), Way::Refuse,
       mediate::Refusal::AnyPort},
      {"connect elsewhere", kLoopback, kConnectCall, kTcp, ipv4("1.1.1.1", 9090), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"udp connect elsewhere", kLoopback, kConnectCall, kUdp, ipv4("1.1.1.1", 53), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"ipv6", kLoopback, kBindCall, kTcp6, ipv6("::1", 8080), Way::Act},
      {"ipv6 udp", kLoopback, kConnectCall, kUdp6, ipv6("::1", 9090), Way::Act},
      {"ipv6 wildcard", kLoopback, kBindCall, kTcp6, ipv6("::", 8080), Way::Act},
      {"ipv6 wildcard of the host's", shared(), kBindCall, kTcp6, ipv6("::", 8080), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"ipv6 ::2", kLoopback, kBindCall, kTcp6, ipv6("::2", 8080), Way::Refuse, mediate::Refusal::NotLoopback},
      {"mapped", kLoopback, kConnectCall, kTcp6, ipv6("::ffff:127.0.0.1", 9090), Way::Act},
      {"mapped elsewhere", kLoopback, kConnectCall, kTcp6, ipv6("::ffff:1.1.1.1", 9090), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"mapped wildcard", kLoopback, kBindCall, kTcp6, ipv6("::ffff:0.0.0.0", 8080), Way::Act},
      {"mapped wildcard of the host's", shared(), kBindCall, kTcp6, ipv6("::ffff:0.0.0.0", 8080), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"compatible, not mapped", kLoopback, kConnectCall, kTcp6, ipv6("::127.0.0.1", 9090), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"an old length of ipv6", kLoopback, kBindCall, kTcp6, ipv6("::1", 8080, 24), Way::Act},
  });
}

TEST(AddressPolicyTest, unspecified_families_are_no_way_around) {
  check({
      {"bind", kLoopback, kBindCall, kTcp, ipv4("0.0.0.0", 8080, 16, AF_UNSPEC), Way::Refuse,
       mediate::Refusal::Unspecified},
      {"bind to loopback", kLoopback, kBindCall, kTcp, ipv4("127.0.0.1", 8080, 16, AF_UNSPEC), Way::Refuse,
       mediate::Refusal::Unspecified},
      {"bind ipv6", kLoopback, kBindCall, kTcp6, ipv4("0.0.0.0", 8080, 28, AF_UNSPEC), Way::Refuse,
       mediate::Refusal::Unspecified},
      {"bind udp", kLoopback, kBindCall, kUdp, ipv4("0.0.0.0", 8080, 16, AF_UNSPEC), Way::Refuse,
       mediate::Refusal::Unspecified},
      {"connect only undoes", kLoopback, kConnectCall, kUdp, ipv4("0.0.0.0", 0, 16, AF_UNSPEC), Way::Act},
      {"family alone", kLoopback, kConnectCall, kUdp, ipv4("0.0.0.0", 0, 2, AF_UNSPEC), Way::Act},
      {"unix", kLoopback, kBindCall, kUnix, unix_path("/work/s", AF_UNSPEC), Way::Refuse,
       mediate::Refusal::OtherFamily},
      {"without a network", kNone, kConnectCall, kUdp, ipv4("0.0.0.0", 0, 2, AF_UNSPEC), Way::Refuse,
       mediate::Refusal::NoNetwork},
  });
}

TEST(AddressPolicyTest, a_socket_listens_where_it_was_bound_and_nowhere_else) {
  check({
      {"bound by plan", kLoopback, kListenCall, kTcp, ipv4("127.0.0.1", 8080), Way::Act},
      {"bound by plan, ipv6", kLoopback, kListenCall, kTcp6, ipv6("::1", 8080), Way::Act},
      {"never bound", kLoopback, kListenCall, kTcp, ipv4("0.0.0.0", 0), Way::Refuse, mediate::Refusal::AnyPort},
      {"never bound, ipv6", kLoopback, kListenCall, kTcp6, ipv6("::", 0), Way::Refuse, mediate::Refusal::AnyPort},
      {"a client's port", kLoopback, kListenCall, kTcp, ipv4("127.0.0.1", 40000), Way::Refuse,
       mediate::Refusal::PortNotInPlan},
      {"wildcard", kLoopback, kListenCall, kTcp, ipv4("0.0.0.0", 8080), Way::Act},
      {"wildcard of the host's", shared(), kListenCall, kTcp, ipv4("0.0.0.0", 8080), Way::Refuse,
       mediate::Refusal::NotLoopback},
      {"udp", kLoopback, kListenCall, kUdp, ipv4("127.0.0.1", 8080), Way::Refuse, mediate::Refusal::NotListenable},
      {"unix", kNone, kListenCall, kUnix, unix_path("/work/s"), Way::ActInside},
      {"unix, not bound: the kernel's to refuse", kNone, kListenCall, kUnix, unix_path(""), Way::ActInside},
  });
}

TEST(AddressPolicyTest, other_kinds_of_socket_are_refused_whatever_the_address) {
  const Bytes good = ipv4("127.0.0.1", 8080);
  constexpr int kMptcp = 262;
  for (const mediate::SocketKind& kind :
       {mediate::SocketKind{AF_INET, SOCK_STREAM, kMptcp}, mediate::SocketKind{AF_INET, SOCK_STREAM, IPPROTO_SCTP},
        mediate::SocketKind{AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
        mediate::SocketKind{AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE}, mediate::SocketKind{AF_INET, SOCK_RAW, IPPROTO_TCP},
        mediate::SocketKind{AF_INET, SOCK_STREAM, IPPROTO_UDP}, mediate::SocketKind{AF_NETLINK, SOCK_RAW, 0},
        mediate::SocketKind{AF_PACKET, SOCK_DGRAM, 0}, mediate::SocketKind{AF_VSOCK, SOCK_STREAM, 0},
        mediate::SocketKind{AF_UNIX, SOCK_DGRAM, 0}, mediate::SocketKind{AF_UNIX, SOCK_RAW, 0},
        mediate::SocketKind{0, 0, 0}}) {
    for (const mediate::MediatedCall call : {kBindCall, kConnectCall, kListenCall}) {
      EXPECT_EQ(outcome(decide(kLoopback, call, kind, good)), describe(mediate::Refusal::OtherSocket))
          << kind.domain << " " << kind.type << " " << kind.protocol;
    }
  }
  EXPECT_EQ(outcome(decide(kLoopback, kBindCall, kTcp, good)), "act");
}

TEST(AddressPolicyTest, without_a_network_tcp_and_udp_are_refused_and_unix_sockets_are_not) {
  check({
      {"tcp", kNone, kBindCall, kTcp, ipv4("127.0.0.1", 8080), Way::Refuse, mediate::Refusal::NoNetwork},
      {"udp", kNone, kConnectCall, kUdp, ipv4("127.0.0.1", 9090), Way::Refuse, mediate::Refusal::NoNetwork},
      {"tcp listen", kNone, kListenCall, kTcp, ipv4("0.0.0.0", 0), Way::Refuse, mediate::Refusal::NoNetwork},
      {"unix path", kNone, kBindCall, kUnix, unix_path("/work/s"), Way::ActInside},
      {"unix seqpacket", kNone, kConnectCall, {AF_UNIX, SOCK_SEQPACKET, 0}, unix_path("s"), Way::ActInside},
      {"abstract", kNone, kBindCall, kUnix, unix_path(kAbstract), Way::ActInside},
      {"unnamed", kNone, kBindCall, kUnix, unix_path(""), Way::ActInside},
  });
  EXPECT_TRUE(decide(kNone, kConnectCall, kUnix, unix_path("/work/s")).is_path);
  EXPECT_FALSE(decide(kNone, kConnectCall, kUnix, unix_path(kAbstract)).is_path);
}

TEST(AddressPolicyTest, a_plan_that_takes_unix_sockets_away_takes_them_in_every_place) {
  mediate::AddressRules taken = kLoopback;
  taken.unix_sockets = false;
  for (const mediate::MediatedCall call : {kBindCall, kConnectCall, kListenCall}) {
    check({
        {"path", taken, call, kUnix, unix_path("/work/s"), Way::Refuse, mediate::Refusal::NoUnixSockets},
        {"abstract", taken, call, kUnix, unix_path(kAbstract), Way::Refuse, mediate::Refusal::NoUnixSockets},
        {"unnamed", taken, call, kUnix, unix_path(""), Way::Refuse, mediate::Refusal::NoUnixSockets},
    });
  }
  check({{"the twin: tcp", taken, kBindCall, kTcp, ipv4("127.0.0.1", 8080), Way::Act}});
}

TEST(AddressPolicyTest, abstract_names_of_the_host_are_refused) {
  mediate::AddressRules shared = kLoopback;
  shared.own_network = false;
  check({
      {"abstract", shared, kConnectCall, kUnix, unix_path(kAbstract), Way::Refuse, mediate::Refusal::HostAbstract},
      {"unnamed", shared, kBindCall, kUnix, unix_path(""), Way::Refuse, mediate::Refusal::HostAbstract},
      {"path", shared, kConnectCall, kUnix, unix_path("/work/s"), Way::ActInside},
  });
}

// Every length from nothing to more than the kernel takes, of every family: read within its bounds (the sanitizers
// watch), and never allowed where the kernel would read less than was looked at.
TEST(AddressPolicyTest, addresses_of_every_length_are_decided) {
  for (const mediate::SocketKind& kind : {kTcp, kTcp6, kUdp, kUnix}) {
    for (const mediate::MediatedCall call : {kBindCall, kConnectCall}) {
      for (int family = 0; family < 46; ++family) {
        for (std::size_t size = 0; size <= 128; ++size) {
          Bytes address(size);
          const auto short_family = static_cast<sa_family_t>(family);
          if (size >= sizeof short_family) std::memcpy(address.data(), &short_family, sizeof short_family);
          const mediate::Decision decision = decide(kLoopback, call, kind, address);
          const bool undoes = call == kConnectCall && family == AF_UNSPEC && size >= 2 && kind.domain != AF_UNIX;
          const bool unix_name = kind.domain == AF_UNIX && family == AF_UNIX && size >= 2 && size <= 110 &&
                                 (size > 2 || call == kBindCall);
          EXPECT_EQ(decision.way != Way::Refuse, undoes || unix_name)
              << kind.domain << " family " << family << " size " << size;
        }
      }
    }
  }
}

TEST(AddressPolicyTest, each_refusal_has_an_errno_and_words) {
  for (std::size_t i = 0; i < mediate::kRefusals; ++i) {
    const auto refusal = static_cast<mediate::Refusal>(i);
    const int error = errno_of(refusal);
    EXPECT_TRUE(error == EACCES || error == EINVAL || error == EAFNOSUPPORT || error == EOPNOTSUPP) << i;
    EXPECT_NE(describe(refusal), "?") << i;
  }
  EXPECT_EQ(errno_of(mediate::Refusal::PortNotInPlan), EACCES);
  EXPECT_EQ(errno_of(mediate::Refusal::Unspecified), EACCES);
}

}  // namespace
}  // namespace evalrun::supervise
