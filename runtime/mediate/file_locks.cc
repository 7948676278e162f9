#include "runtime/mediate/file_locks.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>

#include "lockdown/listener.h"
#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/mediate/deputy.h"

namespace evalrun::mediate {
namespace {

// A lock that is waited for in a process of many threads is asked for again after this long: its holder may give it up
// by closing a descriptor, which nobody is told of.
constexpr Duration kBetweenTries = std::chrono::milliseconds(2);

// As the 64-bit kernel numbers them, whatever the C library calls them.
constexpr std::uint32_t kGetLock = 5;
constexpr std::uint32_t kSetLock = 6;
constexpr std::uint32_t kSetLockAndWait = 7;

bool is_of_descriptions(std::uint32_t command) {
  return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}
bool only_looks(std::uint32_t command) {
  return command == kGetLock || command == F_OFD_GETLK;
}
bool waits(std::uint32_t command) {
  return command == kSetLockAndWait || command == F_OFD_SETLKW;
}

bool has_one_thread(std::uint32_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) return line == "Threads:\t1";
  }
  return false;
}

// The caller's own words for the lock; none where its memory cannot be read.
std::optional<struct flock> read_lock(const seccomp_notif& request) {
  struct flock lock {};
  iovec here{&lock, sizeof lock};
  iovec there{reinterpret_cast<void*>(request.data.args[2]), sizeof lock};
  const ssize_t count = ::process_vm_readv(static_cast<pid_t>(request.pid), &here, 1, &there, 1, 0);
  return count == static_cast<ssize_t>(sizeof lock) ? std::optional(lock) : std::nullopt;
}

bool write_lock(const seccomp_notif& request, struct flock lock) {
  iovec here{&lock, sizeof lock};
  iovec there{reinterpret_cast<void*>(request.data.args[2]), sizeof lock};
  return ::process_vm_writev(static_cast<pid_t>(request.pid), &here, 1, &there, 1, 0) ==
         static_cast<ssize_t>(sizeof lock);
}

}  // namespace

bool asks_for_file_lock(const seccomp_notif& notification) noexcept {
  if (notification.data.nr == SYS_flock) return true;
  if (notification.data.nr != SYS_fcntl) return false;
  const auto command = static_cast<std::uint32_t>(notification.data.args[1]);
  return (command >= kGetLock && command <= kSetLockAndWait) || is_of_descriptions(command);
}

FileLocks::FileLocks(loop::EventLoop& loop, loop::LoopOwner& owner, std::vector<dev_t> of_host)
    : loop_(loop), owner_(owner), of_host_(std::move(of_host)) {
  loop_.watch(timer_.get(), loop::Interest::Read, owner_, [this] { try_again(); });
}

FileLocks::~FileLocks() {
  loop_.forget(timer_.get());
}

// A file of /work, /tmp, /dev/shm or of a tmpfs of the plan. A host's tmpfs comes by a bind, whose device is known, or
// below one, and then it cannot be written to unless the plan says so.
bool FileLocks::is_of_run(int file) const {
  struct stat status {};
  struct statfs system {};
  struct statvfs mount {};
  if (::fstat(file, &status) != 0 || ::fstatfs(file, &system) != 0 || ::fstatvfs(file, &mount) != 0) return false;
  const bool is_writable_tmpfs = system.f_type == TMPFS_MAGIC && (mount.f_flag & ST_RDONLY) == 0;
  return is_writable_tmpfs && std::ranges::find(of_host_, status.st_dev) == of_host_.end();
}

FileLocks::Outcome FileLocks::lock(const seccomp_notif& request, int file) {
  if (request.data.nr == SYS_flock) {
    const auto operation = static_cast<int>(request.data.args[1]);
    if (::flock(file, operation | LOCK_NB) == 0) return {Outcome::Way::Answer};
    const bool is_kept_waiting = errno == EWOULDBLOCK && (operation & LOCK_NB) == 0;
    return is_kept_waiting ? Outcome{Outcome::Way::Wait} : Outcome{Outcome::Way::Answer, errno};
  }
  const auto command = static_cast<std::uint32_t>(request.data.args[1]);
  std::optional<struct flock> wanted = read_lock(request);
  if (!wanted) return {Outcome::Way::Answer, EFAULT};
  if (!is_of_descriptions(command)) wanted->l_pid = 0;
  if (::fcntl(file, only_looks(command) ? F_OFD_GETLK : F_OFD_SETLK, &*wanted) != 0) {
    const bool is_kept_waiting = (errno == EAGAIN || errno == EACCES) && waits(command);
    return is_kept_waiting ? Outcome{Outcome::Way::Wait} : Outcome{Outcome::Way::Answer, errno};
  }
  if (only_looks(command) && !write_lock(request, *wanted)) return {Outcome::Way::Answer, EFAULT};
  return {Outcome::Way::Answer};
}

FileLocks::Outcome FileLocks::decide(int listener, const seccomp_notif& request) {
  const Fd caller(open_thread(static_cast<pid_t>(request.pid)));
  if (caller.get() == -ESRCH) return {Outcome::Way::CallerGone};
  if (caller.get() < 0) return {Outcome::Way::Answer, kRefusal};
  const long copy = sys(SYS_pidfd_getfd, caller.get(), static_cast<int>(request.data.args[0]), 0);
  if (copy == -EBADF) return {Outcome::Way::Answer, EBADF};
  if (copy == -ESRCH) return {Outcome::Way::CallerGone};
  if (copy < 0) return {Outcome::Way::Answer, kRefusal};
  const Fd file(static_cast<int>(copy));
  const bool is_alone = has_one_thread(request.pid);
  // A number that another process has by now would tell of that one.
  if (!lockdown::still_waits(listener, request.id)) return {Outcome::Way::CallerGone};
  if (!is_of_run(file.get())) {
    ++refused_;
    return {Outcome::Way::Answer, kRefusal};
  }
  return is_alone ? Outcome{Outcome::Way::GoOn} : lock(request, file.get());
}

void FileLocks::settle(int listener, const seccomp_notif& request, const Outcome& outcome) {
  if (outcome.way == Outcome::Way::CallerGone) return;
  if (outcome.way == Outcome::Way::GoOn) return lockdown::let_go_on(listener, request.id);
  lockdown::answer_call(listener, request.id, outcome.error);
}

void FileLocks::answer(int listener, const seccomp_notif& request) {
  listener_ = listener;
  const Outcome outcome = decide(listener, request);
  if (outcome.way != Outcome::Way::Wait) return settle(listener, request, outcome);
  waiting_.push_back(request);
  timer_.set(loop::now() + kBetweenTries);
}

void FileLocks::try_again() {
  timer_.acknowledge();
  for (const seccomp_notif& request : std::exchange(waiting_, {})) {
    // A signal may have taken it out of the call.
    if (lockdown::still_waits(listener_, request.id)) answer(listener_, request);
  }
}

std::string FileLocks::note() const {
  if (refused_ == 0) return "";
  return "locks on files were refused (ENOLCK), " + std::to_string(refused_) +
         " in all: a run may lock its own, in /work, /tmp and /dev/shm";
}

}  // namespace evalrun::mediate
