// What is behind the handles of evalrun.hh.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "runtime/groups/cgroup.h"
#include "runtime/host/host.h"
#include "runtime/judge/live_task.h"
#include "runtime/library/evalrun.hh"
#include "runtime/library/maker.h"
#include "runtime/loop/event_loop.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/reader/template.h"
#include "runtime/sandbox/compile.h"
#include "runtime/snapshot/chooser.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/run.h"
#include "runtime/warm/fork_server.h"

namespace evalrun {

// A plan of one run.
struct CompiledRun {
  std::shared_ptr<const sandbox::CompiledPlan> plan;
  mutable std::optional<supervise::Groundwork> groundwork;  // for the first session, where the engine lays it
};

// A plan of one run that was not compiled: the session that takes a waiting run needs nothing of it.
struct PlannedRun {
  Plan plan;
};

// A task whose sandboxes have been checked; they are compiled one by one as they come.
struct CheckedTask {
  Task task;
  host::HostFacts host;
};

class CompiledPlan::State {
 public:
  using What = std::variant<CompiledRun, PlannedRun, CheckedTask>;

  State(What of, Duration took) : what(std::move(of)), compile_time(took) {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] const Plan& plan() const noexcept;

  What what;
  Duration compile_time;
  Maker maker;
};

class PlanFamily::State {
 public:
  State(const PlanText& text, const std::vector<std::string>& overrides, std::vector<std::filesystem::path> search_path)
      : plan(text, overrides), folder(text.folder), images(std::move(search_path)) {}

  const PlanTemplate plan;
  const std::filesystem::path folder;
  ImageCache images;
};

// A session whose result could not be made.
struct Failure {
  supervise::SandboxFault fault;
  std::string message;
};

class Result::State {
 public:
  State(std::shared_ptr<const CompiledPlan::State> from, std::variant<supervise::RunResult, judge::Grade, Failure> what,
        Duration took);

  [[nodiscard]] const supervise::RunResult& main_run() const noexcept;

  std::shared_ptr<const CompiledPlan::State> plan;
  std::variant<supervise::RunResult, judge::Grade, Failure> value;
  Duration took;
  judge::Verdict verdict{};
  std::string message;

 private:
  supervise::RunResult without_run_;  // of a Failure
};

class Engine::State : public std::enable_shared_from_this<Engine::State> {
 public:
  explicit State(EngineOptions chosen);
  // In another process than its maker's it is kept instead of destroyed.
  static std::shared_ptr<State> make(EngineOptions chosen);
  // Throws Error (Usage) in another process.
  void expect_maker() const;

  CompiledPlan compile(const PlanSource& source, const std::vector<std::string>& overrides, const PlanInputs& inputs);
  std::shared_ptr<PlanFamily::State> read_family(const PlanSource& source, const std::vector<std::string>& overrides);
  std::unique_ptr<Session::State> spawn(const CompiledPlan& plan, const SpawnOptions& options);
  std::unique_ptr<Session::State> spawn(PlanFamily::State& family, const PlanInputs& inputs,
                                        const SpawnOptions& options);
  void dispatch(std::optional<std::chrono::milliseconds> timeout);
  void forget(std::uint64_t session) noexcept;

  // Looked for once, when the first session needs them.
  groups::Groups& groups();
  const host::HostFacts& host();
  // Made for the first session; `runs`: how many that one is made of.
  pool::CellPool& pool(std::size_t runs);

  loop::EventLoop loop;
  std::deque<Event> events;
  std::unordered_map<std::uint64_t, Session::State*> sessions;
  std::vector<std::uint64_t> ending;  // everything inside is dead; their streams may still be read
  std::unordered_set<std::uint64_t> graded;

 private:
  [[nodiscard]] bool is_for_one_session() const noexcept;
  void nudge();  // makes the descriptor readable
  // Null in an engine for one session: starting one costs more than it saves.
  warm::ForkServer* fork_server() noexcept;
  [[nodiscard]] std::size_t runs_to_come() const;

  Maker maker_;
  EngineOptions options_;
  std::optional<loop::Timer> nudge_;
  std::optional<groups::Groups> groups_;
  std::optional<host::HostFacts> host_;
  snapshot::Store snapshots_;           // its folder is made with the first of them
  warm::ForkServer fork_server_;        // starts with the first session
  std::optional<pool::CellPool> pool_;  // behind all that it refers to
};

class Session::State {
 public:
  State(std::shared_ptr<Engine::State> of, std::shared_ptr<const CompiledPlan::State> from,
        const SpawnOptions& options);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void start(const CompiledRun& compiled, const SpawnOptions& options);
  void start(const PlannedRun& planned, const SpawnOptions& options);
  void start(const CheckedTask& checked, const SpawnOptions& options);
  // After each turn of the loop in which something can have changed.
  void advance();

  const std::uint64_t id;
  std::shared_ptr<Engine::State> engine;
  std::shared_ptr<const CompiledPlan::State> plan;
  const StdinFrom stdin_from;
  std::optional<judge::LiveTask> live;  // until its result is there
  std::optional<Result> result;

 private:
  [[nodiscard]] supervise::RunHooks hooks_for(const SpawnOptions& options);
  void hold(std::unique_ptr<supervise::Run> run);
  void tell(EventKind kind, std::string_view bytes = {});
  void tell_started();
  void tell_completed();
  void complete(std::variant<supervise::RunResult, judge::Grade, Failure> value);

  Maker maker_;
  std::optional<supervise::SaveFolder> save_folder_;
  Duration spawned_;
  bool told_started_ = false;
};

// The exception in flight, as Error.
[[noreturn]] void throw_translated();

// Runs `action`; what it throws leaves as Error.
template <typename Action>
decltype(auto) translated(Action&& action) {
  try {
    return action();
  } catch (...) {
    throw_translated();
  }
}

}  // namespace evalrun
