#include "runtime/serve/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/serve/peer_name.h"

namespace evalrun::serve {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kBacklog = 512;
constexpr int kFirstPassed = 3;  // SD_LISTEN_FDS_START

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

[[noreturn]] void refuse(const std::string& address, const std::string& why) {
  throw UsageError("--listen cannot be " + in_quotes(address) + ": " + why);
}

Address unix_address(const std::string& address) {
  const std::string path = address.substr(kUnix.size());
  Address made;
  auto& unix = reinterpret_cast<sockaddr_un&>(made.storage);
  unix.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof unix.sun_path) {
    refuse(address, "the path of a Unix socket has 1 to " + std::to_string(sizeof unix.sun_path - 1) + " bytes");
  }
  std::memcpy(unix.sun_path, path.c_str(), path.size() + 1);
  made.length = sizeof unix;
  return made;
}

Address address_of(const std::string& address) {
  if (address.starts_with(kUnix)) return unix_address(address);
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  const std::string port_text = colon == address.npos ? "" : address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || error != std::errc{} || end != port_text.data() + port_text.size()) {
    refuse(address, "use ADDR:PORT with a numeric address, or unix:PATH");
  }
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address made;
  auto& four = reinterpret_cast<sockaddr_in&>(made.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(made.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    made.length = sizeof four;
  } else if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    made.length = sizeof six;
  } else {
    refuse(address, "use ADDR:PORT with a numeric address, or unix:PATH");
  }
  return made;
}

bool is_loopback(const Address& address) {
  switch (address.get()->sa_family) {
    case AF_UNIX: return true;
    case AF_INET: return ntohl(reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr) >> 24 == 127;
    case AF_INET6: return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr) != 0;
    default: return false;
  }
}

std::string name_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.get()->sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address.storage);
    ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(four.sin_port));
  }
  if (address.get()->sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address.storage);
    ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(six.sin6_port));
  }
  const auto& unix = reinterpret_cast<const sockaddr_un&>(address.storage);
  return std::string(kUnix) + std::string(unix.sun_path, ::strnlen(unix.sun_path, sizeof unix.sun_path));
}

}  // namespace

std::string peer_name(int socket) {
  Address address;
  address.length = sizeof address.storage;
  if (::getpeername(socket, address.get(), &address.length) != 0) return "";
  if (address.get()->sa_family != AF_UNIX) return name_of(address);
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return "unix";
  return "uid " + std::to_string(peer.uid);
}

namespace {

Listener listener_on(Fd socket) {
  Address address;
  address.length = sizeof address.storage;
  if (::getsockname(socket.get(), address.get(), &address.length) != 0) throw SystemError("getsockname", "");
  return {std::move(socket), name_of(address), is_loopback(address), address.get()->sa_family != AF_UNIX};
}

// Only where a socket stands there and nobody listens on it.
void remove_left_over(const std::string& path, const Address& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
}

std::optional<long> number_in_environment(const char* name) {
  const char* text = ::getenv(name);
  if (text == nullptr) return std::nullopt;
  long number = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc{} && *end == '\0' ? std::optional(number) : std::nullopt;
}

}  // namespace

bool is_local_address(const std::string& address) {
  return is_loopback(address_of(address));
}

Listener listen_at(const std::string& text) {
  const Address address = address_of(text);
  const bool is_unix = address.get()->sa_family == AF_UNIX;
  const std::string path = is_unix ? text.substr(kUnix.size()) : "";
  Fd socket(::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw SystemError("socket", text);
  const int on = 1;
  if (is_unix) {
    remove_left_over(path, address);
  } else {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.get()->sa_family == AF_INET6) {
      ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
  }
  // Whoever may connect may run programs: the owner alone.
  const mode_t mask = ::umask(0177);
  const int bound = ::bind(socket.get(), address.get(), address.length);
  const int error = errno;
  ::umask(mask);
  if (bound != 0) throw SystemError("bind", text, error);
  if (::listen(socket.get(), kBacklog) != 0) throw SystemError("listen", text);
  Listener made = listener_on(std::move(socket));
  made.unlink = path;
  return made;
}

std::vector<Listener> listeners_of_service_manager() {
  const std::optional<long> pid = number_in_environment("LISTEN_PID");
  const std::optional<long> count = number_in_environment("LISTEN_FDS");
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  std::vector<Listener> listeners;
  if (!pid || !count || *pid != ::getpid() || *count < 1 || *count > 64) return listeners;
  for (int fd = kFirstPassed; fd < kFirstPassed + *count; ++fd) {
    int listens = 0, type = 0;
    socklen_t length = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0 ||
        ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) {
      throw UsageError("LISTEN_FDS: descriptor " + std::to_string(fd) + " is no listening stream socket");
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    listeners.push_back(listener_on(Fd(fd)));
  }
  return listeners;
}

void notify_service_manager(const std::string& state) noexcept {
  const char* path = ::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  std::memcpy(address.sun_path, path, size);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
}

}  // namespace evalrun::serve
