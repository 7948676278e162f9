// Checks of the layers: the kernel itself, namespaces, mounts, Landlock, seccomp.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "lockdown/landlock.h"
#include "lockdown/steps.h"
#include "runtime/core/error.h"
#include "runtime/core/mount_table.h"
#include "runtime/core/small_file.h"
#include "runtime/core/sys.h"
#include "runtime/core/text.h"
#include "runtime/doctor/examinations.h"
#include "runtime/doctor/set_up_trial.h"
#include "runtime/doctor/trial.h"

namespace evalrun::doctor {
namespace {

constexpr unsigned kOldestMajor = 6, kOldestMinor = 1;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string accepting(const std::string& layer) {
  return "require." + layer + "=if-available";
}

// --- namespaces ---

struct NamespaceRow {
  const char* layer;  // as in a result and in [require]
  const char* what;
  std::uint64_t flag;
  const char* limit;   // of /proc/sys/user
  const char* option;  // of the kernel's configuration
  bool present;
};

std::vector<NamespaceRow> namespace_rows(const host::HostFacts& facts) {
  return {
      {"mount_ns", "mount namespace", CLONE_NEWNS, "max_mnt_namespaces", "CONFIG_NAMESPACES", true},
      {"pid_ns", "pid namespace", CLONE_NEWPID, "max_pid_namespaces", "CONFIG_PID_NS", true},
      {"net_ns", "network namespace", CLONE_NEWNET, "max_net_namespaces", "CONFIG_NET_NS", facts.net_ns},
      {"ipc_ns", "ipc namespace", CLONE_NEWIPC, "max_ipc_namespaces", "CONFIG_IPC_NS", facts.ipc_ns},
      {"uts_ns", "uts namespace", CLONE_NEWUTS, "max_uts_namespaces", "CONFIG_UTS_NS", facts.uts_ns},
      {"cgroup_ns", "cgroup namespace", CLONE_NEWCGROUP, "max_cgroup_namespaces", "CONFIG_CGROUPS", facts.cgroup_ns}};
}

// Why a namespace was refused. The kernel's own limit is per kind, and a limit around a container cannot be seen here.
std::string remedy_for_namespace(const Host& host, const Refusal& refused, const std::string& limit) {
  const std::string file = "/proc/sys/user/" + limit;
  if (refused.error == ENOSPC && leading_number(read_small_file(file)) == 0) {
    return "sysctl user." + limit + " is 0; run: sysctl user." + limit + "=10000";
  }
  const std::string manager_switch = switch_for(host.around, Withheld::Calls);
  return host::explain_refused_namespaces(refused.error) +
         (manager_switch.empty() ? "" : "; in this container: " + manager_switch);
}

// The cgroup namespace is the one that a run makes later than the others, by another call.
std::optional<Refusal> try_namespace(const Host& host, std::uint64_t flag) {
  if (flag != CLONE_NEWCGROUP) return try_steps(CLONE_NEWUSER | flag, host.identity, {});
  return try_steps(CLONE_NEWUSER, host.identity, {{"unshare", [] { return sys(SYS_unshare, CLONE_NEWCGROUP); }}});
}

Check check_namespace(const Host& host, const NamespaceRow& row) {
  Check check{.name = row.layer};
  if (!row.present) {
    check.state = State::Degraded;
    check.finding = "this kernel has no " + std::string(row.what) + "s";
    check.remedy = std::string("boot a kernel with ") + row.option;
    check.accept = {accepting(row.layer)};
    return check;
  }
  const auto refused = try_namespace(host, row.flag);
  check.finding =
      refused ? to_string(*refused) + " with a new " + row.what : std::string("a new ") + row.what + " can be made";
  if (!refused) return check;
  check.state = State::Broken;
  check.remedy = remedy_for_namespace(host, *refused, row.limit);
  return check;
}

// What a filter around this process keeps from whoever has every capability: the plan accepts it, or names the remedy.
Check check_host_name(const Host& host) {
  SetUpTrial set_up(host, "none");
  const auto refused = try_steps(CLONE_NEWUSER | CLONE_NEWUTS, host.identity, set_up.steps({Stage::Hostname}));
  if (!refused) return {.name = "uts_ns", .finding = "a new uts namespace can be made, with a host name of its own"};
  return {.name = "uts_ns",
          .state = State::Degraded,
          .finding = to_string(*refused) + " in a new uts namespace: programs would see the name of this host",
          .remedy = remedy_for_refused_call(host.around, Withheld::Calls, refused->error),
          .accept = {accepting("uts_ns")}};
}

Check check_user_namespace(const Host& host) {
  Check check{.name = "user_ns"};
  const auto refused = try_steps(CLONE_NEWUSER, host.identity, {});
  const std::string most = trimmed(read_small_file("/proc/sys/user/max_user_namespaces"));
  if (refused) {
    check.state = State::Broken;
    check.finding = to_string(*refused) + " with a new user namespace";
    check.remedy = remedy_for_namespace(host, *refused, "max_user_namespaces");
    // Since Linux 5.12 whoever maps uid 0 needs a capability for it (user_namespaces(7)).
    if (refused->error == EPERM && refused->call.find("uid_map") != std::string::npos && host.identity.uid == 0) {
      check.remedy =
          "uid 0 without capabilities cannot map itself; start evalrun as another user (docker run --user 1000, "
          "process.user of a bundle), or as root with CAP_SETUID, CAP_SETGID and CAP_SETFCAP";
    }
  } else {
    check.finding = "a new user namespace can be made, with uid " + std::to_string(host.identity.uid) +
                    " mapped (user.max_user_namespaces " + (most.empty() ? "unknown" : most) + ")";
  }
  return check;
}

// --- mounts ---

constexpr std::uint64_t kOfMounts = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
constexpr std::initializer_list<Stage> kMountStages = {Stage::Trees, Stage::Identity, Stage::Mounts,
                                                       Stage::Pivot, Stage::Files,    Stage::Enter};

Check check_new_root(const Host& host) {
  SetUpTrial set_up(host, "none");
  const auto refused = try_steps(kOfMounts, host.identity, set_up.steps(kMountStages));
  if (!refused) return {.name = "mounts", .finding = "a root of its own can be built and entered"};
  return {.name = "mounts",
          .state = State::Broken,
          .finding = to_string(*refused) + " in a mount namespace of its own",
          .remedy = remedy_for_refused_call(host.around, Withheld::Mounts, refused->error)};
}

// What covers parts of /proc here: as long as something does, the kernel lets no user namespace mount one that shows
// all (mount_too_revealing() in fs/namespace.c).
std::vector<std::string> masks_of_proc() {
  std::vector<std::string> masks;
  for (const MountRow& mount : mount_table()) {
    const bool seen = std::ranges::find(masks, mount.at) != masks.end();
    if (mount.at.starts_with("/proc/") && !seen && mount.type != "binfmt_misc" && mount.type != "autofs") {
      masks.push_back(mount.at);
    }
  }
  return masks;
}

Check refused_proc_mount(const Host& host, const std::string& finding, int error) {
  Check check{.name = "proc", .state = State::Degraded, .finding = finding};
  const std::vector<std::string> masks = masks_of_proc();
  if (error == EPERM && !masks.empty()) {
    check.finding += "; /proc is masked here, at " + join_words(masks) + ", and nobody may mount one that shows more";
    const std::string manager_switch = switch_for(host.around, Withheld::ProcMount);
    check.remedy = manager_switch.empty()
                       ? "unmount what covers " + join_words(masks) + ", or run outside of this container"
                       : manager_switch;
  } else {
    check.remedy = remedy_for_refused_call(host.around, Withheld::Mounts, error);
  }
  check.accept = {"proc.view=none"};
  return check;
}

// Where a root can be built without it.
Check check_proc_mount(const Host& host) {
  SetUpTrial set_up(host, "pid");
  const auto refused = try_steps(kOfMounts, host.identity, set_up.steps(kMountStages));
  if (!refused) return {.name = "proc", .finding = "a /proc of its own can be mounted"};
  return refused_proc_mount(host, to_string(*refused) + " with a /proc of its own", refused->error);
}

// --- Landlock ---

std::string security_modules() {
  return trimmed(read_small_file("/sys/kernel/security/lsm"));
}

// The command line's last lsm= replaces the kernel's own list (Documentation/admin-guide/LSM).
std::string remedy_for_no_landlock(int error, const Host& host) {
  const std::string modules = security_modules();
  if (error == EPERM || (error == ENOSYS && host.around.filtered)) {
    return remedy_for_refused_call(host.around, Withheld::Calls, error);
  }
  if (error == ENOSYS) return "boot a kernel with CONFIG_SECURITY_LANDLOCK (Linux 5.13 or newer)";
  return "boot with lsm=landlock," + (modules.empty() ? "..." : modules) +
         " on the kernel's command line, which names all modules in their order" +
         (modules.empty() ? " (the present ones: mount -t securityfs none /sys/kernel/security, then read lsm there)"
                          : "");
}

struct LandlockRow {
  const char* layer;
  int abi;
  const char* what;
  const char* since;
};
constexpr std::array kLandlockRows = {
    LandlockRow{"landlock", 1, "rights on files", "5.13"},
    LandlockRow{"landlock_net", lockdown::kAbiNet, "TCP ports", "6.7"},
    LandlockRow{"landlock_scopes", lockdown::kAbiScopes, "scopes of signals and abstract sockets", "6.12"},
};

// 0, or why there is no Landlock.
int landlock_error() {
  const long abi = sys(SYS_landlock_create_ruleset, nullptr, 0, lockdown::kCreateVersion);
  return abi < 0 ? static_cast<int>(-abi) : 0;
}

Check check_landlock_row(const LandlockRow& row, const Host& host) {
  const int abi = host.facts.landlock_abi;
  Check check{.name = row.layer};
  if (abi >= row.abi) {
    check.finding = std::string(row.what) + ": Landlock ABI " + std::to_string(abi);
    return check;
  }
  check.state = State::Degraded;
  check.accept = {accepting(row.layer)};
  if (abi > 0) {
    check.finding = std::string("no control of ") + row.what + ": that is Landlock ABI " + std::to_string(row.abi) +
                    ", this kernel has ABI " + std::to_string(abi);
    check.remedy = std::string("boot Linux ") + row.since + " or newer";
    return check;
  }
  const int error = landlock_error();
  check.finding = std::string("no control of ") + row.what + ": landlock_create_ruleset: " + errno_text(error) + " (" +
                  errno_name(error) + ")";
  check.remedy = remedy_for_no_landlock(error, host);
  return check;
}

// --- seccomp ---

constexpr sock_filter kAllowAll[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};

TrialStep no_new_privileges() {
  return {"prctl(PR_SET_NO_NEW_PRIVS)", [] { return sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }};
}

std::string remedy_for_listener(const Host& host, const Refusal& refused) {
  if (refused.error == EBUSY) {
    return "a listener around this process takes its notifications already, and the kernel allows one; run outside of "
           "that "
           "container or supervisor";
  }
  return remedy_for_refused_call(host.around, Withheld::Calls, refused.error);
}

}  // namespace

std::vector<Check> check_kernel(const Host& host) {
  Check check{.name = "kernel", .finding = "Linux " + host.facts.kernel};
  const auto major = leading_number(host.facts.kernel);
  const auto dot = host.facts.kernel.find('.');
  const auto minor = leading_number(host.facts.kernel.substr(dot == std::string::npos ? 0 : dot + 1));
  if (major && minor &&
      std::pair(*major, *minor) < std::pair<std::uint64_t, std::uint64_t>(kOldestMajor, kOldestMinor)) {
    check.state = State::Degraded;
    check.finding += ", older than what evalrun is tested with";
    check.remedy = "boot Linux 6.1 or newer";
  }
  if (host.around.manager != Manager::None) check.finding += ", inside " + std::string(name_of(host.around.manager));
  if (!host.around.profile.empty()) check.finding += ", under the profile " + host.around.profile;
  if (const std::string modules = security_modules(); !modules.empty())
    check.finding += "; security modules " + modules;
  return {check};
}

// Without a user namespace the others cannot be tried. What is known of them without that is told all the same, so that
// all can be mended at once.
std::vector<Check> switched_off_namespaces(const Host& host) {
  std::vector<Check> checks;
  for (const NamespaceRow& row : namespace_rows(host.facts)) {
    if (!row.present || leading_number(read_small_file(std::string("/proc/sys/user/") + row.limit)) != 0) continue;
    checks.push_back({.name = row.layer,
                      .state = State::Broken,
                      .finding = std::string("no ") + row.what + " can be made: sysctl user." + row.limit + " is 0",
                      .remedy = remedy_for_namespace(host, {"", ENOSPC}, row.limit)});
  }
  return checks;
}

std::vector<Check> check_namespaces(const Host& host) {
  std::vector<Check> checks = {check_user_namespace(host)};
  if (checks.front().state == State::Broken) {
    std::ranges::move(switched_off_namespaces(host), std::back_inserter(checks));
    return checks;
  }
  for (const NamespaceRow& row : namespace_rows(host.facts)) {
    checks.push_back(check_namespace(host, row));
    if (row.flag != CLONE_NEWUTS || checks.back().state != State::Good || !host.has_set_up) continue;
    checks.back() = check_host_name(host);
  }
  return checks;
}

std::vector<Check> check_mounts(const Host& host) {
  std::vector<Check> checks = {check_new_root(host)};
  if (checks.front().state != State::Broken) checks.push_back(check_proc_mount(host));
  return checks;
}

std::vector<Check> check_mask_of_proc(const Host& host) {
  if (masks_of_proc().empty()) return {};
  return {refused_proc_mount(host, "a /proc of its own cannot be tried", EPERM)};
}

std::vector<Check> check_keyring(const Host& host) {
  SetUpTrial set_up(host, "none");
  const auto refused = try_steps(0, host.identity, set_up.steps({Stage::Session}));
  if (!refused) return {{.name = "keyring", .finding = "a session keyring of its own can be had"}};
  const bool is_filtered = refused->error == EPERM || refused->error == EACCES || refused->error == ENOSYS;
  return {{.name = "keyring",
           .state = is_filtered ? State::Degraded : State::Broken,
           .finding = to_string(*refused) +
                      (is_filtered ? "; programs hold this process's session keyring, and the filter lets them make no "
                                     "call on it: a second wall is missing"
                                   : ""),
           .remedy = remedy_for_refused_call(host.around, Withheld::Calls, refused->error)}};
}

std::vector<Check> check_landlock(const Host& host) {
  std::vector<Check> checks;
  for (const LandlockRow& row : kLandlockRows) checks.push_back(check_landlock_row(row, host));
  const int abi = host.facts.landlock_abi;
  if (abi == 0) return checks;
  const lockdown::LandlockRules rules(Plan{}, {{"/", lockdown::kFsReadDir}}, abi);
  const auto restrict_self = [&] { return lockdown::restrict_by_landlock(rules.steps()); };
  const auto refused = try_steps(0, host.identity, {no_new_privileges(), {"landlock", restrict_self}});
  if (!refused) return checks;
  checks.front().state = State::Broken;
  checks.front().finding = to_string(*refused);
  checks.front().remedy = remedy_for_refused_call(host.around, Withheld::Calls, refused->error);
  return checks;
}

std::vector<Check> check_seccomp(const Host& host) {
  if (!host.facts.seccomp_filters) {
    return {{.name = "seccomp",
             .state = State::Degraded,
             .finding = "this kernel has no seccomp filters, or something around this process keeps seccomp(2) from it",
             .remedy = host.around.filtered ? remedy_for_refused_call(host.around, Withheld::Calls, EPERM)
                                            : "boot a kernel with CONFIG_SECCOMP_FILTER",
             .accept = {accepting("seccomp")}}};
  }
  const auto load = [] { return lockdown::load_filter(kAllowAll); };
  const auto listen = [] {
    int listener = -1;
    return lockdown::load_filter(kAllowAll, &listener);
  };
  const auto refused =
      try_steps(0, host.identity,
                {no_new_privileges(), {"seccomp (a filter)", load}, {"seccomp (a filter with a listener)", listen}});
  if (!refused) {
    return {{.name = "seccomp",
             .finding = "filters and user notification; actions " +
                        trimmed(read_small_file("/proc/sys/kernel/seccomp/actions_avail"))}};
  }
  return {{.name = "seccomp",
           .state = State::Broken,
           .finding = to_string(*refused),
           .remedy = remedy_for_listener(host, *refused)}};
}

}  // namespace evalrun::doctor
