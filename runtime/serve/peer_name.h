// What a log calls the other end of a connection.
#pragma once

#include <string>

namespace evalrun::serve {

// "127.0.0.1:40112"; of a Unix socket "uid 1000". "" where the kernel does not tell.
std::string peer_name(int socket);

}  // namespace evalrun::serve
