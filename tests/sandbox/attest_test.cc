// The state of the sandbox, read from inside by a program that was put there.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

std::string status_field(const std::string& status, const std::string& name) {
  std::istringstream lines(status);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
  }
  return "absent";
}

TEST(attest, no_capability_two_filters_and_no_new_privileges) {
  const PlanRun run = run_plan(probe_plan("probe", {"cat", "/proc/self/status"}));
  ASSERT_EQ(run.verdict(), "OK") << run.command.output << run.command.error_output;
  const std::string status = run.output();
  EXPECT_EQ(status_field(status, "Seccomp"), "2");
  EXPECT_EQ(status_field(status, "Seccomp_filters"), "2");
  EXPECT_EQ(status_field(status, "NoNewPrivs"), "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status_field(status, set), "0000000000000000") << set;
  }
}

TEST(attest, the_program_is_user_1000_is_not_pid_1_and_leads_no_group_of_ours) {
  const PlanRun run = run_plan(probe_plan("probe", {"ids", "hostname", "cwd"}, "hostname = \"cell\"\n"));
  ASSERT_EQ(run.verdict(), "OK") << run.command.output;
  // An ordinary user's supplementary groups cannot be dropped (user_namespaces(7)); these have no name inside.
  const int groups = ::geteuid() == 0 ? 0 : ::getgroups(0, nullptr);
  EXPECT_EQ(run.output(),
            "ids 1000 1000 1000 1000 pid 2 groups " + std::to_string(groups) + "\nhostname cell\ncwd /work\n");
}

// In cells, whose inits are cloned by a fork server and a keeper.
TEST(attest, jobs_of_a_batch_have_no_supplementary_group_of_roots) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"ids"})).string();
  const std::string jobs = folder.write("jobs", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n").string();
  std::vector<std::string> argv = {evalrun().string(), "batch", "--plan", plan, "--jobs", "1", jobs};
  if (::geteuid() == 0) argv.insert(argv.begin(), {"setpriv", "--groups", "6,20"});
  const Finished batch = run_command(argv);
  EXPECT_EQ(batch.exit_code, 0) << batch.output << batch.error_output;
  const int groups = ::geteuid() == 0 ? 0 : ::getgroups(0, nullptr);
  std::istringstream lines(batch.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(nlohmann::json::parse(line).at("result").at("stdout").at("text").get<std::string>().ends_with(
        " groups " + std::to_string(groups) + "\n"))
        << line;
  }
  EXPECT_EQ(count, 3);
}

TEST(attest, the_host_identity_is_never_root) {
  const PlanRun run = run_plan(probe_plan("probe", {"cat", "/proc/self/uid_map", "cat", "/proc/self/gid_map"}));
  ASSERT_EQ(run.verdict(), "OK") << run.command.output;
  std::istringstream maps(run.output());
  int lines = 0;
  for (long inside = 0, outside = 0, count = 0; maps >> inside >> outside >> count; ++lines) {
    EXPECT_EQ(inside, 1000);
    EXPECT_EQ(count, 1);
    EXPECT_NE(outside, 0);
  }
  EXPECT_EQ(lines, 2);
}

TEST(attest, only_the_three_standard_descriptors_are_open) {
  const PlanRun run = run_plan(probe_plan("probe", {"descriptors"}));
  EXPECT_EQ(run.output(), "descriptors 0 1 2\n") << run.command.output;
}

TEST(attest, a_descriptor_that_evalrun_inherits_does_not_reach_the_program) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"descriptors"})).string();
  const Finished shell = run_command({"sh", "-c", "exec 7</etc/passwd 9>/dev/null; exec \"$0\" \"$@\"",
                                      evalrun().string(), "run", "--format", "json", plan});
  EXPECT_EQ(nlohmann::json::parse(shell.output).at("stdout").at("text"), "descriptors 0 1 2\n");
}

// Field 5 of a mountinfo line is the mount point, field 6 its options (proc(5)).
std::vector<std::pair<std::string, std::string>> mounts_of(const std::string& mountinfo) {
  std::vector<std::pair<std::string, std::string>> mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, at, options;
    fields >> id >> parent >> device >> root >> at >> options;
    mounts.emplace_back(at, options);
  }
  return mounts;
}

TEST(attest, mountinfo_is_the_layout_and_nothing_else) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "a");
  const PlanRun run = run_plan_in(folder, probe_plan("probe", {"cat", "/proc/self/mountinfo"}) +
                                              "[[mount]]\nbind = \"data\"\nat = \"/data\"\n"
                                              "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/scratch\"\n");
  ASSERT_EQ(run.verdict(), "OK") << run.command.output << run.command.error_output;
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"/", "ro,nosuid,nodev,noexec"},
      {"/data", "ro,nosuid,nodev,noexec"},
      {"/dev/full", "ro,nosuid,noexec"},
      {"/dev/null", "ro,nosuid,noexec"},
      {"/dev/random", "ro,nosuid,noexec"},
      {"/dev/shm", "rw,nosuid,nodev,noexec"},
      {"/dev/urandom", "ro,nosuid,noexec"},
      {"/dev/zero", "ro,nosuid,noexec"},
      {"/etc/ld.so.cache", "ro,nosuid,nodev,noexec"},
      {"/proc", "ro,nosuid,nodev,noexec"},
      {"/proc/cpuinfo", "ro,nosuid,nodev,noexec"},
      {"/proc/loadavg", "ro,nosuid,nodev,noexec"},
      {"/proc/meminfo", "ro,nosuid,nodev,noexec"},
      {"/proc/stat", "ro,nosuid,nodev,noexec"},
      {"/proc/uptime", "ro,nosuid,nodev,noexec"},
      {"/scratch", "rw,nosuid,nodev,noexec"},
      {"/tmp", "rw,nosuid,nodev,noexec"},
      {"/work", "rw,nosuid,nodev"},
  };
  std::vector<std::pair<std::string, std::string>> seen = mounts_of(run.output());
  // A bind keeps its source's relatime; it says nothing of what the program may do.
  for (auto& [at, options] : seen) {
    if (const auto atime = options.find(",relatime"); atime != std::string::npos) options.erase(atime, 9);
    if (const auto atime = options.find(",noatime"); atime != std::string::npos) options.erase(atime, 8);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, expected) << run.output();
}

TEST(attest, loopback_is_the_only_link_that_is_up) {
  const PlanRun run = run_plan(probe_plan("probe", {"cat", "/proc/net/dev"}, "proc.view = \"full\"\n"));
  ASSERT_EQ(run.verdict(), "OK") << run.command.output;
  std::istringstream lines(run.output());
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);  // two lines of headings
  std::vector<std::string> links;
  while (std::getline(lines, line))
    links.push_back(line.substr(line.find_first_not_of(' '), line.find(':') - line.find_first_not_of(' ')));
  EXPECT_EQ(links, std::vector<std::string>{"lo"});
}

TEST(attest, landlock_bites_on_a_path_that_is_mounted_but_has_no_rule) {
  const TemporaryFolder folder;
  folder.write("data/public/a.txt", "a");
  folder.write("data/private/b.txt", "b");
  const PlanRun run = run_plan_in(
      folder, probe_plan("probe",
                         {"read", "/data/public/a.txt", "read", "/data/private/b.txt", "stat", "/data/private/b.txt"}) +
                  "[[mount]]\nbind = \"data\"\nat = \"/data\"\n[landlock]\nread = [\"/data/public\"]\n");
  EXPECT_EQ(run.output(), "read /data/public/a.txt OK\nread /data/private/b.txt EACCES\nstat /data/private/b.txt OK\n")
      << run.command.output << run.command.error_output;
}

TEST(attest, init_cannot_be_signalled_looked_at_or_traced) {
  const PlanRun run = run_plan(probe_plan("probe", {"call", "kill", "1", "9", "then", "read", "/proc/1/status", "then",
                                                    "read", "/proc/self/status", "then", "call", "kill", "2", "0"}));
  // The allowed twins: its own status, and signal 0 to itself.
  EXPECT_EQ(run.output(), "call kill EPERM\nread /proc/1/status ENOENT\nread /proc/self/status OK\ncall kill OK\n");
}

TEST(attest, every_layer_says_enforced_and_a_cgroup_that_this_user_may_not_make_says_why) {
  const PlanRun run = run_plan(probe_plan("probe", {"exit", "0"}));
  const nlohmann::json& layers = run.result.at("layers");
  for (const char* layer : {"user_ns", "mount_ns", "pid_ns", "net_ns", "ipc_ns", "uts_ns", "cgroup_ns", "seccomp",
                            "rlimits", "capabilities", "descriptors"}) {
    EXPECT_EQ(layers.at(layer), "enforced") << layer;
  }
  EXPECT_EQ(layers.at("landlock").at("fs"), "enforced");
  const std::string cgroup = layers.at("cgroup");
  EXPECT_TRUE(cgroup == "enforced" || cgroup.starts_with("degraded: no group that this user may write counts "))
      << cgroup;
}

}  // namespace
}  // namespace evalrun::test
