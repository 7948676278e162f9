// Runs prepared ahead: for who starts many runs of few kinds of plans, a contest's or a grader's.
//
// Theory of operation. Plans of one kind differ only in their jobs (plan.h). For each kind the pool keeps cells
// (warm/cell.h), and in free cells runs that are prepared up to execve and wait. Starting one is then a word to a
// process that is locked down already. What cannot be prepared is started cold, with the same result: a plan that may
// not share a cell, or whose job needs more than a prepared run can be told.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <list>
#include <memory>
#include <vector>

#include "runtime/pool/snapshot_keeper.h"
#include "runtime/supervise/run.h"

namespace evalrun::pool {

class CellPool {
 public:
  // That are kept; of more, those that were started last.
  static constexpr std::size_t kMostKinds = 4;

  // `ready`: how many runs wait at a time; 0: none are prepared, every run is cold. `cloner`: clones for all of them;
  // null: this process does. All that is referred to outlives it.
  CellPool(loop::EventLoop& loop, groups::Groups& groups, const host::HostFacts& host, unsigned ready,
           sandbox::Cloner* cloner = nullptr);
  ~CellPool();
  CellPool(const CellPool&) = delete;
  CellPool& operator=(const CellPool&) = delete;

  // Throws what sandbox::compile and Run throw. The runs must not outlive the pool.
  std::unique_ptr<supervise::Run> start(const Plan& plan, supervise::RunHooks hooks = {});
  // The same of a run beside which another one is started next, of another kind: both kinds are prepared then.
  std::unique_ptr<supervise::Run> start_first_of_two(const snapshot::Choice& choice, const Plan& plan,
                                                     supervise::RunHooks hooks = {});
  // The same of a plan that has been compiled.
  std::unique_ptr<supervise::Run> start(const std::shared_ptr<const sandbox::CompiledPlan>& plan,
                                        supervise::RunHooks hooks = {});
  // How runs of the plan's kind begin, as its [snapshot] says: for who starts several that must begin alike.
  snapshot::Choice choose(const Plan& plan) { return snapshots_.choose(plan); }
  // The same of a run that begins as was chosen for a plan of the same words and environment.
  std::unique_ptr<supervise::Run> start_as(const snapshot::Choice& choice, const Plan& plan,
                                           supervise::RunHooks hooks = {});
  // Both at once.
  std::unique_ptr<supervise::Run> start_by_choice(const Plan& plan, supervise::RunHooks hooks = {});
  // By itself, whatever is prepared.
  std::unique_ptr<supervise::Run> start_alone(std::shared_ptr<const sandbox::CompiledPlan> plan,
                                              supervise::RunHooks hooks = {});
  // By itself, on what was laid for it. It is finished when nothing but its init is left, as one in a cell is.
  std::unique_ptr<supervise::Run> start_on(supervise::Groundwork groundwork,
                                           const std::shared_ptr<const sandbox::CompiledPlan>& plan,
                                           supervise::RunHooks hooks = {});

  // Prepares one run for the kind that was started last, and for the one that was started beside it, if one is missing.
  // False: there was nothing to do. For when all that can be started has been. `most`: how many are still to be
  // started, where that is known.
  bool prepare(std::size_t most = std::numeric_limits<std::size_t>::max());

  // Whether a run of the plan's kind, with the same program and environment, has been compiled and begun here, and this
  // one can begin like it: what compile() would refuse has been asked for.
  [[nodiscard]] bool knows(const Plan& plan) const;

  [[nodiscard]] loop::EventLoop& loop() const noexcept { return loop_; }

  // The process that records a snapshot now; -1: none does.
  [[nodiscard]] pid_t recorder() const noexcept { return snapshots_.recorder(); }

  // Whether the inits of finished runs have all ended, and their cells are free again.
  [[nodiscard]] bool is_settled() const noexcept { return ending_.empty(); }

  // Whether as many as shall wait do, locked down and ready for their job; true where nothing can be prepared.
  [[nodiscard]] bool is_ready() const noexcept;

 private:
  struct PreparedKind {
    Plan plan;            // without its job
    std::string program;  // of the job that came first
    decltype(Job::env) env;
    std::shared_ptr<const sandbox::SnapshotStart> snapshot;  // from which its runs start; null: by execve
    std::shared_ptr<const sandbox::CompiledPlan> compiled;   // with the first cell
    std::vector<std::shared_ptr<warm::Cell>> cells;
    std::deque<std::unique_ptr<supervise::Run>> waiting;
    unsigned failures = 0;  // since a run was ready
    bool is_cold = false;   // nothing of it can be prepared
    bool comes_first_of_two = false;
  };

  using Snapshot = std::shared_ptr<const sandbox::SnapshotStart>;

  std::unique_ptr<supervise::Run> start_prepared(const Plan& plan, const Snapshot& snapshot,
                                                 supervise::RunHooks& hooks);
  PreparedKind* find(const Plan& plan);
  std::unique_ptr<supervise::Run> watched(std::unique_ptr<supervise::Run> run, const Snapshot& snapshot);
  void add(const sandbox::CompiledPlan& first);
  bool prepare(PreparedKind& kind, std::size_t most);
  std::unique_ptr<supervise::Run> take_waiting(PreparedKind& kind);
  std::unique_ptr<supervise::Run> make_waiting(PreparedKind& kind);  // null: there is no cell for it
  std::shared_ptr<warm::Cell> free_cell(PreparedKind& kind);
  std::unique_ptr<supervise::Run> with_teardown_here(
      std::unique_ptr<supervise::Run> run);  // its teardown is awaited here
  void await_exit(supervise::Teardown teardown);

  loop::EventLoop& loop_;
  groups::Groups& groups_;
  const host::HostFacts& host_;
  unsigned ready_;
  sandbox::Cloner* cloner_;
  SnapshotKeeper snapshots_;
  std::list<supervise::Teardown> ending_;  // until their inits have ended
  std::list<PreparedKind> kinds_;          // the one started last is first
};

}  // namespace evalrun::pool
