// A look at a process that waits in a call which the filter has handed over: which of its limits it has come to. For
// the message of a program that fails: the kernel tells nobody but the program what it refuses.
//
// Theory of operation. The filter hands over the calls by which a program fails (exit_group with another status than 0,
// tgkill with SIGABRT) and those that name the last descriptor below limits.open_files (close, dup2, dup3). The process
// sleeps until it is answered, so what /proc shows of it stands still, but for its other threads.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include "runtime/core/units.h"

namespace evalrun::measure {

enum class NotedCall { Other, Fails, ClosesLast, ChoosesLast };

NotedCall noted_call(const seccomp_notif& call, unsigned open_files) noexcept;

struct ProcessLook {
  bool has_all_descriptors = false;
  bool has_last_descriptor = false;
  bool has_chosen_last = false;  // by number, as shells do: then it says nothing of the others
  bool has_full_file = false;    // in /work or /tmp, of exactly limits.file_size

  void add(const ProcessLook& other) noexcept;
};

// Never throws for what the process does or is: what cannot be seen is not there.
ProcessLook look_at_process(pid_t pid, NotedCall call, unsigned open_files, Bytes file_size);

}  // namespace evalrun::measure
