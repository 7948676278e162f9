// How many system calls a run is made of. Each costs time at every run, so the numbers are pinned: what raises one is
// seen here, and says why in its commit.

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

struct Counts {
  int supervisor = 0, init = 0, target = 0;
};

// Up to the program's execve for the target; all of it for the others.
Counts counts_of(const std::string& trace) {
  static const std::regex kCall("^([0-9]+) +([a-z0-9_]+)\\(.*");
  std::map<std::string, int> calls;
  Counts counts;
  std::string supervisor, init, target;
  std::istringstream lines(trace);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kCall)) continue;
    const std::string process = match[1];
    ++calls[process];
    if (supervisor.empty()) supervisor = process;
    if (match[2] == "pivot_root") init = process;
    if (match[2] != "execve" || process == supervisor) continue;
    target = process;
    counts.target = calls[process];
  }
  counts.supervisor = calls[supervisor];
  counts.init = calls[init];
  return counts;
}

constexpr int kSupervisor = 320;

TEST(call_count, a_run_takes_no_more_system_calls_than_it_did) {
  const TemporaryFolder folder;
  // Not pinned to a core: whether one is free decides how many are asked for.
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"exit", "0"}, "limits.cpus = \"any\"\n")).string();
  const std::string trace = (folder.path() / "trace").string();
  Counts counts;
  // A run that takes longer than 20 ms, as under strace on a busy machine, is looked at besides: the least counts.
  for (int time = 0; time < 10 && (time == 0 || counts.supervisor > kSupervisor); ++time) {
    const Finished traced =
        run_command({"strace", "-f", "-o", trace, evalrun().string(), "run", plan, "--output", trace + ".json"});
    if (traced.exit_code == 127) EVALRUN_SKIP("strace");
    ASSERT_EQ(traced.exit_code, 0) << traced.output << traced.error_output;
    counts = counts_of(read_file(trace));
  }
  // As root with two v1 groups beside v2: about 300, 378 and 166. Thirty-three of init's make the files of /proc that
  // tell of the run's machine; six set the quotas of its user namespace. Waits that come apart add a few to the
  // supervisor's.
  EXPECT_LE(counts.supervisor, kSupervisor);
  EXPECT_LE(counts.init, 385);
  EXPECT_LE(counts.target, 170);
  EXPECT_GT(counts.init, 200) << "the trace does not show the set-up";
  std::printf("supervisor %d, init %d, target %d\n", counts.supervisor, counts.init, counts.target);
}

}  // namespace
}  // namespace evalrun::test
