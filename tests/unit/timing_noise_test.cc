// Each warning on a made-up host, beside the same host with the remedy applied.

#include "runtime/host/timing_noise.h"

#include <gtest/gtest.h>

#include "tests/support/command.h"

namespace evalrun::sandbox {
namespace {

using namespace std::chrono_literals;
using test::TemporaryFolder;
using Files = std::map<std::string, std::string>;

constexpr char kGovernor[] = "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor";
constexpr char kNoTurbo[] = "sys/devices/system/cpu/intel_pstate/no_turbo";
constexpr char kBoost[] = "sys/devices/system/cpu/cpufreq/boost";
constexpr char kHugePages[] = "sys/kernel/mm/transparent_hugepage/enabled";
constexpr char kSwaps[] = "proc/swaps";
constexpr char kSwapsHeadings[] = "Filename\tType\tSize\tUsed\tPriority\n";
constexpr char kSmt[] = "sys/devices/system/cpu/smt/active";
constexpr char kSiblings[] = "sys/devices/system/cpu/cpu1/topology/thread_siblings_list";

class Host {
 public:
  explicit Host(const Files& files) { change(files); }
  void change(const Files& files) {
    for (const auto& [name, text] : files) folder_.write(name, text);
  }
  [[nodiscard]] host::KernelFiles files() const { return {folder_.path() / "proc", folder_.path() / "sys"}; }

 private:
  TemporaryFolder folder_;
};

struct Lasting {
  std::string name;
  host::Noise::Kind kind;
  Files noisy, quiet;
  std::string remedy;
};

class LastingNoise : public testing::TestWithParam<Lasting> {};

TEST_P(LastingNoise, is_found_with_its_remedy_and_not_where_that_is_applied) {
  const Host noisy(GetParam().noisy);
  const std::vector<host::Noise> found = host::lasting_noise(noisy.files(), {1}, host::Swapping::Possible);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, GetParam().kind);
  EXPECT_NE(found[0].text.find(GetParam().remedy), std::string::npos) << found[0].text;
  const Host quiet(GetParam().quiet);
  EXPECT_TRUE(host::lasting_noise(quiet.files(), {1}, host::Swapping::Possible).empty());
}

INSTANTIATE_TEST_SUITE_P(
    timing_noise, LastingNoise,
    testing::Values(
        Lasting{"governor",
                host::Noise::Kind::Governor,
                {{kGovernor, "powersave\n"}},
                {{kGovernor, "performance\n"}},
                "cpupower frequency-set -g performance"},
        Lasting{
            "turbo_of_intel_pstate", host::Noise::Kind::Turbo, {{kNoTurbo, "0\n"}}, {{kNoTurbo, "1\n"}}, "echo 1 > "},
        Lasting{"turbo_of_cpufreq", host::Noise::Kind::Turbo, {{kBoost, "1\n"}}, {{kBoost, "0\n"}}, "echo 0 > "},
        Lasting{"huge_pages",
                host::Noise::Kind::HugePages,
                {{kHugePages, "[always] madvise never\n"}},
                {{kHugePages, "always [madvise] never\n"}},
                "echo madvise > "},
        Lasting{"swap",
                host::Noise::Kind::Swap,
                {{kSwaps, std::string(kSwapsHeadings) + "/dev/sda2 partition 999 0 -2\n"}},
                {{kSwaps, kSwapsHeadings}},
                "swapoff -a"}),
    [](const auto& test) { return test.param.name; });

TEST(timing_noise, swap_is_none_where_a_group_keeps_the_run_out_of_it) {
  const Host host(Files{{kSwaps, std::string(kSwapsHeadings) + "/swap file 999 0 -2\n"}});
  EXPECT_EQ(host::lasting_noise(host.files(), {1}, host::Swapping::Possible).size(), 1U);
  EXPECT_TRUE(host::lasting_noise(host.files(), {1}, host::Swapping::Forbidden).empty());
}

TEST(timing_noise, the_governor_is_that_of_the_runs_own_cores) {
  const Host host(Files{{kGovernor, "schedutil\n"}});
  EXPECT_TRUE(host::lasting_noise(host.files(), {0}, host::Swapping::Possible).empty());
  EXPECT_EQ(host::lasting_noise(host.files(), {0, 1}, host::Swapping::Possible).size(), 1U);
}

TEST(timing_noise, a_host_without_any_of_the_files_has_no_warning) {
  const Host host(Files{});
  EXPECT_TRUE(host::lasting_noise(host.files(), {0, 1}, host::Swapping::Possible).empty());
  const host::CoreWatch watch(host.files(), {0, 1});
  EXPECT_TRUE(watch.noise(1s, [](unsigned) { return true; }).empty());
}

TEST(timing_noise, siblings_are_the_other_threads_of_a_core_while_smt_is_on) {
  const Host host(Files{{kSmt, "1\n"}, {kSiblings, "1,3,8-9\n"}});
  EXPECT_EQ(host::smt_siblings(host.files(), 1), (std::vector<unsigned>{3, 8, 9}));
  EXPECT_TRUE(host::smt_siblings(host.files(), 2).empty());
  const Host off(Files{{kSmt, "0\n"}, {kSiblings, "1,3\n"}});
  EXPECT_TRUE(host::smt_siblings(off.files(), 1).empty());
}

// --- during a run ---

// Core 1 with its steal time, core 3 with its time in user mode, in ticks of 10 ms.
std::string stat(unsigned stolen, unsigned worked) {
  return "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 5 0 5 100 0 0 0 " + std::to_string(stolen) + " 0 0\ncpu3 " +
         std::to_string(worked) + " 0 0 100 0 0 0 0 0 0\nintr 1 2 3\n";
}

bool none_is_leased(unsigned) {
  return false;
}

bool three_is_leased(unsigned core) {
  return core == 3;
}

std::vector<host::Noise> met(const Files& host_files, std::vector<unsigned> cores, const std::string& after,
                             Duration wall, bool (*is_leased)(unsigned) = none_is_leased) {
  Host host(host_files);
  host.change({{"proc/stat", stat(50, 500)}});
  const host::CoreWatch watch(host.files(), std::move(cores));
  host.change({{"proc/stat", after}});
  return watch.noise(wall, is_leased);
}

TEST(timing_noise, steal_time_on_the_runs_core_is_a_warning_from_one_hundredth_on) {
  const std::vector<host::Noise> found = met({}, {1}, stat(52, 500), 2s);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, host::Noise::Kind::Steal);
  EXPECT_NE(found[0].text.find("core 1 from its work for 20ms"), std::string::npos) << found[0].text;
  EXPECT_TRUE(met({}, {1}, stat(51, 500), 2s).empty());    // one two-hundredth
  EXPECT_TRUE(met({}, {1}, stat(50, 500), 2s).empty());    // none
  EXPECT_TRUE(met({}, {3}, stat(90, 500), 2s).empty());    // another core's
  EXPECT_TRUE(met({}, {1}, stat(52, 500), 90ms).empty());  // too short to tell
  EXPECT_TRUE(met({}, {}, stat(90, 900), 2s).empty());     // not pinned
}

TEST(timing_noise, a_sibling_that_works_is_a_warning_from_one_tenth_on) {
  const Files smt = {{kSmt, "1\n"}, {kSiblings, "1,3\n"}};
  const std::vector<host::Noise> found = met(smt, {1}, stat(50, 560), 2s);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, host::Noise::Kind::SmtSibling);
  EXPECT_NE(found[0].text.find("core 1 shares its hardware with core 3, which worked 30 % of the time"),
            std::string::npos)
      << found[0].text;
  EXPECT_NE(found[0].text.find("echo off > "), std::string::npos);
  EXPECT_TRUE(met(smt, {1}, stat(50, 519), 2s).empty());
  EXPECT_TRUE(met({}, {1}, stat(50, 900), 2s).empty());      // no sibling
  EXPECT_TRUE(met(smt, {1, 3}, stat(50, 900), 2s).empty());  // its own
}

TEST(timing_noise, a_sibling_that_another_run_holds_is_a_warning_however_short_the_run) {
  const Files smt = {{kSmt, "1\n"}, {kSiblings, "1,3\n"}};
  const std::vector<host::Noise> found = met(smt, {1}, stat(50, 500), 5ms, three_is_leased);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].text.find("which another run holds"), std::string::npos) << found[0].text;
  EXPECT_TRUE(met(smt, {1}, stat(50, 500), 5ms).empty());
}

TEST(timing_noise, this_hosts_own_files_can_be_read) {
  const host::KernelFiles files;
  for (const host::Noise& noise : host::lasting_noise(files, {0}, host::Swapping::Possible))
    EXPECT_TRUE(host::is_lasting(noise.kind));
  const host::CoreWatch watch(files, {0});
  for (const host::Noise& noise : watch.noise(1ms, none_is_leased)) ADD_FAILURE() << noise.text;
}

}  // namespace
}  // namespace evalrun::sandbox
