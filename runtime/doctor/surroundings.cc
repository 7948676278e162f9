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

// The marks that the managers themselves leave (systemd.io/CONTAINER_INTERFACE, podman-run(1), Kubernetes' service
// environment). Kubernetes first: its containers may be Docker's.
Manager find_manager(const std::string& root, const char* (*environment)(const char*)) {
  const std::string word = value_of(environment, "container");
  if (!value_of(environment, "KUBERNETES_SERVICE_HOST").empty()) return Manager::Kubernetes;
  if (exists(root + "/run/.containerenv") || word == "podman") return Manager::Podman;
  if (exists(root + "/.dockerenv") || word == "docker") return Manager::Docker;
  if (word == "systemd-nspawn") return Manager::Nspawn;
  if (word == "lxc") return Manager::Lxc;
  return word.empty() && !exists(root + "/run/systemd/container") ? Manager::None : Manager::Other;
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
  const char* groups;
  const char* real_time;
};

// One row for each manager: docker-run(1), podman-run(1), the Kubernetes API's SecurityContext, systemd-nspawn(1).
constexpr Switches kSwitches[] = {
    {Manager::Docker, "docker run --security-opt seccomp=unconfined",
     "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
     "docker run --security-opt systempaths=unconfined",
     "docker run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw, as root", "docker run --ulimit rtprio=1"},
    {Manager::Podman, "podman run --security-opt seccomp=unconfined",
     "podman run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt label=disable",
     "podman run --security-opt unmask=ALL", "podman run --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw",
     "podman run --ulimit rtprio=1"},
    {Manager::Kubernetes, "securityContext.seccompProfile.type: Unconfined",
     "securityContext.seccompProfile.type: Unconfined and securityContext.appArmorProfile.type: Unconfined",
     "securityContext.procMount: Unmasked with the pod's hostUsers: false",
     "a container runtime with writable cgroups (containerd: cgroup_writable = true)", ""},
    {Manager::Nspawn, "systemd-nspawn --system-call-filter=\"@mount @sandbox\"",
     "systemd-nspawn --system-call-filter=\"@mount @sandbox\"", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes systemd-nspawn",
     "systemd-nspawn as a service of its own with Delegate=yes", "systemd-nspawn --rlimit=RLIMIT_RTPRIO=1"},
    {Manager::Lxc, "lxc.seccomp.profile = (empty)", "lxc.include = /usr/share/lxc/config/nesting.conf",
     "lxc.include = /usr/share/lxc/config/nesting.conf", "lxc.mount.auto = cgroup:rw", "lxc.prlimit.rtprio = 1"},
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
           "kernel.apparmor_restrict_unprivileged_userns=0, or give evalrun a profile with \"userns,\"";
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
