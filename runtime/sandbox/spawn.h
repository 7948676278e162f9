// spawn: one live sandbox out of a compiled plan.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/sandbox/compile.h"
#include "runtime/sandbox/leases.h"

namespace evalrun::sandbox {

// The program's ends of its streams, given away to it: pipes, nothing else, for their ownership is changed to the
// run's.
struct Streams {
  Fd input;
  Fd output;
  Fd error_output;  // none: the same as output
};

// The control groups a run enters; all borrowed until the constructor of Sandbox returns.
struct GroupEntry {
  int clone_into = -1;              // a v2 group's folder
  std::span<const int> task_files;  // v1 groups' tasks files
};

// Maps the one id that exists inside to the run's identity, in the new user namespace of process `pid`. Throws
// HostError.
void write_id_map(pid_t pid, const Identity& identity);

// A sandbox that lives. Whoever holds it owns it: the destructor kills everything inside and reaps init.
class Sandbox {
 public:
  // Makes the namespaces, writes the id map, lets the child go on. Throws HostError where the kernel refuses (nothing
  // is left behind then). That the program runs is told later, over report().
  Sandbox(const CompiledPlan& plan, Streams streams, GroupEntry groups);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  [[nodiscard]] pid_t init_pid() const noexcept { return pid_; }
  [[nodiscard]] const Fd& pidfd() const noexcept { return pidfd_; }      // readable when init has ended
  [[nodiscard]] const Fd& report() const noexcept { return report_; }    // ChildRecords, then end of file
  [[nodiscard]] const Fd& control() const noexcept { return control_; }  // InitRecords
  [[nodiscard]] const Cores& cores() const noexcept { return cores_; }
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }

  // Asks init to kill everything, wait for it and report. Harmless when init has ended.
  void ask_to_end() noexcept;

  // Kills init, and with it, by the kernel, everything inside.
  void kill() noexcept;

  // Reaps init; only after pidfd() is readable does it not wait.
  void reap() noexcept;

 private:
  Identity identity_;
  Cores cores_;
  pid_t pid_ = -1;
  Fd pidfd_;
  Fd report_;
  Fd control_;
};

}  // namespace evalrun::sandbox
