// `evalrun doctor` where things are really missing: each lack is named with its remedy, beside a host that has it all.
// Lacks are played by namespaces of the test's own and by a filter around the command, as a container has it.

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <tuple>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

// What the doctor said of one host.
struct Diagnosis {
  Finished command;
  nlohmann::json whole;

  // The check of this name; null where there was none.
  [[nodiscard]] nlohmann::json check(const std::string& name) const {
    for (const auto& check : whole.value("checks", nlohmann::json::array())) {
      if (check.at("name") == name) return check;
    }
    return nullptr;
  }
  [[nodiscard]] std::string state(const std::string& name) const {
    const nlohmann::json found = check(name);
    return found.is_null() ? "" : found.at("state").get<std::string>();
  }
  [[nodiscard]] std::string text(const std::string& name, const char* key) const {
    const nlohmann::json found = check(name);
    return found.is_null() ? "" : found.at(key).get<std::string>();
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// `around` is a command that ends by executing its arguments.
Diagnosis diagnose(std::vector<std::string> around) {
  around.insert(around.end(), {evalrun().string(), "doctor", "--json"});
  Diagnosis diagnosis;
  diagnosis.command = run_command(around);
  diagnosis.whole = nlohmann::json::parse(diagnosis.command.output, nullptr, false);
  if (!diagnosis.whole.is_object()) {
    ADD_FAILURE() << diagnosis.command.output << diagnosis.command.error_output;
    diagnosis.whole = nlohmann::json::object();
  }
  return diagnosis;
}

Diagnosis diagnose_without(const std::string& calls) {
  return diagnose({probe("without").string(), calls});
}

std::string refused(int call, int error) {
  return std::to_string(call) + "=" + std::to_string(error);
}

// As an ordinary user with every capability in a user and a mount namespace of the test's own, after `commands` of the
// shell.
std::vector<std::string> after(const std::string& commands) {
  return {"unshare",
          "--user",
          "--map-user=1000",
          "--map-group=1000",
          "--keep-caps",
          "--mount",
          "sh",
          "-c",
          commands + "; exec \"$@\"",
          "sh"};
}

// A plan that accepts what the doctor said must be accepted, under the same lack.
std::string verdict_accepting(const Diagnosis& diagnosis, std::vector<std::string> around) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"say", "ran"})).string();
  around.insert(around.end(), {evalrun().string(), "run", "--format", "json"});
  for (const auto& check : diagnosis.whole.at("checks")) {
    for (const auto& word : check.at("accept")) around.insert(around.end(), {"--set", word.get<std::string>()});
  }
  around.push_back(plan);
  const Finished run = run_command(around);
  const nlohmann::json result = nlohmann::json::parse(run.output, nullptr, false);
  return result.is_object() ? result.value("verdict", "") : run.error_output;
}

// What holds of every diagnosis.
void expect_consistent(const Diagnosis& diagnosis) {
  const std::vector<std::string> states = {"good", "degraded", "broken"};
  std::size_t worst = 0;
  std::set<std::string> names;
  for (const auto& check : diagnosis.whole.at("checks")) {
    const auto at = std::find(states.begin(), states.end(), check.at("state")) - states.begin();
    worst = std::max(worst, static_cast<std::size_t>(at));
    EXPECT_TRUE(names.insert(check.at("name")).second) << check;
    EXPECT_FALSE(check.at("finding").get<std::string>().empty()) << check;
    EXPECT_EQ(check.at("remedy").get<std::string>().empty(), at == 0) << check;
  }
  EXPECT_EQ(diagnosis.whole.at("state"), states.at(worst));
  EXPECT_EQ(diagnosis.command.exit_code, static_cast<int>(worst));
}

TEST(doctor, where_tests_run_nothing_is_broken_and_the_last_check_is_a_run) {
  const Diagnosis here = diagnose({"env"});
  expect_consistent(here);
  EXPECT_LE(here.command.exit_code, 1) << here.command.output;
  for (const char* name :
       {"kernel", "user_ns", "mounts", "proc", "landlock", "seccomp", "rlimits", "quotas", "core_dumps", "processes",
        "mediation", "tracing", "socket_memory", "keyring", "cgroup", "haste", "timing", "images", "run"}) {
    EXPECT_NE(here.state(name), "") << name;
  }
  EXPECT_EQ(here.whole.at("checks").back().at("name"), "run");
  EXPECT_TRUE(has(here.text("run", "finding"), "exited with code 0")) << here.check("run");
  EXPECT_EQ(verdict_accepting(here, {"env"}), "OK");
}

TEST(doctor, people_get_a_line_for_each_check) {
  const Finished text = run_command({evalrun().string(), "doctor"});
  EXPECT_LE(text.exit_code, 1);
  EXPECT_TRUE(has(text.output, "good      user_ns ")) << text.output;
  EXPECT_EQ(has(text.output, "remedy: "), text.exit_code != 0) << text.output;
}

TEST(doctor, no_user_namespaces_is_broken_and_the_sysctl_named) {
  const std::string limit = "/proc/sys/user/max_user_namespaces";
  const Diagnosis none = diagnose(after("echo 0 >" + limit));
  expect_consistent(none);
  EXPECT_EQ(none.state("user_ns"), "broken") << none.command.output;
  EXPECT_TRUE(has(none.text("user_ns", "remedy"), "user.max_user_namespaces")) << none.check("user_ns");
  EXPECT_EQ(none.state("run"), "broken");
  EXPECT_EQ(diagnose(after("echo 100 >" + limit)).state("user_ns"), "good");
}

TEST(doctor, quotas_of_the_user_that_a_few_runs_use_up_are_told_with_the_sysctl_that_raises_them) {
  const Diagnosis few = diagnose(after("echo 5 >/proc/sys/user/max_inotify_instances"));
  expect_consistent(few);
  EXPECT_EQ(few.state("quotas"), "degraded") << few.command.output;
  EXPECT_TRUE(has(few.text("quotas", "finding"), "this user has 5 inotify instances; ")) << few.check("quotas");
  EXPECT_TRUE(has(few.text("quotas", "remedy"), "sysctl fs.inotify.max_user_instances=")) << few.check("quotas");
  EXPECT_EQ(diagnose(after("echo 100000 >/proc/sys/user/max_inotify_instances")).state("quotas"), "good");
  const Diagnosis signals = diagnose(after("prlimit --pid $$ --sigpending=300:300"));
  EXPECT_EQ(signals.state("quotas"), "degraded") << signals.command.output;
  EXPECT_TRUE(has(signals.text("quotas", "remedy"), "ulimit -i ")) << signals.check("quotas");
}

TEST(doctor, no_namespaces_of_one_kind_is_broken_for_that_kind_alone) {
  const Diagnosis none = diagnose(after("echo 0 >/proc/sys/user/max_net_namespaces"));
  expect_consistent(none);
  EXPECT_EQ(none.state("net_ns"), "broken") << none.command.output;
  EXPECT_TRUE(has(none.text("net_ns", "remedy"), "user.max_net_namespaces")) << none.check("net_ns");
  EXPECT_EQ(none.state("ipc_ns"), "good");
}

TEST(doctor, a_kernel_without_landlock_degrades_and_the_accepted_words_make_a_plan_run) {
  const std::string calls = refused(SYS_landlock_create_ruleset, ENOSYS);
  const Diagnosis without = diagnose_without(calls);
  expect_consistent(without);
  EXPECT_EQ(without.command.exit_code, 1) << without.command.output;
  for (const char* layer : {"landlock", "landlock_net", "landlock_scopes"}) {
    EXPECT_EQ(without.state(layer), "degraded") << layer;
    EXPECT_EQ(without.check(layer).at("accept").at(0), std::string("require.") + layer + "=if-available");
  }
  EXPECT_TRUE(has(without.text("run", "remedy"), "--set require.landlock=if-available")) << without.check("run");
  EXPECT_EQ(verdict_accepting(without, {probe("without").string(), calls}), "OK");
}

TEST(doctor, landlock_that_a_boot_parameter_left_out_is_told_from_one_that_was_not_built) {
  const Diagnosis disabled = diagnose_without(refused(SYS_landlock_create_ruleset, EOPNOTSUPP));
  EXPECT_TRUE(has(disabled.text("landlock", "remedy"), "lsm=landlock,")) << disabled.check("landlock");
}

// Docker's default profile: the calls that it refuses without CAP_SYS_ADMIN.
TEST(doctor, each_call_that_a_container_refuses_is_named) {
  const std::vector<std::tuple<int, int, std::string, std::string>> calls = {
      {SYS_clone3, ENOSYS, "user_ns", "clone3"},
      {SYS_mount, EPERM, "mounts", "mount"},
      {SYS_open_tree, EPERM, "mounts", "open_tree"},
      {SYS_fsopen, EPERM, "mounts", "fsopen"},
      {SYS_move_mount, EPERM, "mounts", "move_mount"},
      {SYS_mount_setattr, EPERM, "mounts", "mount_setattr"},
      {SYS_pivot_root, EPERM, "mounts", "pivot_root"},
      {SYS_umount2, EPERM, "mounts", "umount2"},
      {SYS_unshare, EPERM, "cgroup_ns", "unshare"},
      {SYS_landlock_add_rule, EPERM, "landlock", "landlock_add_rule"},
      {SYS_landlock_restrict_self, EPERM, "landlock", "landlock_restrict_self"}};
  for (const auto& [call, error, check, named] : calls) {
    const Diagnosis without = diagnose_without(refused(call, error));
    expect_consistent(without);
    EXPECT_EQ(without.command.exit_code, 2) << named << without.command.output;
    EXPECT_EQ(without.state(check), "broken") << named << without.command.output;
    EXPECT_TRUE(has(without.text(check, "finding"), named)) << without.check(check);
    EXPECT_EQ(without.state("run"), "broken") << named;
  }
}

// All at once, as it comes: clone with one of the flags of new namespaces fails, clone3, whose flags no filter sees,
// does not exist (profiles/seccomp/default.json of moby).
TEST(doctor, under_dockers_default_profile_the_first_thing_that_is_missing_is_named_with_the_way_out) {
  std::string calls =
      std::to_string(SYS_clone) + "&0x7e020000=" + std::to_string(EPERM) + "," + refused(SYS_clone3, ENOSYS);
  for (const int call : {SYS_mount, SYS_umount2, SYS_pivot_root, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
                         SYS_move_mount, SYS_mount_setattr, SYS_setns, SYS_unshare, SYS_keyctl, SYS_bpf}) {
    calls += "," + refused(call, EPERM);
  }
  const Diagnosis docker = diagnose_without(calls);
  expect_consistent(docker);
  EXPECT_EQ(docker.command.exit_code, 2) << docker.command.output;
  EXPECT_EQ(docker.state("user_ns"), "broken");
  EXPECT_TRUE(has(docker.text("user_ns", "finding"), "clone3: Function not implemented")) << docker.check("user_ns");
  EXPECT_TRUE(has(docker.text("user_ns", "remedy"), "allow clone3, clone and unshare with CLONE_NEW* flags") ||
              has(docker.text("user_ns", "remedy"), "--seccomp-profile"))
      << docker.check("user_ns");
  EXPECT_EQ(docker.state("mounts"), "") << "without a user namespace there is nothing to mount in";
  EXPECT_EQ(docker.state("run"), "broken");
}

// Of the two ways to new namespaces runs take the other.
TEST(doctor, a_filter_on_clones_flags_alone_is_no_obstacle) {
  const std::string calls = std::to_string(SYS_clone) + "&0x7e020000=" + std::to_string(EPERM);
  const Diagnosis filtered = diagnose_without(calls);
  EXPECT_LE(filtered.command.exit_code, 1) << filtered.command.output;
  EXPECT_EQ(filtered.state("user_ns"), "good");
  EXPECT_EQ(verdict_accepting(filtered, {probe("without").string(), calls}), "OK");
}

TEST(doctor, a_call_that_runs_do_not_need_may_be_refused) {
  EXPECT_LE(diagnose_without(refused(SYS_swapon, EPERM)).command.exit_code, 1);
}

TEST(doctor, a_masked_proc_degrades_and_the_accepted_word_makes_a_plan_run) {
  const std::vector<std::string> masked = after("mount -t tmpfs none /proc/sys/kernel");
  const Diagnosis without = diagnose(masked);
  expect_consistent(without);
  EXPECT_EQ(without.state("proc"), "degraded") << without.command.output;
  EXPECT_TRUE(has(without.text("proc", "finding"), "/proc/sys/kernel")) << without.check("proc");
  EXPECT_EQ(without.check("proc").at("accept").at(0), "proc.view=none");
  EXPECT_EQ(verdict_accepting(without, masked), "OK");
  EXPECT_EQ(diagnose(after("mount -t tmpfs none /mnt")).state("proc"), "good");
}

TEST(doctor, no_proc_at_all_is_broken) {
  const Diagnosis without = diagnose(after("mount -t tmpfs none /proc"));
  EXPECT_EQ(without.command.exit_code, 2);
  EXPECT_EQ(without.state("proc"), "broken") << without.command.output;
  EXPECT_TRUE(has(without.text("proc", "finding"), "/proc")) << without.command.output;
}

// As `unshare --user` without a range of ids makes it: root has no id to give to a run then, an ordinary user has his
// own.
TEST(doctor, after_the_first_thing_that_is_broken_the_others_are_named_too) {
  const std::vector<std::string> one_id = {
      "unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces; exec \"$@\"",
      "sh"};
  const std::string identity = ::geteuid() == 0 ? "broken" : "";
  const Diagnosis both = diagnose(one_id);
  expect_consistent(both);
  EXPECT_EQ(both.state("identity"), identity) << both.command.output;
  EXPECT_EQ(both.state("user_ns"), "broken") << both.command.output;
  EXPECT_TRUE(has(both.text("user_ns", "remedy"), "user.max_user_namespaces")) << both.check("user_ns");
  const Diagnosis first = diagnose({"unshare", "--user", "--map-root-user"});
  EXPECT_EQ(first.state("identity"), identity);
  EXPECT_EQ(first.state("user_ns"), "good");
  EXPECT_EQ(first.state("landlock"), diagnose({"env"}).state("landlock"));
}

TEST(doctor, a_device_that_is_missing_is_named_and_the_rest_is_looked_at_all_the_same) {
  const Diagnosis none = diagnose(after("mount -t tmpfs none /dev; : >/dev/null"));
  expect_consistent(none);
  EXPECT_EQ(none.state("devices"), "broken") << none.command.output;
  EXPECT_TRUE(has(none.text("devices", "finding"), "/dev/")) << none.check("devices");
  EXPECT_EQ(none.state("user_ns"), "good");
  EXPECT_EQ(none.state("run"), "broken");
  EXPECT_EQ(diagnose(after("true")).state("devices"), "");
}

TEST(doctor, uid_zero_without_capabilities_is_told_to_be_another_user) {
  if (::geteuid() != 0) return;  // Only the host's root can be root without capabilities.
  const Diagnosis bare = diagnose({"setpriv", "--bounding-set=-all", "--inh-caps=-all"});
  expect_consistent(bare);
  EXPECT_EQ(bare.state("user_ns"), "broken") << bare.command.output;
  EXPECT_TRUE(has(bare.text("user_ns", "remedy"), "--user 1000")) << bare.check("user_ns");
}

TEST(doctor, namespaces_that_are_switched_off_are_named_where_no_user_namespace_can_be_made) {
  const Diagnosis none = diagnose(
      after("echo 0 >/proc/sys/user/max_user_namespaces; echo 0 >/proc/sys/user/max_net_namespaces; mount -t tmpfs "
            "none /proc/sys/kernel"));
  expect_consistent(none);
  EXPECT_EQ(none.state("user_ns"), "broken");
  EXPECT_EQ(none.state("net_ns"), "broken") << none.command.output;
  EXPECT_EQ(none.state("ipc_ns"), "");
  EXPECT_TRUE(has(none.text("proc", "finding"), "/proc/sys/kernel")) << none.command.output;
}

TEST(doctor, a_refused_host_name_degrades_and_the_accepted_word_makes_a_plan_run) {
  const std::string calls = refused(SYS_sethostname, EPERM);
  const Diagnosis without = diagnose_without(calls);
  expect_consistent(without);
  EXPECT_EQ(without.state("uts_ns"), "degraded") << without.command.output;
  EXPECT_TRUE(has(without.text("uts_ns", "finding"), "sethostname")) << without.check("uts_ns");
  EXPECT_EQ(without.check("uts_ns").at("accept").at(0), "require.uts_ns=if-available");
  EXPECT_EQ(verdict_accepting(without, {probe("without").string(), calls}), "OK");
}

TEST(doctor, a_refused_keyring_degrades_and_plans_run_as_they_are) {
  const std::string calls = refused(SYS_keyctl, EPERM);
  const Diagnosis without = diagnose_without(calls);
  expect_consistent(without);
  EXPECT_EQ(without.state("keyring"), "degraded") << without.command.output;
  EXPECT_TRUE(without.check("keyring").at("accept").empty());
  EXPECT_EQ(verdict_accepting(without, {probe("without").string(), calls}), "OK");
}

TEST(doctor, each_call_that_mediation_needs_is_named_where_it_is_refused) {
  for (const auto& [call, named] : {std::pair(SYS_pidfd_open, "pidfd_open"),
                                    {SYS_pidfd_getfd, "pidfd_getfd"},
                                    {SYS_process_vm_readv, "process_vm_readv"},
                                    {SYS_setns, "setns"}}) {
    const Diagnosis without = diagnose_without(refused(call, EPERM));
    expect_consistent(without);
    EXPECT_EQ(without.state("mediation"), "degraded") << named << without.command.output;
    EXPECT_TRUE(has(without.text("mediation", "finding"), named)) << without.check("mediation");
  }
}

// Without control groups: a folder without any covers them.
std::vector<std::string> without_groups(const std::string& calls) {
  std::vector<std::string> around = after("mount -t tmpfs none /sys/fs/cgroup");
  around.insert(around.end(), {probe("without").string(), calls});
  return around;
}

TEST(doctor, what_sampling_needs_is_named_with_who_could_pass_where_it_is_refused) {
  const Diagnosis tracing = diagnose(without_groups(refused(SYS_ptrace, EPERM)));
  expect_consistent(tracing);
  EXPECT_EQ(tracing.state("tracing"), "degraded") << tracing.command.output;
  EXPECT_TRUE(has(tracing.text("tracing", "finding"), "a program that ignores SIGCHLD")) << tracing.check("tracing");
  EXPECT_TRUE(has(tracing.text("tracing", "finding"), "require.cgroup = \"yes\"")) << tracing.check("tracing");
  EXPECT_EQ(tracing.state("socket_memory"), "good");
  // The third argument is the protocol: NETLINK_SOCK_DIAG is 4, NETLINK_ROUTE, which the set-up needs, 0.
  const Diagnosis sockets = diagnose(without_groups(std::to_string(SYS_socket) + "&4@2=" + std::to_string(EPERM)));
  expect_consistent(sockets);
  EXPECT_EQ(sockets.state("socket_memory"), "degraded") << sockets.command.output;
  EXPECT_TRUE(has(sockets.text("socket_memory", "finding"), "in sockets that nobody reads"))
      << sockets.check("socket_memory");
  EXPECT_EQ(sockets.state("tracing"), "good");
  EXPECT_EQ(sockets.state("run"), "good");
  const Diagnosis neither = diagnose(without_groups(refused(SYS_swapon, EPERM)));
  EXPECT_EQ(neither.state("tracing"), "good") << neither.command.output;
  EXPECT_EQ(neither.state("socket_memory"), "good");
}

// As ProtectProc=invisible of systemd mounts it, for a user who is in no group that may look all the same (root's is
// one).
TEST(doctor, a_proc_that_hides_processes_is_broken_where_no_control_group_counts) {
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms(0755));
  const std::string copy = (folder.path() / "evalrun").string();
  fs::copy_file(build_dir() / "evalrun", copy);
  const auto diagnose_with_proc = [&](const std::string& options) {
    std::vector<std::string> around;
    if (::geteuid() == 0) around = {"setpriv", "--reuid", "20001", "--regid", "20001", "--clear-groups"};
    for (const char* word : {"unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "--mount",
                             "--pid", "--fork", "sh", "-c"}) {
      around.emplace_back(word);
    }
    around.push_back("mount -t tmpfs none /sys/fs/cgroup && mount -t proc -o " + options +
                     " proc /proc && exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all " + copy +
                     " doctor --json");
    Diagnosis diagnosis;
    diagnosis.command = run_command(around);
    diagnosis.whole = nlohmann::json::parse(diagnosis.command.output, nullptr, false);
    if (!diagnosis.whole.is_object()) diagnosis.whole = nlohmann::json::object();
    return diagnosis;
  };
  const Diagnosis hidden = diagnose_with_proc("hidepid=2");
  expect_consistent(hidden);
  EXPECT_EQ(hidden.state("processes"), "broken") << hidden.command.output << hidden.command.error_output;
  EXPECT_TRUE(has(hidden.text("processes", "finding"), "hidepid")) << hidden.check("processes");
  EXPECT_EQ(diagnose_with_proc("hidepid=0").state("processes"), "good");
}

TEST(doctor, it_leaves_no_mount_behind) {
  const std::string before = read_file("/proc/self/mountinfo");
  ASSERT_LE(diagnose({"env"}).command.exit_code, 1);
  EXPECT_EQ(read_file("/proc/self/mountinfo"), before);
}

}  // namespace
}  // namespace evalrun::test
