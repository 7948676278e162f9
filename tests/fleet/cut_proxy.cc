#include "tests/fleet/cut_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <list>
#include <stdexcept>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/write_all.h"

namespace evalrun::test {
namespace {

struct Way {
  Fd client, server;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

// False where one end is gone.
bool pass(int from, int to) {
  std::array<char, 65536> bytes;
  const ssize_t count = ::read(from, bytes.data(), bytes.size());
  return count > 0 && write_all_quietly(to, {bytes.data(), static_cast<std::size_t>(count)}) == 0;
}

}  // namespace

CutProxy::CutProxy(const std::filesystem::path& from, const std::filesystem::path& to) {
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(from.string());
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 16) != 0) {
    throw std::runtime_error("the proxy has no place");
  }
  thread_ = std::thread([this, fd = listener.release(), path = to.string()] { serve(fd, path); });
}

CutProxy::~CutProxy() {
  ends_ = true;
  thread_.join();
}

void CutProxy::serve(int number, const std::string& to) {
  const Fd listener(number);
  std::list<Way> ways;
  while (!ends_) {
    if (is_cut_) {
      ::usleep(10000);
      continue;
    }
    std::vector<pollfd> polled = {{listener.get(), POLLIN, 0}};
    for (const Way& way : ways) {
      polled.push_back({way.client.get(), POLLIN, 0});
      polled.push_back({way.server.get(), POLLIN, 0});
    }
    if (::poll(polled.data(), polled.size(), 10) <= 0 || is_cut_) continue;
    std::size_t at = 1;
    for (auto way = ways.begin(); way != ways.end(); at += 2) {
      const bool goes_on = (polled[at].revents == 0 || pass(way->client.get(), way->server.get())) &&
                           (polled[at + 1].revents == 0 || pass(way->server.get(), way->client.get()));
      way = goes_on ? std::next(way) : ways.erase(way);
    }
    if (polled[0].revents == 0) continue;
    Way way{Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)),
            Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    const sockaddr_un address = address_of(to);
    if (::connect(way.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      ways.push_back(std::move(way));
    }
  }
}

}  // namespace evalrun::test
