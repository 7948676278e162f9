// Programs that use CPU time or memory where nobody looks, beside ones that use as much in the open. Each prints what
// it used: "burnt <microseconds>" or "held <mebibytes>".

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double own_seconds() {
  return cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

// What all processes have used, as each says at its end.
struct Account {
  std::uint64_t nanoseconds = 0;
};
Account* account = nullptr;

void open_account() {
  void* memory = ::mmap(nullptr, sizeof(Account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) ::_exit(99);
  account = static_cast<Account*>(memory);
}

void book(double seconds) {
  __atomic_fetch_add(&account->nanoseconds, static_cast<std::uint64_t>(seconds * 1e9), __ATOMIC_RELAXED);
}

void burn_until(double seconds) {
  while (own_seconds() < seconds) {
  }
}

[[noreturn]] void burn_and_leave(double seconds) {
  burn_until(seconds);
  book(own_seconds());
  ::_exit(0);
}

void no_child_wait(int signal_number, int flags) {
  struct sigaction action {};
  action.sa_handler = flags == 0 ? SIG_IGN : SIG_DFL;
  action.sa_flags = flags;
  if (::sigaction(signal_number, &action, nullptr) != 0) std::printf("sigaction E%d\n", errno);
}

void ignore_children() {
  no_child_wait(SIGCHLD, 0);
}

// One after another, so that no look sees them all.
void burn_in_children(long count, double seconds) {
  for (long i = 0; i < count; ++i) {
    if (::fork() == 0) burn_and_leave(seconds);
    while (::wait(nullptr) > 0) {
    }
  }
}

[[gnu::noinline]] void start_by_vfork(double seconds) {
  if (::vfork() == 0) burn_and_leave(seconds);
}

void burn_in_vforked(long count, double seconds) {
  for (long i = 0; i < count; ++i) start_by_vfork(seconds);
}

[[gnu::noinline]] void start_again(const char* seconds) {
  if (::vfork() != 0) return;
  ::execl("/proc/self/exe", "hider", "burn-alone", seconds, nullptr);
  ::_exit(1);
}

// Each runs this program again, which burns, says on descriptor 3 what it used, and ends.
void burn_in_executed(long count, double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", seconds);
  int said[2];
  if (::pipe(said) != 0) return;
  const int reader = ::fcntl(said[0], F_DUPFD, 10);
  if (::dup2(said[1], 3) != 3) return;
  for (long i = 0; i < count; ++i) {
    start_again(text);
    double used = 0;
    if (::read(reader, &used, sizeof used) == sizeof used) book(used);
    while (::wait(nullptr) > 0) {
    }
  }
}

void burn_alone(double seconds) {
  burn_until(seconds);
  const double used = own_seconds();
  if (::write(3, &used, sizeof used) != sizeof used) ::_exit(1);
}

// Each starts the next and ends; its parent has ended then, or waits for nobody.
void burn_in_chain(long count, double seconds) {
  int done[2];
  if (::pipe(done) != 0) return;
  if (::fork() == 0) {
    ::close(done[0]);
    for (long i = 1; i < count; ++i) {
      burn_until(seconds);
      if (::fork() != 0) {
        book(own_seconds());
        ::_exit(0);
      }
    }
    burn_and_leave(seconds);
  }
  ::close(done[1]);
  char end = 0;
  // Until the last has closed its end.
  while (::read(done[0], &end, 1) < 0) {
  }
}

struct Threaded {
  long count;
  double seconds;
};

void* burn_in_thread(void* argument) {
  const auto* work = static_cast<const Threaded*>(argument);
  ignore_children();
  burn_in_children(work->count, work->seconds);
  return nullptr;
}

void report() {
  book(own_seconds());
  std::printf("burnt %.0f\n", static_cast<double>(account->nanoseconds) / 1e3);
}

using Burn = std::function<void(long count, double seconds)>;

const std::map<std::string, Burn>& burns() {
  static const std::map<std::string, Burn> all = {
      {"waited", burn_in_children},
      {"ignored",
       [](long count, double seconds) {
         ignore_children();
         burn_in_children(count, seconds);
       }},
      {"no-child-wait",
       [](long count, double seconds) {
         no_child_wait(SIGCHLD, SA_NOCLDWAIT);
         burn_in_children(count, seconds);
       }},
      {"vforked",
       [](long count, double seconds) {
         ignore_children();
         burn_in_vforked(count, seconds);
       }},
      {"executed",
       [](long count, double seconds) {
         ignore_children();
         burn_in_executed(count, seconds);
       }},
      {"chain",
       [](long count, double seconds) {
         no_child_wait(SIGCHLD, SA_NOCLDWAIT);
         burn_in_chain(count, seconds);
       }},
      {"grandchildren",
       [](long count, double seconds) {
         if (::fork() == 0) {
           ignore_children();
           burn_in_children(count, seconds);
           book(own_seconds());
           ::_exit(0);
         }
         ::wait(nullptr);
       }},
      {"thread",
       [](long count, double seconds) {
         Threaded work{count, seconds};
         pthread_t thread{};
         ::pthread_create(&thread, nullptr, burn_in_thread, &work);
         ::pthread_join(thread, nullptr);
       }},
      // Its disposition outlives execve.
      {"inherited",
       [](long count, double seconds) {
         ignore_children();
         char first[32], second[32];
         std::snprintf(first, sizeof first, "%ld", count);
         std::snprintf(second, sizeof second, "%.6f", seconds);
         ::execl("/proc/self/exe", "hider", "burn", "waited", first, second, nullptr);
       }},
      // Half before anybody touches SIGCHLD, waited for; half after.
      {"late",
       [](long count, double seconds) {
         burn_in_children(count / 2, seconds);
         ignore_children();
         burn_in_children(count - count / 2, seconds);
       }},
      // Its children's children come to it when their parents have ended.
      {"subreaper",
       [](long count, double seconds) {
         ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
         ignore_children();
         for (long i = 0; i < count; ++i) {
           if (::fork() == 0) {
             if (::fork() == 0) burn_and_leave(seconds);
             book(own_seconds());
             ::_exit(0);
           }
           while (::wait(nullptr) > 0) {
           }
         }
       }},
  };
  return all;
}

// ---- memory ---------------------------------------------------------------------------------------------------------

constexpr unsigned long kMebibyte = 1UL << 20, kStep = 4 * kMebibyte, kPage = 4096;

void fill(char* at, unsigned long size) {
  for (unsigned long i = 0; i < size; i += kPage) at[i] = 1;
}

char* map_shared(unsigned long size, int fd = -1) {
  void* memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
  if (memory != MAP_FAILED) return static_cast<char*>(memory);
  std::printf("mmap E%d\n", errno);
  std::fflush(stdout);
  ::_exit(3);
}

// Filled, and dropped from this process's own pages as it goes.
void hide_by_advice(unsigned long size, int fd = -1) {
  char* memory = map_shared(size, fd);
  for (unsigned long at = 0; at < size; at += kStep) {
    fill(memory + at, kStep);
    ::madvise(memory + at, kStep, MADV_DONTNEED);
  }
}

// The file behind the mapping lives as long as one page of it is mapped.
void hide_by_unmapping(unsigned long size) {
  char* memory = map_shared(size);
  fill(memory, size);
  ::munmap(memory + kPage, size - kPage);
}

// A child holds it, and has never touched it.
void hide_in_child(unsigned long size) {
  char* memory = map_shared(size);
  for (unsigned long at = 0; at < size; at += kStep) {
    fill(memory + at, kStep);
    ::madvise(memory + at, kStep, MADV_DONTNEED);
  }
  if (::fork() == 0) {
    for (;;) ::pause();
  }
  ::munmap(memory, size);
}

void hide_in_zero_device(unsigned long size) {
  const int fd = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    std::printf("open E%d\n", errno);
    std::fflush(stdout);
    ::_exit(3);
  }
  hide_by_advice(size, fd);
}

// Many small ones, each within the limit by itself.
void hide_in_parts(unsigned long size) {
  for (unsigned long at = 0; at < size; at += kStep) hide_by_unmapping(kStep);
}

// As a program does that uses one after another.
void hold_one_at_a_time(unsigned long size) {
  for (unsigned long at = 0; at < size; at += 8 * kStep) {
    char* memory = map_shared(8 * kStep);
    fill(memory, 8 * kStep);
    ::munmap(memory, 8 * kStep);
  }
}

void fill_socket(int fd, unsigned long& held) {
  static const std::vector<char> bytes(64 << 10, 1);
  for (ssize_t sent = 1; sent > 0;) {
    sent = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (sent > 0) held += static_cast<unsigned long>(sent);
  }
}

unsigned long hold_in_sockets(unsigned long size) {
  unsigned long held = 0;
  while (held < size) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) break;
    fill_socket(pair[0], held);
    fill_socket(pair[1], held);
  }
  return held;
}

bool send_descriptor(int socket, int descriptor) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char buffer[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = buffer;
  message.msg_controllen = sizeof buffer;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &message, MSG_DONTWAIT) == 1;
}

// The full sockets are in flight, in no process's table.
unsigned long hold_in_flight(unsigned long size) {
  int carrier[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, carrier) != 0) return 0;
  unsigned long held = 0;
  while (held < size) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) break;
    fill_socket(pair[0], held);
    fill_socket(pair[1], held);
    const bool sent = send_descriptor(carrier[0], pair[0]) && send_descriptor(carrier[0], pair[1]);
    ::close(pair[0]);
    ::close(pair[1]);
    if (!sent) break;
  }
  return held;
}

unsigned long hold_in_pipes(unsigned long size) {
  static const std::vector<char> bytes(64 << 10, 1);
  unsigned long held = 0;
  while (held < size) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) break;
    for (ssize_t wrote = 1; wrote > 0;) {
      wrote = ::write(ends[1], bytes.data(), bytes.size());
      if (wrote > 0) held += static_cast<unsigned long>(wrote);
    }
  }
  return held;
}

using Hold = std::function<unsigned long(unsigned long bytes)>;

Hold all_of(void (*hide)(unsigned long)) {
  return [hide](unsigned long bytes) {
    hide(bytes);
    return bytes;
  };
}

const std::map<std::string, Hold>& holds() {
  static const std::map<std::string, Hold> all = {
      {"advised", all_of([](unsigned long size) { hide_by_advice(size); })},
      {"unmapped", all_of(hide_by_unmapping)},
      {"child", all_of(hide_in_child)},
      {"zero-device", all_of(hide_in_zero_device)},
      {"parts", all_of(hide_in_parts)},
      {"one-at-a-time", all_of(hold_one_at_a_time)},
      {"sockets", hold_in_sockets},
      {"in-flight", hold_in_flight},
      {"pipes", hold_in_pipes},
  };
  return all;
}

// ---- what a traced program must not notice --------------------------------------------------------------------------

volatile sig_atomic_t children_told = 0, values_got = 0, other_signals = 0;

void on_child(int) {
  children_told = children_told + 1;
}
void on_value(int, siginfo_t* info, void*) {
  values_got = values_got + info->si_value.sival_int;
}
void on_other(int) {
  other_signals = other_signals + 1;
}

void show_status(const char* what, int status) {
  if (WIFEXITED(status)) std::printf("%s exited %d\n", what, WEXITSTATUS(status));
  if (WIFSIGNALED(status)) std::printf("%s killed %d\n", what, WTERMSIG(status));
  if (WIFSTOPPED(status)) std::printf("%s stopped %d\n", what, WSTOPSIG(status));
  if (WIFCONTINUED(status)) std::printf("%s continued\n", what);
}

void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(number, &action, nullptr);
}

pid_t start_sleeper() {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  return child;
}

void show_ends_and_stops() {
  int status = 0;
  const pid_t exits = ::fork();
  if (exits == 0) ::_exit(7);
  ::waitpid(exits, &status, 0);
  show_status("first", status);
  const pid_t sleeper = start_sleeper();
  ::kill(sleeper, SIGSTOP);
  ::waitpid(sleeper, &status, WUNTRACED);
  show_status("second", status);
  ::kill(sleeper, SIGCONT);
  ::waitpid(sleeper, &status, WCONTINUED);
  show_status("second", status);
  ::kill(sleeper, SIGSTOP);
  ::waitpid(sleeper, &status, WUNTRACED);
  show_status("second", status);
  ::kill(sleeper, SIGKILL);
  ::waitpid(sleeper, &status, 0);
  show_status("second", status);
  const pid_t terminated = start_sleeper();
  ::kill(terminated, SIGTERM);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(terminated), &info, WEXITED | WNOWAIT);
  std::printf("third code %d status %d\n", info.si_code, info.si_status);
  std::printf("third again %d\n", ::waitpid(terminated, &status, 0) == terminated);
  show_status("third", status);
  std::printf("none left %d\n", ::waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
}

void show_signals() {
  struct sigaction action {};
  action.sa_sigaction = on_value;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGRTMIN + 1, &action, nullptr);
  for (int value = 1; value <= 10; ++value) ::sigqueue(::getpid(), SIGRTMIN + 1, {.sival_int = value});
  std::printf("values %d\n", static_cast<int>(values_got));
  // A signal that is ignored does not cut a sleep short.
  ::signal(SIGWINCH, SIG_IGN);
  const pid_t teaser = ::fork();
  if (teaser == 0) {
    for (int i = 0; i < 10; ++i) {
      ::kill(::getppid(), SIGWINCH);
      ::usleep(5000);
    }
    ::_exit(0);
  }
  const double before = cpu_seconds(CLOCK_MONOTONIC);
  const timespec pause{0, 150'000'000};
  struct sigaction none {};
  none.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &none, nullptr);
  const int slept = ::nanosleep(&pause, nullptr);
  std::printf("slept %d %d\n", slept, cpu_seconds(CLOCK_MONOTONIC) - before >= 0.15);
  ::waitpid(teaser, nullptr, 0);
  // One that is handled does.
  handle(SIGALRM, on_other, 0);
  ::alarm(1);
  const int interrupted = ::pause();
  std::printf("interrupted %d %d\n", interrupted, static_cast<int>(other_signals));
  // A blocked one waits, and is taken by sigtimedwait with its value.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::sigqueue(::getpid(), SIGUSR1, {.sival_int = 42});
  siginfo_t info{};
  const timespec second{1, 0};
  const int taken = ::sigtimedwait(&set, &info, &second);
  std::printf("taken %d value %d\n", taken, info.si_value.sival_int);
}

void* do_nothing(void*) {
  return nullptr;
}

void* leave_by_execve(void*) {
  ::execl("/proc/self/exe", "hider", "say", "executed by a thread", nullptr);
  return nullptr;
}

void show_threads() {
  for (int i = 0; i < 20; ++i) {
    pthread_t thread{};
    ::pthread_create(&thread, nullptr, do_nothing, nullptr);
    ::pthread_join(thread, nullptr);
  }
  std::printf("threads joined\n");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    pthread_t thread{};
    ::pthread_create(&thread, nullptr, leave_by_execve, nullptr);
    for (;;) ::pause();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  show_status("executed", status);
}

// Everything of the kind that ptrace can spoil, with SIGCHLD handled from the start.
void show_what_is_seen() {
  ::setvbuf(stdout, nullptr, _IONBF, 0);
  handle(SIGCHLD, on_child, SA_RESTART);
  show_ends_and_stops();
  std::printf("told %d\n", children_told > 0);
  show_signals();
  show_threads();
}

[[noreturn]] void refuse(const char* why) {
  std::fprintf(stderr, "hider: %s\n", why);
  std::exit(2);
}

int share_handlers(void*) {
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Words words(argv + 1, argv + argc);
  if (words.empty()) refuse("what to hide?");
  if (words[0] == "burn-alone") {
    burn_alone(std::atof(words.at(1).c_str()));
    return 0;
  }
  if (words[0] == "burn") {
    open_account();
    burns().at(words.at(1))(std::atol(words.at(2).c_str()), std::atof(words.at(3).c_str()));
    report();
    return 0;
  }
  if (words[0] == "hold") {
    const unsigned long held = holds().at(words.at(1))(std::strtoul(words.at(2).c_str(), nullptr, 10) << 20);
    std::printf("held %lu\n", held >> 20);
    std::fflush(stdout);
    // Long enough to be looked at three times, on a busy host too.
    const timespec pause{1, 0};
    ::nanosleep(&pause, nullptr);
    return 0;
  }
  if (words[0] == "say") {
    std::printf("%s\n", words.at(1).c_str());
    return 0;
  }
  if (words[0] == "seen") {
    show_what_is_seen();
    return 0;
  }
  if (words[0] == "clone") {
    alignas(16) static char stack[64 << 10];
    const auto flags = static_cast<int>(std::strtol(words.at(1).c_str(), nullptr, 0));
    const int child = ::clone(share_handlers, stack + sizeof stack, flags, nullptr);
    std::printf("clone %s\n", child < 0 ? std::to_string(errno).c_str() : "OK");
    return 0;
  }
  refuse("unknown word");
}
