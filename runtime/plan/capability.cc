#include "runtime/plan/capability.h"

#include <algorithm>

namespace evalrun {
namespace {

using Names = std::string_view;

// What a read-only mount refuses too; of these, Landlock knows no right to change modes, owners and times.
constexpr Names kChangingCalls[] = {
    "chmod",     "chown",     "creat",    "fchmod", "fchmodat",  "fchmodat2", "fchown", "fchownat",
    "futimesat", "lchown",    "link",     "linkat", "mkdir",     "mkdirat",   "mknod",  "mknodat",
    "symlink",   "symlinkat", "truncate", "utime",  "utimensat", "utimes",
};
constexpr Names kDeletingCalls[] = {"rename", "renameat", "renameat2", "rmdir", "unlink", "unlinkat"};
constexpr Names kLockingCalls[] = {"fcntl_locks", "flock"};
// A file in memory has no path that Landlock could hold.
constexpr Names kUnnamedPrograms[] = {"execveat", "memfd_create"};
constexpr Names kForkingCalls[] = {"fork", "vfork"};

constexpr CapabilityRow kRows[] = {
    {.word = Capability::FsRead,
     .name = "fs.read",
     .gives = "open files and list folders of the image, of the plan's mounts and of /proc",
     .asked_by = "mount.bind, landlock.read, proc.view = \"full\"",
     .path_right = PathRight::Read,
     .mounts = MountKnob::ProcessesOnly,
     .held_by = "landlock",
     .remains = "the program, its loader and the image's `libraries`; what the plan or its compile step placed in "
                "/work; names, sizes and times of what is mounted, by stat; links in /proc (loaders look at "
                "/proc/self/exe); evalrun's own files of the run (its user in /etc, its cores and memory in /proc); "
                "devices that "
                "hold nothing (/dev/null, "
                "zero, full, random, urandom); standard input"},
    {.word = Capability::FsWrite,
     .name = "fs.write",
     .gives = "make and change files in /work, /tmp, /dev/shm and in mounts with `write`",
     .asked_by = "mount.write, mount.tmpfs, collect, landlock.write",
     .path_right = PathRight::Write,
     .calls = kChangingCalls,
     .mounts = MountKnob::ReadOnly,
     .limits = LimitKnob::NoFileSize,
     .remains = "standard output and standard error; writing to /dev/null and /dev/full"},
    {.word = Capability::FsDelete,
     .name = "fs.delete",
     .gives = "remove and rename files and folders where it may write",
     .asked_by = "landlock.delete",
     .path_right = PathRight::Delete,
     .calls = kDeletingCalls,
     .remains = "with fs.write: emptying and overwriting files"},
    {.word = Capability::FsLock,
     .name = "fs.lock",
     .gives =
         "lock the run's own files (flock, fcntl), as databases and build tools do; files of the host answer ENOLCK, "
         "since a lock on a shared file is a channel between runs, unless seccomp.allow names flock or fcntl_locks",
     .asked_by = "seccomp.allow with flock or fcntl_locks",
     .calls_by_arguments = "flock: ENOSYS; fcntl with F_SETLK, F_OFD_SETLK and the like: EPERM",
     .held_by = "seccomp",
     .remains = "nothing",
     .allows = kLockingCalls},
    {.word = Capability::Exec,
     .name = "exec",
     .gives = "execute other programs, as far as it may read them",
     .asked_by = "mount.exec, landlock.execute, seccomp.allow with execveat or memfd_create",
     .path_right = PathRight::Execute,
     .mounts = MountKnob::WorkNoExec,
     .held_by = "landlock",
     .remains = "executing the program itself again, its interpreter and its loader, which maps what the program may "
                "read; machine code that the program makes in its own memory",
     .other_ways = kUnnamedPrograms},
    {.word = Capability::ProcessSpawn,
     .name = "process.spawn",
     .gives = "make processes",
     .asked_by = "",
     .calls = kForkingCalls,
     .calls_by_arguments = "clone without CLONE_THREAD: EPERM; clone3: ENOSYS, as ever",
     .limits = LimitKnob::OneTask,
     .held_by = "seccomp",
     .remains = "threads, which have a word of their own"},
    {.word = Capability::ProcessThreads,
     .name = "process.threads",
     .gives = "make threads",
     .asked_by = "",
     .calls_by_arguments = "clone with CLONE_THREAD: EPERM; clone3: ENOSYS, as ever",
     .limits = LimitKnob::OneTask,
     .held_by = "seccomp",
     .remains = "with process.spawn: processes that share memory"},
    {.word = Capability::NetUnix,
     .name = "net.unix",
     .gives = "Unix sockets between processes of the run",
     .asked_by = "",
     .calls_by_arguments = "socket with AF_UNIX: EACCES",
     .network = NetworkKnob::NoUnix,
     .held_by = "seccomp",
     .remains = "socketpair, a pipe with two ends in the run itself: event loops wake themselves by it"},
    {.word = Capability::NetLoopback,
     .name = "net.loopback",
     .gives = "TCP and UDP on the plan's ports of the sandbox's own loopback",
     .asked_by = "network.mode = \"loopback\"",
     .calls_by_arguments = "socket with AF_INET or AF_INET6: EACCES",
     .network = NetworkKnob::NoLoopback,
     .remains = "nothing: the network namespace holds no other interface, with the word or without"},
    {.word = Capability::ProcMachine,
     .name = "proc.machine",
     .gives = "read what /proc tells of the machine (/proc/cpuinfo, /proc/meminfo)",
     .asked_by = "proc.view = \"full\"",
     .mounts = MountKnob::ProcessesOnly,
     .remains = "what sysinfo, uname and CPUID tell"},
    {.word = Capability::CallsMore,
     .name = "calls.more",
     .gives = "calls beyond the whitelist, which [seccomp] allow names",
     .asked_by = "seccomp.allow",
     .calls_by_arguments = "as the whitelist answers them",
     .held_by = "seccomp",
     .remains = "the whitelist"},
};

static_assert(std::size(kRows) == kCapabilities);
static_assert(std::ranges::is_sorted(kRows, {}, &CapabilityRow::word), "row_of() counts on the order of the words");
static_assert(std::ranges::all_of(kRows, [](const CapabilityRow& row) { return std::ranges::is_sorted(row.calls); }));

template <typename Knob>
bool is_turned(const CapabilitySet& held, Knob knob, Knob CapabilityRow::*member) {
  return std::ranges::any_of(kRows,
                             [&](const CapabilityRow& row) { return row.*member == knob && held.takes(row.word); });
}

}  // namespace

std::span<const CapabilityRow> capability_rows() noexcept {
  return kRows;
}

const CapabilityRow& row_of(Capability word) noexcept {
  return kRows[static_cast<std::size_t>(word)];
}

std::string_view name_of(Grant grant) noexcept {
  switch (grant) {
    case Grant::Taken: return "taken";
    case Grant::OnRequest: return "on request";
    case Grant::Given: return "given";
  }
  return "?";
}

Capability word_for_call(std::string_view call) noexcept {
  const auto names = [&](std::span<const std::string_view> list) { return std::ranges::count(list, call) > 0; };
  const auto found = std::ranges::find_if(
      kRows, [&](const CapabilityRow& row) { return names(row.calls) || names(row.allows) || names(row.other_ways); });
  return found != std::end(kRows) ? found->word : Capability::CallsMore;
}

bool turns(const CapabilitySet& held, MountKnob knob) noexcept {
  return is_turned(held, knob, &CapabilityRow::mounts);
}

// One task is left only where neither kind may be made.
bool turns(const CapabilitySet& held, LimitKnob knob) noexcept {
  if (knob != LimitKnob::OneTask) return is_turned(held, knob, &CapabilityRow::limits);
  return std::ranges::all_of(
      kRows, [&](const CapabilityRow& row) { return row.limits != LimitKnob::OneTask || held.takes(row.word); });
}

bool turns(const CapabilitySet& held, NetworkKnob knob) noexcept {
  return is_turned(held, knob, &CapabilityRow::network);
}

}  // namespace evalrun
