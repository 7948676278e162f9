// What /proc tells of processes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <set>
#include <string>

namespace evalrun::test {

// Of the calling thread.
std::set<pid_t> children();
// Of another process's first thread.
std::set<pid_t> children_of(pid_t pid);

// The words behind "NAME:" in /proc/PID/status; "" where there is no such line or process.
std::string status_of(pid_t pid, const std::string& name);

// Whether it is 1 in a pid namespace of its own; of sandboxes a keeper is not, an init is.
bool is_init(pid_t pid);

// Not there, or a zombie.
bool is_gone(pid_t pid);

// Of this process.
std::size_t open_descriptors();

}  // namespace evalrun::test
