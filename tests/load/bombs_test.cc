// Each act of the mix alone, through the command, with a canary beside it: the right verdict within the bound, the host
// responsive, nothing left behind. The figures are printed by `./dev test-load`; here stand bounds that a busy machine
// keeps too.

#include <gtest/gtest.h>

#include <chrono>

#include "tests/load/acts.h"
#include "tests/load/canary.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;

// Above the act's own limit on time: set-up, the end of all processes, and whatever else the machine does.
constexpr Duration kSlack = 3s;
// A shell that answers in a quarter of a second is still a shell.
constexpr Duration kResponsive = 250ms;

class Bombs : public testing::TestWithParam<Act> {};

TEST_P(Bombs, gets_its_verdict_in_time_beside_a_responsive_host_and_leaves_nothing) {
  const Act& act = GetParam();
  const std::string marker = new_marker();
  const TemporaryFolder folder;
  const std::string plan = folder.write(marker + ".toml", plan_of(act, marker)).string();
  const std::filesystem::path result = folder.path() / "result.json";
  const std::set<std::string> mounts_before = mounts();

  Canary canary;
  const auto begin = std::chrono::steady_clock::now();
  StartedCommand command({evalrun().string(), "run", plan, "--output", result.string()}, folder.path());
  command.wait();
  const Duration took = std::chrono::steady_clock::now() - begin;
  // At once, but for the janitor, who sees the supervisor's end as everybody else does.
  EXPECT_EQ(wait_for_nothing(marker, command.pid(), mounts_before, 1s).left, std::vector<std::string>());
  const Canary::Seen seen = canary.stop();

  const nlohmann::json json = nlohmann::json::parse(read_file(result));
  EXPECT_EQ(json.at("verdict"), act.verdict) << json.dump(1).substr(0, 4000);
  EXPECT_EQ(json.at("outcome").value("limit", ""), act.limit);
  EXPECT_TRUE(json.at("stdout").value("text", "").starts_with(act.output)) << json.at("stdout").dump();
  EXPECT_LT(took, act.due + kSlack);
  // Its ticks are those of all the time there was: one that was not woken in time is late, never missing.
  EXPECT_GT(seen.wake.count, 0U);
  EXPECT_GT(seen.spawn.count, 0U);
  EXPECT_LT(seen.wake.p99, kResponsive);
  EXPECT_LT(seen.spawn.p99, kResponsive);
  EXPECT_EQ(files_below(folder.path()), (std::vector<std::string>{marker + ".toml", "result.json"}));
}

INSTANTIATE_TEST_SUITE_P(load, Bombs, testing::ValuesIn(acts()),
                         [](const testing::TestParamInfo<Act>& act) { return act.param.name; });

}  // namespace
}  // namespace evalrun::test
