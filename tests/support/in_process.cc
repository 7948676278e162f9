#include "tests/support/in_process.h"

#include <signal.h>
#include <unistd.h>

#include "runtime/reader/parse.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace supervise;

// This process's own group, where it is the tree's root, as in most containers and virtual machines.
constexpr char kCpuacct[] = "/sys/fs/cgroup/cpuacct";

std::vector<groups::GroupTree> trees_of(BackEnd back_end) {
  switch (back_end) {
    case BackEnd::Groups: return groups::find_group_trees();
    case BackEnd::Cpuacct: return {{.kind = groups::GroupTree::Kind::V1Cpuacct, .folder = kCpuacct, .cpu = true}};
    case BackEnd::Sampling: return {};
  }
  return {};
}

}  // namespace

std::string name_of(BackEnd back_end) {
  switch (back_end) {
    case BackEnd::Groups: return "control_groups";
    case BackEnd::Cpuacct: return "cgroup_v1_cpuacct";
    case BackEnd::Sampling: return "sampling";
  }
  return "?";
}

bool has(BackEnd back_end) {
  switch (back_end) {
    case BackEnd::Groups: return groups::Groups().state().kind == host::LayerState::Kind::Enforced;
    case BackEnd::Cpuacct:
      return ::access((std::string(kCpuacct) + "/cpuacct.usage").c_str(), F_OK) == 0 && ::access(kCpuacct, W_OK) == 0;
    case BackEnd::Sampling: return true;
  }
  return false;
}

RunResult run_in_process(BackEnd back_end, const std::string& toml) {
  ::signal(SIGPIPE, SIG_IGN);
  const PlanText text{toml, "plan.toml", "plan", "/"};
  loop::EventLoop loop;
  groups::Groups groups(trees_of(back_end));
  Run run(loop, groups,
          sandbox::compile(parse_plan(text, accepted_lacks(), {}), groups::counted_by(groups, host::probe_host())));
  while (!run.finished()) loop.run_once();
  return run.take_result(nullptr);
}

}  // namespace evalrun::test
