// evalrun's own contenders, and the two that it is held against: the bare program and the kernel's floor.
#include <stdlib.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/command.h"
#include "bench/contender.h"
#include "runtime/judge/verdict.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/supervise/run.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::bench {
namespace {

class BareCommand : public Contender {
 public:
  explicit BareCommand(std::vector<std::string> argv) : command_(std::move(argv)) {}
  void run() override { command_.run(); }

 private:
  Command command_;
};

class Floor : public Contender {
 public:
  Floor(const FloorPlan& plan, Processes processes) : plan_(plan), processes_(processes) {}
  void run() override { run_floor(plan_, processes_); }

 private:
  const FloorPlan& plan_;
  Processes processes_;
};

class FloorCommand : public Contender {
 public:
  explicit FloorCommand(const Setting& setting) : command_({(setting.folder / "floor").string(), file(setting)}) {
    write_floor_plan(setting.floor, file(setting));
  }
  void run() override { command_.run(); }

 private:
  static std::string file(const Setting& setting) {
    return (setting.scratch / ("floor-" + std::to_string(::getpid()))).string();
  }
  Command command_;
};

// Run in the driver's own process: a loop and groups that outlive the run, a plan compiled once.
class InProcess : public Contender {
 public:
  InProcess(const Setting& setting, std::vector<groups::GroupTree> trees)
      : groups_(std::move(trees)), plan_(setting.plan) {}

  void run() override {
    supervise::Run run(loop_, groups_, plan_, {}, {.cloner = &fork_server_});
    while (!run.finished()) loop_.run_once();
    result_ = run.take_result(nullptr);
    const auto* exited = std::get_if<supervise::Exited>(&result_.outcome);
    if (exited == nullptr || exited->code != 0)
      throw std::runtime_error(judge::message_of(result_.outcome, plan_->plan().kind.limits));
  }
  std::optional<Stages> after() override { return Stages{{}, result_.setup, result_.run, result_.teardown}; }

 private:
  loop::EventLoop loop_;
  groups::Groups groups_;
  warm::ForkServer fork_server_;
  std::shared_ptr<const sandbox::CompiledPlan> plan_;
  supervise::RunResult result_;
};

std::vector<groups::GroupTree> some_trees(bool (*wanted)(const groups::GroupTree&), const char* missing) {
  std::vector<groups::GroupTree> trees;
  for (const groups::GroupTree& tree : groups::find_group_trees()) {
    if (wanted(tree)) trees.push_back(tree);
  }
  if (trees.empty()) throw std::runtime_error(missing);
  return trees;
}

class EvalrunCommand : public Contender {
 public:
  explicit EvalrunCommand(const Setting& setting)
      : result_((setting.scratch / ("result-" + std::to_string(::getpid()) + ".json")).string()),
        command_({setting.evalrun.string(), "run", (setting.folder / "true.toml").string(), "--output", result_}) {}

  void run() override { command_.run(); }

  std::optional<Stages> after() override {
    std::ifstream file(result_);
    const nlohmann::json times = nlohmann::json::parse(file).at("timing_us");
    std::filesystem::remove(result_);
    const auto time = [&](const char* key) { return std::chrono::microseconds(times.at(key).get<std::int64_t>()); };
    return Stages{time("compile"), time("setup"), time("run"), time("teardown")};
  }

 private:
  std::string result_;
  Command command_;
};

// ---- evalrun, warm: the same on a prepared cell ----

// What is prepared is prepared between the runs: not in their latency, but in the runs a second and in the CPU time.
class Warm : public Contender {
 public:
  explicit Warm(const Setting& setting)
      : host_(groups::counted_by(groups_, host::probe_host())),
        pool_(loop_, groups_, host_, 1, &fork_server_),
        plan_(setting.plan->plan()) {
    run();  // the kind's first run is cold
    after();
  }

  void run() override {
    const std::unique_ptr<supervise::Run> run = pool_.start(plan_);
    while (!run->finished()) loop_.run_once();
    result_ = run->take_result(nullptr);
    const auto* exited = std::get_if<supervise::Exited>(&result_.outcome);
    if (exited == nullptr || exited->code != 0)
      throw std::runtime_error(judge::message_of(result_.outcome, plan_.kind.limits));
  }
  std::optional<Stages> after() override {
    while (pool_.prepare()) {
    }
    while (!pool_.is_ready()) loop_.run_once();
    return Stages{{}, result_.setup, result_.run, result_.teardown};
  }

 private:
  loop::EventLoop loop_;
  groups::Groups groups_;
  host::HostFacts host_;
  warm::ForkServer fork_server_;
  pool::CellPool pool_;
  Plan plan_;
  supervise::RunResult result_;
};

}  // namespace

std::vector<Entry> all_contenders(const Setting& setting) {
  std::vector<Entry> entries;
  const auto add = [&](const char* id, const char* name, const char* what, auto make) {
    entries.push_back({.id = id, .name = name, .what = what, .make = std::move(make)});
  };
  add("bare", "bare posix_spawn", "the program alone",
      [](const Setting& s) { return std::make_unique<BareCommand>(std::vector{s.program("true")}); });
  add("floor", "kernel floor", "in process: the same steps by raw calls, nothing checked, nothing measured",
      [](const Setting& s) { return std::make_unique<Floor>(s.floor, Processes::InitAndTarget); });
  add("floor_one", "kernel floor without init", "the same with the program as pid 1",
      [](const Setting& s) { return std::make_unique<Floor>(s.floor, Processes::One); });
  add("floor_command", "kernel floor, command", "the floor as a command of its own",
      [](const Setting& s) { return std::make_unique<FloorCommand>(s); });
  add("cold", "evalrun in process", "cold: everything made for the run; every control group that this host gives",
      [](const Setting& s) { return std::make_unique<InProcess>(s, groups::find_group_trees()); });
  add("cold_memory", "evalrun in process, memory group only", "of the control groups the one that bounds memory",
      [](const Setting& s) {
        return std::make_unique<InProcess>(
            s, some_trees([](const groups::GroupTree& tree) { return tree.memory; }, "no memory group here"));
      });
  add("cold_bare", "evalrun in process, no groups", "limits held by sampling",
      [](const Setting& s) { return std::make_unique<InProcess>(s, std::vector<groups::GroupTree>{}); });
  add("warm", "evalrun in process, warm",
      "prepared ahead in a cell: every layer and control group, a job then told to it",
      [](const Setting& s) { return std::make_unique<Warm>(s); });
  add("command", "evalrun run", "the command: plan read, every layer, the result written to a file",
      [](const Setting& s) { return std::make_unique<EvalrunCommand>(s); });
  for (Entry& peer : peers(setting)) entries.push_back(std::move(peer));
  return entries;
}

}  // namespace evalrun::bench
