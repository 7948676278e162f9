// Each act of the mix alone, through the command, with a canary beside it: the right verdict within the bound, the host
// responsive, nothing left behind. The figures are printed by `./dev test-load`; here stand bounds that a busy machine
// keeps too.

#include <gtest/gtest.h>

#include <algorithm>
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

// What else the machine does may hold up one try; what an act does holds up each.
constexpr int kTries = 3;
// The janitor sees the supervisor's end when the scheduler lets it.
constexpr Duration kUntilNothingIsLeft = 5s;

class Bombs : public testing::TestWithParam<Act> {};

struct Try {
  nlohmann::json result;
  Duration took;
  Canary::Seen canary;
};

Try run_beside_a_canary(const Act& act) {
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
  EXPECT_EQ(wait_for_nothing(marker, command.pid(), mounts_before, kUntilNothingIsLeft).left,
            std::vector<std::string>());
  EXPECT_EQ(files_below(folder.path()), (std::vector<std::string>{marker + ".toml", "result.json"}));
  return {nlohmann::json::parse(read_file(result)), took, canary.stop()};
}

TEST_P(Bombs, gets_its_verdict_in_time_beside_a_responsive_host_and_leaves_nothing) {
  const Act& act = GetParam();
  Duration took = Duration::max(), woken = Duration::max(), spawned = Duration::max();
  for (int i = 0; i < kTries && (took >= act.due + kSlack || woken >= kResponsive || spawned >= kResponsive); ++i) {
    const Try seen = run_beside_a_canary(act);
    EXPECT_EQ(seen.result.at("verdict"), act.verdict) << seen.result.dump(1).substr(0, 4000);
    EXPECT_EQ(seen.result.at("outcome").value("limit", ""), act.limit);
    EXPECT_TRUE(seen.result.at("stdout").value("text", "").starts_with(act.output)) << seen.result.at("stdout").dump();
    // Its ticks are those of all the time there was: one that was not woken in time is late, never missing.
    EXPECT_GT(seen.canary.wake.count, 0U);
    EXPECT_GT(seen.canary.spawn.count, 0U);
    took = std::min(took, seen.took);
    woken = std::min(woken, seen.canary.wake.p99);
    spawned = std::min(spawned, seen.canary.spawn.p99);
  }
  EXPECT_LT(took, act.due + kSlack);
  EXPECT_LT(woken, kResponsive);
  EXPECT_LT(spawned, kResponsive);
}

INSTANTIATE_TEST_SUITE_P(load, Bombs, testing::ValuesIn(acts()),
                         [](const testing::TestParamInfo<Act>& act) { return act.param.name; });

}  // namespace
}  // namespace evalrun::test
