// The exit tracer's own code: system calls over its block, nothing else.
#include <dirent.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/core/sys.h"
#include "runtime/measure/exit_tracer.h"

namespace evalrun::measure {
namespace {

// Children, threads too, are seized by the kernel; all die with the tracer.
constexpr long kOptions = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
constexpr std::uint64_t kNanosecondsOfTick = 1'000'000'000 / 100;  // USER_HZ is 100 on every processor that we know
constexpr std::uint64_t kMillisecond = 1'000'000;

// "/proc/PID/task/TID/NAME" and shorter, in a buffer of its own.
class ProcPath {
 public:
  explicit ProcPath(pid_t process) noexcept {
    append("/proc/");
    append(process);
  }
  ProcPath& append(const char* text) noexcept {
    while (*text != '\0') text_[size_++] = *text++;
    return *this;
  }
  ProcPath& append(pid_t number) noexcept {
    char digits[12];
    std::size_t count = 0;
    for (auto left = static_cast<unsigned>(number); count == 0 || left != 0; left /= 10) {
      digits[count++] = static_cast<char>('0' + left % 10);
    }
    while (count > 0) text_[size_++] = digits[--count];
    return *this;
  }
  [[nodiscard]] const char* get() const noexcept { return text_; }

 private:
  char text_[80] = {};
  std::size_t size_ = 0;
};

ProcPath task_path(pid_t process, pid_t thread, const char* name) noexcept {
  ProcPath path(process);
  path.append("/task/").append(thread).append(name);
  return path;
}

bool is_digit(char character) noexcept {
  return character >= '0' && character <= '9';
}

// The whole number at the front of `text`; `text` is moved to what follows.
std::uint64_t take_number(const char*& text) noexcept {
  std::uint64_t number = 0;
  for (; is_digit(*text); ++text) number = number * 10 + static_cast<std::uint64_t>(*text - '0');
  return number;
}

// The text ends with a zero. -errno, or its size.
long read_file(const ProcPath& path, char* text, std::size_t room) noexcept {
  const long fd = sys(SYS_openat, AT_FDCWD, path.get(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  long size = 0;
  for (long read = 1; read > 0 && static_cast<std::size_t>(size) + 1 < room;) {
    read = sys(SYS_read, fd, text + size, room - 1 - static_cast<std::size_t>(size));
    if (read > 0) size += read;
  }
  sys(SYS_close, fd);
  text[size] = '\0';
  return size;
}

// What follows `key`, which a newline begins; null where it is not there.
const char* behind(const char* text, const char* key) noexcept {
  const std::size_t size = std::strlen(key);
  for (std::size_t left = std::strlen(text); left >= size; ++text, --left) {
    if (std::memcmp(text, key, size) == 0) return text + size;
  }
  return nullptr;
}

// What /proc/PID/stat says of a process (proc(5)).
struct Stat {
  char state = '\0';  // '\0': it has gone
  std::uint64_t waited_ns = 0;
};

Stat stat_of(const ProcPath& path) noexcept {
  char text[1024];
  if (read_file(path, text, sizeof text) <= 0) return {};
  // The second field, the name, may hold anything but the last parenthesis.
  const char* at = text + std::strlen(text);
  while (at > text && *at != ')') --at;
  if (*at != ')' || at[1] == '\0') return {};
  Stat stat{.state = at[2]};
  at += 2;
  constexpr int kChildrenUser = 13, kChildrenSystem = 14;  // counted from the third field
  for (int field = 0; *at != '\0' && field <= kChildrenSystem; ++field) {
    if (field == kChildrenUser || field == kChildrenSystem) stat.waited_ns += take_number(at) * kNanosecondsOfTick;
    while (*at != '\0' && *at != ' ') ++at;
    if (*at == ' ') ++at;
  }
  return stat;
}

// The CPU time of a process, all its threads among them; it may have ended, as long as nobody has reaped it. 0 for a
// thread. The clock's number as clock_getcpuclockid(3) makes it.
std::uint64_t cpu_clock(pid_t process) noexcept {
  timespec time{};
  const auto clock = static_cast<int>((~static_cast<unsigned>(process)) << 3 | 2);
  if (sys(SYS_clock_gettime, clock, &time) != 0) return 0;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t monotonic_ns() noexcept {
  timespec time{};
  sys(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// As getdents64(2) gives it.
struct Name {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short size;
  unsigned char type;
  char text[];
};

// One walk over the run's processes, each of their threads seized.
class Walk {
 public:
  explicit Walk(ExitTracerBlock& block, pid_t self) noexcept : block_(block), self_(self) {}

  void go(bool seizes) noexcept {
    seizes_ = seizes;
    found_ = 0;
    seized_ = gone_ = 0;
    collect_children(task_path(block_.init, block_.init, "/children"));
    waited_ns_ = stat_of(ProcPath(block_.init).append("/stat")).waited_ns;
    for (std::size_t next = 0; next < found_ && error_ == 0; ++next) visit(block_.found[next]);
  }

  // Nothing was seized that was not already, and nothing ended or was missed meanwhile: then every task is traced. A
  // task that is not would have to have a parent that was not traced when it started it; that parent was seized in an
  // earlier walk or has ended, and in this one nothing moved.
  [[nodiscard]] bool is_complete() const noexcept { return error_ == 0 && seized_ == 0 && gone_ == 0; }
  [[nodiscard]] long error() const noexcept { return error_; }
  [[nodiscard]] std::uint64_t waited_ns() const noexcept { return waited_ns_; }

  // 0, or -errno; -ESRCH: it has ended.
  long seize(pid_t process, pid_t thread) noexcept {
    const long result = seize_task(thread);
    if (result != -EPERM) {
      if (result == 0) ++seized_;
      return result;
    }
    // Also where it is traced already, or has ended and nobody has reaped it.
    char text[2048];
    if (read_file(task_path(process, thread, "/status"), text, sizeof text) <= 0) return -ESRCH;
    const char* state = behind(text, "\nState:\t");
    if (state != nullptr && (*state == 'Z' || *state == 'X')) return 0;
    const char* tracer = behind(text, "\nTracerPid:\t");
    if (tracer == nullptr) return -EPERM;
    return take_number(tracer) == static_cast<std::uint64_t>(self_) ? 0 : -EPERM;
  }

 private:
  void visit(pid_t process) noexcept {
    const Stat stat = stat_of(ProcPath(process).append("/stat"));
    if (stat.state == '\0') {
      ++gone_;
      return;
    }
    waited_ns_ += stat.waited_ns;
    const long folder =
        sys(SYS_openat, AT_FDCWD, ProcPath(process).append("/task").get(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
      ++gone_;
      return;
    }
    alignas(Name) char buffer[2 << 10] = {};
    long size = 0;
    std::size_t threads = 0;
    while ((size = sys(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
      for (long at = 0; at < size;) {
        const auto* name = reinterpret_cast<const Name*>(buffer + at);
        const char* text = name->text;
        at += name->size;
        if (!is_digit(*text)) continue;
        ++threads;
        visit(process, static_cast<pid_t>(take_number(text)));
      }
    }
    sys(SYS_close, folder);
    // Its first thread has ended and cannot be seized any more; without it nobody is told of the process's end.
    if (stat.state == 'Z' && threads > 1) ++gone_;
    // One that has ended and that nobody has waited for: its time is in nobody's account yet.
    if (!seizes_ && stat.state == 'Z' && threads <= 1) waited_ns_ += cpu_clock(process);
  }

  void visit(pid_t process, pid_t thread) noexcept {
    if (seizes_) {
      const long result = seize(process, thread);
      if (result == -ESRCH) ++gone_;
      if (result < 0 && result != -ESRCH && error_ == 0) error_ = result;
    }
    collect_children(task_path(process, thread, "/children"));
  }

  void collect_children(const ProcPath& path) noexcept {
    char text[4 << 10];
    const long fd = sys(SYS_openat, AT_FDCWD, path.get(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      ++gone_;
      return;
    }
    std::uint64_t number = 0;
    bool in_number = false;
    long size = 0;
    while ((size = sys(SYS_read, fd, text, sizeof text)) > 0) {
      for (long at = 0; at < size; ++at) {
        if (is_digit(text[at])) {
          number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
          in_number = true;
          continue;
        }
        if (in_number) add(static_cast<pid_t>(number));
        in_number = false;
        number = 0;
      }
    }
    sys(SYS_close, fd);
  }

  void add(pid_t process) noexcept {
    if (found_ == ExitTracerBlock::kMostProcesses) {
      ++gone_;  // it is not seen, so the walk is not complete
    } else {
      block_.found[found_++] = process;
    }
  }

  ExitTracerBlock& block_;
  pid_t self_;
  bool seizes_ = false;
  std::size_t found_ = 0;
  std::size_t seized_ = 0;
  std::size_t gone_ = 0;
  long error_ = 0;
  std::uint64_t waited_ns_ = 0;
};

void settle(ExitTracerBlock& block, ExitTracerBlock::Settled settled) noexcept {
  block.settled.store(settled);
  const std::uint64_t one = 1;
  sys(SYS_write, block.settled_event, &one, sizeof one);
}

std::uint64_t nanoseconds(const timeval& time) noexcept {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

// The clock has the sum, exact. How it divides is taken from the usage, which has its children's as well.
void add_up(ExitTracerBlock& block, pid_t task, const rusage& usage) noexcept {
  if (static_cast<std::uint64_t>(usage.ru_maxrss) > block.largest_kib.load()) {
    block.largest_kib.store(static_cast<std::uint64_t>(usage.ru_maxrss));
  }
  const std::uint64_t total = cpu_clock(task);
  const double user = static_cast<double>(nanoseconds(usage.ru_utime));
  const double both = user + static_cast<double>(nanoseconds(usage.ru_stime));
  const auto in_user = both > 0 ? static_cast<std::uint64_t>(static_cast<double>(total) * (user / both)) : total;
  block.user_ns.fetch_add(in_user);
  block.system_ns.fetch_add(total - in_user);
}

// What a stopped task is told: to go on, with the signal that it was about to get, or, where a signal has stopped the
// whole process, to stay so until another one comes.
void answer_stop(pid_t task, int status) noexcept {
  const int signal = status & 0xff, event = status >> 8;
  const bool is_group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
  if (is_group_stop) {
    sys(SYS_ptrace, PTRACE_LISTEN, task, 0, 0);
  } else {
    sys(SYS_ptrace, PTRACE_CONT, task, 0, event == 0 ? signal : 0);
  }
}

// One stop or end, where there is any. -ECHILD: nothing is traced any more.
long see_one(ExitTracerBlock& block, int flags) noexcept {
  siginfo_t seen{};
  rusage usage{};
  // Left as it is while its clock is read: a process that is reaped has none.
  const long result = sys(SYS_waitid, P_ALL, 0, &seen, WEXITED | WSTOPPED | WNOWAIT | __WALL | flags, &usage);
  if (result < 0) return result;
  if (seen.si_pid == 0) return 0;
  if (seen.si_code == CLD_TRAPPED || seen.si_code == CLD_STOPPED) {
    answer_stop(seen.si_pid, seen.si_status);
    return 1;
  }
  add_up(block, seen.si_pid, usage);
  sys(SYS_waitid, P_PID, seen.si_pid, &seen, WEXITED | __WALL | WNOHANG, nullptr);
  return 1;
}

// Whoever was seized may start others and end meanwhile: those are answered between two walks.
void seize_all(ExitTracerBlock& block, Walk& walk) noexcept {
  constexpr std::uint64_t kPatience = 200 * kMillisecond;
  const std::uint64_t deadline = monotonic_ns() + kPatience;
  do {
    walk.go(true);
    if (walk.is_complete()) {
      // What ended since the first walk and was waited for, less what has been added up here.
      const std::uint64_t ended = block.user_ns.load() + block.system_ns.load();
      if (walk.waited_ns() > block.before_ns.load() + ended) block.before_ns.store(walk.waited_ns() - ended);
      return settle(block, ExitTracerBlock::Traced);
    }
    while (see_one(block, WNOHANG) > 0) {
    }
  } while (walk.error() == 0 && monotonic_ns() < deadline);
  settle(block, ExitTracerBlock::Incomplete);
}

}  // namespace

long seize_task(pid_t thread) noexcept {
  return sys(SYS_ptrace, PTRACE_SEIZE, thread, 0, kOptions);
}

int be_exit_tracer(void* shared) noexcept {
  auto& block = *static_cast<ExitTracerBlock*>(shared);
  sys(SYS_setsid);
  // Nothing else of the supervisor's may live on in here.
  sys(SYS_dup3, block.settled_event, 0, 0);
  sys(SYS_close_range, 1, ~0U, 0);
  block.settled_event = 0;

  const auto self = static_cast<pid_t>(sys(SYS_getpid));
  Walk walk(block, self);
  walk.go(false);
  block.before_ns.store(walk.waited_ns());
  // The caller first: whether it may be traced says whether anything may.
  const long first = walk.seize(block.caller, block.caller);
  if (first < 0 && first != -ESRCH) {
    block.error = static_cast<int>(-first);
    block.finished.store(true);
    settle(block, ExitTracerBlock::Forbidden);
  } else {
    seize_all(block, walk);
    long result = 0;
    do {
      result = see_one(block, 0);
    } while (result >= 0 || result == -EINTR);
    block.finished.store(true);
  }
  for (;;) sys(SYS_exit_group, 0);
}

}  // namespace evalrun::measure
