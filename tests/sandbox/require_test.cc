// A layer that is missing: an error that names it, or, where the plan accepts that, a result that says so. The kernel's
// lack is played by a filter around evalrun that answers as an older kernel does.

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

PlanRun run_without(int call, int error, const std::string& toml) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", toml).string();
  PlanRun run;
  run.command = run_command({probe("without").string(), std::to_string(call) + "=" + std::to_string(error),
                             evalrun().string(), "run", "--format", "json", plan});
  run.result = nlohmann::json::parse(run.command.output, nullptr, false);
  return run;
}

TEST(require, no_landlock_is_a_named_error_before_anything_runs) {
  const PlanRun run = run_without(SYS_landlock_create_ruleset, ENOSYS, probe_plan("probe", {"say", "ran"}));
  EXPECT_EQ(run.command.exit_code, 3);
  EXPECT_NE(run.command.error_output.find("landlock"), std::string::npos);
  EXPECT_NE(run.command.error_output.find("if-available"), std::string::npos);
  EXPECT_EQ(run.verdict(), "IE");
  EXPECT_EQ(run.command.output.find("ran"), std::string::npos);
}

TEST(require, no_landlock_runs_and_is_said_where_the_plan_accepts_it) {
  const PlanRun run = run_without(SYS_landlock_create_ruleset, ENOSYS,
                                  probe_plan("probe", {"say", "ran", "read", "/etc/shadow"}) +
                                      "[require]\nlandlock = \"if-available\"\nlandlock_net = "
                                      "\"if-available\"\nlandlock_scopes = \"if-available\"\n");
  EXPECT_EQ(run.verdict(), "OK") << run.command.output << run.command.error_output;
  EXPECT_EQ(run.output(), "ran\nread /etc/shadow ENOENT\n");
  for (const char* part : {"fs", "net", "scopes"}) {
    EXPECT_TRUE(run.result.at("layers").at("landlock").at(part).get<std::string>().starts_with("degraded: ")) << part;
  }
  EXPECT_EQ(run.result.at("layers").at("landlock").at("abi"), 0);
}

TEST(require, a_refused_namespace_is_explained) {
  const PlanRun run = run_without(SYS_clone3, EPERM, probe_plan("probe", {"say", "ran"}));
  EXPECT_EQ(run.command.exit_code, 3);
  EXPECT_NE(run.command.error_output.find("clone3 new namespaces: Operation not permitted (EPERM)"), std::string::npos)
      << run.command.error_output;
  EXPECT_NE(run.command.error_output.find("system-call filter around this process"), std::string::npos);
}

TEST(require, each_set_up_call_that_a_container_may_deny_is_named) {
  const std::pair<int, const char*> calls[] = {{SYS_open_tree, "open_tree"},
                                               {SYS_fsopen, "fsopen"},
                                               {SYS_fsmount, "fsmount"},
                                               {SYS_move_mount, "move_mount"},
                                               {SYS_mount_setattr, "mount_setattr"},
                                               {SYS_pivot_root, "pivot_root"},
                                               {SYS_umount2, "umount2"},
                                               {SYS_keyctl, "keyctl"},
                                               {SYS_sethostname, "sethostname"},
                                               {SYS_capset, "capset"},
                                               {SYS_landlock_restrict_self, "landlock_restrict_self"}};
  for (const auto& [call, name] : calls) {
    const PlanRun run = run_without(call, EPERM, probe_plan("probe", {"say", "ran"}));
    EXPECT_EQ(run.command.exit_code, 3) << name;
    EXPECT_EQ(run.kind(), "sandbox_error") << name;
    EXPECT_TRUE(run.result.at("outcome").at("operation").get<std::string>().starts_with(name)) << run.command.output;
    EXPECT_EQ(run.result.at("outcome").at("errno"), "EPERM");
    EXPECT_EQ(run.command.output.find("\"ran"), std::string::npos) << run.command.output;
  }
}

TEST(require, a_cgroup_that_is_demanded_is_given_or_an_error) {
  const PlanRun accepted = run_plan(probe_plan("probe", {}));
  const bool has_cgroup = accepted.result.at("layers").at("cgroup") == "enforced";
  const PlanRun demanded = run_plan(probe_plan("probe", {}) + "[require]\ncgroup = \"yes\"\n");
  EXPECT_EQ(demanded.command.exit_code, has_cgroup ? 0 : 3) << demanded.command.error_output;
  EXPECT_EQ(demanded.command.error_output.find("cgroup") != std::string::npos, !has_cgroup);
}

}  // namespace
}  // namespace evalrun::test
