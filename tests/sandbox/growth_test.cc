// One supervisor that serves many runs, one after the other and at once, grows by nothing.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/reader/parse.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/processes.h"

namespace evalrun::test {
namespace {

TEST(growth, three_hundred_runs_of_one_supervisor_leave_no_descriptor_process_or_group) {
  const PlanText text{probe_plan("probe", {"daemon", "60", "say", "done"}, "limits.cpus = \"any\"\n"), "plan.toml",
                      "plan", "/"};
  const auto plan = sandbox::compile(parse_plan(text, {}, {}), host::probe_host());
  loop::EventLoop loop;
  groups::Groups groups;
  const auto run_at_once = [&](int count) {
    std::vector<std::unique_ptr<supervise::Run>> runs;
    for (int i = 0; i < count; ++i) runs.push_back(std::make_unique<supervise::Run>(loop, groups, plan));
    for (const auto& run : runs) {
      while (!run->finished()) loop.run_once();
      const supervise::RunResult result = run->take_result(nullptr);
      EXPECT_TRUE(std::holds_alternative<supervise::Exited>(result.outcome));
      EXPECT_EQ(result.output.kept, "done\n");
    }
  };
  run_at_once(1);
  const std::set<pid_t> janitor = children();  // comes with the first run and stays
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) run_at_once(1);
  for (int i = 0; i < 10; ++i) run_at_once(20);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(children(), janitor);
  EXPECT_EQ(groups_of(::getpid()), std::vector<std::string>());
}

TEST(growth, a_run_that_is_dropped_takes_its_sandbox_along) {
  const PlanText text{probe_plan("probe", {"sleep", "60"}), "plan.toml", "plan", "/"};
  const auto plan = sandbox::compile(parse_plan(text, {}, {}), host::probe_host());
  loop::EventLoop loop;
  groups::Groups groups;
  { const supervise::Run first(loop, groups, plan); }
  const std::set<pid_t> janitor = children();  // comes with the first run and stays
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    supervise::Run run(loop, groups, plan);
    if (i % 2 == 0) loop.run_once();
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(children(), janitor);
  EXPECT_EQ(groups_of(::getpid()), std::vector<std::string>());
}

TEST(growth, a_run_whose_later_groups_cannot_be_made_leaves_neither_a_group_nor_a_process) {
  std::vector<groups::GroupTree> trees = groups::find_group_trees(groups::GroupVersions::V2);
  if (trees.empty()) EVALRUN_SKIP("a cgroup v2 group that may be written");
  const PlanText text{probe_plan("probe", {"say", "done"}, "require.cgroup = \"if-available\"\n"), "plan.toml", "plan",
                      "/"};
  const auto plan = sandbox::compile(parse_plan(text, {}, {}), host::probe_host());
  loop::EventLoop loop;
  groups::Groups whole(trees);
  {
    supervise::Run run(loop, whole, plan);
    while (!run.finished()) loop.run_once();
    EXPECT_EQ(run.take_result(nullptr).output.kept, "done\n");
  }
  trees.push_back({.kind = groups::GroupTree::Kind::V1Cpuacct, .folder = "/no/such/tree", .memory = false});
  groups::Groups broken(trees);
  [[maybe_unused]] const std::string name = broken.next_name();  // the janitor is there
  const std::set<pid_t> janitors = children();
  EXPECT_THROW(supervise::Run(loop, broken, plan), HostError);
  EXPECT_EQ(children(), janitors);
  EXPECT_EQ(groups_of(::getpid()), std::vector<std::string>());
}

}  // namespace
}  // namespace evalrun::test
