#include "lockdown/call_table.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>

// <asm/ioctls.h> rather than <sys/ioctl.h>: the kernel's values as plain numbers.
#include <asm/ioctls.h>
#if defined(__x86_64__)
#include <asm/prctl.h>
#endif

namespace evalrun::lockdown {
namespace {

using Names = std::string_view;

// ---- Allowed by number ----------------------------------------------------------------------------------------------

constexpr Names kInputOutput[] = {
    "close",    "close_range",     "copy_file_range", "dup",     "dup2",   "dup3",      "fallocate", "fdatasync",
    "fsync",    "ftruncate",       "lseek",           "pipe",    "pipe2",  "poll",      "ppoll",     "pread64",
    "preadv",   "pselect6",        "pwrite64",        "pwritev", "read",   "readahead", "readv",     "select",
    "sendfile", "sync_file_range", "truncate",        "write",   "writev",
};

constexpr Names kFiles[] = {
    "access",    "chdir",      "chmod",     "chown",     "creat",       "faccessat",  "faccessat2", "fchdir",
    "fchmod",    "fchmodat",   "fchmodat2", "fchown",    "fchownat",    "fgetxattr",  "flistxattr", "fstat",
    "fstatfs",   "futimesat",  "getcwd",    "getdents",  "getdents64",  "getxattr",   "getxattrat", "lchown",
    "lgetxattr", "link",       "linkat",    "listxattr", "listxattrat", "llistxattr", "lstat",      "mkdir",
    "mkdirat",   "newfstatat", "open",      "openat",    "openat2",     "readlink",   "readlinkat", "rename",
    "renameat",  "renameat2",  "rmdir",     "stat",      "statfs",      "statx",      "symlink",    "symlinkat",
    "umask",     "unlink",     "unlinkat",  "utime",     "utimensat",   "utimes",
};

constexpr Names kMemory[] = {
    "brk",    "membarrier", "mlock",   "mlock2",     "mlockall", "mprotect",
    "mremap", "msync",      "munlock", "munlockall", "munmap",
};

constexpr Names kProcesses[] = {
    "execve",        "exit",           "fork",         "pidfd_open",    "restart_syscall", "rt_sigaction",
    "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "setpgid",
    "setsid",        "sigaltstack",    "vfork",        "wait4",         "waitid",
};

constexpr Names kThreads[] = {
    "futex_waitv",
    "get_robust_list",
    "rseq",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setscheduler",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
};

constexpr Names kPinning[] = {"sched_setaffinity"};

constexpr Names kOwnState[] = {
    "capget",  "getcpu",      "getegid",   "geteuid",     "getgid",    "getgroups", "getpgid",   "getpgrp", "getpid",
    "getppid", "getpriority", "getrandom", "getresgid",   "getresuid", "getrlimit", "getrusage", "getsid",  "gettid",
    "getuid",  "ioprio_get",  "pause",     "setpriority", "sysinfo",   "times",     "uname",
};

constexpr Names kOwnIdentity[] = {"setgid", "setregid", "setresgid", "setresuid", "setreuid", "setuid"};

constexpr Names kTime[] = {
    "alarm",         "clock_getres",  "clock_gettime",  "getitimer",       "gettimeofday",
    "nanosleep",     "setitimer",     "time",           "timer_delete",    "timer_getoverrun",
    "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime",
};

constexpr Names kEvents[] = {
    "epoll_create", "epoll_create1", "epoll_pwait",   "epoll_pwait2",     "epoll_wait", "eventfd",
    "eventfd2",     "inotify_init",  "inotify_init1", "inotify_rm_watch", "signalfd",   "signalfd4",
};

constexpr Names kConnectedSockets[] = {
    "accept", "accept4", "getpeername", "getsockname", "recvfrom", "recvmmsg", "recvmsg", "shutdown",
};

constexpr Names kEndpoints[] = {"bind", "connect", "listen"};
constexpr Names kWatches[] = {"inotify_add_watch"};

// ---- Refused as not implemented -------------------------------------------------------------------------------------

constexpr Names kNewClone[] = {"clone3"};

constexpr Names kRings[] = {"io_uring_enter", "io_uring_register", "io_uring_setup"};

constexpr Names kOptionalFeatures[] = {
    "cachestat",
    "file_getattr",
    "futex_requeue",
    "futex_wait",
    "futex_wake",
    "get_mempolicy",
    "get_thread_area",
    "io_cancel",
    "io_destroy",
    "io_getevents",
    "io_pgetevents",
    "io_setup",
    "io_submit",
    "listmount",
    "lsm_get_self_attr",
    "lsm_list_modules",
    "lsm_set_self_attr",
    "map_shadow_stack",
    "mbind",
    "memfd_create",
    "memfd_secret",
    "migrate_pages",
    "mincore",
    "modify_ldt",
    "move_pages",
    "mseal",
    "pkey_alloc",
    "pkey_free",
    "pkey_mprotect",
    "process_madvise",
    "process_mrelease",
    "remap_file_pages",
    "set_mempolicy",
    "set_mempolicy_home_node",
    "set_thread_area",
    "splice",
    "statmount",
    "sync",
    "syncfs",
    "tee",
    "uprobe",
    "uretprobe",
    "vmsplice",
};

constexpr Names kInterProcess[] = {
    "mq_getsetattr", "mq_notify",  "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
    "msgctl",        "msgget",     "msgrcv",  "msgsnd",          "semctl",       "semget",
    "semop",         "semtimedop", "shmat",   "shmctl",          "shmdt",        "shmget",
};

constexpr Names kGone[] = {
    "_sysctl", "afs_syscall", "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms",
    "getpmsg", "nfsservctl",  "putpmsg",       "query_module",  "security",       "sysfs",
    "tuxcall", "uselib",      "ustat",         "vserver",
};

// ---- Refused as not permitted ---------------------------------------------------------------------------------------

constexpr Names kMachine[] = {
    "acct",         "chroot",         "clock_settime", "fanotify_init", "fanotify_mark", "ioperm",
    "iopl",         "lookup_dcookie", "quotactl",      "quotactl_fd",   "setdomainname", "sethostname",
    "settimeofday", "swapoff",        "swapon",        "syslog",        "vhangup",
};

constexpr Names kClockDiscipline[] = {"adjtimex", "clock_adjtime"};

constexpr Names kIdentity[] = {"setfsgid", "setfsuid", "setgroups"};

constexpr Names kPriorities[] = {"ioprio_set", "sched_setattr", "sched_setparam"};

constexpr Names kFileAttributes[] = {
    "file_setattr", "fremovexattr",  "fsetxattr", "lremovexattr", "lsetxattr",
    "removexattr",  "removexattrat", "setxattr",  "setxattrat",
};

constexpr Names kFileHandles[] = {"name_to_handle_at"};

constexpr Names kMapping[] = {"brk", "mmap", "mremap"};
constexpr Names kUnnamedPrograms[] = {"execveat"};

constexpr Names kOtherProcesses[] = {"kcmp", "process_vm_readv", "process_vm_writev"};

constexpr Names kForeignDescriptors[] = {"pidfd_getfd"};

constexpr Names kConfinement[] = {"capset", "seccomp"};

constexpr Names kOwnConfinement[] = {"landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self"};

// ---- Violations -----------------------------------------------------------------------------------------------------

constexpr Names kKernelCode[] = {
    "bpf", "delete_module", "finit_module", "init_module", "kexec_file_load", "kexec_load", "reboot",
};

constexpr Names kKernelKeys[] = {"add_key", "keyctl", "request_key"};

constexpr Names kMounts[] = {
    "fsconfig",   "fsmount",   "fsopen",         "fspick",     "mount", "mount_setattr",
    "move_mount", "open_tree", "open_tree_attr", "pivot_root", "setns", "umount2",
};

constexpr Names kExploitTools[] = {"open_by_handle_at", "perf_event_open", "ptrace", "userfaultfd"};

constexpr CallGroup kGroups[] = {
    {"input_output", CallVerdict::Allow, "descriptors the program has: what may be opened was decided before",
     kInputOutput},
    {"files", CallVerdict::Allow,
     "paths: the mount table and landlock decide, since a filter cannot see behind the pointer", kFiles},
    {"memory", CallVerdict::Allow, "the program's own address space; every language runtime shapes it", kMemory},
    {"processes", CallVerdict::Allow,
     "processes and signals inside the sandbox's own pid namespace; their number is limited elsewhere", kProcesses},
    {"threads", CallVerdict::Allow, "locks, thread registration and scheduling of the program's own threads", kThreads},
    {"pinning",
     CallVerdict::Allow,
     "moving between cores: of a run that is pinned, the plan's cores would mean nothing",
     kPinning,
     {},
     CallVerdict::NotPermitted},
    {"own_state", CallVerdict::Allow, "reading what the process is, lowering what it may use", kOwnState},
    {"own_identity", CallVerdict::Allow,
     "without capabilities they move between ids that are all the same; posix_spawn resets them so for GNU make",
     kOwnIdentity},
    {"time", CallVerdict::Allow, "reading clocks, sleeping, timers", kTime},
    {"events", CallVerdict::Allow, "waiting for descriptors, signals and files, as event loops do", kEvents},
    {"connected_sockets", CallVerdict::Allow,
     "sockets that exist and have their address already; Node and Python talk to their children so, network or not",
     kConnectedSockets},
    {"endpoints", CallVerdict::Mediated,
     "reaching or offering an address, which no filter can see: the supervisor decides by [network] on a copy",
     kEndpoints, "what may be reached follows from [network]"},
    {"watches", CallVerdict::Mediated,
     "watching a file that others use tells what they do: the supervisor lets the run watch what it may write",
     kWatches, "what others do with shared files is none of a run's business"},

    {"new_clone", CallVerdict::NotImplemented,
     "its flags are behind a pointer; C libraries fall back to clone on ENOSYS, and on nothing else", kNewClone,
     "its flags are behind a pointer, where no filter can see new namespaces"},
    {"rings", CallVerdict::NotImplemented, "io_uring does work that no filter sees; programs fall back", kRings,
     "what io_uring does for a program passes every filter unseen"},
    {"optional_features", CallVerdict::NotImplemented,
     "features with a fallback everywhere: kernel surface, channels between runs, memory outside the accounting",
     kOptionalFeatures},
    {"interprocess", CallVerdict::NotImplemented, "System V objects and POSIX queues: memory that outlives its maker",
     kInterProcess},
    {"gone", CallVerdict::NotImplemented, "calls that Linux no longer has, or never had", kGone},

    {"machine", CallVerdict::NotPermitted, "they change the machine and need capabilities", kMachine,
     "it needs a capability that no program in the sandbox has"},
    {"clock_discipline", CallVerdict::NotPermitted, "setting needs a capability; reading tells of the host's clock",
     kClockDiscipline},
    {"identity", CallVerdict::NotPermitted, "groups and file system ids: there is one identity in the sandbox",
     kIdentity},
    {"priorities", CallVerdict::NotPermitted, "real-time and deadline scheduling, I/O classes: the host's time",
     kPriorities},
    {"file_attributes", CallVerdict::OperationUnsupported,
     "extended attributes carry ACLs and capabilities; `cp -p` goes on after this errno, after EPERM it fails",
     kFileAttributes},
    {"file_handles", CallVerdict::NotPermitted, "a handle names a file without its path", kFileHandles},
    {"unnamed_programs", CallVerdict::NotPermitted,
     "it runs a descriptor: with memfd_create, code that landlock never saw", kUnnamedPrograms},
    {"other_processes", CallVerdict::NotPermitted,
     "another process's memory; MPI probes and falls back, so it is no violation", kOtherProcesses},
    {"foreign_descriptors", CallVerdict::NotPermitted, "it takes descriptors out of another process",
     kForeignDescriptors, "it takes descriptors out of other processes, the sandbox's init among them"},
    {"confinement", CallVerdict::NotPermitted, "only the set-up narrows the sandbox; the seal takes these away",
     kConfinement, "the seal takes it away before the program starts"},
    {"own_confinement", CallVerdict::NotImplemented,
     "programs that confine themselves fall back; the sandbox holds them already", kOwnConfinement,
     "the seal takes it away before the program starts"},

    {"kernel_code", CallVerdict::Violation, "code and images for the kernel itself", kKernelCode,
     "it hands code to the kernel"},
    {"kernel_keys", CallVerdict::Violation, "keyrings have no namespace: a channel between runs and a kernel surface",
     kKernelKeys, "keyrings are shared with the host"},
    {"mounts", CallVerdict::Violation, "mounting ended before the program began", kMounts,
     "all mounting ends before the program begins"},
    {"exploit_tools", CallVerdict::Violation,
     "tools of exploits that no judged program needs: stalled faults, kernel sampling, other processes, handles",
     kExploitTools, "it is a tool of kernel exploits"},
};

// ---- Filtered by argument -------------------------------------------------------------------------------------------

using Compare = ArgumentTest::Compare;

constexpr ArgumentTest is(unsigned argument, ValueSet values) {
  return {argument, Compare::OneOf, 0xffffffff, values};
}
constexpr ArgumentTest is_not(unsigned argument, ValueSet values, std::uint64_t mask = 0xffffffff) {
  return {argument, Compare::NoneOf, mask, values};
}
constexpr ArgumentTest masked_is(unsigned argument, std::uint64_t mask, ValueSet values) {
  return {argument, Compare::OneOf, mask, values};
}
constexpr ArgumentTest any_bit(unsigned argument, std::uint64_t mask) {
  return {argument, Compare::AnyBit, mask, {}};
}

#if defined(__x86_64__)
constexpr ArgumentRow kArchPrctl[] = {
    {is(0, {ARCH_SET_FS, ARCH_GET_FS}), CallVerdict::Allow, "thread-local storage of every program"},
    {is(0, {ARCH_SET_GS, ARCH_GET_GS}), CallVerdict::Allow, "thread-local storage of some runtimes"},
};
#endif

// clone(2): the kernel reads the low half (lower_32_bits in kernel/fork.c); the flags above it belong to clone3.
constexpr std::uint64_t kCloneNewTime = 0x80;
constexpr std::uint64_t kCloneForbidden = 0xffffffff'00000000 | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | kCloneNewTime |
                                          CLONE_PTRACE | CLONE_UNTRACED | CLONE_PARENT;
// The kernel's SIGXFSZ looks like one that the program sends to itself, to the last bit of its siginfo
// (inode_newsize_ok and generic_write_check_limits call send_sig). So each call that can send one is noted
// (docs/decisions/033-whose-signal-it-was.md).
constexpr char kForgesFileSize[] =
    "SIGXFSZ, which the kernel sends at limits.file_size: who sent it decides the verdict";
// The kernel runs a core handler behind a pipe under a limit of 0 bytes; under 1 byte it does not (core(5)).
constexpr char kHoldsCore[] =
    "RLIMIT_CORE: it stays what keeps core dumps from the host; programs that forbid their own go on";
// What a program has open when it fails says which limit it has met (docs/decisions/049-which-limit-was-met.md).
constexpr char kEndsBadly[] = "a program that fails: the supervisor looks which limits it has met";
constexpr std::uint64_t kAnyBit = 0xffffffff'ffffffff;

constexpr ArgumentRow kSignalIsSecond[] = {{is(1, {SIGXFSZ}), CallVerdict::Noted, kForgesFileSize}};
constexpr ArgumentRow kSignalIsThird[] = {{is(2, {SIGXFSZ}), CallVerdict::Noted, kForgesFileSize}};
constexpr ArgumentRow kTgkill[] = {{is(2, {SIGXFSZ}), CallVerdict::Noted, kForgesFileSize},
                                   {is(2, {SIGABRT}), CallVerdict::Noted, kEndsBadly}};
constexpr ArgumentRow kExitStatus[] = {{is_not(0, {0}), CallVerdict::Noted, kEndsBadly}};
constexpr ArgumentRow kSetrlimit[] = {
    {is(0, {RLIMIT_CORE}), CallVerdict::Ignored, kHoldsCore},
    {is(0, {RLIMIT_FSIZE}), CallVerdict::NotImplemented, "RLIMIT_FSIZE: by prlimit64 alone, where it is noted"},
};

constexpr ArgumentRow kClone[] = {
    {any_bit(0, CLONE_NEWUSER), CallVerdict::Violation,
     "CLONE_NEWUSER: the door to most kernel holes of the last ten years"},
    {any_bit(0, kCloneForbidden), CallVerdict::NotPermitted,
     "other CLONE_NEW*, PTRACE, UNTRACED, PARENT, and clone3's flags in the upper half"},
    {masked_is(0, CLONE_SIGHAND | CLONE_THREAD, {CLONE_SIGHAND}), CallVerdict::NotPermitted,
     "CLONE_SIGHAND without CLONE_THREAD: a process that changes what another does with its signals"},
    {masked_is(0, CLONE_FILES | CLONE_THREAD, {CLONE_FILES}), CallVerdict::NotPermitted,
     "CLONE_FILES without CLONE_THREAD: a process that changes what another's descriptors mean; locks are decided by "
     "them"},
    {masked_is(0, CLONE_THREAD, {0}),
     CallVerdict::NotPermitted,
     "no CLONE_THREAD: a process, which the plan's profile does not give",
     {},
     Capability::ProcessSpawn},
    {masked_is(0, CLONE_THREAD, {CLONE_THREAD}),
     CallVerdict::NotPermitted,
     "CLONE_THREAD: a thread, which the plan's profile does not give",
     {},
     Capability::ProcessThreads},
    {masked_is(0, CSIGNAL, {SIGXFSZ}), CallVerdict::Noted, "SIGXFSZ as the signal of the child's end"},
};

constexpr ArgumentRow kUnshare[] = {
    {any_bit(0, CLONE_NEWUSER), CallVerdict::Violation,
     "CLONE_NEWUSER: the door to most kernel holes of the last ten years"},
};

// The kernel walks over all CPU-clock timers at every tick, and that code has a history of holes. A program could have
// as many as it may queue signals, on any of its threads' clocks. ITIMER_PROF and ITIMER_VIRTUAL stay: a process has
// one of each.
constexpr ValueSet kClocksOfTheMachine = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
constexpr ArgumentRow kClockNanosleep[] = {
    {is(0, kClocksOfTheMachine), CallVerdict::Allow, "REALTIME, MONOTONIC, BOOTTIME, TAI: sleeping by the clock"},
};
constexpr ArgumentRow kTimerCreate[] = {
    {is_not(0, kClocksOfTheMachine), CallVerdict::OperationUnsupported, "the clocks of CPU time: see clock_nanosleep"},
    {any_bit(1, kAnyBit), CallVerdict::Noted,
     "a timer with a sigevent: its signal, which may be SIGXFSZ, is behind a pointer"},
};

constexpr ArgumentRow kEpollCtl[] = {
    {is(1, {EPOLL_CTL_ADD}), CallVerdict::Asked,
     "EPOLL_CTL_ADD: the kernel counts watches by user, of all runs and the supervisor together; a run has so many"},
};

constexpr ArgumentRow kFadvise[] = {
    {is(3, {POSIX_FADV_DONTNEED}), CallVerdict::Ignored,
     "POSIX_FADV_DONTNEED: what the page cache forgets of a shared file, the next run can see"},
};

constexpr ArgumentRow kFlock[] = {
    {{.argument = 1, .mask = 0, .values = {0}},
     CallVerdict::NotImplemented,
     "every operation: the plan's profile gives no locks",
     {},
     Capability::FsLock},
};

constexpr ArgumentRow kFcntl[] = {
    {is(1, {F_DUPFD, F_DUPFD_CLOEXEC}), CallVerdict::Allow,
     "F_DUPFD, F_DUPFD_CLOEXEC: another number for a descriptor"},
    {is(1, {F_GETFD, F_SETFD}), CallVerdict::Allow, "F_GETFD, F_SETFD: close-on-exec"},
    {is(1, {F_GETFL, F_SETFL}), CallVerdict::Allow, "F_GETFL, F_SETFL: non-blocking, append"},
    {is(1, {F_GET_SEALS}), CallVerdict::Allow, "F_GET_SEALS: reading"},
    {is(1, {F_ADD_SEALS}),
     CallVerdict::NotPermitted,
     "F_ADD_SEALS: only memory files can be sealed",
     {},
     {},
     "memfd_create"},
    {is(1, {5, 6, 7, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW}),
     CallVerdict::NotPermitted,  // F_GETLK, F_SETLK, F_SETLKW as the 64-bit kernel numbers them
     "F_GETLK, F_SETLK, F_SETLKW and their F_OFD twins: locks on files, which the plan's profile does not give",
     {},
     Capability::FsLock},
    {is(1, {5, 6, 7, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW}),
     CallVerdict::Asked,
     "the same: the supervisor lets files of the run itself be locked; a lock on a shared one is a channel between "
     "runs",
     {},
     {},
     kFcntlLocks},
    {is(1, {F_SETOWN, F_SETOWN_EX, F_SETSIG}), CallVerdict::NotPermitted,
     "F_SETOWN, F_SETOWN_EX, F_SETSIG: signals on I/O, to any process"},
    {is(1, {F_SETLEASE, F_NOTIFY}), CallVerdict::NotPermitted,
     "F_SETLEASE, F_NOTIFY: they stall or watch other users of a file"},
    {is(1, {F_SETPIPE_SZ}), CallVerdict::NotPermitted, "F_SETPIPE_SZ: kernel memory outside the run's limits"},
};

// FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME beside them change nothing.
constexpr std::uint32_t kFutexCommand = FUTEX_CMD_MASK & 0xffffffff;
constexpr ArgumentRow kFutex[] = {
    {masked_is(1, kFutexCommand,
               {FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI,
                FUTEX_LOCK_PI2}),
     CallVerdict::NotImplemented,
     "priority inheritance: the futexes of most exploits; pthread_mutex_init then says ENOTSUP, as for old kernels"},
};

constexpr ArgumentRow kGetsockopt[] = {
    {is(1, {SOL_SOCKET}), CallVerdict::NoSuchOption,
     "SO_COOKIE, SO_NETNS_COOKIE, SO_INCOMING_NAPI_ID: counters of the whole machine",
     is(2, {SO_COOKIE, SO_NETNS_COOKIE, SO_INCOMING_NAPI_ID})},
};

constexpr std::uint32_t kTcgets2 = 0x802c542a;  // glibc 2.42 asks this first; ENOTTY of a pipe, as ever
constexpr ArgumentRow kIoctl[] = {
    {is(1, {TCGETS, kTcgets2}), CallVerdict::Allow, "TCGETS, TCGETS2: is it a terminal?"},
    {is(1, {TIOCGWINSZ}), CallVerdict::Allow, "TIOCGWINSZ: how wide is it?"},
    {is(1, {TIOCGPGRP}), CallVerdict::Allow, "TIOCGPGRP: shells ask who is in the foreground"},
    {is(1, {FIONREAD}), CallVerdict::Allow, "FIONREAD: how much can be read"},
    {is(1, {FIONBIO}), CallVerdict::Allow, "FIONBIO: non-blocking, as libuv and Python set it"},
    {is(1, {FIOCLEX, FIONCLEX}), CallVerdict::Allow, "FIOCLEX, FIONCLEX: close-on-exec, as libuv and Python set it"},
};

// Advices up to 23 are allowed but for these. Newer ones wait until somebody has read them.
constexpr std::uint64_t kAdviceAbove31 = 0xffffffff & ~std::uint64_t{31};
constexpr std::uint64_t kAdviceInEights = 0xffffffff & ~std::uint64_t{7};
constexpr ArgumentRow kMadvise[] = {
    {is(2, {MADV_MERGEABLE, MADV_COLD, MADV_PAGEOUT}), CallVerdict::InvalidArgument,
     "MERGEABLE, COLD, PAGEOUT: pages that runs share, and what of a file is in memory; as of a kernel without them"},
    {masked_is(2, kAdviceInEights, {24}), CallVerdict::InvalidArgument,
     "24 to 31, COLLAPSE among them, which changes the pages of shared files for all"},
    {any_bit(2, kAdviceAbove31), CallVerdict::InvalidArgument, "HWPOISON, SOFT_OFFLINE, guards and what is newer"},
};

constexpr ArgumentRow kMmap[] = {
    {any_bit(3, MAP_HUGETLB), CallVerdict::InvalidArgument,
     "MAP_HUGETLB: the host's own huge pages, which no limit of a run counts; runtimes take ordinary ones"},
};

// The mode is a umode_t: 16 bits.
constexpr ArgumentRow kMknod[] = {
    {masked_is(1, S_IFMT, {0, S_IFREG, S_IFIFO}), CallVerdict::Allow, "S_IFREG, S_IFIFO: mkfifo and plain files"},
};
constexpr ArgumentRow kMknodat[] = {
    {masked_is(2, S_IFMT, {0, S_IFREG, S_IFIFO}), CallVerdict::Allow, "S_IFREG, S_IFIFO: mkfifo and plain files"},
};

constexpr ArgumentRow kPersonality[] = {
    {is(0, {0xffffffff}), CallVerdict::Allow, "0xffffffff: reading"},
    {is(0, {PER_LINUX}), CallVerdict::Allow, "0: plain Linux, which it is"},
    {is(0, {ADDR_NO_RANDOMIZE}), CallVerdict::Allow, "ADDR_NO_RANDOMIZE: runtimes that save heap images"},
};

constexpr ArgumentRow kPrctl[] = {
    {is(0, {PR_SET_NAME, PR_GET_NAME}), CallVerdict::Allow, "PR_SET_NAME, PR_GET_NAME: names of threads"},
    {is(0, {PR_GET_DUMPABLE, PR_SET_DUMPABLE}), CallVerdict::Allow, "PR_GET_DUMPABLE, PR_SET_DUMPABLE: its own"},
    {is(0, {PR_SET_PDEATHSIG, PR_GET_PDEATHSIG}), CallVerdict::Allow,
     "PR_SET_PDEATHSIG, PR_GET_PDEATHSIG: children that end with their parent"},
    {is(0, {PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER}), CallVerdict::Allow,
     "PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER: job managers; init reaps all the same"},
    {is(0, {PR_CAPBSET_READ, PR_GET_SECUREBITS}), CallVerdict::Allow, "PR_CAPBSET_READ, PR_GET_SECUREBITS: reading"},
    {is(0, {PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS}), CallVerdict::Allow,
     "PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS: set already, and it cannot be unset"},
    {is(0, {PR_SET_THP_DISABLE, PR_GET_THP_DISABLE}), CallVerdict::Allow,
     "PR_SET_THP_DISABLE, PR_GET_THP_DISABLE: huge pages"},
    {is(0, {PR_SET_VMA}), CallVerdict::Allow, "PR_SET_VMA: names of mappings (glibc, Go, jemalloc)"},
};

constexpr ArgumentRow kPrlimit64[] = {
    {is_not(0, {0}), CallVerdict::NotPermitted, "the limits of other processes, by pid"},
    {any_bit(2, kAnyBit), CallVerdict::Ignored, kHoldsCore, is(1, {RLIMIT_CORE})},
    {any_bit(2, kAnyBit), CallVerdict::Noted,
     "RLIMIT_FSIZE: past a limit of its own the program earns no verdict of the plan's", is(1, {RLIMIT_FSIZE})},
};

// RWF_NOWAIT tells what of a shared file is in the page cache; RWF_DONTCACHE and what is to come may change it.
constexpr std::uint64_t kUnknownRwFlags = 0xffffffff & ~std::uint64_t{RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND};
constexpr ArgumentRow kReadWriteFlags[] = {
    {any_bit(5, kUnknownRwFlags), CallVerdict::OperationUnsupported,
     "RWF_NOWAIT, RWF_DONTCACHE and newer: what of a shared file is in the page cache"},
};

// MSG_OOB: CVE-2025-38236. MSG_FASTOPEN connects without connect(2), past landlock.
constexpr std::uint64_t kForbiddenSendFlags = MSG_OOB | MSG_FASTOPEN;
constexpr ArgumentRow kSendto[] = {
    {any_bit(3, kForbiddenSendFlags), CallVerdict::OperationUnsupported,
     "MSG_OOB, MSG_FASTOPEN: urgent data, and connecting without connect"},
};
constexpr ArgumentRow kSendmsg[] = {
    {any_bit(2, kForbiddenSendFlags), CallVerdict::OperationUnsupported,
     "MSG_OOB, MSG_FASTOPEN: urgent data, and connecting without connect"},
};
constexpr ArgumentRow kSendmmsg[] = {
    {any_bit(3, kForbiddenSendFlags), CallVerdict::OperationUnsupported,
     "MSG_OOB, MSG_FASTOPEN: urgent data, and connecting without connect"},
};

constexpr ArgumentRow kSetsockopt[] = {
    {is(1, {SOL_SOCKET}), CallVerdict::Allow,
     "SO_REUSEADDR, SO_BROADCAST, SO_KEEPALIVE, SO_LINGER, SO_REUSEPORT, SO_PASSCRED, SO_RCVTIMEO, SO_SNDTIMEO",
     is(2, {SO_REUSEADDR, SO_BROADCAST, SO_KEEPALIVE, SO_LINGER, SO_REUSEPORT, SO_PASSCRED, SO_RCVTIMEO, SO_SNDTIMEO})},
    {is(1, {IPPROTO_TCP}), CallVerdict::Allow,
     "TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_LINGER2, TCP_DEFER_ACCEPT, "
     "TCP_QUICKACK, TCP_USER_TIMEOUT",
     is(2, {TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_LINGER2, TCP_DEFER_ACCEPT,
            TCP_QUICKACK, TCP_USER_TIMEOUT})},
    {is(1, {IPPROTO_IPV6}), CallVerdict::Allow,
     "IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MTU_DISCOVER, IPV6_RECVERR, IPV6_TCLASS",
     is(2, {IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MTU_DISCOVER, IPV6_RECVERR, IPV6_TCLASS})},
    {is(1, {IPPROTO_IP}), CallVerdict::Allow, "IP_TOS, IP_TTL, IP_MTU_DISCOVER, IP_RECVERR: glibc's and Java's UDP",
     is(2, {IP_TOS, IP_TTL, IP_MTU_DISCOVER, IP_RECVERR})},
    {is(1, {SOL_SOCKET}), CallVerdict::Ignored,
     "SO_SNDBUF, SO_RCVBUF: full buffers are kernel memory; a hundred pairs of enlarged ones hold a gigabyte",
     is(2, {SO_SNDBUF, SO_RCVBUF})},
    {is(1, {IPPROTO_TCP}), CallVerdict::OperationUnsupported,
     "TCP_FASTOPEN, TCP_FASTOPEN_CONNECT: connecting without connect, past landlock",
     is(2, {TCP_FASTOPEN, TCP_FASTOPEN_CONNECT})},
    {is(1, {IPPROTO_TCP}), CallVerdict::NotPermitted, "TCP_ULP: kernel TLS and its history of holes", is(2, {TCP_ULP})},
    {is(1, {SOL_SOCKET}), CallVerdict::NotPermitted,
     "SO_ATTACH_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF: programs for the kernel",
     is(2, {SO_ATTACH_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF})},
};

constexpr std::uint32_t kSocketTypeBits =
    0xf;  // SOCK_TYPE_MASK of linux/net.h; SOCK_CLOEXEC and SOCK_NONBLOCK are above
// A datagram socket, of a pair too, reaches any path by sendmsg, whose address no filter sees and nobody mediates.
constexpr char kNoUnixDatagrams[] = "Unix datagram sockets: sendmsg on them reaches any path, unseen by every filter";
constexpr ArgumentRow kSocket[] = {
    {is(0, {AF_UNIX}), CallVerdict::ProtocolUnsupported, kNoUnixDatagrams, masked_is(1, kSocketTypeBits, {SOCK_DGRAM})},
    {is(0, {AF_UNIX}),
     CallVerdict::AccessDenied,
     "AF_UNIX: the plan's profile gives no Unix sockets",
     {},
     Capability::NetUnix},
    {is(0, {AF_INET, AF_INET6}),
     CallVerdict::AccessDenied,
     "AF_INET, AF_INET6: the plan gives no network",
     {},
     Capability::NetLoopback},
    {is_not(0, {AF_UNIX, AF_INET, AF_INET6}), CallVerdict::FamilyUnsupported,
     "netlink, packet, vsock, alg and every other family: kernel surface, and some have no namespace"},
    {is_not(1, {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}, kSocketTypeBits), CallVerdict::ProtocolUnsupported,
     "raw sockets and unusual types"},
    {is_not(2, {0, IPPROTO_TCP, IPPROTO_UDP}), CallVerdict::ProtocolUnsupported,
     "MPTCP, SCTP, ICMP and the rest: landlock's TCP rights do not hold them"},
};

constexpr ArgumentRow kSocketpair[] = {
    {is_not(0, {AF_UNIX}), CallVerdict::FamilyUnsupported, "only AF_UNIX has pairs that programs use"},
    {masked_is(1, kSocketTypeBits, {SOCK_DGRAM}), CallVerdict::ProtocolUnsupported, kNoUnixDatagrams},
    {is_not(1, {SOCK_STREAM, SOCK_SEQPACKET}, kSocketTypeBits), CallVerdict::ProtocolUnsupported, "unusual types"},
    {is_not(2, {0}), CallVerdict::ProtocolUnsupported, "AF_UNIX has no protocols"},
};

constexpr FilteredCall kFiltered[] = {
#if defined(__x86_64__)
    {"arch_prctl", kArchPrctl, CallVerdict::NotImplemented, "the rest (CPUID faulting, shadow stacks) is optional",
     "its other options switch processor features"},
#endif
    {"clock_nanosleep", kClockNanosleep, CallVerdict::OperationUnsupported, "the clocks of CPU time have no sleepers"},
    {"clone", kClone, CallVerdict::Allow, "threads and processes, but no namespaces", "it would admit new namespaces"},
    {"epoll_ctl", kEpollCtl, CallVerdict::Allow, "changing and taking away; the kernel bounds how deep epolls nest"},
    {"exit_group", kExitStatus, CallVerdict::Allow, "the end of a process"},
    {"fadvise64", kFadvise, CallVerdict::Allow, "reading ahead, or not: no more than reading"},
    {"fcntl", kFcntl, CallVerdict::InvalidArgument, "an unknown command is what an older kernel calls invalid"},
    {"flock", kFlock, CallVerdict::Asked,
     "the supervisor lets files of the run itself be locked; a lock on a shared one is a channel between runs"},
    {"futex", kFutex, CallVerdict::Allow, "every lock of every program"},
    {"getsockopt", kGetsockopt, CallVerdict::Allow, "sockets that exist already"},
    {"ioctl", kIoctl, CallVerdict::NotATerminal,
     "thousands of requests of hundreds of drivers; ENOTTY is what programs expect of a file that does not know one",
     "its requests reach every driver"},
    {"kill", kSignalIsSecond, CallVerdict::Allow, "signals inside the sandbox's own pid namespace"},
    {"madvise", kMadvise, CallVerdict::Allow,
     "allocators and runtimes: no more than touching and unmapping its memory"},
    {"mknod", kMknod, CallVerdict::NotPermitted, "devices and sockets"},
    {"mknodat", kMknodat, CallVerdict::NotPermitted, "devices and sockets"},
    {"mmap", kMmap, CallVerdict::Allow, "the program's own address space"},
    {"personality", kPersonality, CallVerdict::NotPermitted, "READ_IMPLIES_EXEC and foreign personalities"},
    {"pidfd_send_signal", kSignalIsSecond, CallVerdict::Allow, "signals inside the sandbox's own pid namespace"},
    {"prctl", kPrctl, CallVerdict::NotPermitted, "everything that is not known to be harmless",
     "its other options widen what the process may do"},
    {"preadv2", kReadWriteFlags, CallVerdict::Allow, "as preadv"},
    {"prlimit64", kPrlimit64, CallVerdict::Allow, "the process's own limits, which it can only lower"},
    {"pwritev2", kReadWriteFlags, CallVerdict::Allow, "as pwritev"},
    {"rt_sigqueueinfo", kSignalIsSecond, CallVerdict::Allow, "signals inside the sandbox's own pid namespace"},
    {"rt_tgsigqueueinfo", kSignalIsThird, CallVerdict::Allow, "signals inside the sandbox's own pid namespace"},
    {"sendmmsg", kSendmmsg, CallVerdict::Allow, "sockets that exist already", "its flags bypass landlock"},
    {"sendmsg", kSendmsg, CallVerdict::Allow, "sockets that exist already", "its flags bypass landlock"},
    {"sendto", kSendto, CallVerdict::Allow, "sockets that exist already", "its flags bypass landlock"},
    {"setrlimit", kSetrlimit, CallVerdict::Allow, "the process's own limits, which it can only lower"},
    {"setsockopt", kSetsockopt, CallVerdict::NoSuchOption, "what no program of the images needs, as of an older kernel",
     "its options hand programs to the kernel"},
    {"socket", kSocket, CallVerdict::Allow, "Unix, TCP and UDP sockets",
     "what sockets there are follows from [network]"},
    {"socketpair", kSocketpair, CallVerdict::Allow, "pairs between parent and child, network or not",
     "it is allowed as far as programs use it"},
    {"tgkill", kTgkill, CallVerdict::Allow, "signals inside the sandbox's own pid namespace"},
    {"timer_create", kTimerCreate, CallVerdict::Allow, "timers; RLIMIT_SIGPENDING bounds their number"},
    {"tkill", kSignalIsSecond, CallVerdict::Allow, "signals inside the sandbox's own pid namespace"},
    {"unshare", kUnshare, CallVerdict::NotPermitted, "new namespaces", "it would admit new namespaces"},
};

// ---- Asked where no control group counts ----------------------------------------------------------------------------

constexpr ArgumentRow kChildSignal[] = {
    {is(0, {SIGCHLD}), CallVerdict::Asked, "SIGCHLD, a new action: nobody may wait for the children from then on",
     any_bit(1, ~std::uint64_t{0})},
};
constexpr FilteredCall kHidingCpuTime[] = {
    {"rt_sigaction", kChildSignal, CallVerdict::Allow, "every other signal, and reading"},
};

constexpr ArgumentRow kSharedAnonymous[] = {
    {masked_is(3, MAP_SHARED | MAP_ANONYMOUS, {MAP_SHARED | MAP_ANONYMOUS}), CallVerdict::Asked,
     "MAP_SHARED | MAP_ANONYMOUS: its pages stay when no process has them mapped"},
};
constexpr FilteredCall kHidingMemory[] = {
    {"memfd_create", {}, CallVerdict::Asked, "a file in memory"},
    {"mmap", kSharedAnonymous, CallVerdict::Allow, "every other mapping is seen in its process"},
    {"shmget", {}, CallVerdict::Asked, "a segment in memory"},
};

// ---- Set-up, seal, init ---------------------------------------------------------------------------------------------

using Use = SetUpCall::Use;

constexpr SetUpCall kSetUpCalls[] = {
    {"capset", {}, Use::LaterStep, CallVerdict::NotPermitted, "the capabilities step empties the sets"},
    {"landlock_add_rule", {}, Use::SealedOnly, CallVerdict::NotImplemented, "landlock came first"},
    {"landlock_create_ruleset", {}, Use::SealedOnly, CallVerdict::NotImplemented, "landlock came first"},
    {"landlock_restrict_self", {}, Use::SealedOnly, CallVerdict::NotImplemented, "landlock came first"},
    {"prctl", PR_CAPBSET_DROP, Use::LaterStep, CallVerdict::NotPermitted,
     "the capabilities step drops the bounding set"},
    {"prctl", PR_CAP_AMBIENT, Use::LaterStep, CallVerdict::NotPermitted,
     "the capabilities step clears the ambient set and reads it back"},
    {"prctl", PR_SET_SECCOMP, Use::SealedOnly, CallVerdict::NotPermitted, "the old way to load a filter"},
    {"prctl", PR_SET_SECUREBITS, Use::LaterStep, CallVerdict::NotPermitted,
     "the capabilities step makes uid 0 mean nothing"},
    {"seccomp", {}, Use::LaterStep, CallVerdict::NotPermitted, "the seal itself is loaded by it"},
    {"setrlimit", RLIMIT_CORE, Use::LaterStep, CallVerdict::Ignored, kHoldsCore},
    {"setrlimit", RLIMIT_FSIZE, Use::LaterStep, CallVerdict::NotImplemented,
     "RLIMIT_FSIZE: by prlimit64 alone, where it is noted"},
};

constexpr NamedReason kNeededToStart[] = {
    {"capget", "the capabilities step reads the sets back"},
    {"clock_gettime", "the moment of the start is reported"},
    {"close_range", "the descriptors step closes what is left open"},
    {"execve", "the program itself"},
    {"exit", "a failed start ends here"},
    {"exit_group", "a failed start ends here"},
    {"futex", "the start waits for the supervisor"},
    {"prctl", "the capabilities step"},
    {"setrlimit", "the limits step"},
    {"write", "the report of the start"},
};

constexpr NamedReason kInitCalls[] = {
    {"clock_gettime", "times of its report"},
    {"close", "ends of pipes that it no longer needs"},
    {"exit", "its end"},
    {"exit_group", "its end"},
    {"futex", "waiting for the target's start"},
    {"getpid", "checking that it is pid 1"},
    {"getrusage", "the children's CPU time"},
    {"kill", "ending what is left"},
    {"poll", "waiting for the supervisor"},
    {"ppoll", "waiting for the supervisor"},
    {"read", "the lifeline"},
    {"recvmsg", "the supervisor's word"},
    {"restart_syscall", "a wait that was stopped and continued"},
    {"rt_sigprocmask", "signals around its waits"},
    {"rt_sigreturn", "the way back from a signal"},
    {"rt_sigtimedwait", "waiting for children with a deadline"},
    {"sendmsg", "its report"},
    {"sendto", "its report"},
    {"statfs", "what is free of the workspace at the end"},
    {"wait4", "reaping, with what each child used"},
    {"waitid", "reaping"},
    {"write", "its report"},
};

constexpr NumberedCall kNewerCalls[] = {
#if defined(__x86_64__)
    {"uretprobe", 335},         {"uprobe", 336},
#endif
    {"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
    {"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
    {"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
    {"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
    {"file_setattr", 469},
};

// ---- What must hold of the tables -----------------------------------------------------------------------------------

constexpr bool strictly_sorted(std::span<const std::string_view> names) {
  return std::ranges::adjacent_find(names, std::ranges::greater_equal{}) == names.end();
}
template <typename Row, std::size_t Size, typename Key>
constexpr bool strictly_sorted_by(const Row (&rows)[Size], Key key) {
  return std::ranges::adjacent_find(rows, std::ranges::greater_equal{}, key) == std::end(rows);
}

static_assert(std::ranges::all_of(kGroups, [](const CallGroup& group) { return strictly_sorted(group.calls); }),
              "every group is sorted");
static_assert(strictly_sorted_by(kFiltered, &FilteredCall::call));
static_assert(strictly_sorted_by(kNeededToStart, &NamedReason::name));
static_assert(strictly_sorted_by(kInitCalls, &NamedReason::name));
static_assert(strictly_sorted_by(kNewerCalls, &NumberedCall::number));
static_assert(std::ranges::is_sorted(kSetUpCalls, {}, &SetUpCall::call));

constexpr std::size_t count_of_calls() {
  std::size_t count = std::size(kFiltered);
  for (const CallGroup& group : kGroups) count += group.calls.size();
  return count;
}
constexpr bool every_call_has_one_place() {
  std::array<std::string_view, count_of_calls()> names{};
  std::size_t next = 0;
  for (const CallGroup& group : kGroups) {
    for (const std::string_view call : group.calls) names[next++] = call;
  }
  for (const FilteredCall& filtered : kFiltered) names[next++] = filtered.call;
  std::ranges::sort(names);
  return strictly_sorted(names);
}
static_assert(every_call_has_one_place());

static_assert(std::ranges::all_of(kGroups,
                                  [](const CallGroup& group) {
                                    return group.verdict != CallVerdict::Violation || !group.never_allowed.empty();
                                  }),
              "no plan allows an exploit-only call");

constexpr bool comparable_in_32_bits(const ArgumentTest& test) {
  return test.compare == Compare::AnyBit || test.mask <= 0xffffffff;
}
static_assert(std::ranges::all_of(kFiltered, [](const FilteredCall& filtered) {
  return std::ranges::all_of(filtered.rows, [](const ArgumentRow& row) {
    return comparable_in_32_bits(row.test) && (!row.and_test || comparable_in_32_bits(*row.and_test));
  });
}));

}  // namespace

std::string_view name_of(CallVerdict verdict) noexcept {
  switch (verdict) {
    case CallVerdict::Allow: return "allow";
    case CallVerdict::Asked: return "asked";
    case CallVerdict::Mediated: return "mediated";
    case CallVerdict::Noted: return "noted";
    case CallVerdict::ForeignCall:
    case CallVerdict::Violation: return "violation";
    case CallVerdict::NotPermitted: return "EPERM";
    case CallVerdict::AccessDenied: return "EACCES";
    case CallVerdict::NotImplemented: return "ENOSYS";
    case CallVerdict::NotATerminal: return "ENOTTY";
    case CallVerdict::InvalidArgument: return "EINVAL";
    case CallVerdict::FamilyUnsupported: return "EAFNOSUPPORT";
    case CallVerdict::ProtocolUnsupported: return "EPROTONOSUPPORT";
    case CallVerdict::OperationUnsupported: return "EOPNOTSUPP";
    case CallVerdict::NoSuchOption: return "ENOPROTOOPT";
    case CallVerdict::Ignored: return "ignored";
  }
  return "?";
}

std::span<const CallGroup> call_groups() noexcept {
  return kGroups;
}
std::span<const FilteredCall> filtered_calls() noexcept {
  return kFiltered;
}
std::span<const FilteredCall> calls_that_hide_cpu_time() noexcept {
  return kHidingCpuTime;
}
std::span<const FilteredCall> calls_that_hide_memory() noexcept {
  return kHidingMemory;
}
std::span<const SetUpCall> set_up_calls() noexcept {
  return kSetUpCalls;
}
std::span<const NamedReason> calls_needed_to_start() noexcept {
  return kNeededToStart;
}
std::span<const std::string_view> calls_that_map() noexcept {
  return kMapping;
}

std::span<const NamedReason> init_calls() noexcept {
  return kInitCalls;
}
std::span<const NumberedCall> newer_calls() noexcept {
  return kNewerCalls;
}

}  // namespace evalrun::lockdown
