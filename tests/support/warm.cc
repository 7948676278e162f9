#include "tests/support/warm.h"

#include <signal.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/core/overloaded.h"
#include "runtime/judge/verdict.h"
#include "runtime/reader/parse.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace supervise;

std::string name_of_error(int error) {
  const char* name = ::strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

}  // namespace

Plan plan_of(const std::string& toml) {
  return parse_plan(PlanText{toml, "plan.toml", "plan", "/"}, accepted_lacks(), {});
}

Task task_of(const std::string& toml) {
  return parse_task(PlanText{toml, "plan.toml", "plan", "/"}, accepted_lacks(), {});
}

std::string argv_of(const std::vector<std::string>& words) {
  nlohmann::json argv = {"/opt/probe"};
  for (const std::string& word : words) argv.push_back(word);
  return "argv = " + argv.dump() + "\n";
}

std::string cell_plan(const std::vector<std::string>& words, const std::string& more) {
  return mounted_probe_plan("probe", words, more);
}

std::string summary_of(const RunResult& result) {
  const std::string how = std::visit(
      Overloaded{
          [](const Exited& end) { return "exit " + std::to_string(end.code); },
          [](const Signaled& end) { return "signal " + std::to_string(end.signal); },
          [](const LimitHit& end) { return std::string(name_of(end.limit)); },
          [](const Violation& end) { return end.call; },
          [](const NotStarted& end) { return end.operation + " " + end.subject + ": " + name_of_error(end.error); },
          [](const SandboxFault& end) {
            return end.stage + " " + end.operation + " " + end.subject + ": " + name_of_error(end.error);
          },
          [](const Cancelled& end) { return "by " + std::to_string(end.signal); },
      },
      result.outcome);
  return std::string(judge::name_of(judge::verdict_of(result.outcome))) + " " + how;
}

Supervisor::Supervisor(unsigned ready)
    : host(groups::counted_by(groups, host::probe_host())), pool(loop, groups, host, ready, &fork_server) {
  ::signal(SIGPIPE, SIG_IGN);
}

Finish Supervisor::finish(std::unique_ptr<Run> run) {
  while (!run->finished()) loop.run_once();
  Finish finish{run->take_result(nullptr), run->cell()};
  run.reset();
  // Its cell is free when its init has ended.
  while (!pool.is_settled()) loop.run_once();
  return finish;
}

Finish Supervisor::run_cold(const Plan& plan) {
  return finish(
      std::make_unique<Run>(loop, groups, sandbox::compile(plan, host), RunHooks{}, RunOrigin{.cloner = &fork_server}));
}

Finish Supervisor::run(const Plan& plan) {
  return finish(pool.start(plan));
}

Finish Supervisor::run_warm(const Plan& plan) {
  // Whoever comes first of its kind is cold.
  Plan first = plan;
  first.job.argv = {"/opt/probe", "exit", "0"};
  first.job.files.clear();
  run(first);
  make_ready();
  return run(plan);
}

void Supervisor::make_ready() {
  while (pool.prepare()) {
  }
  while (!pool.is_ready()) loop.run_once();
}

}  // namespace evalrun::test
