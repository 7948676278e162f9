// The recorder: follows an interpreter, by ptrace(2), from its first instruction to its first look at the workspace,
// where nothing of any job can be known to it.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/snapshot/format.h"
#include "runtime/snapshot/start_calls.h"

namespace evalrun::snapshot {

// The interpreter, where it stands.
struct Standing {
  ThreadState thread{};
  std::vector<Action> actions;  // that are not the default
  Words words{};                // without its bytes
  std::string word_bytes;
  std::uint64_t heap_begin = 0, heap_end = 0;
  std::string frame;  // for rt_sigreturn, but for where it will lie (machine.h)
  std::uint64_t stack_pointer = 0;
  std::set<std::string> looked_at;  // paths, absolute
  Duration cpu{};                   // since its execve, the tracing in it
};

class Recorder {
 public:
  // Becomes the tracer of a process that waits to execute the interpreter. Throws SystemError.
  explicit Recorder(pid_t pid, std::string cwd);

  // Ends it: nobody else could wait for it, its own init not either.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // From its execve to the place. Throws SnapshotError where it does what cannot be recorded.
  Standing follow();

  // Lets it go on to its end; what it holds of memory that is its own then. Throws SnapshotError where it does not exit
  // with 0.
  Bytes let_it_end();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  struct Call {
    std::uint64_t number = 0;
    CallArguments arguments{};
  };

  int wait();  // for a stop; its status
  void await_end() noexcept;
  void resume(int request);
  void begin(Standing& standing);
  [[nodiscard]] Call entered_call() const;
  [[nodiscard]] std::int64_t result_of_call() const;
  // Whether it is about to look at the workspace.
  bool looks_at_workspace(const Call& call, Standing& standing) const;
  void note(const Call& call, Standing& standing);
  void finish(const Call& call, Standing& standing);
  [[nodiscard]] std::string text_at(std::uint64_t address) const;
  void read(std::uint64_t address, void* to, std::size_t size) const;
  [[nodiscard]] Duration cpu() const;

  pid_t pid_;
  std::string cwd_;
  std::map<std::uint64_t, KernelAction> actions_;
  std::uint64_t alt_stack_[3] = {};
  bool has_alt_stack_ = false;
  bool is_stopped_ = false, has_ended_ = false;
};

}  // namespace evalrun::snapshot
