// The files of /proc that tell of the machine: a run reads its own, and nothing of the host's.

#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/sessions.h"

namespace evalrun::test {
namespace {

constexpr const char* kFiles[] = {"cpuinfo", "loadavg", "meminfo", "stat", "uptime"};

TEST(machine, each_file_is_there_read_only_and_says_what_the_plan_says) {
  const std::string limits = "[limits]\nmemory = \"128MiB\"\ncpus = \"auto\"\n";
  const PlanRun memory = run_plan(probe_plan("probe", {"cat", "/proc/meminfo"}, limits));
  EXPECT_EQ(memory.verdict(), "OK") << memory.command.error_output;
  EXPECT_NE(memory.output().find("MemTotal:         131072 kB\n"), std::string::npos) << memory.output();
  const PlanRun cores = run_plan(probe_plan("probe", {"cat", "/proc/cpuinfo"}, limits));
  EXPECT_NE(cores.output().find("processor\t: 0\n"), std::string::npos) << cores.output();
  EXPECT_EQ(cores.output().find("processor\t: 1\n"), std::string::npos) << "one core is the run's";
  for (const char* name : kFiles) {
    const std::string path = std::string("/proc/") + name;
    const PlanRun run =
        run_plan(probe_plan("probe", {"read", path, "write-to", path, "chmod", "0666", path, "unlink", path}));
    EXPECT_NE(run.output().find("read " + path + " OK"), std::string::npos) << run.output();
    EXPECT_EQ(run.output().find("write-to " + path + " OK"), std::string::npos) << run.output();
    EXPECT_EQ(run.output().find("chmod " + path + " OK"), std::string::npos) << run.output();
    EXPECT_EQ(run.output().find("unlink " + path + " OK"), std::string::npos) << run.output();
  }
}

TEST(machine, every_other_file_of_the_kernels_stays_out_of_sight) {
  for (const char* name :
       {"version", "cmdline", "kallsyms", "modules", "mounts2", "interrupts", "vmstat", "sys/kernel/hostname",
        "diskstats", "locks", "pressure/cpu", "swaps", "schedstat", "keys", "bus/pci/devices"}) {
    const std::string path = std::string("/proc/") + name;
    const PlanRun run = run_plan(probe_plan("probe", {"read", path}));
    EXPECT_NE(run.output().find("read " + path + " ENOENT"), std::string::npos) << name << ": " << run.output();
  }
  const PlanRun self = run_plan(probe_plan("probe", {"read", "/proc/self/status", "read", "/proc/self/mountinfo"}));
  EXPECT_NE(self.output().find("read /proc/self/status OK"), std::string::npos) << self.output();
}

TEST(machine, the_full_view_shows_the_hosts_own) {
  const PlanRun run = run_plan(probe_plan("probe", {"read", "/proc/version"}, "[proc]\nview = \"full\"\n"));
  EXPECT_NE(run.output().find("read /proc/version OK"), std::string::npos) << run.output();
  const PlanRun memory = run_plan(
      probe_plan("probe", {"cat", "/proc/meminfo"}, "[proc]\nview = \"full\"\n[limits]\nmemory = \"128MiB\"\n"));
  EXPECT_EQ(memory.output().find("131072 kB"), std::string::npos) << memory.output();
  const PlanRun none = run_plan(probe_plan("probe", {"read", "/proc/meminfo"}, "[proc]\nview = \"none\"\n"));
  EXPECT_EQ(none.output().find("read /proc/meminfo OK"), std::string::npos) << none.output();
}

TEST(machine, a_pure_program_reads_its_own_machine_and_no_process) {
  const PlanRun run = run_plan(probe_plan(
      "probe", {"read", "/proc/meminfo", "read", "/proc/self/status", "read", "/etc/passwd", "read", "/etc/hosts"},
      "profile = \"pure\"\n"));
  EXPECT_NE(run.output().find("read /proc/meminfo OK"), std::string::npos) << run.output();
  EXPECT_NE(run.output().find("read /etc/passwd OK"), std::string::npos) << run.output();
  EXPECT_EQ(run.output().find("read /proc/self/status OK"), std::string::npos) << run.output();
}

}  // namespace
}  // namespace evalrun::test
