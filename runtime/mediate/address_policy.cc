#include "runtime/mediate/address_policy.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <bit>
#include <cerrno>
#include <cstring>

namespace evalrun::mediate {
namespace {

constexpr std::size_t kSmallestIpv6 = 24;  // without sin6_scope_id, as the kernel accepts it (SIN6_LEN_RFC2133)

// ntohs and ntohl are functions of the C library where nothing is optimised, and deputies have none.
constexpr std::uint16_t from_network(std::uint16_t value) noexcept {
  return std::endian::native == std::endian::little ? __builtin_bswap16(value) : value;
}
constexpr std::uint32_t from_network(std::uint32_t value) noexcept {
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

constexpr Decision refuse(Refusal why) noexcept {
  return {Decision::Way::Refuse, why};
}
constexpr Decision kAct{Decision::Way::Act};
constexpr Decision kActInside{Decision::Way::ActInside};

struct Endpoint {
  bool is_loopback = false;
  std::uint16_t port = 0;
  bool is_wildcard = false;
};

// What the kernel chooses of in a new network namespace (net.ipv4.ip_local_port_range).
constexpr bool is_chosen_by_kernel(std::uint16_t port) noexcept {
  return port >= 32768 && port <= 60999;
}

bool is_loopback(std::uint32_t network_order) noexcept {
  return from_network(network_order) >> 24 == IN_LOOPBACKNET;
}

Endpoint read_ipv4(std::span<const std::byte> bytes) noexcept {
  sockaddr_in address{};
  std::memcpy(&address, bytes.data(), sizeof address);
  return {is_loopback(address.sin_addr.s_addr), from_network(address.sin_port), address.sin_addr.s_addr == INADDR_ANY};
}

Endpoint read_ipv6(std::span<const std::byte> bytes) noexcept {
  sockaddr_in6 address{};
  std::memcpy(&address, bytes.data(), bytes.size() < sizeof address ? bytes.size() : sizeof address);
  bool loopback = IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
  bool wildcard = IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    std::uint32_t mapped = 0;
    std::memcpy(&mapped, address.sin6_addr.s6_addr + 12, sizeof mapped);
    loopback = is_loopback(mapped);
    wildcard = mapped == INADDR_ANY;
  }
  return {loopback, from_network(address.sin6_port), wildcard};
}

bool holds(std::span<const std::uint16_t> ports, std::uint16_t port) noexcept {
  for (const std::uint16_t each : ports) {
    if (each == port) return true;
  }
  return false;
}

// Where it may listen or connect to, 0 in the list stands for all that the kernel may have chosen for a bind.
bool allows(std::span<const std::uint16_t> ports, MediatedCall call, std::uint16_t port) noexcept {
  if (holds(ports, port)) return true;
  return call != MediatedCall::Bind && is_chosen_by_kernel(port) && holds(ports, 0);
}

// A bind to port 0, or a listen without a bind, leaves the choice to the kernel.
bool may_let_kernel_choose(MediatedCall call, std::span<const std::uint16_t> ports) noexcept {
  return call != MediatedCall::Connect && holds(ports, 0);
}

sa_family_t family_of(std::span<const std::byte> address) noexcept {
  sa_family_t family = AF_UNSPEC;
  std::memcpy(&family, address.data(), sizeof family);
  return family;
}

Decision decide_unix(const AddressRules& rules, MediatedCall call, const SocketKind& socket,
                     std::span<const std::byte> address) noexcept {
  if (!rules.unix_sockets) return refuse(Refusal::NoUnixSockets);
  if (socket.type != SOCK_STREAM && socket.type != SOCK_SEQPACKET) return refuse(Refusal::OtherSocket);
  // Where it listens was decided when it was bound; one that was not, the kernel refuses.
  if (call == MediatedCall::Listen) return kActInside;
  if (address.size() < sizeof(sa_family_t) || address.size() > sizeof(sockaddr_un)) return refuse(Refusal::BadLength);
  if (family_of(address) != AF_UNIX) return refuse(Refusal::OtherFamily);
  // The family alone: bind then chooses an abstract name.
  const bool unnamed = address.size() == offsetof(sockaddr_un, sun_path);
  if (unnamed && call == MediatedCall::Connect) return refuse(Refusal::BadLength);
  if (unnamed || address[offsetof(sockaddr_un, sun_path)] == std::byte{0}) {
    return rules.own_network ? kActInside : refuse(Refusal::HostAbstract);
  }
  return {Decision::Way::ActInside, {}, true};
}

bool is_tcp(const SocketKind& socket) noexcept {
  return socket.type == SOCK_STREAM && socket.protocol == IPPROTO_TCP;
}
bool is_udp(const SocketKind& socket) noexcept {
  return socket.type == SOCK_DGRAM && socket.protocol == IPPROTO_UDP;
}

Decision decide_ip(const AddressRules& rules, MediatedCall call, const SocketKind& socket,
                   std::span<const std::byte> address) noexcept {
  if (!is_tcp(socket) && !is_udp(socket)) return refuse(Refusal::OtherSocket);
  if (!rules.loopback) return refuse(Refusal::NoNetwork);
  if (call == MediatedCall::Listen && is_udp(socket)) return refuse(Refusal::NotListenable);
  if (address.size() < sizeof(sa_family_t)) return refuse(Refusal::BadLength);
  Endpoint endpoint;
  switch (family_of(address)) {
    case AF_UNSPEC: return call == MediatedCall::Connect ? kAct : refuse(Refusal::Unspecified);
    case AF_INET:
      if (address.size() < sizeof(sockaddr_in)) return refuse(Refusal::BadLength);
      endpoint = read_ipv4(address);
      break;
    case AF_INET6:
      if (address.size() < kSmallestIpv6) return refuse(Refusal::BadLength);
      endpoint = read_ipv6(address);
      break;
    default: return refuse(Refusal::OtherFamily);
  }
  const auto& ports = call == MediatedCall::Connect ? rules.connect : rules.bind;
  // Before the address: a socket that was never bound has the wildcard and port 0.
  if (endpoint.port == 0 && !may_let_kernel_choose(call, ports)) return refuse(Refusal::AnyPort);
  // Of a network of the run's own the wildcard holds the loopback and nothing else.
  const bool is_own = endpoint.is_loopback || (endpoint.is_wildcard && rules.own_network);
  if (!is_own) return refuse(Refusal::NotLoopback);
  if (endpoint.port == 0) return kAct;
  return allows(ports, call, endpoint.port) ? kAct : refuse(Refusal::PortNotInPlan);
}

}  // namespace

std::string_view name_of(MediatedCall call) noexcept {
  switch (call) {
    case MediatedCall::Bind: return "bind";
    case MediatedCall::Connect: return "connect";
    case MediatedCall::Listen: return "listen";
    case MediatedCall::Watch: return "inotify_add_watch";
  }
  return "?";
}

int errno_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::BadLength: return EINVAL;
    case Refusal::OtherFamily: return EAFNOSUPPORT;
    case Refusal::NotListenable: return EOPNOTSUPP;
    case Refusal::NoNetwork:
    case Refusal::OtherSocket:
    case Refusal::NotLoopback:
    case Refusal::Unspecified:
    case Refusal::AnyPort:
    case Refusal::PortNotInPlan:
    case Refusal::HostAbstract:
    case Refusal::NoUnixSockets:
    case Refusal::SharedFile:
    case Refusal::NotWritablePlace: return EACCES;
  }
  return EACCES;
}

std::string_view describe(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::NoNetwork: return "TCP and UDP need network.mode = \"loopback\"";
    case Refusal::OtherSocket: return "only TCP, UDP and Unix stream sockets are for use";
    case Refusal::BadLength: return "the address has the wrong length";
    case Refusal::OtherFamily: return "the address is of another family";
    case Refusal::NotLoopback:
      return "only loopback addresses (127.0.0.0/8, ::1) can be used, and the wildcards of a network of the run's own";
    case Refusal::Unspecified: return "AF_UNSPEC would be bound to 0.0.0.0";
    case Refusal::AnyPort: return "port 0 would be a port that is not the plan's; [network] bind = [0] allows it";
    case Refusal::PortNotInPlan: return "the port is not one of the plan's [network]";
    case Refusal::HostAbstract: return "without a network namespace abstract names are the host's";
    case Refusal::NotWritablePlace: return "the Unix socket lies on a read-only mount";
    case Refusal::NotListenable: return "UDP sockets do not listen";
    case Refusal::NoUnixSockets: return "the plan's profile gives no Unix sockets (net.unix)";
    case Refusal::SharedFile: return "only what the run may write can be watched";
  }
  return "?";
}

Decision decide(const AddressRules& rules, MediatedCall call, const SocketKind& socket,
                std::span<const std::byte> address) noexcept {
  switch (socket.domain) {
    case AF_UNIX: return decide_unix(rules, call, socket, address);
    case AF_INET:
    case AF_INET6: return decide_ip(rules, call, socket, address);
    default: return refuse(Refusal::OtherSocket);
  }
}

}  // namespace evalrun::mediate
