#include "runtime/mediate/deputy.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "lockdown/steps.h"
#include "runtime/core/sys.h"

namespace evalrun::mediate {
namespace {

constexpr unsigned kThreadPidfd = O_EXCL;     // PIDFD_THREAD of linux/pidfd.h, Linux 6.9
constexpr std::size_t kLargestAddress = 128;  // sizeof(sockaddr_storage): what the kernel copies at most
constexpr long kReadOnlyMount = 1;            // ST_RDONLY of statfs(2), from the mount and the file system both

// A task with its descriptors.
struct Work : DeputyTask, DeputyDescriptors {};

[[noreturn]] void leave(int status) noexcept {
  for (;;) sys(SYS_exit_group, status);
}

[[noreturn]] void leave_undone(const Work& task, StepResult step) noexcept {
  // Gone while it was looked at: no fault of anybody's.
  if (step.error == ESRCH) leave(kCallerGone);
  const DeputyReport report{task.notification.id, step};
  sys(SYS_write, task.reports, &report, sizeof report);
  leave(kNotDone);
}

void must(const Work& task, StepResult step) noexcept {
  if (step.failed()) leave_undone(task, step);
}

long must(const Work& task, Operation operation, long result) noexcept {
  if (result < 0) leave_undone(task, failure(operation, result));
  return result;
}

// "/proc/TID/NAME" in a buffer of its own.
class ProcPath {
 public:
  ProcPath(pid_t tid, const char* name) noexcept {
    append("/proc/");
    char digits[12];
    std::size_t count = 0;
    for (auto left = static_cast<unsigned>(tid); count == 0 || left != 0; left /= 10) {
      digits[count++] = static_cast<char>('0' + left % 10);
    }
    while (count > 0) text_[size_++] = digits[--count];
    append("/");
    append(name);
  }
  [[nodiscard]] const char* get() const noexcept { return text_; }

 private:
  void append(const char* text) noexcept {
    while (*text != '\0') text_[size_++] = *text++;
  }
  char text_[64] = {};
  std::size_t size_ = 0;
};

// The number behind `key` in /proc/TID/status, in the given base; -1 where there is none. The program chooses the first
// line (its name, in which the kernel escapes newlines) and nothing else of that file.
long status_number(pid_t tid, const char* key, long base) noexcept {
  const long fd = sys(SYS_openat, AT_FDCWD, ProcPath(tid, "status").get(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char text[1024] = {};
  const long size = sys(SYS_read, fd, text, sizeof text);
  sys(SYS_close, fd);
  const auto length = static_cast<long>(std::strlen(key));
  for (long at = 0; at + length < size; ++at) {
    const bool line_starts = at == 0 || text[at - 1] == '\n';
    if (!line_starts || std::memcmp(text + at, key, static_cast<std::size_t>(length)) != 0) continue;
    long number = 0;
    at += length;
    while (at < size && (text[at] == '\t' || text[at] == ' ')) ++at;
    for (; at < size && text[at] >= '0' && text[at] < '0' + base; ++at) number = number * base + (text[at] - '0');
    return number;
  }
  return -1;
}

// A copy of the address behind the call's pointer; nobody but this process can change it.
struct Address {
  alignas(sockaddr_storage) std::byte bytes[kLargestAddress + 1] = {};  // + 1: a path always ends
  std::size_t size = 0;

  [[nodiscard]] std::span<const std::byte> span() const noexcept { return {bytes, size}; }
  [[nodiscard]] const char* path() const noexcept {
    return reinterpret_cast<const char*>(bytes) + offsetof(sockaddr_un, sun_path);
  }
};

// What the kernel itself would say of the call's second and third argument (move_addr_to_kernel in net/socket.c).
void copy_address(const Work& task, Address& address) noexcept {
  const auto length = static_cast<std::int32_t>(task.notification.data.args[2]);
  if (length < 0 || static_cast<std::size_t>(length) > kLargestAddress) leave(EINVAL);
  address.size = static_cast<std::size_t>(length);
  if (length == 0) return;
  iovec ours{address.bytes, address.size};
  iovec theirs{in_their_memory(task.notification.data.args[1]), address.size};
  const long copied = sys(SYS_process_vm_readv, task.notification.pid, &ours, 1, &theirs, 1, 0);
  if (copied == -EFAULT || (copied >= 0 && copied < length)) leave(EFAULT);
  must(task, Operation::ReadMemory, copied);
}

int fetch_descriptor(const Work& task) noexcept {
  const long fd = sys(SYS_pidfd_getfd, task.thread, static_cast<std::int32_t>(task.notification.data.args[0]), 0);
  if (fd == -EBADF) leave(EBADF);
  return static_cast<int>(must(task, Operation::GetDescriptor, fd));
}

SocketKind kind_of(const Work& task, int socket) noexcept {
  SocketKind kind;
  const auto ask = [&](int option, int& value) {
    socklen_t size = sizeof value;
    const long result = sys(SYS_getsockopt, socket, SOL_SOCKET, option, &value, &size);
    if (result == -ENOTSOCK || result == -EBADF) leave(ENOTSOCK);  // EBADF: opened by O_PATH
    must(task, Operation::SocketKind, result);
  };
  ask(SO_DOMAIN, kind.domain);
  ask(SO_TYPE, kind.type);
  ask(SO_PROTOCOL, kind.protocol);
  return kind;
}

void look_that_the_caller_waits(const Work& task) noexcept {
  std::uint64_t id = task.notification.id;
  const long valid = sys(SYS_ioctl, task.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
  if (valid == -ENOENT) leave(kCallerGone);
  must(task, Operation::NotificationValid, valid);
}

// Closes every descriptor but the listed ones: pipes of other runs, above all, whose ends somebody waits for.
void close_all_but(const Work& task) noexcept {
  unsigned kept[] = {static_cast<unsigned>(task.listener), static_cast<unsigned>(task.thread),
                     static_cast<unsigned>(task.reports)};
  for (std::size_t i = 1; i < std::size(kept); ++i) {
    for (std::size_t j = i; j > 0 && kept[j] < kept[j - 1]; --j) std::swap(kept[j], kept[j - 1]);
  }
  unsigned first = 0;
  for (const unsigned each : kept) {
    if (each > first) must(task, Operation::CloseRange, sys(SYS_close_range, first, each - 1, 0));
    first = each + 1;
  }
  must(task, Operation::CloseRange, sys(SYS_close_range, first, ~0U, 0));
}

// Dies with the supervisor. A change of identity clears it (prctl(2)), so it is said again then; and the supervisor may
// have died while it was not said.
void tie_to_supervisor(const Work& task) noexcept {
  must(task, Operation::PrctlPdeathsig, sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  if (sys(SYS_getppid) != task.supervisor) leave(kCallerGone);
}

// ---- TCP and UDP ----------------------------------------------------------------------------------------------------

// Landlock's port rules hold deputies too: a second wall for TCP. The first is the address policy.
void restrict_ports(const Work& task) noexcept {
  must(task, Operation::PrctlNoNewPrivs, sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  lockdown::LandlockSteps ports = task.landlock;
  if (ports.attributes.handled_net == 0) return;
  ports.attributes.handled_fs = 0;
  ports.attributes.scoped = 0;
  ports.paths = {};
  must(task, lockdown::restrict_by_landlock(ports));
}

// ---- Unix sockets ---------------------------------------------------------------------------------------------------

// What must be opened before the namespaces change.
struct Outside {
  int folder;       // the caller's working directory
  int descriptors;  // this process's own descriptors, as a folder: the sandbox's /proc does not know it
  unsigned umask;
};

Outside look_from_outside(const Work& task) noexcept {
  const auto tid = static_cast<pid_t>(task.notification.pid);
  constexpr int kFolder = O_PATH | O_DIRECTORY | O_CLOEXEC;
  Outside outside{};
  outside.folder =
      static_cast<int>(must(task, Operation::Open, sys(SYS_openat, AT_FDCWD, ProcPath(tid, "cwd").get(), kFolder)));
  outside.descriptors =
      static_cast<int>(must(task, Operation::Open, sys(SYS_openat, AT_FDCWD, "/proc/self/fd", kFolder)));
  const long umask = status_number(tid, "Umask:", 8);
  outside.umask = umask < 0 ? 077 : static_cast<unsigned>(umask);
  return outside;
}

// From here on this process is as confined as the program.
void become_as_the_program(const Work& task, const Outside& outside) noexcept {
  must(task, Operation::Setns, sys(SYS_setns, task.thread, CLONE_NEWUSER | CLONE_NEWNS));
  if (task.drop_groups) must(task, Operation::Setgroups, sys(SYS_setgroups, 0, nullptr));
  constexpr unsigned kId = sandbox::kInsideId;
  must(task, Operation::Setresgid, sys(SYS_setresgid, kId, kId, kId));
  must(task, Operation::Setresuid, sys(SYS_setresuid, kId, kId, kId));
  tie_to_supervisor(task);
  lockdown::LandlockSteps rules = task.landlock;
  // The program's sockets are in another domain than the deputy's: the scope would hide them.
  rules.attributes.scoped = 0;
  must(task, lockdown::restrict_by_landlock(rules));
  must(task, lockdown::drop_capabilities(task.last_capability, lockdown::BoundingSet::Full));
  // As the program: a folder that it may not enter any more stays closed.
  const long entered = sys(SYS_fchdir, outside.folder);
  if (entered < 0) leave(static_cast<int>(-entered));
  sys(SYS_umask, outside.umask);
}

// Landlock knows no right to connect to a path, and a read-only mount does not stop it: the place is looked at here, on
// the very file that is then connected to.
long connect_to_path(const Work& task, int socket, const Address& address, const Outside& outside) noexcept {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const long file = sys(SYS_openat2, AT_FDCWD, address.path(), &how, sizeof how);
  if (file < 0) return file;
  struct statfs place {};
  must(task, Operation::Statx, sys(SYS_fstatfs, file, &place));
  if ((place.f_flags & kReadOnlyMount) != 0) leave(kFirstRefusal + static_cast<int>(Refusal::NotWritablePlace));
  must(task, Operation::Fchdir, sys(SYS_fchdir, outside.descriptors));
  sockaddr_un by_number{};
  by_number.sun_family = AF_UNIX;
  // Few descriptors are open here: two digits are enough.
  by_number.sun_path[0] = static_cast<char>('0' + file / 10 % 10);
  by_number.sun_path[1] = static_cast<char>('0' + file % 10);
  const char* name = file < 10 ? by_number.sun_path + 1 : by_number.sun_path;
  std::memmove(by_number.sun_path, name, 3);
  return sys(SYS_connect, socket, &by_number, sizeof by_number);
}

// ---- inotify_add_watch ----------------------------------------------------------------------------------------------

bool has_an_end(const char* text, long size) noexcept {
  for (long i = 0; i < size; ++i) {
    if (text[i] == '\0') return true;
  }
  return false;
}

// A copy of the path behind the call's second argument. The page after its end may not be there: page by page.
void copy_path(const Work& task, char (&path)[PATH_MAX]) noexcept {
  constexpr std::size_t kSmallestPage = 4096;
  std::uint64_t from = task.notification.data.args[1];
  for (std::size_t have = 0; have < sizeof path;) {
    const std::size_t in_page = kSmallestPage - from % kSmallestPage;
    const std::size_t wanted = in_page < sizeof path - have ? in_page : sizeof path - have;
    iovec ours{path + have, wanted};
    iovec theirs{in_their_memory(from), wanted};
    const long copied = sys(SYS_process_vm_readv, task.notification.pid, &ours, 1, &theirs, 1, 0);
    if (copied == -EFAULT || copied == 0) leave(EFAULT);
    must(task, Operation::ReadMemory, copied);
    if (has_an_end(path + have, copied)) return;
    have += static_cast<std::size_t>(copied);
    from += static_cast<std::uint64_t>(copied);
  }
  leave(ENAMETOOLONG);
}

// What the run may write is on a mount that is not read-only. Devices are the host's, whatever their mount says.
void look_that_it_is_the_runs_own(const Work& task, int file) noexcept {
  struct statfs place {};
  must(task, Operation::Statx, sys(SYS_fstatfs, file, &place));
  struct statx node {};
  must(task, Operation::Statx, sys(SYS_statx, file, "", AT_EMPTY_PATH, STATX_TYPE, &node));
  const bool is_device = (node.stx_mode & S_IFMT) == S_IFCHR || (node.stx_mode & S_IFMT) == S_IFBLK;
  const bool is_proc = place.f_type == PROC_SUPER_MAGIC;
  if ((place.f_flags & kReadOnlyMount) != 0 || is_device || is_proc) {
    leave(kFirstRefusal + static_cast<int>(Refusal::SharedFile));
  }
}

[[noreturn]] void watch(const Work& task) noexcept {
  const auto mask = static_cast<std::uint32_t>(task.notification.data.args[2]);
  char path[PATH_MAX];
  copy_path(task, path);
  const int inotify = fetch_descriptor(task);
  const Outside outside = look_from_outside(task);
  look_that_the_caller_waits(task);
  become_as_the_program(task, outside);
  const int follow = (mask & IN_DONT_FOLLOW) != 0 ? O_NOFOLLOW : 0;
  const int kind = (mask & IN_ONLYDIR) != 0 ? O_DIRECTORY : 0;
  open_how how{};
  how.flags = static_cast<std::uint64_t>(O_PATH | O_CLOEXEC | follow | kind);
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const long file = sys(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  if (file < 0) leave(static_cast<int>(-file));
  look_that_it_is_the_runs_own(task, static_cast<int>(file));
  must(task, Operation::Fchdir, sys(SYS_fchdir, outside.descriptors));
  const char name[] = {static_cast<char>('0' + file / 10 % 10), static_cast<char>('0' + file % 10), '\0'};
  // The name is a link to what was opened; it is followed, and no other is on the way.
  const long result = sys(SYS_inotify_add_watch, inotify, file < 10 ? name + 1 : name, mask & ~IN_DONT_FOLLOW);
  if (result < 0) leave(static_cast<int>(-result));
  seccomp_notif_resp response{};
  response.id = task.notification.id;
  response.val = result;
  long sent = -EINTR;  // a signal came before the kernel had its lock
  while (sent == -EINTR) sent = sys(SYS_ioctl, task.listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  // Unsent, the caller would wait for ever: the supervisor answers it.
  leave(sent == 0 || sent == -ENOENT ? kAnswered : EACCES);
}

// ---- The call -------------------------------------------------------------------------------------------------------

long act(const Work& task, int socket, const Address& address) noexcept {
  switch (task.call) {
    case MediatedCall::Bind: return sys(SYS_bind, socket, address.bytes, address.size);
    case MediatedCall::Connect: return sys(SYS_connect, socket, address.bytes, address.size);
    case MediatedCall::Listen:
      return sys(SYS_listen, socket, static_cast<std::int32_t>(task.notification.data.args[1]));
    case MediatedCall::Watch: break;
  }
  return -ENOSYS;
}

Address address_of(const Work& task, int socket) noexcept {
  Address address;
  if (task.call != MediatedCall::Listen) {
    copy_address(task, address);
  } else {
    socklen_t size = kLargestAddress;
    must(task, Operation::SocketKind, sys(SYS_getsockname, socket, address.bytes, &size));
    address.size = size < kLargestAddress ? size : kLargestAddress;
  }
  return address;
}

}  // namespace

int open_leader_of(pid_t tid) noexcept {
  const long leader = status_number(tid, "Tgid:", 10);
  if (leader <= 0) return -ESRCH;
  return static_cast<int>(sys(SYS_pidfd_open, leader, 0));
}

int open_thread(pid_t tid) noexcept {
  const long thread = sys(SYS_pidfd_open, tid, kThreadPidfd);
  return thread == -EINVAL ? open_leader_of(tid) : static_cast<int>(thread);
}

void deputy_main(const DeputyTask& given, const DeputyDescriptors& descriptors) noexcept {
  const Work task{given, descriptors};
  tie_to_supervisor(task);
  close_all_but(task);
  must(task, lockdown::forbid_core_dumps());
  if (task.call == MediatedCall::Watch) watch(task);

  const int socket = fetch_descriptor(task);
  const SocketKind kind = kind_of(task, socket);
  const Address address = address_of(task, socket);
  const Decision decision = decide(task.rules, task.call, kind, address.span());
  if (decision.way == Decision::Way::Refuse) leave(kFirstRefusal + static_cast<int>(decision.refusal));

  if (decision.way == Decision::Way::Act) {
    look_that_the_caller_waits(task);
    restrict_ports(task);
    leave(static_cast<int>(-act(task, socket, address)));
  }
  const Outside outside = look_from_outside(task);
  look_that_the_caller_waits(task);
  become_as_the_program(task, outside);
  const bool to_path = decision.is_path && task.call == MediatedCall::Connect;
  const long result = to_path ? connect_to_path(task, socket, address, outside) : act(task, socket, address);
  leave(static_cast<int>(-result));
}

}  // namespace evalrun::mediate

namespace evalrun::sandbox {

// In the fork server's program.
extern "C" void evalrun_deputy(const void* task, const int* descriptors) noexcept {
  using namespace evalrun::mediate;
  deputy_main(*static_cast<const DeputyTask*>(task), {descriptors[0], descriptors[1], descriptors[2]});
}

}  // namespace evalrun::sandbox
