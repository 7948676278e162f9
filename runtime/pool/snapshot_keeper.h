// The snapshots of a pool's runs: found, or recorded in the loop while runs go on by execve.
//
// What is recorded are words and environments that two runs have had in common: those of one job alone are in no
// snapshot.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/loop/event_loop.h"
#include "runtime/snapshot/chooser.h"

namespace evalrun::pool {

class SnapshotKeeper {
 public:
  // All outlive it.
  SnapshotKeeper(loop::EventLoop& loop, const host::HostFacts& host) : loop_(loop), host_(host) {}
  ~SnapshotKeeper();
  SnapshotKeeper(const SnapshotKeeper&) = delete;
  SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;

  // How many keys are remembered that one run has asked for.
  static constexpr std::size_t kMostAskedFor = 64;

  // How a run of the plan starts. The second that could start from a snapshot has one recorded, if none is there.
  snapshot::Choice choose(const Plan& plan);

  // The process that records now; -1: none does.
  [[nodiscard]] pid_t recorder() const noexcept { return in_work_ ? in_work_->making.pid() : -1; }

  void note_run(const sandbox::SnapshotStart& snapshot) noexcept { store_.note_run(snapshot); }
  // A run was to start from it and could not. A snapshot from which two could not is not used any more.
  void note_failure(const sandbox::SnapshotStart& snapshot, const std::string& why);

 private:
  struct InWork {
    std::string key;
    snapshot::Making making;
  };

  // What key.h says of a plan. Most plans of a batch differ in their files alone.
  struct Known {
    Kind kind;
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;
    std::string source;
    std::string why_not, key;
  };
  static constexpr std::size_t kMostKnown = 4;

  const Known& known(const Plan& plan);
  snapshot::Choice choose_silently(const Plan& plan);
  void record(const Plan& plan, const std::string& key);
  void on_recorded();

  loop::EventLoop& loop_;
  const host::HostFacts& host_;
  snapshot::Store store_;
  std::optional<InWork> in_work_;      // one at a time
  std::deque<Known> known_;            // the latest first
  std::deque<std::string> asked_for_;  // keys that were asked for and are not there, the latest last
};

}  // namespace evalrun::pool
