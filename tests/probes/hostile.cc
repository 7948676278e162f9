// What hostile programs do, one act per verb, run inside the sandbox. Like probe, each says what the kernel answered:
// "OK" or an errno's name, one line each. Calls that may kill are made in a child, and the line says so.
//
//   hostile VERB [WORD…] [then VERB [WORD…]]…

#include <fcntl.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/probes/call_numbers.h"

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kPage = 4096;

const char* answer(long result) {
  return result >= 0 ? "OK" : ::strerrorname_np(errno);
}

void say(const std::string& what, long result) {
  std::printf("%s %s\n", what.c_str(), answer(result));
  std::fflush(stdout);
}

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

long number(const std::string& text) {
  return text.starts_with("-") ? std::strtol(text.c_str(), nullptr, 0)
                               : static_cast<long>(std::strtoul(text.c_str(), nullptr, 0));
}

std::size_t mebibytes(const std::string& text) {
  return static_cast<std::size_t>(number(text)) << 20;
}

void sleep_seconds(double seconds) {
  timespec left{static_cast<time_t>(seconds),
                static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

void burn(double seconds) {
  timespec begin{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  volatile unsigned long sink = 0;
  for (timespec now = begin;
       static_cast<double>(now.tv_sec - begin.tv_sec) + static_cast<double>(now.tv_nsec - begin.tv_nsec) / 1e9 <
       seconds;
       ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)) {
    for (int i = 0; i < 10'000; ++i) sink = sink + 1;
  }
}

// Runs `act` in a child and says how that ended: its own line where it lived, the signal where it did not.
void in_child(const std::string& what, const std::function<void()>& act) {
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid < 0) return say(what + " fork", -1);
  if (pid == 0) {
    act();
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) tell(what + " SIG" + ::sigabbrev_np(WTERMSIG(status)));
}

long raw(const Words& words) {
  long arguments[6] = {};
  for (std::size_t i = 1; i < words.size() && i < 7; ++i) arguments[i - 1] = number(words[i]);
  errno = 0;
  return ::syscall(call_number(words[0]), arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                   arguments[5]);
}

// Every number with all arguments -1: no pointer is valid, no descriptor, no pid; nothing can succeed with an effect.
void call_each(const Words& numbers) {
  for (const std::string& each : numbers) {
    in_child("call " + each, [&] {
      errno = 0;
      say("call " + each, ::syscall(call_number(each), -1L, -1L, -1L, -1L, -1L, -1L));
    });
  }
}

// getpid through the 32-bit gate, whose table is another one.
void call_by_int_0x80() {
  in_child("int80", [] {
#if defined(__x86_64__)
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    tell("int80 answered");
#endif
  });
}

char* map_memory(std::size_t bytes, int protection, int flags) {
  void* memory = ::mmap(nullptr, bytes, protection, flags | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    say("mmap", -1);
    std::exit(8);
  }
  return static_cast<char*>(memory);
}

void touch(std::size_t bytes) {
  char* memory = map_memory(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  for (std::size_t at = 0; at < bytes; at += kPage) memory[at] = 1;
}

// Touches slowly enough to be seen between two looks, then rests.
void touch_and_rest(std::size_t bytes, double rest) {
  constexpr std::size_t kPiece = 16 << 20;
  for (std::size_t done = 0; done < bytes; done += kPiece) {
    touch(kPiece);
    sleep_seconds(0.002);
  }
  sleep_seconds(rest);
}

// Memory in a child that another thread than the first one forked.
void touch_in_child_of_thread(std::size_t bytes, double rest) {
  std::thread([&] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      touch_and_rest(bytes, rest);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
  }).join();
}

// Memory of a process whose first thread has ended.
void touch_without_leader(std::size_t bytes, double rest) {
  std::thread([bytes, rest] {
    touch_and_rest(bytes, rest);
    ::_exit(0);
  }).detach();
  ::syscall(SYS_exit, 0);
}

// One read in every two mebibytes: nothing is resident but the page tables.
void read_sparsely(std::size_t page_tables, double rest) {
  constexpr std::size_t kSpan = 2 << 20;
  const volatile char* memory = map_memory(page_tables * kSpan, PROT_READ, MAP_PRIVATE | MAP_NORESERVE);
  char sum = 0;
  for (std::size_t i = 0; i < page_tables; ++i) {
    sum = static_cast<char>(sum + memory[i * kSpan]);
    if (i % 4096 == 0) sleep_seconds(0.002);
  }
  sleep_seconds(rest);
}

// Many processes with many small mappings of shared pages: every look at them is slow. Then memory of its own.
void slow_looks_then_touch(long processes, long mappings, std::size_t bytes) {
  constexpr std::size_t kShared = 64 << 20;
  char* shared = map_memory(kShared, PROT_READ | PROT_WRITE, MAP_SHARED);
  std::memset(shared, 1, kShared);
  for (long i = 0; i < mappings; ++i) {
    ::mprotect(shared + static_cast<std::size_t>(i) * 2 * kPage % kShared, kPage, PROT_READ);
  }
  for (long i = 0; i < processes; ++i) {
    if (::fork() == 0) {
      volatile char sum = 0;
      for (std::size_t at = 0; at < kShared; at += kPage) sum = static_cast<char>(sum + shared[at]);
      ::pause();
    }
  }
  sleep_seconds(0.3);
  touch(bytes);
}

// Children that burn and are never waited for, since SIGCHLD is ignored.
void launder(long children, double seconds) {
  ::signal(SIGCHLD, SIG_IGN);
  for (long i = 0; i < children; ++i) {
    if (::fork() == 0) {
      burn(seconds);
      ::_exit(0);
    }
    while (::wait(nullptr) > 0) {
    }
  }
}

void make_orphans(long count, double seconds) {
  for (long i = 0; i < count; ++i) {
    if (::fork() == 0) {
      ::setsid();
      for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_IGN);
      burn(seconds);
      ::_exit(0);
    }
  }
}

void fork_for_ever() {
  for (;;) {
    if (::fork() < 0) sleep_seconds(0.0005);
  }
}

// A child without an exit signal: only __WALL waits for it.
void burn_in_silent_child(double seconds) {
  const long pid = ::syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
  if (pid == 0) {
    burn(seconds);
    ::syscall(SYS_exit_group, 0);
  }
  int status = 0;
  say("wait", ::waitpid(static_cast<pid_t>(pid), &status, __WALL));
}

// Zombies of a parent that never waits.
void make_zombies(long count) {
  long made = 0;
  for (; made < count; ++made) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    if (pid < 0) break;
  }
  tell("zombies " + std::to_string(made) + " " + (made < count ? ::strerrorname_np(errno) : "OK"));
}

// Orphans that end at once, so that init has to reap them all.
void pour_orphans(long count) {
  for (long i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::fork() == 0) ::_exit(0);
      ::_exit(0);
    }
    ::waitpid(pid, nullptr, 0);
  }
  tell("poured " + std::to_string(count));
}

// Orphans for init and zombies for nobody, as fast as can be: what cannot be forked for its zombies is tried again.
void zombies_for_ever() {
  for (;;) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::fork();
      ::_exit(0);
    }
    if (pid < 0) {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
    }
  }
}

void threads_for_ever() {
  for (;;) {
    try {
      std::thread([] { ::pause(); }).detach();
    } catch (const std::exception&) {
      sleep_seconds(0.0005);
    }
  }
}

// `count` children that stop themselves, and then this process.
void stop_all(long count) {
  for (long i = 0; i < count; ++i) {
    if (::fork() == 0) {
      for (;;) ::raise(SIGSTOP);
    }
  }
  for (;;) ::raise(SIGSTOP);
}

void ignore_every_signal() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_IGN);
}

// `count` processes besides this one that burn and can only be killed.
void ignore_signals_and_burn(long count) {
  ignore_every_signal();
  for (long i = 0; i < count && ::fork() != 0; ++i) {
  }
  burn(3600);
}

void touch_for_ever() {
  for (;;) touch(1 << 20);
}

// Memory in many processes, none of which is large; each then waits.
void touch_in_children(long count, std::size_t bytes_each) {
  for (long i = 0; i < count; ++i) {
    if (::fork() == 0) {
      touch(bytes_each);
      for (;;) ::pause();
    }
  }
  for (;;) ::pause();
}

// Writes until there is no room.
long fill_file(const std::string& path) {
  static const std::string chunk(64 << 10, 'x');
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  long bytes = 0;
  for (ssize_t count = 0; (count = ::write(fd, chunk.data(), chunk.size())) > 0;) bytes += count;
  const int why = errno;
  ::close(fd);
  errno = why;
  return bytes;
}

void write_bytes(int fd, std::size_t bytes) {
  static const std::string chunk(64 << 10, 'x');
  for (ssize_t count = 0; bytes > 0; bytes -= static_cast<std::size_t>(count)) {
    count = ::write(fd, chunk.data(), std::min(bytes, chunk.size()));
    if (count < 0) return say("write", -1);
  }
}

void write_file(const std::string& path, std::size_t bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  write_bytes(fd, bytes);
  ::close(fd);
}

void pour(std::size_t bytes) {
  write_bytes(1, bytes);
}

void fill_for_ever(const std::string& path) {
  const long bytes = fill_file(path);
  tell("filled " + std::to_string(bytes) + " " + ::strerrorname_np(errno));
  for (;;) {
    ::unlink(path.c_str());
    fill_file(path);
  }
}

// Empty files until there is no inode left, said once, then all of it again and again.
void files_for_ever(const std::string& folder) {
  for (bool said = false;; said = true) {
    long made = 0;
    for (int fd = 0; fd >= 0; ++made) {
      fd = ::open((folder + "/" + std::to_string(made)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
      if (fd < 0) break;
      ::close(fd);
    }
    if (!said) tell("made " + std::to_string(made) + " " + ::strerrorname_np(errno));
    for (long i = 0; i < made; ++i) ::unlink((folder + "/" + std::to_string(i)).c_str());
  }
}

// Names that are not there: each look leaves a dentry.
void look_for_ever(const std::string& folder) {
  struct stat status {};
  for (long i = 0;; ++i) ::stat((folder + "/" + std::to_string(i)).c_str(), &status);
}

// Signals to pid 1, plain and with forged information.
void signal_init() {
  for (const int signal : {SIGTERM, SIGKILL, SIGSTOP, SIGCHLD, SIGABRT}) {
    say(std::string("kill ") + ::sigabbrev_np(signal), ::kill(1, signal));
  }
  // Until init has taken the SIGTERM that waits: the kernel drops a second one.
  sleep_seconds(0.1);
  for (const int code : {int{SI_QUEUE}, int{SI_USER}, int{SI_KERNEL}, int{CLD_EXITED}}) {
    siginfo_t info{};
    info.si_signo = SIGTERM;
    info.si_code = code;
    info.si_pid = 0;
    say("queue " + std::to_string(code), ::syscall(SYS_rt_sigqueueinfo, 1, SIGTERM, &info));
  }
  const auto init = static_cast<int>(::syscall(SYS_pidfd_open, 1, 0));
  say("pidfd_open", init);
  if (init >= 0) say("pidfd_send_signal", ::syscall(SYS_pidfd_send_signal, init, SIGTERM, nullptr, 0));
  say("tgkill", ::syscall(SYS_tgkill, 1, 1, SIGTERM));
  say("twin", ::kill(::getpid(), 0));
}

void queue_signals(long most) {
  ::signal(SIGRTMIN, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  // A handler keeps the signal from being thrown away at once.
  ::signal(SIGRTMIN, [](int) {});
  long queued = 0;
  while (queued < most && ::sigqueue(::getpid(), SIGRTMIN, {}) == 0) ++queued;
  tell("queued " + std::to_string(queued) + " " + (queued < most ? ::strerrorname_np(errno) : "OK"));
}

void make_timers(long most) {
  long made = 0;
  timer_t timer{};
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  while (made < most && ::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) ++made;
  tell("timers " + std::to_string(made) + " " + (made < most ? ::strerrorname_np(errno) : "OK"));
}

long send_descriptor(int socket, int descriptor) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary;
  message.msg_controllen = sizeof ancillary;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &message, MSG_DONTWAIT);
}

// Descriptors in flight: sent, never received, the sockets kept so that nothing collects them.
void send_descriptors(long most) {
  long sent = 0;
  int ends[2] = {-1, -1};
  while (sent < most) {
    if (send_descriptor(ends[0], 0) >= 0) {
      ++sent;
    } else if (sent > 0 && errno != EAGAIN) {
      break;
    } else if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) {
      break;
    }
  }
  tell("in flight " + std::to_string(sent) + " " + (sent < most ? ::strerrorname_np(errno) : "OK"));
}

sockaddr_un unix_address(const std::string& path, socklen_t* length) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  *length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return address;
}

void connect_unix(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t length = 0;
  const sockaddr_un address = unix_address(path, &length);
  say("connect " + path, ::connect(socket, reinterpret_cast<const sockaddr*>(&address), length));
}

void bind_unix(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t length = 0;
  const sockaddr_un address = unix_address(path, &length);
  say("bind " + path, ::bind(socket, reinterpret_cast<const sockaddr*>(&address), length));
}

// Gives standard output away to whoever listens on `path`.
void give_output_away(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t length = 0;
  const sockaddr_un address = unix_address(path, &length);
  for (int i = 0; i < 200 && ::connect(socket, reinterpret_cast<const sockaddr*>(&address), length) != 0; ++i) {
    sleep_seconds(0.01);
  }
  say("gave", send_descriptor(socket, 1));
}

sockaddr_in inet_address(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  unsigned a = 0, b = 0, c = 0, d = 0;
  std::sscanf(host.c_str(), "%u.%u.%u.%u", &a, &b, &c, &d);
  address.sin_addr.s_addr = htonl(a << 24 | b << 16 | c << 8 | d);
  return address;
}

void connect_tcp(const std::string& host, int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (socket < 0) return say("tcp " + host, -1);
  const sockaddr_in address = inet_address(host, port);
  say("tcp " + host, ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

void send_udp(const std::string& host, int port) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (socket < 0) return say("udp " + host, -1);
  const sockaddr_in address = inet_address(host, port);
  say("udp " + host, ::sendto(socket, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

void bind_tcp(const std::string& host, int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0) return say("bind " + host, -1);
  const sockaddr_in address = inet_address(host, port);
  say("bind " + host + ":" + std::to_string(port),
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

// TCP from itself to itself, and connecting without connect.
void speak_tcp(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = inet_address("127.0.0.1", port);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  say("bind", ::bind(listener, name, sizeof address));
  say("listen", ::listen(listener, 8));
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  say("connect", ::connect(client, name, sizeof address));
  say("accept", ::accept(listener, nullptr, nullptr));
  const int fast = ::socket(AF_INET, SOCK_STREAM, 0);
  say("fastopen", ::sendto(fast, "x", 1, MSG_FASTOPEN, name, sizeof address));
  const int queue = 5;
  say("fastopen option", ::setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue));
  say("fastopen connect option", ::setsockopt(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &queue, sizeof queue));
  say("ulp", ::setsockopt(client, IPPROTO_TCP, TCP_ULP, "tls", 3));
  say("nodelay", ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &queue, sizeof queue));
}

void send_out_of_band() {
  int ends[2];
  say("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  say("send", ::send(ends[0], "x", 1, 0));
  say("send oob", ::send(ends[0], "x", 1, MSG_OOB));
}

void hoard_socket_buffers() {
  long pairs = 0;
  std::size_t bytes = 0;
  static const std::string chunk(64 << 10, 'x');
  int ends[2];
  while (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0) {
    const int most = 1 << 30;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
    ++pairs;
    for (ssize_t sent = 0; (sent = ::send(ends[0], chunk.data(), chunk.size(), 0)) > 0;) {
      bytes += static_cast<std::size_t>(sent);
    }
  }
  tell("pairs " + std::to_string(pairs) + " " + ::strerrorname_np(errno) + " mebibytes " + std::to_string(bytes >> 20));
}

void try_locks(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
  say("open", fd);
  say("flock", ::flock(fd, LOCK_EX | LOCK_NB));
  struct flock range {};
  range.l_type = F_WRLCK;
  for (const auto& [name, command] : {std::pair{"setlk", F_SETLK}, {"getlk", F_GETLK}, {"ofd setlk", F_OFD_SETLK}}) {
    say(name, ::fcntl(fd, command, &range));
  }
  say("lease", ::fcntl(fd, F_SETLEASE, F_RDLCK));
  say("getfl", ::fcntl(fd, F_GETFL));
}

void try_attributes(const std::string& path) {
  say("setxattr", ::setxattr(path.c_str(), "user.x", "1", 1, 0));
  say("removexattr", ::removexattr(path.c_str(), "user.x"));
  say("chmod", ::chmod(path.c_str(), 0600));
}

void set_pipe_size() {
  int ends[2];
  say("pipe", ::pipe(ends));
  say("setpipe", ::fcntl(ends[0], F_SETPIPE_SZ, 1 << 20));
  say("packet mode", ::fcntl(1, F_SETFL, O_DIRECT));
}

// What standard output can be made to do through /proc.
void reopen_output() {
  say("lseek", ::lseek(1, 0, SEEK_SET));
  say("ftruncate", ::ftruncate(1, 0));
  say("truncate", ::truncate("/proc/self/fd/1", 0));
  const int reader = ::open("/proc/self/fd/1", O_RDONLY | O_NONBLOCK);
  say("reopen", reader);
  say("write stdin", ::write(0, "x", 1));
}

void execute_with(std::size_t bytes) {
  std::vector<std::string> words(bytes / 65536 + 1, std::string(65535, 'x'));
  std::vector<char*> argv = {const_cast<char*>("/proc/self/exe"), const_cast<char*>("tell"),
                             const_cast<char*>("executed")};
  argv.push_back(const_cast<char*>("then"));
  argv.push_back(const_cast<char*>("ignore-rest"));
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::fflush(stdout);
  ::execv("/proc/self/exe", argv.data());
  say("execv", -1);
}

void raise_limits() {
  for (const auto& [name, resource] : {std::pair{"NOFILE", RLIMIT_NOFILE},
                                       {"NPROC", RLIMIT_NPROC},
                                       {"STACK", RLIMIT_STACK},
                                       {"CPU", RLIMIT_CPU},
                                       {"CORE", RLIMIT_CORE},
                                       {"FSIZE", RLIMIT_FSIZE},
                                       {"MEMLOCK", RLIMIT_MEMLOCK}}) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    limit.rlim_max += 1;
    say(std::string("raise ") + name, ::setrlimit(resource, &limit));
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_max = files.rlim_cur = files.rlim_max - 1;
  say("lower NOFILE", ::setrlimit(RLIMIT_NOFILE, &files));
}

std::string core_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  return std::to_string(limit.rlim_cur) + " " + std::to_string(limit.rlim_max);
}

void crash_by(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

// Each way to another limit on core dumps, and to being dumped; what is left is told after each.
void change_core_limit() {
  const rlimit none{};
  const rlimit soft{0, 1};
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  const auto tell_limit = [](const std::string& way) { tell(way + ": " + core_limit()); };
  tell_limit("at the start");
  for (const auto& [name, limit] : {std::pair{"to 0", &none}, {"soft to 0", &soft}, {"to infinity", &all}}) {
    ::setrlimit(RLIMIT_CORE, limit);
    tell_limit(std::string("setrlimit ") + name);
    ::syscall(SYS_setrlimit, RLIMIT_CORE, limit);
    tell_limit(std::string("the old setrlimit ") + name);
    ::syscall(SYS_prlimit64, 0, RLIMIT_CORE | 0xdeadbeef'00000000, limit, nullptr);
    tell_limit(std::string("prlimit64 with garbage ") + name);
    say(std::string("prlimit64 by pid ") + name, ::syscall(SYS_prlimit64, ::getpid(), RLIMIT_CORE, limit, nullptr));
  }
  std::thread([&] { ::setrlimit(RLIMIT_CORE, &none); }).join();
  tell_limit("in a thread");
  say("dumpable", ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
  const int pid = ::fork();
  if (pid == 0) {
    tell_limit("in a child");
    ::execl("/proc/self/exe", "hostile", "core-limit", nullptr);
    ::_exit(1);
  }
  ::waitpid(pid, nullptr, 0);
}

void count_until_refused(const std::string& what, long most, const std::function<int()>& make) {
  long made = 0;
  while (made < most && make() >= 0) ++made;
  tell(what + " " + std::to_string(made) + " " + (made < most ? ::strerrorname_np(errno) : "OK"));
}

// `depth` folders inside each other, each without any permission once left.
void dig(const std::string& folder, long depth) {
  ::mkdir(folder.c_str(), 0755);
  int at = ::open(folder.c_str(), O_PATH | O_DIRECTORY);
  long made = 0;
  for (; made < depth; ++made) {
    if (::mkdirat(at, "d", 0700) != 0) break;
    const int below = ::openat(at, "d", O_PATH | O_DIRECTORY);
    if (below < 0) break;
    ::fchmodat(at, ".", 0, 0);
    ::close(at);
    at = below;
  }
  tell("dug " + std::to_string(made) + " " + (made < depth ? ::strerrorname_np(errno) : "OK"));
}

void name_strangely(const std::string& folder) {
  const std::vector<std::string> names = {"new\nline",           "\xff\xfe", std::string(255, 'n'),
                                          std::string(256, 'n'), " ",        "-rf"};
  for (const std::string& name : names) {
    const int fd = ::open((folder + "/" + name).c_str(), O_WRONLY | O_CREAT, 0644);
    say("name of " + std::to_string(name.size()), fd);
  }
}

// Names and comments that a reader of /proc/PID/stat could trip over.
void rename_itself() {
  ::prctl(PR_SET_NAME, ") R 1 1 \n");
  tell("renamed");
}

void flood(const std::string& which) {
  static const std::string chunk(64 << 10, 'x');
  for (;;) {
    if (which != "stderr" && ::write(1, chunk.data(), chunk.size()) < 0) ::_exit(7);
    if (which != "stdout" && ::write(2, chunk.data(), chunk.size()) < 0) ::_exit(7);
  }
}

void unpin() {
  cpu_set_t all;
  std::memset(&all, 0xFF, sizeof all);
  say("sched_setaffinity", ::sched_setaffinity(0, sizeof all, &all));
  ::sched_getaffinity(0, sizeof all, &all);
  tell("cpus " + std::to_string(CPU_COUNT(&all)));
}

// Tries again in a child, whose threads then burn wherever they may.
void unpin_and_burn(long threads, double seconds) {
  unpin();
  in_child("child", [&] {
    unpin();
    const auto burn_thread = [seconds] {
      const auto used = [] {
        timespec now{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
      };
      while (used() < seconds) {
      }
    };
    std::vector<std::thread> all;
    for (long i = 0; i < threads; ++i) all.emplace_back(burn_thread);
    for (std::thread& one : all) one.join();
  });
}

void escape_by_kept_folder() {
  const int root = ::open("/", O_PATH | O_DIRECTORY);
  say("open /", root);
  say("chroot", ::chroot("/work"));
  struct stat above {
  }, top{};
  ::fstatat(root, "../../..", &above, 0);
  ::stat("/", &top);
  tell(above.st_ino == top.st_ino && above.st_dev == top.st_dev ? ".. of / is /" : ".. of / is elsewhere");
}

// One child after the other, each within any limit of its own.
void burn_in_turn(long children, double seconds) {
  for (long i = 0; i < children; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      burn(seconds);
      ::_exit(0);
    }
    ::waitpid(pid, nullptr, 0);
  }
}

void make_node(const std::string& path, long mode) {
  say("mknod " + path, ::mknod(path.c_str(), static_cast<mode_t>(mode), 0x103));
}

struct Verb {
  std::size_t words;  // kRest: all up to the next "then"
  std::function<void(const Words&)> run;
};
constexpr std::size_t kRest = ~std::size_t{0};

double seconds(const std::string& text) {
  return std::atof(text.c_str());
}

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> all = {
      {"tell", {1, [](const Words& w) { tell(w[0]); }}},
      {"exit",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          ::_exit(static_cast<int>(number(w[0])));
        }}},
      {"ignore-rest", {kRest, [](const Words&) {}}},
      {"sleep", {1, [](const Words& w) { sleep_seconds(seconds(w[0])); }}},
      {"burn", {1, [](const Words& w) { burn(seconds(w[0])); }}},
      {"call-each", {kRest, call_each}},
      {"call", {kRest, [](const Words& w) { in_child("call " + w[0], [&] { say("call " + w[0], raw(w)); }); }}},
      {"call-here", {kRest, [](const Words& w) { say("call " + w[0], raw(w)); }}},
      {"core-limit", {0, [](const Words&) { tell("after execve: " + core_limit()); }}},
      {"change-core-limit", {0, [](const Words&) { change_core_limit(); }}},
      {"crash-by", {1, [](const Words& w) { crash_by(static_cast<int>(number(w[0]))); }}},
      {"int80", {0, [](const Words&) { call_by_int_0x80(); }}},
      {"open",
       {2,
        [](const Words& w) {
          say("open " + w[0], ::open(w[0].c_str(), static_cast<int>(number(w[1])) | O_CLOEXEC, 0644));
        }}},
      {"access", {1, [](const Words& w) { say("access " + w[0], ::access(w[0].c_str(), F_OK)); }}},
      {"escape-by-kept-folder", {0, [](const Words&) { escape_by_kept_folder(); }}},
      {"touch", {1, [](const Words& w) { touch(mebibytes(w[0])); }}},
      {"touch-slowly", {2, [](const Words& w) { touch_and_rest(mebibytes(w[0]), seconds(w[1])); }}},
      {"touch-in-child-of-thread",
       {2, [](const Words& w) { touch_in_child_of_thread(mebibytes(w[0]), seconds(w[1])); }}},
      {"touch-without-leader", {2, [](const Words& w) { touch_without_leader(mebibytes(w[0]), seconds(w[1])); }}},
      {"read-sparsely",
       {2, [](const Words& w) { read_sparsely(static_cast<std::size_t>(number(w[0])), seconds(w[1])); }}},
      {"slow-looks-then-touch",
       {3, [](const Words& w) { slow_looks_then_touch(number(w[0]), number(w[1]), mebibytes(w[2])); }}},
      {"launder", {2, [](const Words& w) { launder(number(w[0]), seconds(w[1])); }}},
      {"burn-in-turn", {2, [](const Words& w) { burn_in_turn(number(w[0]), seconds(w[1])); }}},
      {"make-node", {2, [](const Words& w) { make_node(w[0], number(w[1])); }}},
      {"orphans", {2, [](const Words& w) { make_orphans(number(w[0]), seconds(w[1])); }}},
      {"fork-for-ever", {0, [](const Words&) { fork_for_ever(); }}},
      {"silent-child", {1, [](const Words& w) { burn_in_silent_child(seconds(w[0])); }}},
      {"zombies-for-ever", {0, [](const Words&) { zombies_for_ever(); }}},
      {"threads-for-ever", {0, [](const Words&) { threads_for_ever(); }}},
      {"stop-all", {1, [](const Words& w) { stop_all(number(w[0])); }}},
      {"ignore-signals-and-burn", {1, [](const Words& w) { ignore_signals_and_burn(number(w[0])); }}},
      {"touch-for-ever", {0, [](const Words&) { touch_for_ever(); }}},
      {"touch-in-children", {2, [](const Words& w) { touch_in_children(number(w[0]), mebibytes(w[1])); }}},
      {"fill-for-ever", {1, [](const Words& w) { fill_for_ever(w[0]); }}},
      {"files-for-ever", {1, [](const Words& w) { files_for_ever(w[0]); }}},
      {"look-for-ever", {1, [](const Words& w) { look_for_ever(w[0]); }}},
      {"abort", {0, [](const Words&) { ::abort(); }}},
      {"zombies", {1, [](const Words& w) { make_zombies(number(w[0])); }}},
      {"make-folder", {1, [](const Words& w) { say("mkdir " + w[0], ::mkdir(w[0].c_str(), 0755)); }}},
      {"write", {2, [](const Words& w) { write_file(w[0], mebibytes(w[1])); }}},
      {"pour", {1, [](const Words& w) { pour(mebibytes(w[0])); }}},
      {"pour-orphans", {1, [](const Words& w) { pour_orphans(number(w[0])); }}},
      {"signal-init", {0, [](const Words&) { signal_init(); }}},
      {"kill-all", {0, [](const Words&) { say("kill all", ::kill(-1, SIGKILL)); }}},
      {"stop-self", {0, [](const Words&) { ::raise(SIGSTOP); }}},
      {"queue-signals", {1, [](const Words& w) { queue_signals(number(w[0])); }}},
      {"timers", {1, [](const Words& w) { make_timers(number(w[0])); }}},
      {"send-descriptors", {1, [](const Words& w) { send_descriptors(number(w[0])); }}},
      {"connect-unix", {1, [](const Words& w) { connect_unix(w[0]); }}},
      {"bind-unix", {1, [](const Words& w) { bind_unix(w[0]); }}},
      {"give-output-away", {1, [](const Words& w) { give_output_away(w[0]); }}},
      {"connect-tcp", {2, [](const Words& w) { connect_tcp(w[0], static_cast<int>(number(w[1]))); }}},
      {"send-udp", {2, [](const Words& w) { send_udp(w[0], static_cast<int>(number(w[1]))); }}},
      {"bind-tcp", {2, [](const Words& w) { bind_tcp(w[0], static_cast<int>(number(w[1]))); }}},
      {"speak-tcp", {1, [](const Words& w) { speak_tcp(static_cast<int>(number(w[0]))); }}},
      {"out-of-band", {0, [](const Words&) { send_out_of_band(); }}},
      {"hoard-socket-buffers", {0, [](const Words&) { hoard_socket_buffers(); }}},
      {"locks", {1, [](const Words& w) { try_locks(w[0]); }}},
      {"attributes", {1, [](const Words& w) { try_attributes(w[0]); }}},
      {"pipe-size", {0, [](const Words&) { set_pipe_size(); }}},
      {"reopen-output", {0, [](const Words&) { reopen_output(); }}},
      {"execute-with", {1, [](const Words& w) { execute_with(static_cast<std::size_t>(number(w[0]))); }}},
      {"raise-limits", {0, [](const Words&) { raise_limits(); }}},
      {"lock-all",
       {0,
        [](const Words&) {
          map_memory(1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE);
          say("mlockall", ::mlockall(MCL_CURRENT));
        }}},
      {"epolls",
       {1, [](const Words& w) { count_until_refused("epolls", number(w[0]), [] { return ::epoll_create1(0); }); }}},
      {"inotifies",
       {1, [](const Words& w) { count_until_refused("inotifies", number(w[0]), [] { return ::inotify_init1(0); }); }}},
      {"dig", {2, [](const Words& w) { dig(w[0], number(w[1])); }}},
      {"name-strangely", {1, [](const Words& w) { name_strangely(w[0]); }}},
      {"rename-itself", {0, [](const Words&) { rename_itself(); }}},
      {"flood", {1, [](const Words& w) { flood(w[0]); }}},
      {"unpin", {0, [](const Words&) { unpin(); }}},
      {"unpin-and-burn", {2, [](const Words& w) { unpin_and_burn(number(w[0]), seconds(w[1])); }}},
      {"not-dumpable", {0, [](const Words&) { say("not dumpable", ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }}},
      {"fork-and-violate", {0, [](const Words&) { in_child("child", [] { ::syscall(SYS_ptrace, 0, 0, 0, 0); }); }}},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc;) {
    const std::string name = argv[i++];
    const auto verb = verbs().find(name);
    const bool rest = verb != verbs().end() && verb->second.words == kRest;
    if (verb == verbs().end() || (!rest && argc - i < static_cast<int>(verb->second.words))) {
      std::fprintf(stderr, "hostile: unknown verb or missing words: %s\n", name.c_str());
      return 99;
    }
    Words words;
    while (i < argc && (rest ? std::string(argv[i]) != "then" : words.size() < verb->second.words)) {
      words.emplace_back(argv[i++]);
    }
    verb->second.run(words);
    if (i < argc && std::string(argv[i]) == "then") ++i;
  }
  return 0;
}
