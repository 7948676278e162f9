// The children of a process (proc(5), /proc/PID/task/TID/children): those of its first thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "runtime/core/small_file.h"

namespace evalrun {

// As the kernel writes them: "12 15 ", the oldest first; "" where there is none, or the process has gone.
inline std::string text_of_children(pid_t pid) {
  const std::string number = std::to_string(pid);
  return read_small_file("/proc/" + number + "/task/" + number + "/children");
}

// The oldest of them. A sandbox is looked at through the first child of its init: init itself lets nobody look
// (PR_SET_DUMPABLE).
inline std::optional<pid_t> first_child_of(pid_t pid) {
  const std::optional<std::uint64_t> first = leading_number(text_of_children(pid));
  return first ? std::optional(static_cast<pid_t>(*first)) : std::nullopt;
}

}  // namespace evalrun
