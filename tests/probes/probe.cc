// A small static program of many verbs, run inside the sandbox: each does one thing whose effect or cost is known, and
// says what the kernel answered ("OK" or an errno's name, one line each).
//
//   probe VERB [WORD…] [then VERB [WORD…]]…

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
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

const char* answer(long result) {
  return result >= 0 ? "OK" : ::strerrorname_np(errno);
}

void say(const std::string& what, long result) {
  std::printf("%s %s\n", what.c_str(), answer(result));
  std::fflush(stdout);
}

long number(const std::string& text) {
  return std::strtol(text.c_str(), nullptr, 0);
}

// Of this thread: exact at any moment. The whole process's clock, under RLIMIT_CPU, moves with the clock's ticks.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double wall_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void burn(double seconds) {
  const double end = cpu_seconds() + seconds;
  volatile unsigned long sink = 0;
  while (cpu_seconds() < end) {
    for (int i = 0; i < 10'000; ++i) sink = sink + 1;
  }
}

void sleep_seconds(double seconds) {
  timespec left{static_cast<time_t>(seconds),
                static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

void bound_own_address_space(long soft, long hard) {
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  if (soft > 0) limit.rlim_cur = static_cast<rlim_t>(soft) << 20;
  if (hard > 0) limit.rlim_max = static_cast<rlim_t>(hard) << 20;
  say("own-address-space", ::setrlimit(RLIMIT_AS, &limit));
}

void map_mebibytes(long count) {
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(count) << 20, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const int error = errno;
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  errno = error;
  say("map-mib", memory == MAP_FAILED ? -1 : 0);
  std::printf("limit %lu\n", static_cast<unsigned long>(limit.rlim_cur >> 20));
}

void open_verb(const std::string& name, const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  say(name + " " + path, fd);
  if (fd >= 0) ::close(fd);
}

void show_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return say("cat " + path, -1);
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) std::fputs(line, stdout);
  std::fclose(file);
}

// The descriptors that are open, found without opening any: "0 1 2".
void list_descriptors() {
  std::string open;
  for (int fd = 0; fd < 65536; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) open += (open.empty() ? "" : " ") + std::to_string(fd);
  }
  std::printf("descriptors %s\n", open.c_str());
}

void write_bytes(int fd, unsigned long count) {
  static const std::string chunk(64 << 10, 'x');
  while (count > 0) {
    const ssize_t written = ::write(fd, chunk.data(), std::min<unsigned long>(count, chunk.size()));
    if (written < 0) return say("write", -1);
    count -= static_cast<unsigned long>(written);
  }
}

void count_input() {
  std::vector<char> chunk(64 << 10);
  unsigned long total = 0;
  for (ssize_t count = 0; (count = ::read(0, chunk.data(), chunk.size())) > 0;)
    total += static_cast<unsigned long>(count);
  std::printf("input %lu\n", total);
}

// What comes in goes out, at once.
void echo() {
  char chunk[4096];
  for (ssize_t count = 0; (count = ::read(0, chunk, sizeof chunk)) > 0;) {
    if (::write(1, chunk, static_cast<std::size_t>(count)) != count) ::_exit(9);
  }
}

// `count` children that wait; how many there could be.
void fork_many(long count) {
  long made = 0;
  for (; made < count; ++made) {
    const pid_t pid = ::fork();
    if (pid < 0) break;
    if (pid == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  std::printf("forked %ld%s%s\n", made, made < count ? " then " : "", made < count ? ::strerrorname_np(errno) : "");
}

void touch_memory(unsigned long mebibytes) {
  char* memory =
      static_cast<char*>(::mmap(nullptr, mebibytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  say("mmap", memory == MAP_FAILED ? -1 : 0);
  if (memory == MAP_FAILED) return;
  for (unsigned long at = 0; at < mebibytes << 20; at += 4096) memory[at] = 1;
}

void fill_file(const std::string& path, unsigned long most) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return say("open " + path, -1);
  static const std::string chunk(4096, 'x');
  unsigned long total = 0;
  ssize_t written = 0;
  while (total < most &&
         (written = ::write(fd, chunk.data(), std::min<unsigned long>(chunk.size(), most - total))) > 0) {
    total += static_cast<unsigned long>(written);
  }
  std::printf("filled %lu %s\n", total, total < most ? ::strerrorname_np(errno) : "OK");
  ::close(fd);
}

void make_files(const std::string& folder, long most) {
  long made = 0;
  for (; made < most; ++made) {
    const int fd = ::open((folder + "/f" + std::to_string(made)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) break;
    ::close(fd);
  }
  std::printf("made %ld %s\n", made, made < most ? ::strerrorname_np(errno) : "OK");
}

void open_many(const std::string& path, long most) {
  long opened = 0;
  while (opened < most && ::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0) ++opened;
  std::printf("opened %ld %s\n", opened, opened < most ? ::strerrorname_np(errno) : "OK");
}

// For ever, with pages of stack that are all touched.
int recurse(int depth) {  // NOLINT(misc-no-recursion): it is what overflows
  volatile char frame[1024];
  for (volatile char& byte : frame) byte = static_cast<char>(depth);
  return depth < 0 ? 0 : recurse(depth + 1) + frame[depth % 1024];
}

// Those that /proc shows, in the order of their numbers: "processes 2".
void list_processes() {
  std::string seen;
  for (int pid = 1; pid < 4096; ++pid) {
    if (::access(("/proc/" + std::to_string(pid)).c_str(), F_OK) == 0) seen += " " + std::to_string(pid);
  }
  std::printf("processes%s\n", seen.c_str());
}

// A socket in the abstract name space, left open: bound and listening, or connected.
void use_abstract_name(const std::string& verb, const std::string& name) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  long result = verb == "abstract-connect" ? ::connect(fd, at, size) : ::bind(fd, at, size);
  if (result == 0 && verb == "abstract-listen") result = ::listen(fd, 1);
  say(verb + " " + name, result);
}

// Any system call, by name or number, with plain numbers; never pointers that would let it succeed where it should not.
void raw_call(const Words& words) {
  long arguments[6] = {};
  for (std::size_t i = 1; i < words.size() && i < 7; ++i) arguments[i - 1] = number(words[i]);
  errno = 0;
  const long result = ::syscall(call_number(words[0]), arguments[0], arguments[1], arguments[2], arguments[3],
                                arguments[4], arguments[5]);
  say("call " + words[0], result);
}

void burn_in_threads(long count, double seconds) {
  std::vector<std::thread> threads;
  for (long i = 0; i < count; ++i) threads.emplace_back(burn, seconds);
  for (std::thread& thread : threads) thread.join();
}

// Each burns that much of its own, its start included.
void burn_in_children(long count, double seconds) {
  std::fflush(stdout);
  for (long i = 0; i < count; ++i) {
    if (::fork() == 0) {
      burn(seconds - cpu_seconds());
      ::_exit(0);
    }
  }
  // With SIGCHLD ignored this waits for all of them too, and fails with ECHILD then (wait(2)).
  while (::wait(nullptr) > 0) {
  }
}

void touch_shared(unsigned long mebibytes) {
  char* memory =
      static_cast<char*>(::mmap(nullptr, mebibytes << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  for (unsigned long at = 0; at < mebibytes << 20; at += 4096) memory[at] = 1;
}

// A file in memory without a name: touched through a mapping, and left open.
void touch_memfd(unsigned long mebibytes) {
  const int fd = ::memfd_create("touched", MFD_CLOEXEC);
  say("memfd_create", fd);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(mebibytes << 20)) != 0) return;
  void* mapping = ::mmap(nullptr, mebibytes << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapping == MAP_FAILED) return say("mmap", -1);
  char* memory = static_cast<char*>(mapping);
  for (unsigned long at = 0; at < mebibytes << 20; at += 4096) memory[at] = 1;
}

// The grandchild of a main program that ends as soon as it has burnt so much, and burns on: what it has used so far,
// each millisecond.
void leave_burning_orphan(double seconds) {
  std::fflush(stdout);
  int ready[2];
  if (::pipe(ready) != 0) return say("pipe", -1);
  if (::fork() == 0) {
    if (::fork() == 0) {
      for (bool told = false;;) {
        burn(0.001);
        char line[32];
        const int length = std::snprintf(line, sizeof line, "burnt %.0f\n", cpu_seconds() * 1e6);
        if (::write(1, line, static_cast<std::size_t>(length)) < 0) ::_exit(1);
        if (!told && cpu_seconds() >= seconds) told = ::write(ready[1], "", 1) == 1;
      }
    }
    ::_exit(0);
  }
  ::wait(nullptr);
  char byte = 0;
  [[maybe_unused]] const ssize_t count = ::read(ready[0], &byte, 1);
}

// Grows the main thread's stack, frame by frame and page by page downwards: a jump over many pages would leave room
// for a huge page, and the kernel would really hand out more than was touched.
void touch_stack(unsigned long mebibytes) {
  volatile char frame[1 << 20];
  for (unsigned long at = sizeof frame; at > 0; at -= 4096) frame[at - 1] = 1;
  if (mebibytes > 1) touch_stack(mebibytes - 1);
  frame[0] = 2;  // not a tail call
}

struct Verb {
  std::size_t words;
  std::function<void(const Words&)> run;
};

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> all = {
      {"say",
       {1,
        [](const Words& w) {
          std::printf("%s\n", w[0].c_str());
          std::fflush(stdout);
        }}},
      {"complain", {1, [](const Words& w) { std::fprintf(stderr, "%s\n", w[0].c_str()); }}},
      {"exit",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          ::_exit(static_cast<int>(number(w[0])));
        }}},
      {"raise",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          ::raise(static_cast<int>(number(w[0])));
        }}},
      {"abort", {0, [](const Words&) { std::abort(); }}},
      {"burn", {1, [](const Words& w) { burn(std::atof(w[0].c_str())); }}},
      {"burn-threads", {2, [](const Words& w) { burn_in_threads(number(w[0]), std::atof(w[1].c_str())); }}},
      {"burn-children", {2, [](const Words& w) { burn_in_children(number(w[0]), std::atof(w[1].c_str())); }}},
      {"used",
       {0,
        [](const Words&) {
          long total = 0;
          for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
            rusage usage{};
            ::getrusage(who, &usage);
            for (const timeval& time : {usage.ru_utime, usage.ru_stime})
              total += time.tv_sec * 1'000'000 + time.tv_usec;
          }
          std::printf("used %ld\n", total);
        }}},
      {"touch-shared", {1, [](const Words& w) { touch_shared(static_cast<unsigned long>(number(w[0]))); }}},
      {"touch-memfd", {1, [](const Words& w) { touch_memfd(static_cast<unsigned long>(number(w[0]))); }}},
      {"burning-orphan", {1, [](const Words& w) { leave_burning_orphan(std::atof(w[0].c_str())); }}},
      {"times",
       {1,
        [](const Words& w) {
          // CLOCK_MONOTONIC is the same inside: what the program could still say of it is when it last ran.
          for (const double begin = wall_seconds(); wall_seconds() < begin + std::atof(w[0].c_str());) {
            std::printf("after %.0f\n", (wall_seconds() - begin) * 1e6);
            std::fflush(stdout);
            sleep_seconds(0.0005);
          }
        }}},
      {"touch-stack", {1, [](const Words& w) { touch_stack(static_cast<unsigned long>(number(w[0]))); }}},
      {"sleep", {1, [](const Words& w) { sleep_seconds(std::atof(w[0].c_str())); }}},
      {"write",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          write_bytes(1, static_cast<unsigned long>(number(w[0])));
        }}},
      {"write-error", {1, [](const Words& w) { write_bytes(2, static_cast<unsigned long>(number(w[0]))); }}},
      {"write-hex",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          for (std::size_t i = 0; i + 1 < w[0].size(); i += 2) {
            const char byte = static_cast<char>(number("0x" + w[0].substr(i, 2)));
            if (::write(1, &byte, 1) != 1) ::_exit(9);
          }
        }}},
      {"count-input", {0, [](const Words&) { count_input(); }}},
      {"echo", {0, [](const Words&) { echo(); }}},
      {"close", {1, [](const Words& w) { ::close(static_cast<int>(number(w[0]))); }}},
      {"ignore", {1, [](const Words& w) { ::signal(static_cast<int>(number(w[0])), SIG_IGN); }}},
      {"read", {1, [](const Words& w) { open_verb("read", w[0], O_RDONLY); }}},
      {"list", {1, [](const Words& w) { open_verb("list", w[0], O_RDONLY | O_DIRECTORY); }}},
      {"list-often",
       {2,
        [](const Words& w) {
          for (const double end = cpu_seconds() + std::atof(w[1].c_str()); cpu_seconds() < end;) {
            ::close(::open(w[0].c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
          }
        }}},
      {"write-to", {1, [](const Words& w) { open_verb("write-to", w[0], O_WRONLY); }}},
      {"create", {1, [](const Words& w) { open_verb("create", w[0], O_WRONLY | O_CREAT | O_EXCL); }}},
      {"truncate", {1, [](const Words& w) { say("truncate " + w[0], ::truncate(w[0].c_str(), 0)); }}},
      {"unlink", {1, [](const Words& w) { say("unlink " + w[0], ::unlink(w[0].c_str())); }}},
      {"mkdir", {1, [](const Words& w) { say("mkdir " + w[0], ::mkdir(w[0].c_str(), 0755)); }}},
      {"mkfifo", {1, [](const Words& w) { say("mkfifo " + w[0], ::mkfifo(w[0].c_str(), 0644)); }}},
      {"symlink", {2, [](const Words& w) { say("symlink " + w[1], ::symlink(w[0].c_str(), w[1].c_str())); }}},
      {"link", {2, [](const Words& w) { say("link " + w[1], ::link(w[0].c_str(), w[1].c_str())); }}},
      {"rename", {2, [](const Words& w) { say("rename " + w[1], ::rename(w[0].c_str(), w[1].c_str())); }}},
      {"chmod",
       {2, [](const Words& w) { say("chmod " + w[1], ::chmod(w[1].c_str(), static_cast<mode_t>(number(w[0])))); }}},
      {"stat",
       {1,
        [](const Words& w) {
          struct stat s {};
          say("stat " + w[0], ::stat(w[0].c_str(), &s));
        }}},
      {"sparse",
       {2,
        [](const Words& w) {
          const int fd = ::open(w[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
          say("sparse " + w[0], ::ftruncate(fd, number(w[1])));
        }}},
      {"readlink",
       {1,
        [](const Words& w) {
          char target[4096] = {};
          const ssize_t size = ::readlink(w[0].c_str(), target, sizeof target - 1);
          std::printf("readlink %s %s\n", w[0].c_str(), size < 0 ? ::strerrorname_np(errno) : target);
        }}},
      {"processes", {0, [](const Words&) { list_processes(); }}},
      {"abstract-listen", {1, [](const Words& w) { use_abstract_name("abstract-listen", w[0]); }}},
      {"abstract-connect", {1, [](const Words& w) { use_abstract_name("abstract-connect", w[0]); }}},
      {"cat", {1, [](const Words& w) { show_file(w[0]); }}},
      {"descriptors", {0, [](const Words&) { list_descriptors(); }}},
      {"ids",
       {0,
        [](const Words&) {
          std::printf("ids %u %u %u %u pid %d groups %d\n", ::getuid(), ::geteuid(), ::getgid(), ::getegid(),
                      ::getpid(), ::getgroups(0, nullptr));
        }}},
      {"cwd",
       {0,
        [](const Words&) {
          char path[4096];
          std::printf("cwd %s\n", ::getcwd(path, sizeof path));
        }}},
      {"hostname",
       {0,
        [](const Words&) {
          char name[256];
          ::gethostname(name, sizeof name);
          std::printf("hostname %s\n", name);
        }}},
      {"environment",
       {0,
        [](const Words&) {
          for (char** e = environ; *e != nullptr; ++e) std::printf("%s\n", *e);
        }}},
      {"fork", {1, [](const Words& w) { fork_many(number(w[0])); }}},
      {"thread",
       {1,
        [](const Words& w) {
          long made = 0;
          try {
            for (; made < number(w[0]); ++made) std::thread([] { ::pause(); }).detach();
            std::printf("threads %ld OK\n", made);
          } catch (const std::exception&) {
            std::printf("threads %ld EAGAIN\n", made);
          }
        }}},
      {"daemon",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          if (::fork() == 0) {
            ::setsid();
            if (::fork() == 0) sleep_seconds(std::atof(w[0].c_str()));
            ::_exit(0);
          }
          ::wait(nullptr);
        }}},
      {"orphan-burn",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          if (::fork() == 0) {
            burn(std::atof(w[0].c_str()));
            ::_exit(0);
          }
        }}},
      {"touch", {1, [](const Words& w) { touch_memory(static_cast<unsigned long>(number(w[0]))); }}},
      {"fill", {2, [](const Words& w) { fill_file(w[0], static_cast<unsigned long>(number(w[1]))); }}},
      {"files", {2, [](const Words& w) { make_files(w[0], number(w[1])); }}},
      {"open-many", {2, [](const Words& w) { open_many(w[0], number(w[1])); }}},
      {"dup2", {2, [](const Words& w) { ::dup2(static_cast<int>(number(w[0])), static_cast<int>(number(w[1]))); }}},
      {"recurse", {0, [](const Words&) { std::printf("%d\n", recurse(0)); }}},
      {"limit",
       {1,
        [](const Words& w) {
          rlimit limit{};
          ::getrlimit(static_cast<__rlimit_resource>(number(w[0])), &limit);
          std::printf("limit %s %lu %lu\n", w[0].c_str(), limit.rlim_cur, limit.rlim_max);
        }}},
      {"scheduler", {0, [](const Words&) { std::printf("scheduler %d\n", ::sched_getscheduler(0)); }}},
      {"cpus",
       {0,
        [](const Words&) {
          cpu_set_t set;
          ::sched_getaffinity(0, sizeof set, &set);
          std::printf("cpus %d\n", CPU_COUNT(&set));
        }}},
      {"socket",
       {3,
        [](const Words& w) {
          say("socket",
              ::socket(static_cast<int>(number(w[0])), static_cast<int>(number(w[1])), static_cast<int>(number(w[2]))));
        }}},
      {"execute",
       {1,
        [](const Words& w) {
          std::fflush(stdout);
          char* argv[] = {const_cast<char*>(w[0].c_str()), nullptr};
          ::execve(w[0].c_str(), argv, environ);
          say("execute " + w[0], -1);
        }}},
      // Its own RLIMIT_AS, soft and hard: "own-address-space 64 64" in MiB; 0 leaves that one.
      {"own-address-space", {2, [](const Words& w) { bound_own_address_space(number(w[0]), number(w[1])); }}},
      {"map-mib", {1, [](const Words& w) { map_mebibytes(number(w[0])); }}},
      {"address",
       {0,
        [](const Words&) {
          int local = 0;
          std::printf("address %p\n", static_cast<void*>(&local));
        }}},
      {"mappable",
       {1,
        [](const Words& w) {
          const int fd = ::open(w[0].c_str(), O_RDONLY | O_CLOEXEC);
          say("map-exec " + w[0],
              ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
        }}},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc;) {
    const std::string name = argv[i++];
    // "call NR [NUMBER…]" takes all words to the next "then".
    if (name == "call") {
      Words words;
      while (i < argc && std::string(argv[i]) != "then") words.emplace_back(argv[i++]);
      raw_call(words);
    } else {
      const auto verb = verbs().find(name);
      if (verb == verbs().end() || argc - i < static_cast<int>(verb->second.words)) {
        std::fprintf(stderr, "probe: unknown verb or missing words: %s\n", name.c_str());
        return 99;
      }
      Words words(argv + i, argv + i + verb->second.words);
      i += static_cast<int>(words.size());
      verb->second.run(words);
    }
    if (i < argc && std::string(argv[i]) == "then") ++i;
  }
  return 0;
}
