// What the child says between clone3 and execve: one trivially copyable record per fact, over one close-on-exec pipe.
// The child knows indexes; the parent makes the words (sandbox/child_report.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace evalrun {

// The life of a sandbox until execve, in the only order that there is. The step table (sandbox/step_table.h) must list
// its rows in this order, and the edges that matter are asserted there.
enum class Stage : std::uint8_t {
  // The parent's part.
  Compile,
  Spawn,
  IdMap,
  // init, before the lockdown.
  Lifeline,
  Namespaces,
  Loopback,
  Plan,
  Groups,
  Trees,
  Identity,
  Session,
  Hostname,
  Nesting,
  Mounts,
  Pivot,
  Files,
  Enter,
  // The target.
  Fork,
  Process,
  Landlock,
  Seccomp,
  Rlimits,
  Capabilities,
  Descriptors,
  Seal,
  Job,
  Exec,
  // init once more, while the target waits before its execve.
  Init,
};

constexpr std::string_view name_of(Stage stage) noexcept {
  switch (stage) {
    case Stage::Compile: return "compile";
    case Stage::Spawn: return "spawn";
    case Stage::IdMap: return "id map";
    case Stage::Lifeline: return "lifeline";
    case Stage::Namespaces: return "namespaces";
    case Stage::Loopback: return "loopback";
    case Stage::Plan: return "plan";
    case Stage::Groups: return "cgroup";
    case Stage::Trees: return "trees";
    case Stage::Identity: return "identity";
    case Stage::Session: return "session";
    case Stage::Hostname: return "hostname";
    case Stage::Nesting: return "nesting";
    case Stage::Mounts: return "mounts";
    case Stage::Files: return "files";
    case Stage::Pivot: return "pivot_root";
    case Stage::Enter: return "enter";
    case Stage::Fork: return "fork";
    case Stage::Process: return "process";
    case Stage::Landlock: return "landlock";
    case Stage::Seccomp: return "seccomp";
    case Stage::Rlimits: return "rlimits";
    case Stage::Capabilities: return "capabilities";
    case Stage::Descriptors: return "descriptors";
    case Stage::Seal: return "seal";
    case Stage::Job: return "job";
    case Stage::Exec: return "exec";
    case Stage::Init: return "init";
  }
  return "?";
}

// The operation that failed: most are system calls and carry their name; the others are the child's own checks.
#define EVALRUN_OPERATIONS(X)                          \
  X(None, "")                                          \
  X(Read, "read")                                      \
  X(Write, "write")                                    \
  X(Open, "openat")                                    \
  X(Openat2, "openat2")                                \
  X(Close, "close")                                    \
  X(CloseRange, "close_range")                         \
  X(Dup, "dup2")                                       \
  X(Sendfile, "sendfile")                              \
  X(Fchmod, "fchmod")                                  \
  X(Fchdir, "fchdir")                                  \
  X(Chdir, "chdir")                                    \
  X(Mkdir, "mkdirat")                                  \
  X(Symlink, "symlinkat")                              \
  X(Statx, "statx")                                    \
  X(Poll, "ppoll")                                     \
  X(Recv, "recvmsg")                                   \
  X(Send, "sendmsg")                                   \
  X(Socket, "socket")                                  \
  X(Bind, "bind")                                      \
  X(Setgroups, "setgroups")                            \
  X(Setresgid, "setresgid")                            \
  X(Setresuid, "setresuid")                            \
  X(Setsid, "setsid")                                  \
  X(Unshare, "unshare")                                \
  X(Keyctl, "keyctl(JOIN_SESSION_KEYRING)")            \
  X(Sigaction, "rt_sigaction")                         \
  X(Sigprocmask, "rt_sigprocmask")                     \
  X(Sethostname, "sethostname")                        \
  X(Setdomainname, "setdomainname")                    \
  X(Fsopen, "fsopen")                                  \
  X(Fsconfig, "fsconfig")                              \
  X(Fsmount, "fsmount")                                \
  X(OpenTree, "open_tree")                             \
  X(MoveMount, "move_mount")                           \
  X(MountSetattr, "mount_setattr")                     \
  X(Mount, "mount")                                    \
  X(Umount, "umount2")                                 \
  X(PivotRoot, "pivot_root")                           \
  X(Clone, "clone")                                    \
  X(Affinity, "sched_setaffinity")                     \
  X(Personality, "personality")                        \
  X(LandlockCreateRuleset, "landlock_create_ruleset")  \
  X(LandlockAddRule, "landlock_add_rule")              \
  X(LandlockRestrictSelf, "landlock_restrict_self")    \
  X(SeccompLoad, "seccomp(SET_MODE_FILTER)")           \
  X(Prlimit, "prlimit64")                              \
  X(Setrlimit, "setrlimit")                            \
  X(Capset, "capset")                                  \
  X(Capget, "capget")                                  \
  X(PrctlPdeathsig, "prctl(SET_PDEATHSIG)")            \
  X(PrctlDumpable, "prctl(SET_DUMPABLE)")              \
  X(PrctlAmbient, "prctl(CAP_AMBIENT)")                \
  X(PrctlBounding, "prctl(CAPBSET_DROP)")              \
  X(PrctlSecurebits, "prctl(SET_SECUREBITS)")          \
  X(PrctlNoNewPrivs, "prctl(SET_NO_NEW_PRIVS)")        \
  X(Execve, "execve")                                  \
  X(Fstat, "fstat")                                    \
  X(Brk, "brk")                                        \
  X(Mmap, "mmap")                                      \
  X(Mremap, "mremap")                                  \
  X(Pread, "pread64")                                  \
  X(ArchPrctl, "arch_prctl")                           \
  X(SetTidAddress, "set_tid_address")                  \
  X(SetRobustList, "set_robust_list")                  \
  X(Rseq, "rseq")                                      \
  X(Fcntl, "fcntl")                                    \
  X(Futex, "futex")                                    \
  X(Waitid, "waitid")                                  \
  X(ReadMemory, "process_vm_readv")                    \
  X(GetDescriptor, "pidfd_getfd")                      \
  X(SocketKind, "getsockopt")                          \
  X(Setns, "setns")                                    \
  X(NotificationValid, "ioctl(NOTIF_ID_VALID)")        \
  X(ParentGone, "check that the supervisor lives")     \
  X(Descriptors, "count the descriptors of the plan")  \
  X(SourceChanged, "check the pinned inode")           \
  X(OldRootVisible, "check that the old root is gone") \
  X(StrayLink, "check that no other link is present")  \
  X(LoopbackDown, "check that loopback is up")         \
  X(LoopbackAddress, "check the loopback addresses")   \
  X(CapabilitiesHeld, "read the capabilities back")    \
  X(BoundingHeld, "read the bounding set back")        \
  X(SecurebitsUnset, "read the securebits back")       \
  X(NoNewPrivsUnset, "read no_new_privs back")         \
  X(RlimitDiffers, "read the limit back")              \
  X(IdentityDiffers, "read the identity back")         \
  X(NotFound, "find the program")                      \
  X(WordsDiffer, "compare the words of the start")     \
  X(HeapElsewhere, "find the heap in its place")       \
  X(VdsoMissing, "find the vDSO")                      \
  X(MappedFileChanged, "compare the mapped file")

enum class Operation : std::uint8_t {
#define EVALRUN_OPERATION_ENUM(name, text) name,
  EVALRUN_OPERATIONS(EVALRUN_OPERATION_ENUM)
#undef EVALRUN_OPERATION_ENUM
};

constexpr std::string_view name_of(Operation operation) noexcept {
  switch (operation) {
#define EVALRUN_OPERATION_NAME(name, text) \
  case Operation::name: return text;
    EVALRUN_OPERATIONS(EVALRUN_OPERATION_NAME)
#undef EVALRUN_OPERATION_NAME
  }
  return "?";
}

// One step's outcome. error == 0: it succeeded. `item` is an index into what the step works on (a mount, a limit, a
// capability), -1 where there is none.
struct StepResult {
  Stage stage{};
  Operation operation = Operation::None;
  std::int32_t item = -1;
  std::int32_t error = 0;

  [[nodiscard]] constexpr bool failed() const noexcept { return error != 0; }
};
static_assert(std::is_trivially_copyable_v<StepResult> && sizeof(StepResult) == 12);

constexpr StepResult success() noexcept {
  return {};
}

// `result` is a failed raw system call's -errno. The stage is filled in by whoever walks the step table.
constexpr StepResult failure(Operation operation, long result, int item = -1) noexcept {
  return {{}, operation, item, static_cast<std::int32_t>(-result)};
}

}  // namespace evalrun
