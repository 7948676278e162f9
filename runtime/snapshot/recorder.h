// The recorder: follows an interpreter, by ptrace(2), from its first instruction to its first look at the workspace,
// where nothing of any job can be known to it.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/snapshot/format.h"
#include "runtime/snapshot/python_hook.h"
#include "runtime/snapshot/registers.h"
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
  Hook hook{};                      // but for its frame
  std::string hook_frame;           // where it stood before its hook; "": there is none
};

class Recorder {
 public:
  // Becomes the tracer of a process that waits to execute the interpreter. Throws SystemError.
  explicit Recorder(pid_t pid, std::string cwd);

  // Ends it: nobody else could wait for it, its own init not either.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // From its execve to the place. `use`: what it is prepared for from inside, if its hook is known. Throws
  // SnapshotError where it does what cannot be recorded.
  Standing follow(const SnapshotUse& use);

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

  // Passes all calls up to the place, at whose entry, or where a function has returned, it stops.
  enum class Until { Workspace, Place, Return };
  Call go_on(Until until, Standing& standing);
  void pass(const Call& call, Standing& standing);
  // Has the hook's text run, up to its place.
  Call prepare(const Call& call, Standing& standing);
  std::uint64_t call_and_wait(std::uint64_t function, std::uint64_t argument, Standing& standing);
  void hear(Word word, std::uint64_t value, Standing& standing) const;
  void patch_end(Standing& standing) const;
  void go_back_from_hook();
  void poke(std::uint64_t address, std::uint64_t word) const;
  void write(std::uint64_t address, const std::string& bytes) const;

  // The call that the hook has interrupted.
  struct Interrupted {
    SavedRegisters registers;
    std::uint64_t number = 0;
    Hook hook;
  };

  pid_t pid_;
  const SnapshotUse* use_ = nullptr;  // while it follows
  std::optional<Interrupted> interrupted_;
  std::string cwd_;
  std::map<std::uint64_t, KernelAction> actions_;
  std::uint64_t alt_stack_[3] = {};
  bool has_alt_stack_ = false;
  bool is_stopped_ = false, has_ended_ = false;
};

}  // namespace evalrun::snapshot
