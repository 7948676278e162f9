// What /proc tells a run of the machine: the cores and the memory of its plan, in the kernel's own form.

#include "rootfs/machine_files.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace evalrun {
namespace {

using rootfs::machine_files;

std::string file(const std::string& name, const Limits& limits, const rootfs::MachineFacts& facts = {}) {
  for (const rootfs::MachineFile& each : machine_files(limits, facts)) {
    if (each.name == name) return each.text;
  }
  return "none";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(machine_files, there_are_as_many_cores_as_the_plan_gives) {
  const std::pair<Cpus, unsigned> rows[] = {{CpusAuto{}, 1}, {CpusCount{3}, 3}, {CpusList{{0, 7}}, 2}, {CpusAny{}, 5}};
  for (const auto& [cpus, cores] : rows) {
    Limits limits;
    limits.cpus = cpus;
    const rootfs::MachineFacts facts{.cores = 5};
    EXPECT_EQ(count(file("cpuinfo", limits, facts), "processor\t: "), cores);
    EXPECT_EQ(count(file("cpuinfo", limits, facts), "cpu cores\t: " + std::to_string(cores) + "\n"), cores);
    EXPECT_EQ(count(file("stat", limits, facts), "\ncpu"), cores);
    EXPECT_TRUE(file("stat", limits, facts).starts_with("cpu  0 0 0")) << file("stat", limits, facts);
  }
}

TEST(machine_files, memory_is_the_plans_limit_and_all_of_it_is_free) {
  Limits limits;
  for (const Bytes memory : {1_MiB, 256_MiB, 5_GiB}) {
    limits.memory = memory;
    const std::string text = file("meminfo", limits);
    const std::string kibibytes = std::to_string(memory.count / 1024) + " kB\n";
    for (const char* name : {"MemTotal:", "MemFree:", "MemAvailable:"}) {
      const auto at = text.find(name);
      ASSERT_NE(at, text.npos) << name;
      EXPECT_TRUE(text.substr(at, text.find('\n', at) + 1 - at).ends_with(" " + kibibytes)) << text;
    }
    EXPECT_NE(text.find("SwapTotal:             0 kB\n"), text.npos) << text;
  }
}

TEST(machine_files, times_are_the_hosts_clocks_in_the_kernels_form) {
  const rootfs::MachineFacts facts{.cores = 1, .uptime_s = 77, .booted_s = 1700000000};
  EXPECT_EQ(file("uptime", {}, facts), "77.00 77.00\n");
  EXPECT_NE(file("stat", {}, facts).find("\nbtime 1700000000\n"), std::string::npos);
  EXPECT_EQ(file("loadavg", {}, facts), "0.00 0.00 0.00 1/1 1\n");
}

}  // namespace
}  // namespace evalrun
