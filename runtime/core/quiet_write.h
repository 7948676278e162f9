// write(2) whose failures are return values alone: neither SIGPIPE (nobody reads) nor SIGXFSZ (past RLIMIT_FSIZE)
// reaches the process, whatever its dispositions of them are. They are the process's own affair, which a library leaves
// alone: both signals go to the writing thread (kernel: send_sig(…, current)), so that it can block them and take them
// back.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace evalrun {

// As write(2), errno too.
ssize_t write_quietly(int fd, std::string_view bytes) noexcept;

}  // namespace evalrun
