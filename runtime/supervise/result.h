// RunResult: everything that is known of one run, as a value. What the program did is an Outcome, never an error; what
// the sandbox failed at is an Outcome too, of a kind that no program can earn.
#pragma once

#include <cerrno>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/core/units.h"
#include "runtime/host/layers.h"
#include "runtime/host/timing_noise.h"
#include "runtime/mediate/violations.h"

namespace evalrun::supervise {

enum class Limit {
  Cpu,
  Wall,
  Idle,
  Memory,
  AddressSpace,
  Output,
  FileSize,
  Processes,
  OpenFiles,
  Stack,
  Workspace,
  Inodes
};

constexpr std::string_view name_of(Limit limit) {
  switch (limit) {
    case Limit::Cpu: return "cpu";
    case Limit::Wall: return "wall";
    case Limit::Idle: return "idle";
    case Limit::Memory: return "memory";
    case Limit::AddressSpace: return "address_space";
    case Limit::Output: return "output";
    case Limit::FileSize: return "file_size";
    case Limit::Processes: return "processes";
    case Limit::OpenFiles: return "open_files";
    case Limit::Stack: return "stack";
    case Limit::Workspace: return "workspace";
    case Limit::Inodes: return "inodes";
  }
  return "?";
}

struct Exited {
  int code = 0;
};
struct Signaled {
  int signal = 0;
};
// What a limit allowed and what was reached, in the limit's own unit: both are times, or both are sizes.
struct Reach {
  std::variant<Duration, Bytes> allowed, reached;
};
// How limits.memory was met. HeapFull: by the heap of a runtime that was told to let it grow to the limit and no
// farther.
enum class MemoryMet { Passed, Thrashing, HeapFull };
struct MemoryShare {
  Bytes files;  // of what was held, in /work, /tmp, /dev/shm and the plan's own folders in memory
  MemoryMet met = MemoryMet::Passed;
};
struct LimitHit {
  Limit limit{};
  Reach reach{};
  std::string what = {};  // of Limit::Output: "stdout", "stderr", "stdout and stderr", or the file that is judged
  MemoryShare memory{};   // of that limit alone
};
// The filter ended the program. `call` is empty where only the signal is known.
struct Violation {
  std::string call;
};
// execve refused the program's own file: not there, not executable, not a program.
struct NotStarted {
  std::string operation;
  std::string subject;
  int error = 0;
};
struct SandboxFault {
  std::string stage;
  std::string operation;
  std::string subject;
  int error = 0;
  bool retryable = false;
  std::string remedy = {};  // for people; may be empty
};
// Whoever started the run ended it, as if by this signal.
struct Cancelled {
  int signal = 0;
};

// Whether the same run may well succeed later: the host was short of something, or a file that the sandbox shows was
// replaced while it was set up (ESTALE), as an upgrade of packages does.
inline bool is_retryable(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOSPC ||
         error == EINTR || error == ETIMEDOUT || error == EUSERS || error == ESTALE;
}

// A host that could not give what the run needs, as an outcome.
inline SandboxFault fault_of(const HostError& error) {
  return {error.stage(), error.operation(), error.subject(), error.error(), is_retryable(error.error())};
}

// The same of this process itself.
inline SandboxFault fault_of(const SystemError& error) {
  return {"supervisor", error.operation(), error.subject(), error.error(), is_retryable(error.error())};
}

// Any other exception as an outcome.
SandboxFault fault_of(const std::exception_ptr& what);

// How it is known that a limit was met.
enum class Evidence {
  Counted,  // by the kernel or the supervisor, refusal by refusal
  Seen,     // all that the limit allows was in use: that more was refused is likely, and not known
  Inferred  // from how the program ended; it may have ended so for another reason
};

constexpr std::string_view name_of(Evidence evidence) {
  switch (evidence) {
    case Evidence::Counted: return "counted";
    case Evidence::Seen: return "seen";
    case Evidence::Inferred: return "inferred";
  }
  return "?";
}

// A limit that the program met, whatever became of it.
struct LimitMet {
  Limit limit{};
  std::variant<Duration, Bytes, std::uint64_t> allowed;
  std::optional<std::uint64_t> times;  // refusals, where they are counted
  Evidence evidence = Evidence::Counted;
  std::string source;  // "cgroup v2: pids.events"
};

using Outcome = std::variant<Exited, Signaled, LimitHit, Violation, NotStarted, SandboxFault, Cancelled>;

struct CpuTime {
  Duration user{}, system{};
  std::string source;
  [[nodiscard]] Duration total() const { return user + system; }
};

struct Memory {
  Bytes peak;
  std::string source;
  bool oom = false;
};

struct Processes {
  std::uint64_t peak = 0;
  std::string source;
};

struct Stream {
  std::uint64_t bytes = 0;  // all that was written
  bool truncated = false;   // less was kept
  std::string kept;         // captured streams only
  bool captured = false;
  std::string sha256;  // of all that was written
};

struct CollectedFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string saved_as;
  std::string error;  // "" where it was copied
};

// How the program began.
struct Start {
  enum class Kind { Execve, Snapshot };
  Kind kind = Kind::Execve;
  std::string why;          // of Execve, where a snapshot was asked for: what kept the run from it
  Duration recorded_cpu{};  // of Snapshot: what the start took that was recorded, tracing included
  Bytes share{};            // of Snapshot: what of the figure of memory a run by execve would have had of its own
};

constexpr std::string_view name_of(Start::Kind kind) {
  switch (kind) {
    case Start::Kind::Execve: return "execve";
    case Start::Kind::Snapshot: return "snapshot";
  }
  return "?";
}

struct RunResult {
  Start start;
  Outcome outcome;
  CpuTime cpu;
  Duration wall{};
  Memory memory;
  Processes processes;
  std::uint64_t voluntary_switches = 0, involuntary_switches = 0;
  std::uint64_t minor_faults = 0, major_faults = 0;
  Stream output, error_output;
  std::vector<CollectedFile> files;
  std::vector<mediate::RecordedViolation> violations;
  std::uint64_t violations_total = 0;
  std::vector<LimitMet> limits_met;
  host::Layers layers;
  Duration setup{}, run{}, teardown{};
  std::string kernel;
  std::vector<std::string> warnings;
  std::vector<host::Noise> noise;  // what of the host makes its times less sure
};

}  // namespace evalrun::supervise
