// Cores: each concurrent run has one of its own, and stays on it.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>

#include "runtime/host/leases.h"
#include "runtime/reader/parse.h"
#include "tests/support/command.h"
#include "tests/support/in_process.h"

namespace evalrun::test {
namespace {

using host::Cores;
using host::KernelFiles;
using supervise::RunResult;

std::vector<unsigned> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<unsigned> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

Cores lease(const std::string& limits, const KernelFiles& files = {}) {
  return host::lease_cores(parse_plan({"argv = [\"x\"]\n" + limits, "plan.toml", "plan", "/"}, {}, {}), files);
}

// In a network namespace of its own, so that no other run of this machine holds a core there.
void with_all_cores_free(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ::_exit(2);
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(placement, auto_gives_each_run_a_core_of_its_own_and_the_last_one_a_warning) {
  with_all_cores_free([] {
    const std::vector<unsigned> allowed = allowed_cores();
    std::vector<Cores> held;
    std::set<unsigned> numbers;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      held.push_back(lease(""));
      ASSERT_EQ(held.back().numbers.size(), 1U) << held.back().warning;
      EXPECT_EQ(held.back().warning, "");
      EXPECT_TRUE(host::is_core_leased(held.back().numbers[0]));
      numbers.insert(held.back().numbers[0]);
    }
    EXPECT_EQ(numbers, std::set<unsigned>(allowed.begin(), allowed.end()));
    const Cores none = lease("");
    EXPECT_TRUE(none.numbers.empty());
    EXPECT_EQ(none.warning, "limits.cpus: no core is free of other runs; not pinned");
    const unsigned freed = held.front().numbers[0];
    held.erase(held.begin());
    EXPECT_FALSE(host::is_core_leased(freed));
    EXPECT_EQ(lease("").numbers, std::vector<unsigned>{freed});
  });
}

TEST(placement, a_listed_core_is_shared_with_a_warning) {
  with_all_cores_free([] {
    const std::string first = "limits.cpus = [" + std::to_string(allowed_cores().front()) + "]\n";
    const Cores alone = lease(first);
    EXPECT_EQ(alone.warning, "");
    const Cores together = lease(first);
    EXPECT_EQ(together.numbers, alone.numbers);
    EXPECT_EQ(together.warning, "limits.cpus: a listed core is held by another run too");
  });
}

// On a host where the first two cores are one piece of hardware with each other, as a made-up /sys says.
TEST(placement, auto_prefers_a_core_whose_hardware_no_other_run_uses) {
  const std::vector<unsigned> allowed = allowed_cores();
  if (allowed.size() < 2) EVALRUN_SKIP("two processors");
  const TemporaryFolder host;
  const auto siblings = [&](unsigned core, const std::string& list) {
    host.write("devices/system/cpu/cpu" + std::to_string(core) + "/topology/thread_siblings_list", list);
  };
  host.write("devices/system/cpu/smt/active", "1\n");
  // The first shares with a core that is held already, by a name beyond what this machine has.
  constexpr unsigned kElsewhere = 1001;
  siblings(allowed[0], std::to_string(allowed[0]) + "," + std::to_string(kElsewhere));
  siblings(allowed[1], std::to_string(allowed[1]));
  const KernelFiles files{"/proc", host.path()};
  with_all_cores_free([&] {
    EXPECT_EQ(lease("", files).numbers, std::vector<unsigned>{allowed[0]});
    const Fd elsewhere = host::hold_core(kElsewhere);
    const Cores preferred = lease("", files);
    EXPECT_EQ(preferred.numbers, std::vector<unsigned>{allowed[1]});
    // Better than none.
    if (allowed.size() == 2) {
      EXPECT_EQ(lease("", files).numbers, std::vector<unsigned>{allowed[0]});
    }
  });
}

// --- staying there ---

double cores_used(const RunResult& run) {
  return static_cast<double>(run.cpu.total().count()) / static_cast<double>(run.wall.count());
}

// Eight threads that burn, started by a program that has tried to widen its set of cores, in every process it makes.
TEST(placement, a_program_that_tries_to_unpin_itself_gets_no_more_than_its_core) {
  if (allowed_cores().size() < 2) EVALRUN_SKIP("two processors");
  const std::vector<std::string> words = {"unpin-and-burn", "8", "0.1"};
  const std::string core = "limits.cpus = [" + std::to_string(allowed_cores().front()) + "]\n";
  const RunResult pinned = run_in_process(BackEnd::Sampling, probe_plan("hostile", words, core));
  EXPECT_EQ(pinned.output.kept, "sched_setaffinity EPERM\ncpus 1\nsched_setaffinity EPERM\ncpus 1\n")
      << pinned.error_output.kept;
  EXPECT_GE(pinned.cpu.total(), std::chrono::milliseconds(790));
  EXPECT_LE(cores_used(pinned), 1.05);
  const std::string all = std::to_string(allowed_cores().size());
  const RunResult free = run_in_process(BackEnd::Sampling, probe_plan("hostile", words, "limits.cpus = \"any\"\n"));
  EXPECT_EQ(free.output.kept, "sched_setaffinity OK\ncpus " + all + "\nsched_setaffinity OK\ncpus " + all + "\n");
}

}  // namespace
}  // namespace evalrun::test
