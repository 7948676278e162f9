// The addresses of a host by its name, without getaddrinfo: that loads shared libraries of the C library's own version,
// which a static program cannot count on. /etc/hosts, then the name servers of /etc/resolv.conf.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace evalrun::fleet {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// The address that `host` spells, or of localhost; empty where it is a name to be looked up.
std::vector<SocketAddress> addresses_by_itself(const std::string& host, std::uint16_t port);

// May wait for name servers for some seconds. Empty where nobody knows the name.
std::vector<SocketAddress> look_up(const std::string& host, std::uint16_t port);

// The addresses that a text in the form of /etc/hosts has for the name. Pure.
std::vector<SocketAddress> addresses_in_hosts(const std::string& text, const std::string& host, std::uint16_t port);

}  // namespace evalrun::fleet
