// What is written to the control groups of one run.

#include "runtime/groups/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/command.h"

namespace evalrun::supervise {
namespace {

namespace fs = std::filesystem;
using test::read_file;

// The file's first line; "absent" where this kernel's groups have no such file.
std::string line_of(const fs::path& file) {
  if (!fs::exists(file)) return "absent";
  const std::string text = read_file(file);
  return text.substr(0, text.find('\n'));
}

TEST(cgroup, a_runs_groups_say_its_limits_and_forbid_swapping) {
  groups::Groups groups;
  if (groups.state().kind != host::LayerState::Kind::Enforced) EVALRUN_SKIP("control groups");
  Limits limits;
  limits.memory = Bytes{64 << 20};
  limits.processes = 7;
  limits.cpu_rate = 0.25;
  const std::string memory = std::to_string(64 << 20);
  // Names are numbered: the next one's is known from this one's.
  const std::string before = groups.next_name();
  const auto dash = before.rfind('-');
  const std::string name = before.substr(0, dash + 1) + std::to_string(std::stoul(before.substr(dash + 1)) + 1);
  groups::RunGroups run(groups, limits);
  run.make_v1_groups();
  for (const groups::GroupTree& tree : groups.trees()) {
    const fs::path group = fs::path(tree.folder) / name;
    ASSERT_TRUE(fs::is_directory(group)) << group;
    // Not every kernel counts swap.
    const auto is_or_absent = [&](const char* file, const std::string& value) {
      const std::string line = line_of(group / file);
      EXPECT_TRUE(line == value || line == "absent") << group / file << ": " << line;
      return line == value;
    };
    const bool is_v2 = tree.kind == groups::GroupTree::Kind::V2;
    if (is_v2 && tree.memory) {
      EXPECT_EQ(line_of(group / "memory.max"), memory);
      EXPECT_EQ(line_of(group / "memory.oom.group"), "1");
      EXPECT_EQ(run.forbids_swap(), is_or_absent("memory.swap.max", "0"));
    }
    if (tree.kind == groups::GroupTree::Kind::V1Memory) {
      EXPECT_EQ(line_of(group / "memory.limit_in_bytes"), memory);
      is_or_absent("memory.memsw.limit_in_bytes", memory);
      EXPECT_EQ(run.forbids_swap(), is_or_absent("memory.swappiness", "0"));
    }
    if (tree.pids) {
      EXPECT_EQ(line_of(group / "pids.max"), "8") << "and init";
    }
    if (tree.cpu_rate && is_v2) {
      EXPECT_EQ(line_of(group / "cpu.max"), "2500 10000");
    } else if (tree.cpu_rate) {
      EXPECT_EQ(line_of(group / "cpu.cfs_quota_us"), "2500");
      EXPECT_EQ(line_of(group / "cpu.cfs_period_us"), "10000");
    }
  }
}

TEST(cgroup, a_run_without_a_rate_of_cpu_time_has_no_group_for_it) {
  groups::Groups groups;
  if (groups.state().kind != host::LayerState::Kind::Enforced) EVALRUN_SKIP("control groups");
  const std::string before = groups.next_name();
  const auto dash = before.rfind('-');
  const std::string name = before.substr(0, dash + 1) + std::to_string(std::stoul(before.substr(dash + 1)) + 1);
  groups::RunGroups run(groups, Limits{});
  run.make_v1_groups();
  for (const groups::GroupTree& tree : groups.trees()) {
    EXPECT_EQ(fs::exists(fs::path(tree.folder) / name), tree.kind != groups::GroupTree::Kind::V1Cpu) << tree.folder;
  }
}

}  // namespace
}  // namespace evalrun::supervise
