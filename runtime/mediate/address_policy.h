// What a program may bind, connect and listen to: a pure decision over the kind of socket, the bytes of the address,
// and the plan. It sees a copy of the address; whoever acts, acts on that same copy. Nothing here makes a system call,
// allocates or throws, since a deputy (deputy.h) asks it between clone3 and its end.
//
//   TCP, UDP   with network.mode = "loopback": 127.0.0.0/8, ::1 and, in a network of the run's own, the wildcards, on
//              the plan's ports. Port 0 stands for those that the kernel chooses, where the plan lists it. Never the
//              family AF_UNSPEC in bind (which the kernel takes for 0.0.0.0). connect to AF_UNSPEC only undoes an
//              association, and is allowed.
//   Unix       abstract names, where the network namespace is the run's own; paths, where whoever acts finds that they
//              lie in a writable place of the program's root. With or without a network: it is communication between
//              the run's own processes. Stream and seqpacket only.
//   the rest   EACCES.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace evalrun::mediate {

// Watch: inotify_add_watch, whose path the deputy itself looks at.
enum class MediatedCall : std::uint8_t { Bind, Connect, Listen, Watch };
inline constexpr std::size_t kMediatedCalls = static_cast<std::size_t>(MediatedCall::Watch) + 1;

std::string_view name_of(MediatedCall call) noexcept;

// As getsockopt(2) tells: SO_DOMAIN, SO_TYPE, SO_PROTOCOL.
struct SocketKind {
  int domain = 0;
  int type = 0;
  int protocol = 0;
};

struct AddressRules {
  bool loopback = false;     // network.mode
  bool own_network = false;  // the run has a network namespace of its own
  bool unix_sockets = true;  // net.unix
  std::span<const std::uint16_t> bind;
  std::span<const std::uint16_t> connect;
};

// Why a call is refused. Each has its errno and its words.
enum class Refusal : std::uint8_t {
  NoNetwork,         // TCP and UDP without network.mode = "loopback"
  OtherSocket,       // no TCP, UDP, or Unix stream socket
  BadLength,         // too short or too long for its family
  OtherFamily,       // an address that is not one of the socket's
  NotLoopback,       // another address; a wildcard, without a network of the run's own
  Unspecified,       // bind to AF_UNSPEC
  AnyPort,           // port 0, or listening without an address
  PortNotInPlan,     // network.bind, network.connect
  HostAbstract,      // an abstract name, without a network namespace of the run's own
  NotWritablePlace,  // a Unix socket on a read-only mount
  NotListenable,     // listen on UDP
  NoUnixSockets,     // a Unix socket (one of a pair) without net.unix
  SharedFile,        // inotify_add_watch on what the run may not write: the host's file, which others open too
};
inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::SharedFile) + 1;

int errno_of(Refusal refusal) noexcept;
std::string_view describe(Refusal refusal) noexcept;

struct Decision {
  enum class Way : std::uint8_t {
    Refuse,
    Act,        // on the socket alone: no path, no credentials matter
    ActInside,  // as the program, in its root: Unix sockets
  };
  Way way;
  Refusal refusal{};     // Refuse
  bool is_path = false;  // ActInside, connect: the path's place is yet to be looked at
  bool operator==(const Decision&) const = default;
};

// `address`: the call's own; of listen, the socket's local name.
Decision decide(const AddressRules& rules, MediatedCall call, const SocketKind& socket,
                std::span<const std::byte> address) noexcept;

}  // namespace evalrun::mediate
