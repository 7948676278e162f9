// One message over a local socket, with descriptors: the supervisor speaks so with init, a cell's keeper and the fork
// server. For both sides of a clone: raw system calls, no errno.
#pragma once

#include <cstddef>
#include <span>

namespace evalrun::sandbox {

// Of one message (SCM_MAX_FD is 253).
inline constexpr std::size_t kDescriptorsPerMessage = 240;

// 0 or -errno. Raises no SIGPIPE.
long send_message(int socket, const void* data, std::size_t size, std::span<const int> descriptors) noexcept;

// What came with it is put into `room`, close-on-exec; `count` says how many there were. The message's size, 0 where
// the other end is closed, or -errno; -EMFILE where this process may not have so many open, or `room` is too small:
// what did come is in `room` all the same.
long receive_message(int socket, void* data, std::size_t size, std::span<int> room, std::size_t* count) noexcept;

}  // namespace evalrun::sandbox
