// The profile that `evalrun doctor --seccomp-profile` prints, against the code that needs it: every call that the
// sources name is in it, and under it evalrun runs as it does without.
#include <gtest/gtest.h>
#include <seccomp.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

constexpr int kMostCalls = 512;

nlohmann::json profile() {
  const Finished printed = run_command({evalrun().string(), "doctor", "--seccomp-profile"});
  EXPECT_EQ(printed.exit_code, 0);
  return nlohmann::json::parse(printed.output);
}

std::set<std::string> allowed_calls() {
  const nlohmann::json rules = profile().at("syscalls");
  EXPECT_EQ(rules.size(), 1);
  EXPECT_EQ(rules.at(0).at("action"), "SCMP_ACT_ALLOW");
  return rules.at(0).at("names").get<std::set<std::string>>();
}

// As `without` takes them: every call that the profile does not allow.
std::string refused_calls() {
  const std::set<std::string> allowed = allowed_calls();
  std::string calls;
  for (int number = 0; number < kMostCalls; ++number) {
    char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    // What this library does not know by name it could not allow either.
    const bool is_allowed = name != nullptr && allowed.contains(name);
    std::free(name);
    if (!is_allowed) calls += (calls.empty() ? "" : ",") + std::to_string(number) + "=38";
  }
  return calls;
}

TEST(seccomp_profile, every_call_that_the_sources_name_is_in_it) {
  const std::set<std::string> allowed = allowed_calls();
  const std::regex call("\\bSYS_([a-z0-9_]+)");
  int found = 0;
  for (const char* room : {"runtime", "lockdown", "rootfs", "netns"}) {
    for (const auto& file : fs::recursive_directory_iterator(source_dir() / room)) {
      if (file.path().extension() != ".cc" && file.path().extension() != ".h") continue;
      const std::string text = read_file(file.path());
      for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at, ++found) {
        if ((*at)[1] == "quotactl_fd") continue;  // evalrun-isolate's, which root runs on the host
        EXPECT_TRUE(allowed.contains((*at)[1])) << file.path() << ": " << (*at)[1];
      }
    }
  }
  EXPECT_GT(found, 100);
}

TEST(seccomp_profile, what_reaches_the_hosts_kernel_is_not_in_it) {
  const std::set<std::string> allowed = allowed_calls();
  for (const char* call : {"bpf",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "kexec_load",
                           "kexec_file_load",
                           "perf_event_open",
                           "open_by_handle_at",
                           "reboot",
                           "userfaultfd",
                           "swapon",
                           "swapoff",
                           "io_uring_setup",
                           "add_key",
                           "request_key",
                           "settimeofday",
                           "clock_settime",
                           "adjtimex",
                           "iopl",
                           "ioperm",
                           "acct",
                           "quotactl",
                           "syslog"}) {
    EXPECT_FALSE(allowed.contains(call)) << call;
  }
  EXPECT_EQ(profile().at("defaultAction"), "SCMP_ACT_ERRNO");
}

std::map<std::string, std::string> states(std::vector<std::string> around) {
  around.insert(around.end(), {evalrun().string(), "doctor", "--json"});
  const nlohmann::json found = nlohmann::json::parse(run_command(around).output, nullptr, false);
  std::map<std::string, std::string> all;
  for (const auto& check : found.value("checks", nlohmann::json::array())) {
    // A neighbour on the same core can make timing noise at any moment.
    if (check.at("name") != "timing") all[check.at("name")] = check.at("state");
  }
  return all;
}

TEST(seccomp_profile, under_it_the_doctor_finds_what_it_finds_without) {
  EXPECT_EQ(states({probe("without").string(), refused_calls()}), states({"env"}));
}

TEST(seccomp_profile, under_it_plans_with_sockets_run) {
  const TemporaryFolder folder;
  const std::string calls = refused_calls();
  const auto verdict = [&](const std::string& toml) {
    const std::string plan = folder.write("plan.toml", toml).string();
    const Finished run =
        run_command({probe("without").string(), calls, evalrun().string(), "run", "--format", "json", plan});
    const nlohmann::json result = nlohmann::json::parse(run.output, nullptr, false);
    return result.is_object() ? result.value("verdict", "") : run.error_output;
  };
  EXPECT_EQ(verdict(probe_plan("probe", {"say", "ran"})), "OK");
  EXPECT_EQ(verdict(probe_plan("endpoints", {"new", "unix", "bind", "unix:/tmp/s", "listen", "5", "new", "unix",
                                             "connect", "unix:/tmp/s"})),
            "OK");
  EXPECT_EQ(verdict(probe_plan(
                "endpoints",
                {"new", "tcp", "bind", "127.0.0.1:8080", "listen", "5", "new", "tcp", "connect", "127.0.0.1:8080"},
                "[network]\nmode = \"loopback\"\nbind = [8080]\nconnect = [8080]\n")),
            "OK");
}

}  // namespace
}  // namespace evalrun::test
