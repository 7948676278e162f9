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

// The names that such a switch has had in other sandboxes, and those that one would guess here.
TEST(require, no_environment_variable_overrides_yes) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"say", "ran"}, "[require]\nlandlock = \"yes\"\n")).string();
  const auto exit_code_with = [&](const std::vector<std::string>& variables, const std::string& setting) {
    std::vector<std::string> argv = {"env"};
    argv.insert(argv.end(), variables.begin(), variables.end());
    const std::string lack = std::to_string(SYS_landlock_create_ruleset) + "=" + std::to_string(ENOSYS);
    argv.insert(argv.end(), {probe("without").string(), lack, evalrun().string(), "run", "--format", "json"});
    for (const char* part : {"landlock", "landlock_net", "landlock_scopes"}) {
      if (!setting.empty()) argv.insert(argv.end(), {"--set", std::string("require.") + part + "=" + setting});
    }
    argv.push_back(plan);
    return run_command(argv).exit_code;
  };
  std::vector<std::string> variables;
  for (const char* name :
       {"REQUIRE", "EVALRUN_REQUIRE", "EVALRUN_REQUIRE_LANDLOCK", "EVALRUN_LANDLOCK", "EVALRUN_SET", "EVALRUN_OPTIONS",
        "EVALRUN_PROFILE", "EVALRUN_SANDBOX", "EVALRUN_FALLBACK", "EVALRUN_INSECURE", "EVALRUN_ALLOW_DEGRADED",
        "EVALRUN_MODE", "SANDBOX_FALLBACK", "NO_SANDBOX"}) {
    for (const char* value :
         {"if-available", "off", "warn", "1", "landlock=if-available", "require.landlock=if-available"})
      variables.push_back(std::string(name) + "=" + value);
  }
  for (const std::string& variable : variables) EXPECT_EQ(exit_code_with({variable}, ""), 3) << variable;
  EXPECT_EQ(exit_code_with({}, "if-available"), 0);
}

// An image comes by the search path, which a variable names: it may not say what a plan requires either.
TEST(require, an_image_cannot_lower_what_a_plan_requires) {
  const TemporaryFolder folder;
  folder.write("images/lax.toml", "name = \"lax\"\n[require]\nlandlock = \"if-available\"\n");
  folder.write("images/fair.toml", "name = \"fair\"\n");
  const auto run_with = [&](const std::string& image) {
    const std::string plan =
        folder.write("plan.toml", "image = \"" + image + "\"\n" + probe_plan("probe", {"say", "ran"})).string();
    return run_command({"env", "EVALRUN_IMAGES=" + (folder.path() / "images").string(), evalrun().string(), "run",
                        "--format", "json", plan});
  };
  const Finished lax = run_with("lax");
  EXPECT_EQ(lax.exit_code, 2);
  EXPECT_NE(lax.error_output.find("require: unknown key"), std::string::npos) << lax.error_output;
  EXPECT_EQ(run_with("fair").exit_code, 0);
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

// A container's profile may have no sethostname: stock Podman's has none.
TEST(require, a_host_name_that_is_refused_is_a_named_error_and_where_the_plan_accepts_that_the_result_says_so) {
  for (const auto& [call, name] : {std::pair(SYS_sethostname, "sethostname"), {SYS_setdomainname, "setdomainname"}}) {
    const PlanRun refused = run_without(call, EPERM, probe_plan("probe", {"say", "ran"}));
    EXPECT_EQ(refused.verdict(), "IE");
    EXPECT_NE(refused.result.at("message").get<std::string>().find("[require] uts_ns = \"if-available\""),
              std::string::npos)
        << refused.command.output;
    const PlanRun accepted =
        run_without(call, EPERM, probe_plan("probe", {"say", "ran"}) + "[require]\nuts_ns = \"if-available\"\n");
    EXPECT_EQ(accepted.verdict(), "OK") << accepted.command.output;
    EXPECT_TRUE(accepted.result.at("layers").at("uts_ns").get<std::string>().starts_with(std::string("degraded: ") +
                                                                                         name + " is refused here"))
        << accepted.command.output;
  }
  const PlanRun given = run_plan(probe_plan("probe", {"hostname"}) + "[require]\nuts_ns = \"if-available\"\n");
  EXPECT_EQ(given.result.at("layers").at("uts_ns"), "enforced");
  EXPECT_EQ(given.output(), "hostname sandbox\n");
}

TEST(require, a_session_keyring_that_is_refused_is_a_warning_since_no_program_may_use_keys) {
  const std::string plan = probe_plan("probe", {"say", "ran"});
  const auto warnings = [](const PlanRun& run) { return run.result.at("host").at("warnings").dump(); };
  const PlanRun refused = run_without(SYS_keyctl, EPERM, plan);
  EXPECT_EQ(refused.verdict(), "OK") << refused.command.output;
  EXPECT_NE(warnings(refused).find("second wall missing: session: keyctl(JOIN_SESSION_KEYRING)"), std::string::npos)
      << refused.command.output;
  EXPECT_EQ(warnings(run_plan(plan)).find("keyctl"), std::string::npos);
  // No quota is no refusal.
  EXPECT_EQ(run_without(SYS_keyctl, EDQUOT, plan).verdict(), "IE");
}

// The program did nothing wrong: it is no verdict of its own.
TEST(require, a_call_of_a_deputys_that_is_refused_is_the_hosts_fault_and_plans_that_need_none_run) {
  const std::string unix_socket = probe_plan(
      "endpoints", {"new", "unix", "bind", "unix:/tmp/s", "listen", "5", "new", "unix", "connect", "unix:/tmp/s"});
  for (const auto& [call, name] : {std::pair(SYS_pidfd_open, "pidfd_open"),
                                   {SYS_pidfd_getfd, "pidfd_getfd"},
                                   {SYS_process_vm_readv, "process_vm_readv"},
                                   {SYS_setns, "setns"}}) {
    for (const int error : {EPERM, ENOSYS}) {
      const PlanRun run = run_without(call, error, unix_socket);
      EXPECT_EQ(run.verdict(), "IE") << name << run.command.output;
      EXPECT_EQ(run.kind(), "sandbox_error");
      EXPECT_EQ(run.result.at("outcome").at("operation"), name);
      EXPECT_EQ(run.command.exit_code, 3);
    }
    EXPECT_EQ(run_without(call, EPERM, probe_plan("probe", {"say", "ran"})).verdict(), "OK") << name;
  }
  EXPECT_EQ(run_plan(unix_socket).verdict(), "OK");
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
