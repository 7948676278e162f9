// The janitor: a process that sleeps on a pipe until the supervisor is gone, however it went, and removes what groups
// are left.
//
// It is started once, from a program that may have threads, handlers and children of its own: it is cloned without an
// exit signal, is nobody's child to be waited for, and lives on raw system calls alone, since a lock of the C library's
// may have been held by another thread when it was cloned.
#pragma once

#include <span>

namespace evalrun::supervise {

struct JanitorTask {
  int pipe;                              // its read end; nobody writes to it, and its end is the supervisor's
  std::span<const char* const> folders;  // where groups are made
  const char* prefix;                    // of the names of those that are to go
};

// 0 or errno.
int start_janitor(const JanitorTask& task) noexcept;

}  // namespace evalrun::supervise
