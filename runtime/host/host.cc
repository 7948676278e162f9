#include "runtime/host/host.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>

#include "lockdown/landlock_abi.h"
#include "lockdown/steps.h"
#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/small_file.h"

namespace evalrun::host {
namespace {

int probe_landlock() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, lockdown::kCreateVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

bool probe_seccomp() {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool has_capability(cap_value_t capability) {
  const cap_t held = ::cap_get_proc();
  if (held == nullptr) return false;
  cap_flag_value_t value = CAP_CLEAR;
  const int result = ::cap_get_flag(held, capability, CAP_EFFECTIVE, &value);
  ::cap_free(held);
  return result == 0 && value == CAP_SET;
}

// A chroot's root is a folder, not the root of a mount (and the kernel then refuses user namespaces:
// user_namespaces(7), EPERM, "the caller is in a chroot environment").
bool root_is_plain_folder() {
  struct statx status {};
  if (::statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &status) != 0) return false;
  return (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0;
}

bool under_seccomp_filter() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp:")) return line.find('2') != std::string::npos;
  }
  return false;
}

}  // namespace

HostFacts probe_host() {
  HostFacts facts;
  utsname names{};
  if (::uname(&names) != 0) throw SystemError("uname", "");
  facts.kernel = names.release;
  facts.landlock_abi = probe_landlock();
  facts.seccomp_filters = probe_seccomp();
  const Fd namespaces(::open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto has = [&](const char* name) { return ::faccessat(namespaces.get(), name, F_OK, 0) == 0; };
  if (!namespaces || !has("user")) {
    throw HostError("host", "find", "/proc/self/ns/user", ENOENT,
                    "evalrun needs /proc: mount it (mount -t proc proc /proc), and a kernel with user namespaces");
  }
  facts.net_ns = has("net");
  facts.ipc_ns = has("ipc");
  facts.uts_ns = has("uts");
  facts.cgroup_ns = has("cgroup");
  facts.last_capability = static_cast<int>(::cap_max_bits()) - 1;
  rlimit core{};
  if (::getrlimit(RLIMIT_CORE, &core) != 0) throw SystemError("getrlimit", "RLIMIT_CORE");
  facts.core_limit = std::min<std::uint64_t>(core.rlim_max, lockdown::kCoreLimit);
  facts.is_root = ::geteuid() == 0 && has_capability(CAP_SETUID) && has_capability(CAP_SETGID);
  if (facts.is_root) facts.identities = identity_range();
  return facts;
}

std::string explain_refused_namespaces(int error) {
  if (root_is_plain_folder()) {
    return "this process runs inside a chroot, where the kernel refuses user namespaces; enter the tree by pivot_root "
           "(systemd-nspawn, a container, a boot) instead of chroot";
  }
  if (error == ENOSPC && first_word_of("/proc/sys/user/max_user_namespaces") == "0") {
    return "user namespaces are switched off: sysctl user.max_user_namespaces is 0; set it to 10000 or more";
  }
  if (error == ENOSPC) {
    return "a limit on the number of namespaces is reached; see the user.max_*_namespaces sysctls, here and in any "
           "container around this process";
  }
  if (first_word_of("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "this kernel keeps user namespaces from ordinary users; run: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (first_word_of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "AppArmor keeps user namespaces from programs without a profile; run: "
           "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give evalrun a profile with \"userns,\"";
  }
  if (under_seccomp_filter()) {
    return "a system-call filter around this process (a container's default profile, for instance) refuses them; allow "
           "clone3, clone and unshare with CLONE_NEW* flags there, or run without that profile";
  }
  if (error == EINVAL || error == ENOSYS) {
    return "this kernel lacks one of the namespaces or clone3 (Linux 5.3); evalrun needs Linux 6.1 or newer";
  }
  return "a security module, a container or a chroot around this process refuses user namespaces";
}

}  // namespace evalrun::host
