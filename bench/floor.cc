#include "bench/floor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "runtime/core/sys.h"

namespace evalrun::bench {
namespace {

constexpr unsigned kInsideId = 1000;
constexpr std::size_t kStack = 64 << 10;
constexpr unsigned long kRecursivePrivate = 0x4000 | 0x40000;  // MS_REC | MS_PRIVATE, of sys/mount.h
constexpr unsigned kDetach = 2;                                // MNT_DETACH
constexpr unsigned long kNewCgroup = 0x02000000;               // CLONE_NEWCGROUP
constexpr int kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr unsigned long kSecurebits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                      SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

// Shared by all three processes: CLONE_VM.
struct Floor {
  const FloorPlan& plan;
  Processes processes;
  std::vector<const char*> argv{};
  int trees[64] = {};
  int root = -1;
  std::uint32_t mapped = 0;  // a futex
  const char* failed = nullptr;
  long error = 0;
};

// By exit: the whitelist has exit_group with a status other than 0 looked at by a supervisor, and here is none.
[[noreturn]] void leave(int status) noexcept {
  for (;;) sys(SYS_exit, status);
}

// The result, or the end of this process with `step` told.
long must(Floor& floor, long result, const char* step) noexcept {
  if (result >= 0) return result;
  floor.failed = step;
  floor.error = -result;
  leave(126);
}

long set_attributes(int fd, std::uint64_t attributes, unsigned flags) noexcept {
  mount_attr attr{};
  attr.attr_set = attributes;
  attr.propagation = kRecursivePrivate & 0x40000;
  return sys(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr, sizeof attr);
}

void clone_trees(Floor& floor) noexcept {
  must(floor, sys(SYS_mount, nullptr, "/", nullptr, kRecursivePrivate, nullptr), "mount private");
  for (std::size_t i = 0; i < floor.plan.binds.size(); ++i) {
    const FloorPlan::Bind& bind = floor.plan.binds[i];
    const long tree = must(
        floor, sys(SYS_open_tree, AT_FDCWD, bind.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE),
        bind.source.c_str());
    floor.trees[i] = static_cast<int>(tree);
    must(floor, set_attributes(floor.trees[i], bind.attributes, AT_RECURSIVE), "mount_setattr");
  }
}

void take_identity(Floor& floor) noexcept {
  while (__atomic_load_n(&floor.mapped, __ATOMIC_ACQUIRE) == 0) {
    sys(SYS_futex, &floor.mapped, FUTEX_WAIT, 0, nullptr, nullptr, 0);
  }
  if (!floor.plan.own_ids) must(floor, sys(SYS_setgroups, 0, nullptr), "setgroups");
  must(floor, sys(SYS_setresgid, kInsideId, kInsideId, kInsideId), "setresgid");
  must(floor, sys(SYS_setresuid, kInsideId, kInsideId, kInsideId), "setresuid");
  must(floor, sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
  must(floor, sys(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0), "keyctl");
  must(floor, sys(SYS_sethostname, floor.plan.hostname.c_str(), floor.plan.hostname.size()), "sethostname");
  must(floor, sys(SYS_setdomainname, "localdomain", sizeof "localdomain" - 1), "setdomainname");
  const auto nested = static_cast<int>(sys(SYS_openat, AT_FDCWD, "/proc/sys/user/max_user_namespaces", O_WRONLY));
  if (nested >= 0) sys(SYS_write, nested, "0", 1);  // a host may not show it; evalrun goes on too
  if (nested >= 0) sys(SYS_close, nested);
}

int make_filesystem(Floor& floor, const char* type, const char* const (*options)[2], std::size_t count,
                    std::uint64_t attributes) noexcept {
  const auto context = static_cast<int>(must(floor, sys(SYS_fsopen, type, FSOPEN_CLOEXEC), "fsopen"));
  for (std::size_t i = 0; i < count; ++i) {
    must(floor, sys(SYS_fsconfig, context, FSCONFIG_SET_STRING, options[i][0], options[i][1], 0), options[i][0]);
  }
  must(floor, sys(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), type);
  return static_cast<int>(must(floor, sys(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes), "fsmount"));
}

void make_node(Floor& floor, const FloorPlan::Node& node) noexcept {
  switch (node.kind) {
    case FloorPlan::Node::Kind::Folder:
      must(floor, sys(SYS_mkdirat, floor.root, node.path.c_str(), node.mode), node.path.c_str());
      return;
    case FloorPlan::Node::Kind::Link:
      must(floor, sys(SYS_symlinkat, node.content.c_str(), floor.root, node.path.c_str()), node.path.c_str());
      return;
    case FloorPlan::Node::Kind::File: {
      const long fd =
          must(floor, sys(SYS_openat, floor.root, node.path.c_str(), O_WRONLY | O_CREAT | O_EXCL, node.mode),
               node.path.c_str());
      if (!node.content.empty()) must(floor, sys(SYS_write, fd, node.content.data(), node.content.size()), "write");
      sys(SYS_close, fd);
      return;
    }
  }
}

void mount_all(Floor& floor) noexcept {
  const char* const root_options[][2] = {
      {"size", floor.plan.root_size.c_str()}, {"nr_inodes", floor.plan.root_inodes.c_str()}, {"mode", "0755"}};
  floor.root = make_filesystem(floor, "tmpfs", root_options, 3, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  must(floor, sys(SYS_move_mount, floor.root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "move_mount /");
  for (const FloorPlan::Node& node : floor.plan.nodes) make_node(floor, node);
  std::size_t next_tree = 0;
  for (const FloorPlan::Mount& mount : floor.plan.mounts) {
    long fd = -1;
    switch (mount.kind) {
      case FloorPlan::Mount::Kind::Bind: fd = floor.trees[next_tree++]; break;
      case FloorPlan::Mount::Kind::Workspace:
        fd = must(floor, sys(SYS_open_tree, floor.root, mount.path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
                  mount.path.c_str());
        must(floor, set_attributes(static_cast<int>(fd), mount.attributes, 0), "mount_setattr");
        break;
      case FloorPlan::Mount::Kind::Proc: {
        const char* const options[][2] = {{"hidepid", "2"}, {"subset", "pid"}};
        fd = make_filesystem(floor, "proc", options, 2,
                             MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        break;
      }
    }
    must(floor, sys(SYS_move_mount, fd, "", floor.root, mount.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
         mount.path.c_str());
  }
  must(floor, set_attributes(floor.root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0), "read-only root");
}

void enter_root(Floor& floor) noexcept {
  must(floor, sys(SYS_fchdir, floor.root), "fchdir");
  must(floor, sys(SYS_pivot_root, ".", "."), "pivot_root");
  must(floor, sys(SYS_umount2, ".", kDetach), "umount2");
  must(floor, sys(SYS_chdir, floor.plan.folder.c_str()), "chdir");
}

void bring_loopback_up(Floor& floor) noexcept {
  const long socket = must(floor, sys(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  must(floor, sys(SYS_ioctl, socket, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
  sys(SYS_close, socket);
}

enum class Rules { ThePlans, None };

void restrict_by_landlock(Floor& floor, Rules rules) noexcept {
  if (floor.plan.landlock_size == 0) return;
  const std::uint64_t none[3] = {floor.plan.landlock[0], 0, 0};
  const std::uint64_t* const attributes = rules == Rules::None ? none : floor.plan.landlock;
  const long ruleset =
      must(floor, sys(SYS_landlock_create_ruleset, attributes, floor.plan.landlock_size, 0), "landlock_create_ruleset");
  if (rules == Rules::ThePlans) {
    for (const FloorPlan::Rule& rule : floor.plan.rules) {
      struct [[gnu::packed]] {
        std::uint64_t rights;
        std::int32_t parent;
      } beneath{rule.rights, -1};
      beneath.parent = static_cast<std::int32_t>(
          must(floor, sys(SYS_openat, AT_FDCWD, rule.path.c_str(), O_PATH | O_CLOEXEC), rule.path.c_str()));
      must(floor, sys(SYS_landlock_add_rule, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &beneath, 0),
           "landlock_add_rule");
      sys(SYS_close, beneath.parent);
    }
  }
  must(floor, sys(SYS_landlock_restrict_self, ruleset, 0), "landlock_restrict_self");
}

void load_filter(Floor& floor, const std::vector<sock_filter>& filter) noexcept {
  if (filter.empty()) return;
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  must(floor, sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

void drop_capabilities(Floor& floor) noexcept {
  must(floor, sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
  for (int capability = 0; capability <= floor.plan.last_capability; ++capability) {
    must(floor, sys(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP");
  }
  must(floor, sys(SYS_prctl, PR_SET_SECUREBITS, kSecurebits, 0, 0, 0), "PR_SET_SECUREBITS");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  must(floor, sys(SYS_capset, &header, none), "capset");
  must(floor, sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
}

[[noreturn]] void lock_down_and_execute(Floor& floor) noexcept {
  must(floor, sys(SYS_setsid), "setsid");
  restrict_by_landlock(floor, Rules::ThePlans);
  load_filter(floor, floor.plan.whitelist);
  for (const FloorPlan::Limit& limit : floor.plan.limits) {
    const std::uint64_t wanted[2] = {limit.soft, limit.hard};
    must(floor, sys(SYS_setrlimit, limit.resource, wanted), "setrlimit");
  }
  drop_capabilities(floor);
  must(floor, sys(SYS_close_range, 3, ~0U, 0), "close_range");
  load_filter(floor, floor.plan.seal);
  const char* const envp[] = {nullptr};
  must(floor, sys(SYS_execve, floor.argv[0], floor.argv.data(), envp), "execve");
  leave(126);
}

int target(void* floor) noexcept {
  lock_down_and_execute(*static_cast<Floor*>(floor));
}

alignas(16) char init_stack[kStack], target_stack[kStack];

int init(void* argument) noexcept {
  Floor& floor = *static_cast<Floor*>(argument);
  if (floor.processes == Processes::InitAndTarget) must(floor, sys(SYS_setsid), "setsid");
  clone_trees(floor);
  must(floor, sys(SYS_unshare, kNewCgroup), "cgroup namespace");
  take_identity(floor);
  mount_all(floor);
  enter_root(floor);
  bring_loopback_up(floor);
  if (floor.processes == Processes::One) lock_down_and_execute(floor);
  const int pid = ::clone(target, target_stack + kStack, CLONE_VM | SIGCHLD, &floor);
  if (pid < 0) must(floor, -errno, "clone");
  must(floor, sys(SYS_close_range, 0, ~0U, 0), "close_range");
  restrict_by_landlock(floor, Rules::None);
  drop_capabilities(floor);
  load_filter(floor, floor.plan.init_filter);
  siginfo_t ended{};
  must(floor, sys(SYS_waitid, P_ALL, 0, &ended, WEXITED | __WALL, nullptr), "waitid");
  leave(ended.si_code == CLD_EXITED ? ended.si_status : 125);
}

void write_file(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("floor: write " + path + ": " + std::strerror(error));
}

void write_id_map(pid_t pid, const FloorPlan& plan) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto line = [](unsigned outside) { return std::to_string(kInsideId) + " " + std::to_string(outside) + " 1\n"; };
  if (plan.own_ids) write_file(folder + "/setgroups", "deny");
  write_file(folder + "/gid_map", line(plan.outside_gid));
  write_file(folder + "/uid_map", line(plan.outside_uid));
}

siginfo_t wait_for(pid_t pid) {
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | __WALL) != 0 && errno == EINTR) {
  }
  return ended;
}

}  // namespace

void run_floor(const FloorPlan& plan, Processes processes) {
  Floor floor{plan, processes};
  if (plan.binds.size() > std::size(floor.trees)) throw std::runtime_error("floor: too many binds");
  for (const std::string& word : plan.argv) floor.argv.push_back(word.c_str());
  floor.argv.push_back(nullptr);
  const pid_t pid = ::clone(init, init_stack + kStack, CLONE_VM | kNamespaces, &floor);
  if (pid < 0) throw std::runtime_error(std::string("floor: clone: ") + std::strerror(errno));
  try {
    write_id_map(pid, plan);
  } catch (...) {
    ::kill(pid, SIGKILL);
    wait_for(pid);
    throw;
  }
  __atomic_store_n(&floor.mapped, 1U, __ATOMIC_RELEASE);
  sys(SYS_futex, &floor.mapped, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  const siginfo_t ended = wait_for(pid);
  if (floor.failed != nullptr) {
    throw std::runtime_error(std::string("floor: ") + floor.failed + ": " +
                             std::strerror(static_cast<int>(floor.error)));
  }
  if (ended.si_code != CLD_EXITED || ended.si_status != 0) {
    throw std::runtime_error("floor: the program ended with " + std::to_string(ended.si_status));
  }
}

}  // namespace evalrun::bench
