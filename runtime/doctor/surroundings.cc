#include "runtime/doctor/surroundings.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "runtime/core/small_file.h"

namespace evalrun::doctor {
namespace {

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::string first_line(const std::string& path) {
  std::string text = read_small_file(path);
  return text.substr(0, text.find_first_of(std::string("\n\0", 2)));
}

std::string value_of(const char* (*environment)(const char*), const char* name) {
  const char* value = environment != nullptr ? environment(name) : ::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_mount_point(const std::string& root, const std::string& path) {
  std::istringstream lines(read_small_file(root + "/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" " + path + " ") != std::string::npos) return true;
  }
  return false;
}

// The marks that the managers themselves leave (systemd.io/CONTAINER_INTERFACE, podman-run(1), Kubernetes' service
// environment, systemd.exec(5)). Kubernetes first: its containers may be Docker's. An image may bring another manager's
// file along: Podman mounts its file, and Docker mounts /etc/hosts.
Manager find_manager(const std::string& root, const char* (*environment)(const char*)) {
  const std::string word = value_of(environment, "container");
  if (!value_of(environment, "KUBERNETES_SERVICE_HOST").empty()) return Manager::Kubernetes;
  if (word == "podman" || is_mount_point(root, "/run/.containerenv")) return Manager::Podman;
  if (word == "docker") return Manager::Docker;
  if (exists(root + "/.dockerenv") && is_mount_point(root, "/etc/hosts")) return Manager::Docker;
  if (word == "systemd-nspawn") return Manager::Nspawn;
  if (word == "lxc") return Manager::Lxc;
  if (!word.empty() || exists(root + "/run/systemd/container")) return Manager::Other;
  return value_of(environment, "INVOCATION_ID").empty() ? Manager::None : Manager::Systemd;
}

bool under_filter(const std::string& root) {
  std::istringstream lines(read_small_file(root + "/proc/self/status"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Seccomp:")) return line.find('2') != std::string::npos;
  }
  return false;
}

struct Switches {
  Manager manager;
  const char* calls;
  const char* mounts;
  const char* proc_mount;
  const char* sight;
  const char* groups;
  const char* real_time;
};

// One row for each manager: docker-run(1), podman-run(1), the Kubernetes API's SecurityContext, systemd-nspawn(1),
// systemd.exec(5). evalrun.json is what `evalrun doctor --seccomp-profile` prints.
constexpr Switches kSwitches[] = {
    {.manager = Manager::Docker,
     .calls = "docker run --security-opt seccomp=evalrun.json (evalrun doctor --seccomp-profile >evalrun.json)",
     .mounts = "docker run --security-opt seccomp=evalrun.json --security-opt apparmor=unconfined (evalrun doctor "
               "--seccomp-profile >evalrun.json)",
     .proc_mount = "docker run --security-opt systempaths=unconfined",
     .sight = "",
     .groups = "docker run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw, as root",
     .real_time = "docker run --ulimit rtprio=1"},
    {.manager = Manager::Podman,
     .calls = "podman run --security-opt seccomp=evalrun.json (evalrun doctor --seccomp-profile >evalrun.json)",
     .mounts = "podman run --security-opt seccomp=evalrun.json --security-opt apparmor=unconfined --security-opt "
               "label=disable (evalrun doctor --seccomp-profile >evalrun.json)",
     .proc_mount = "podman run --security-opt unmask=/proc/*",
     .sight = "",
     .groups = "podman run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw",
     .real_time = "podman run --ulimit rtprio=1"},
    {.manager = Manager::Kubernetes,
     .calls = "securityContext.seccompProfile: {type: Localhost, localhostProfile: evalrun.json} (evalrun doctor "
              "--seccomp-profile >evalrun.json)",
     .mounts = "securityContext.seccompProfile: {type: Localhost, localhostProfile: evalrun.json} and "
               "securityContext.appArmorProfile.type: Unconfined (evalrun doctor --seccomp-profile >evalrun.json)",
     .proc_mount = "securityContext.procMount: Unmasked with the pod's hostUsers: false",
     .sight = "",
     .groups = "a container runtime with writable cgroups (containerd: cgroup_writable = true)",
     .real_time = ""},
    {.manager = Manager::Nspawn,
     .calls = "systemd-nspawn --system-call-filter=\"landlock_create_ruleset landlock_add_rule landlock_restrict_self "
              "keyctl pidfd_getfd process_vm_readv\"",
     .mounts = "systemd-nspawn --system-call-filter=\"@mount\"",
     .proc_mount = "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes systemd-nspawn",
     .sight = "",
     .groups = "systemd-nspawn as a service of its own with Delegate=yes",
     .real_time = "systemd-nspawn --rlimit=RLIMIT_RTPRIO=1"},
    {.manager = Manager::Lxc,
     .calls = "lxc.seccomp.profile = (empty)",
     .mounts = "lxc.include = /usr/share/lxc/config/nesting.conf",
     .proc_mount = "lxc.include = /usr/share/lxc/config/nesting.conf",
     .sight = "",
     .groups = "lxc.mount.auto = cgroup:rw",
     .real_time = "lxc.prlimit.rtprio = 1"},
    {.manager = Manager::Systemd,
     .calls = "a unit without SystemCallFilter=, RestrictNamespaces= and ProtectHostname= (see evalrun.service)",
     .mounts = "a unit without SystemCallFilter=, RestrictNamespaces= and PrivateUsers= (see evalrun.service)",
     .proc_mount = "a unit without ProtectKernelTunables=, ProtectKernelLogs= and ProcSubset= (see evalrun.service)",
     .sight = "a unit without ProtectProc= (see evalrun.service)",
     .groups = "",
     .real_time = "a unit with LimitRTPRIO=1 and without RestrictRealtime= (see evalrun.service)"},
};

}  // namespace

Surroundings look_around(const std::string& root, const char* (*environment)(const char*)) {
  Surroundings around;
  around.manager = find_manager(root, environment);
  around.profile = first_line(root + "/proc/self/attr/apparmor/current");
  if (around.profile.empty()) around.profile = first_line(root + "/proc/self/attr/current");
  if (around.profile == "unconfined" || around.profile == "kernel") around.profile.clear();
  around.filtered = under_filter(root);
  around.restricted_by_apparmor = first_line(root + "/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1";
  return around;
}

std::string_view name_of(Manager manager) {
  switch (manager) {
    case Manager::None: return "none";
    case Manager::Docker: return "Docker";
    case Manager::Podman: return "Podman";
    case Manager::Kubernetes: return "Kubernetes";
    case Manager::Nspawn: return "systemd-nspawn";
    case Manager::Lxc: return "LXC";
    case Manager::Systemd: return "a unit of systemd";
    case Manager::Other: return "a container";
  }
  return "?";
}

std::string switch_for(const Surroundings& around, Withheld what) {
  for (const Switches& row : kSwitches) {
    if (row.manager != around.manager) continue;
    switch (what) {
      case Withheld::Calls: return row.calls;
      case Withheld::Mounts: return row.mounts;
      case Withheld::ProcMount: return row.proc_mount;
      case Withheld::Sight: return row.sight;
      case Withheld::Groups: return row.groups;
      case Withheld::RealTime: return row.real_time;
    }
  }
  return "";
}

std::string remedy_for_refused_call(const Surroundings& around, Withheld what, int error) {
  // Ubuntu lets the namespace be made, and takes its capabilities away.
  if (around.restricted_by_apparmor && (error == EACCES || error == EPERM)) {
    return "AppArmor takes the capabilities of a user namespace from programs without a profile; run: sysctl "
           "kernel.apparmor_restrict_unprivileged_userns=0, or give evalrun the profile that comes with it: cp "
           "PREFIX/share/evalrun/containers/apparmor /etc/apparmor.d/evalrun, apparmor_parser -r "
           "/etc/apparmor.d/evalrun";
  }
  const std::string manager_switch = switch_for(around, what);
  if (!manager_switch.empty()) {
    return std::string(name_of(around.manager)) + " withholds it" +
           (around.profile.empty() ? "" : ", or its profile " + around.profile + " does") + "; start it with " +
           manager_switch;
  }
  if (error == EACCES && !around.profile.empty()) {
    return "the security module's profile " + around.profile + " denies it; allow it there, or run outside of it";
  }
  if (around.filtered) {
    return "a system-call filter around this process refuses it; allow the call there, or run outside of it";
  }
  if (error == ENOSYS || error == EINVAL)
    return "this kernel is too old or built without it; Linux 6.1 or newer has it";
  return "a security module or a container around this process refuses it; run outside of it";
}

}  // namespace evalrun::doctor
