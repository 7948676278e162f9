// The warm path with this process as the supervisor: a pool of cells, and the same plan run cold beside it; all of it
// by a fork server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/warm/fork_server.h"

namespace evalrun::test {

Plan plan_of(const std::string& toml);
Task task_of(const std::string& toml);

// A plan whose program stands outside the workspace, so that a job need not bring it along.
std::string cell_plan(const std::vector<std::string>& words, const std::string& more = "");
// One line of it: "argv = [...]".
std::string argv_of(const std::vector<std::string>& words);

// What a run came to, in one line: "OK exit 0", "TLE cpu", "IE files openat2 file a: EEXIST".
std::string summary_of(const supervise::RunResult& result);

struct Finish {
  supervise::RunResult result;
  std::shared_ptr<warm::Cell> cell;  // where it ran; null: cold

  [[nodiscard]] const std::string& output() const { return result.output.kept; }
  [[nodiscard]] std::string summary() const { return summary_of(result); }
};

class Supervisor {
 public:
  explicit Supervisor(unsigned ready = 1);

  Finish run_cold(const Plan& plan);
  // In the pool, as whatever it has ready.
  Finish run(const Plan& plan);
  // In the pool, with runs of this kind of plan prepared before.
  Finish run_warm(const Plan& plan);
  // So many runs as shall wait for the kind that was started last do.
  void make_ready();

  loop::EventLoop loop;
  groups::Groups groups;
  host::HostFacts host;
  warm::ForkServer fork_server;
  pool::CellPool pool;

 private:
  Finish finish(std::unique_ptr<supervise::Run> run);
};

}  // namespace evalrun::test
