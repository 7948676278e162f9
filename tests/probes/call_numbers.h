// System calls by name, as tests write them ("call kill 1 9"): numbers are each architecture's own.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

// The number behind a name of the table, or the number itself, as for calls that do not exist. Ends the process where
// it is neither: such a word must not become call 0.
inline long call_number(const std::string& word) {
  struct Call {
    const char* name;
    long number;
  };
  static constexpr Call kCalls[] = {
      {"accept", SYS_accept},
      {"bind", SYS_bind},
      {"clone", SYS_clone},
      {"close", SYS_close},
      {"connect", SYS_connect},
      {"execveat", SYS_execveat},
      {"ftruncate", SYS_ftruncate},
      {"futex", SYS_futex},
      {"getpid", SYS_getpid},
      {"io_uring_enter", 426},  // these are the same everywhere
      {"io_uring_register", 427},
      {"io_uring_setup", 425},
      {"ioctl", SYS_ioctl},
      {"keyctl", SYS_keyctl},
      {"kill", SYS_kill},
      {"listen", SYS_listen},
      {"lseek", SYS_lseek},
      {"memfd_create", SYS_memfd_create},
#ifdef SYS_mkdir
      {"mkdir", SYS_mkdir},
      {"rmdir", SYS_rmdir},
#endif
      {"mmap", SYS_mmap},
      {"openat", SYS_openat},
      {"personality", SYS_personality},
      {"pidfd_getfd", 438},
      {"pidfd_open", 434},
      {"prctl", SYS_prctl},
      {"ptrace", SYS_ptrace},
      {"read", SYS_read},
      {"setsockopt", SYS_setsockopt},
      {"shmget", SYS_shmget},
      {"socket", SYS_socket},
      {"splice", SYS_splice},
      {"tee", SYS_tee},
      {"umount2", SYS_umount2},
      {"unshare", SYS_unshare},
      {"vmsplice", SYS_vmsplice},
      {"wait4", SYS_wait4},
      {"write", SYS_write},
  };
  for (const Call& call : kCalls) {
    if (word == call.name) return call.number;
  }
  char* end = nullptr;
  const long number = std::strtol(word.c_str(), &end, 0);
  if (end == word.c_str() || *end != '\0') {
    std::fprintf(stderr, "%s is no call of tests/probes/call_numbers.h\n", word.c_str());
    std::_Exit(99);
  }
  return number;
}
