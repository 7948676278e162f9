// Violations: calls that only exploits need, which the strict profile's filter hands to the supervisor instead of the
// kernel. The caller sleeps in its call until it is killed; nothing is ever answered. What is read behind its pointers
// (names and paths, for the result's readers) decides nothing.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace evalrun::mediate {

// A program with many threads can commit as many at once; all are counted.
inline constexpr std::size_t kViolationsKept = 32;

struct RecordedViolation {
  std::string layer;
  std::string call;  // "" of another architecture's calls and of x32, which have no name here
  std::int64_t number = -1;
  std::vector<std::uint64_t> arguments;  // as in the registers
  std::string decoded;                   // "ptrace(request=PTRACE_ATTACH, …)"; text in it is the program's
  std::int64_t pid = 0;                  // the host's number of the thread
  std::string process;
  std::string action;
  std::string remedy;
};

// The text at an address of a process, up to its NUL or a bound; none where it cannot be read.
std::optional<std::string> read_text(pid_t pid, std::uint64_t address);

// Describes a call of another architecture, or of x32. Its number and registers mean nothing in our tables.
RecordedViolation describe_foreign_call(const seccomp_notif& notification);

RecordedViolation describe_violation(const seccomp_notif& notification);

}  // namespace evalrun::mediate
