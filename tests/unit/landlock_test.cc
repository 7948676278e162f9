// What a ruleset asks of each version of Landlock, as the child gives it to the kernel.

#include "lockdown/landlock.h"

#include <gtest/gtest.h>

#include "runtime/plan/plan.h"

namespace evalrun::lockdown {
namespace {

constexpr std::uint64_t kAllOfAbi1 = (1ULL << 13) - 1;

TEST(landlock, handles_everything_that_the_kernels_version_knows_and_nothing_else) {
  struct Row {
    int abi;
    std::uint64_t fs, net, scoped;
    std::size_t size;
  };
  // linux/landlock.h: REFER came with 2, TRUNCATE with 3, TCP with 4, IOCTL_DEV with 5, the scopes with 6.
  const Row rows[] = {
      {0, 0, 0, 0, 0},
      {1, kAllOfAbi1, 0, 0, 8},
      {2, kAllOfAbi1 | kFsRefer, 0, 0, 8},
      {3, kAllOfAbi1 | kFsRefer | kFsTruncate, 0, 0, 8},
      {4, kAllOfAbi1 | kFsRefer | kFsTruncate, 3, 0, 16},
      {5, kAllOfAbi1 | kFsRefer | kFsTruncate | kFsIoctlDev, 3, 0, 16},
      {6, kAllOfAbi1 | kFsRefer | kFsTruncate | kFsIoctlDev, 3, 3, 24},
      {7, kAllOfAbi1 | kFsRefer | kFsTruncate | kFsIoctlDev, 3, 3, 24},
  };
  for (const Row& row : rows) {
    const LandlockRules rules(Plan{}, {}, row.abi);
    const LandlockSteps& steps = rules.steps();
    EXPECT_EQ(steps.attributes.handled_fs, row.fs) << row.abi;
    EXPECT_EQ(steps.attributes.handled_net, row.net) << row.abi;
    EXPECT_EQ(steps.attributes.scoped, row.scoped) << row.abi;
    EXPECT_EQ(steps.attributes_size, row.size) << row.abi;
  }
}

TEST(landlock, ports_are_for_binding_or_for_connecting_as_the_plan_says) {
  Plan plan;
  plan.kind.network.bind = {80};
  plan.kind.network.connect = {81, 82};
  const LandlockRules rules(plan, {}, 4);
  ASSERT_EQ(rules.steps().ports.size(), 3U);
  const std::pair<std::uint64_t, std::uint64_t> expected[] = {
      {kNetBindTcp, 80}, {kNetConnectTcp, 81}, {kNetConnectTcp, 82}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rules.steps().ports[i].allowed, expected[i].first);
    EXPECT_EQ(rules.steps().ports[i].port, expected[i].second);
  }
  EXPECT_TRUE(LandlockRules(plan, {}, 3).steps().ports.empty()) << "no such rule before ABI 4";
}

TEST(landlock, a_rule_asks_for_no_right_that_the_kernel_does_not_know) {
  const LandlockRules rules(Plan{}, {{"/work", kWrite.rights}}, 1);
  ASSERT_EQ(rules.steps().paths.size(), 1U);
  EXPECT_EQ(rules.steps().paths[0].rights, kWrite.rights & ~(kFsRefer | kFsTruncate));
}

TEST(landlock, a_rule_that_a_folder_around_it_grants_already_is_not_asked_for) {
  const std::uint64_t both = kRead.rights | kWrite.rights;
  const LandlockRules rules(Plan{},
                            {{"/", kRead.rights},
                             {"/etc", kRead.rights},
                             {"/etc/fonts", kRead.rights},
                             {"/usr", kRead.rights | kExecute.rights},
                             {"/usr/lib", kExecute.rights},
                             {"/usrs", kExecute.rights},
                             {"/work", both},
                             {"/work/in", kWrite.rights},
                             {"/work/out", both | kDelete.rights}},
                            1);
  std::vector<std::string> asked;
  for (const LandlockPath& path : rules.steps().paths) asked.emplace_back(path.path);
  EXPECT_EQ(asked, (std::vector<std::string>{"/", "/usr", "/usrs", "/work", "/work/out"}));
  EXPECT_EQ(rules.rules().size(), 9U) << "explain shows all";
}

}  // namespace
}  // namespace evalrun::lockdown
