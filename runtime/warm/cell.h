// A cell: what runs of one plan that follow each other can share, made once. An identity of the host, a user and a
// network namespace, and the image's root, read-only; all held by a keeper process. Each run in it still has pid, ipc,
// uts and mount namespaces of its own, a workspace, /proc, control groups, and its own lockdown, in the same order; the
// step table says who does what. It serves one run at a time.
//
// What it must not be used for: two programs that may not know of each other through what a network namespace
// remembers. See why_not_shared().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/sandbox/spawn.h"
#include "runtime/warm/cloning_process.h"

namespace evalrun::warm {

// A cell's kernel objects are made anew after so many runs, whatever they were.
inline constexpr unsigned kRunsOfACell = 1000;

// Why runs of this plan may not follow each other in a cell; "" where they may.
std::string why_not_shared(const sandbox::CompiledPlan& plan);

class Cell final : private sandbox::PendingClone {
 public:
  // `cloner`: clones the keeper; null: this process does. Throws HostError and SystemError. That the root could be made
  // is only known when the first run has been cloned.
  explicit Cell(std::shared_ptr<const sandbox::CompiledPlan> plan, sandbox::Cloner* cloner = nullptr);
  Cell(Cell&&) = delete;
  Cell& operator=(Cell&&) = delete;

  // An init for the next run of the cell's plan; the one before must be gone. It is being cloned, and awaited when a
  // Sandbox is made of it. Throws HostError and SystemError, as that may: the cell is then of no more use.
  // `clone_into`: a v2 control group's folder, -1: none.
  sandbox::EmptySandbox next(int clone_into);

  // The run that was given out is gone.
  [[nodiscard]] bool is_free() const noexcept { return base_.use_count() == 1; }
  // No further run may be given out.
  void retire() noexcept { is_retired_ = true; }
  [[nodiscard]] bool is_retired() const noexcept { return is_retired_; }
  [[nodiscard]] unsigned runs() const noexcept { return runs_; }
  [[nodiscard]] const sandbox::CompiledPlan& plan() const noexcept { return *plan_; }
  // Second walls that this host does not give; known when the first run has been cloned.
  [[nodiscard]] const std::vector<StepResult>& notes() const noexcept { return notes_; }

 private:
  sandbox::SandboxProcess take() override;
  void read_report();

  std::shared_ptr<const sandbox::CompiledPlan> plan_;
  std::shared_ptr<sandbox::SandboxBase> base_;
  Fd report_;
  std::optional<CloningProcess> keeper_;
  std::vector<StepResult> notes_;
  unsigned runs_ = 0;
  bool is_retired_ = false;
};

}  // namespace evalrun::warm
