// Which layers a run has, by the kernel's Landlock and by what the plan requires.

#include "runtime/host/layers.h"

#include <gtest/gtest.h>

#include "runtime/core/error.h"

namespace evalrun::sandbox {
namespace {

constexpr int kNewestAbi = 7;

host::HostFacts host_with(int landlock_abi) {
  host::HostFacts host;
  host.landlock_abi = landlock_abi;
  host.seccomp_filters = host.net_ns = host.ipc_ns = host.uts_ns = host.cgroup_ns = true;
  return host;
}

Plan accepting_plan() {
  Plan plan;
  plan.kind.require.landlock = plan.kind.require.landlock_net = plan.kind.require.landlock_scopes = Need::IfAvailable;
  return plan;
}

bool is_enforced(const host::LayerState& state) {
  return state.kind == host::LayerState::Kind::Enforced;
}

// What HostError says, or "" where nothing is thrown.
std::string refusal(const Plan& plan, int landlock_abi) {
  try {
    host::decide_layers(plan, host_with(landlock_abi));
  } catch (const HostError& error) {
    return error.what();
  }
  return "";
}

TEST(layers, each_part_of_landlock_is_enforced_from_its_abi_on) {
  for (int abi = 0; abi <= kNewestAbi; ++abi) {
    const host::Layers layers = host::decide_layers(accepting_plan(), host_with(abi));
    EXPECT_EQ(is_enforced(layers.landlock_fs), abi >= 1) << abi;
    EXPECT_EQ(is_enforced(layers.landlock_net), abi >= 4) << abi;
    EXPECT_EQ(is_enforced(layers.landlock_scopes), abi >= 6) << abi;
  }
}

// Before ABI 3 a file that may not be written can be truncated.
TEST(layers, a_plan_that_narrows_what_may_be_written_needs_control_of_truncation) {
  Plan plan = accepting_plan();
  plan.kind.landlock.write = {"/work/open"};
  for (int abi = 0; abi <= kNewestAbi; ++abi) {
    EXPECT_EQ(is_enforced(host::decide_layers(plan, host_with(abi)).landlock_fs), abi >= 3) << abi;
  }
  plan.kind.require.landlock = Need::Yes;
  EXPECT_NE(refusal(plan, 2).find("truncation needs Landlock ABI 3"), std::string::npos) << refusal(plan, 2);
  EXPECT_EQ(refusal(plan, 3), "");
}

TEST(layers, what_is_required_and_missing_is_refused_by_name) {
  EXPECT_NE(refusal(Plan{}, 0).find("landlock = \"if-available\""), std::string::npos);
  EXPECT_NE(refusal(Plan{}, 3).find("landlock_net = \"if-available\""), std::string::npos);
  EXPECT_NE(refusal(Plan{}, 5).find("landlock_scopes = \"if-available\""), std::string::npos);
  EXPECT_EQ(refusal(Plan{}, 6), "");
}

}  // namespace
}  // namespace evalrun::sandbox
