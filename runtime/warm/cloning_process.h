// The supervisor's side of cloning on request (cloning.h).
#pragma once

#include <optional>
#include <span>

#include "runtime/core/units.h"
#include "runtime/sandbox/cloner.h"

namespace evalrun::warm {

// A process that clones for us, a cell's keeper or the fork server. Its destructor kills it; its clones live on.
class CloningProcess {
 public:
  // `control`: our end of its socket. `name`: of it, in errors. Throws SystemError.
  CloningProcess(sandbox::SandboxProcess process, Fd control, const char* name);

  // `request` without what is said here: `ends`, the child's; `clone_into`, a v2 control group's folder or -1; `arena`,
  // which the child has in common with us. take_clone() must follow before it is asked again. Throws HostError.
  void ask(sandbox::CloneRequest request, const sandbox::ChildEnds& ends, int clone_into, sandbox::Arena& arena);
  // Waits for the answer, 5 s at most. Throws HostError.
  sandbox::SandboxProcess take_clone();

  // A deputy with what is its own in `request`: `descriptors`, and `memory`, the file behind what it shares with us.
  sandbox::Cloner::Deputy clone_deputy(const sandbox::CloneRequest& request, std::span<const int> descriptors,
                                       const Fd& memory);

  sandbox::SandboxProcess clone(const sandbox::CloneRequest& request, const sandbox::ChildEnds& ends, int clone_into,
                                sandbox::Arena& arena) {
    ask(request, ends, clone_into, arena);
    return take_clone();
  }

  // Whether it can be asked again: it is alive, and has answered so far.
  [[nodiscard]] bool is_usable() const noexcept { return process_.has_value(); }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }  // while it is usable
  [[nodiscard]] const Fd& control() const noexcept { return control_; }

 private:
  [[noreturn]] void give_up(int error);
  void send(const sandbox::CloneRequest& request, std::span<const int> descriptors);
  Fd receive(sandbox::CloneAnswer& answer);

  Fd control_;
  std::optional<sandbox::SandboxProcess> process_;
  const char* name_;
  const std::int32_t* told_ = nullptr;  // of the last request
};

}  // namespace evalrun::warm
