// Sockets that requests come in by.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/fd.h"

namespace evalrun::serve {

struct Listener {
  Fd socket;              // non-blocking
  std::string name;       // "127.0.0.1:8080", "unix:/run/evalrun.sock"
  bool is_local = false;  // loopback or a Unix socket
  bool is_tcp = false;
  std::string unlink = {};  // the Unix socket's path, which goes with it; "": it is not ours
};

// "ADDR:PORT" with a numeric address, "[::1]" and "localhost" too, or "unix:PATH". Port 0 is one that the kernel
// chooses; `name` says which. A Unix socket is for its owner alone; a file there that nobody listens on is replaced.
// Throws UsageError and SystemError.
Listener listen_at(const std::string& address);

// Whether "ADDR:PORT" or "unix:PATH" is reached from this host alone. Throws UsageError.
bool is_local_address(const std::string& address);

// Those that the service manager has opened (sd_listen_fds(3)); none where it has opened none. Once: the environment
// is cleared. Throws UsageError where one is no listening stream socket.
std::vector<Listener> listeners_of_service_manager();

// Tells the service manager, where there is one that wants to know (sd_notify(3)): "READY=1".
void notify_service_manager(const std::string& state) noexcept;

}  // namespace evalrun::serve
