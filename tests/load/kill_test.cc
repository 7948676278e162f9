// kill -9 of the supervisor at random moments: of a grading, of a run that collects files, and of hostile programs. One
// second later there is no process, no mount, no control group, and no file but whole ones that were asked for.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <thread>

#include "tests/load/acts.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration kBound = 1s;

// One command that is started anew for each kill.
struct Victim {
  std::string marker;            // in the command line of every process
  std::filesystem::path folder;  // where it runs, and everything that it may leave
  std::vector<std::string> argv;
};

struct Kills {
  int count = 0;
  int met_a_sandbox = 0;  // the supervisor had a process besides itself
  int met_the_end = 0;    // the supervisor had ended by itself
  Duration slowest{};
};

// The shortest of three: what a busy machine adds would put too many moments behind the end.
Duration time_of_an_undisturbed_run(const Victim& victim) {
  Duration shortest = Duration::max();
  for (int i = 0; i < 3; ++i) {
    const auto begin = Clock::now();
    StartedCommand command(victim.argv, victim.folder);
    command.wait();
    shortest = std::min<Duration>(shortest, Clock::now() - begin);
  }
  return shortest;
}

void kill_after(Duration moment, const Victim& victim, const std::set<std::string>& mounts_before, Kills& kills) {
  StartedCommand command(victim.argv, victim.folder);
  std::this_thread::sleep_for(moment);
  const std::size_t alive = processes_with(victim.marker).size();
  command.kill_at_once();
  const Clearing clearing = wait_for_nothing(victim.marker, command.pid(), mounts_before, kBound);
  EXPECT_EQ(clearing.left, std::vector<std::string>()) << "killed after " << moment.count() << " ns";
  kills.slowest = std::max(kills.slowest, clearing.took);
  kills.met_a_sandbox += alive > 1 ? 1 : 0;
  kills.met_the_end += alive == 0 ? 1 : 0;
}

// Within `whole` from the start: `count` kills, and, as a busy machine shifts what a moment meets, further ones until
// they have met `enough`, at most ten times as many. `look` is called after each kill, when everything has gone: it
// checks the files and takes them away.
void kill_at_random_moments(int count, Duration whole, const Victim& victim, const std::function<void()>& look,
                            const std::function<bool(const Kills&)>& enough) {
  const std::set<std::string> mounts_before = mounts();
  look();
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::int64_t> moment(0, whole.count());
  Kills kills;
  for (; kills.count < count || (kills.count < 10 * count && !enough(kills)); ++kills.count) {
    kill_after(Duration(moment(random)), victim, mounts_before, kills);
    look();
  }
  EXPECT_TRUE(enough(kills)) << "the kills did not meet what they were to meet";
  std::printf("%d kills within %.0f ms: %d met a sandbox, %d came too late; all gone after %.1f ms at the latest\n",
              kills.count, static_cast<double>(whole.count()) / 1e6, kills.met_a_sandbox, kills.met_the_end,
              static_cast<double>(kills.slowest.count()) / 1e6);
}

// The result is whole or not there.
void expect_no_half_result(const std::filesystem::path& result) {
  if (!std::filesystem::exists(result)) return;
  const nlohmann::json json = nlohmann::json::parse(read_file(result), nullptr, false);
  EXPECT_TRUE(!json.is_discarded() && json.contains("verdict")) << "half a result";
  std::filesystem::remove(result);
}

// Names that are there and were there before, or may be there; the rest is what a kill has left.
void expect_only(const std::filesystem::path& folder, const std::set<std::string>& allowed) {
  for (const std::string& file : files_below(folder)) EXPECT_TRUE(allowed.contains(file)) << "left: " << file;
}

std::string program_file(const std::string& name) {
  return "files.\"" + name + "\" = { from = " + nlohmann::json(probe("hostile").string()).dump() +
         ", mode = \"0755\" }\n";
}

TEST(kill, of_a_grading_at_fifty_random_moments_leaves_nothing) {
  const TemporaryFolder folder;
  const std::string marker = new_marker();
  std::string plan =
      "image = \"bash\"\nargv = [\"/work/" + marker +
      "\", \"orphans\", \"2\", \"3600\", \"burn\", \"0.01\", \"tell\", \"done\"]\nlimits.cpus = \"any\"\n" +
      program_file(marker) +
      "[compile]\nlimits.cpus = \"any\"\nargv = [\"bash\", \"-c\", '''for i in {1..20}; do echo \"" + marker +
      " $i\" >made-$i; done; sleep 3600 & exit 0''']\n";
  for (int i = 0; i < 6; ++i) plan += "[[case]]\nexpect.text = \"done\\n\"\n";
  const std::string file = folder.write(marker + ".toml", plan).string();
  const std::filesystem::path result = folder.path() / "result.json";
  const Victim victim{
      marker, folder.path(), {evalrun().string(), "run", file, "--jobs", "2", "--output", result.string()}};
  {
    StartedCommand whole(victim.argv, victim.folder);
    EXPECT_EQ(whole.wait(), 0) << read_file(result);
  }
  const auto look = [&] {
    expect_no_half_result(result);
    expect_only(folder.path(), {marker + ".toml"});
  };
  kill_at_random_moments(50, time_of_an_undisturbed_run(victim), victim, look,
                         [](const Kills& kills) { return kills.met_a_sandbox > 25; });
}

TEST(kill, of_a_run_that_collects_files_leaves_whole_files_or_none) {
  constexpr std::uintmax_t kEach = 4 << 20;
  const TemporaryFolder folder;
  const std::string marker = new_marker();
  const std::vector<std::string> names = {"a", "b", "sub/c", "sub/d"};
  std::string words, collect;
  for (const std::string& name : names) {
    words += ", \"write\", \"/work/" + name + "\", \"4\"";
    collect += (collect.empty() ? "\"" : ", \"") + name + "\"";
  }
  // Much on standard output, so that the result takes long to be written too.
  const std::string plan = "argv = [\"/work/" + marker + "\", \"make-folder\", \"/work/sub\"" + words +
                           ", \"pour\", \"4\"]\ncollect = [" + collect + "]\n" + program_file(marker);
  const std::string file = folder.write(marker + ".toml", plan).string();
  const std::filesystem::path result = folder.path() / "result.json";
  const std::filesystem::path saved = folder.path() / "saved";
  const Victim victim{marker,
                      folder.path(),
                      {evalrun().string(), "run", file, "--save-to", saved.string(), "--output", result.string()}};
  {
    StartedCommand whole(victim.argv, victim.folder);
    EXPECT_EQ(whole.wait(), 0) << read_file(result).substr(0, 2000);
    EXPECT_EQ(files_below(saved), (std::vector<std::string>{"a", "b", "sub", "sub/c", "sub/d"}));
  }
  int partly = 0;
  const auto look = [&] {
    expect_no_half_result(result);
    expect_only(folder.path(),
                {marker + ".toml", "saved", "saved/a", "saved/b", "saved/sub", "saved/sub/c", "saved/sub/d"});
    std::size_t there = 0;
    for (const std::string& name : names) {
      if (!std::filesystem::exists(saved / name)) continue;
      EXPECT_EQ(std::filesystem::file_size(saved / name), kEach) << name;
      ++there;
    }
    partly += there > 0 && there < names.size() ? 1 : 0;
    std::filesystem::remove_all(saved);
  };
  kill_at_random_moments(50, time_of_an_undisturbed_run(victim), victim, look,
                         [&](const Kills& kills) { return kills.met_a_sandbox > 5 && partly > 0; });
}

// Set-up takes some 20 ms; what follows is the same until the end.
constexpr Duration kSetUpAndStorm = 250ms;

// Hostile programs: those of the mix that live until they are ended, and would go on if nobody ended them.
class Hostile : public testing::TestWithParam<Act> {};

std::vector<Act> acts_that_stay() {
  std::vector<Act> stay;
  for (const Act& act : acts()) {
    if (act.due > Duration{}) stay.push_back(act);
  }
  return stay;
}

TEST_P(Hostile, program_does_not_outlive_its_supervisor) {
  const TemporaryFolder folder;
  const std::string marker = new_marker();
  const std::string file = folder.write(marker + ".toml", plan_of(GetParam(), marker)).string();
  const std::filesystem::path result = folder.path() / "result.json";
  const Victim victim{marker, folder.path(), {evalrun().string(), "run", file, "--output", result.string()}};
  const auto look = [&] {
    expect_no_half_result(result);
    expect_only(folder.path(), {marker + ".toml"});
  };
  kill_at_random_moments(7, kSetUpAndStorm, victim, look, [](const Kills& kills) { return kills.met_a_sandbox > 3; });
}

INSTANTIATE_TEST_SUITE_P(kill, Hostile, testing::ValuesIn(acts_that_stay()),
                         [](const testing::TestParamInfo<Act>& act) { return act.param.name; });

}  // namespace
}  // namespace evalrun::test
