// What a run can take from its neighbours or tell them, one act per verb, run inside the sandbox. Each says what the
// kernel answered: "OK" or an errno's name, one line each.
//
//   shares VERB [WORD…] [then VERB [WORD…]]…

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
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
#include <vector>

namespace {

using Words = std::vector<std::string>;

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void say(const std::string& what, long result) {
  tell(what + " " + (result >= 0 ? "OK" : ::strerrorname_np(errno)));
}

void count_until_refused(const std::string& what, long most, const std::function<long(long)>& make) {
  long made = 0;
  while (made < most && make(made) >= 0) ++made;
  tell(what + " " + std::to_string(made) + " " + (made < most ? ::strerrorname_np(errno) : "OK"));
}

long number(const std::string& text) {
  return std::strtol(text.c_str(), nullptr, 0);
}

// ---- Quotas ---------------------------------------------------------------------------------------------------------

void take_inotifies(const Words& words) {
  count_until_refused("inotifies", number(words[0]), [](long) { return ::inotify_init1(0); });
}

void take_watches(const Words& words) {
  const int inotify = ::inotify_init1(0);
  count_until_refused("watches", number(words[0]), [inotify](long i) -> long {
    const std::string path = "/work/w" + std::to_string(i);
    if (::mkdir(path.c_str(), 0755) != 0) return -1;
    return ::inotify_add_watch(inotify, path.c_str(), IN_CREATE);
  });
}

// A watch belongs to a file and a number: one pipe under many numbers makes many.
void take_epoll_watches(const Words& words) {
  int ends[2];
  if (::pipe(ends) != 0) return say("pipe", -1);
  std::vector<int> epolls;
  constexpr int kEpolls = 100;
  constexpr int kNumbers = 100;
  while (epolls.size() < kEpolls) epolls.push_back(::epoll_create1(0));
  count_until_refused("epoll watches", number(words[0]), [&](long i) -> long {
    const auto epoll = static_cast<std::size_t>(i / kNumbers) % kEpolls;
    if (i > 0 && i % (long{kEpolls} * kNumbers) == 0) {
      for (int& each : epolls) {
        ::close(each);
        each = ::epoll_create1(0);
      }
    }
    const int to = 120 + static_cast<int>(i % kNumbers);
    if (::dup2(ends[0], to) < 0) return -1;
    epoll_event event{};
    event.events = EPOLLIN;
    return ::epoll_ctl(epolls[epoll], EPOLL_CTL_ADD, to, &event);
  });
}

void use_epoll(const Words&) {
  int ends[2];
  if (::pipe(ends) != 0) return say("pipe", -1);
  const int epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  say("epoll add", ::epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
  say("epoll change", ::epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &event));
  static_cast<void>(::write(ends[1], "x", 1));
  epoll_event ready{};
  tell("epoll ready " + std::to_string(::epoll_wait(epoll, &ready, 1, 1000)));
  say("epoll remove", ::epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], nullptr));
  const int outer = ::epoll_create1(0);
  say("epoll nested", ::epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &event));
  say("epoll of itself", ::epoll_ctl(outer, EPOLL_CTL_ADD, outer, &event));
}

void take_timers(const Words& words) {
  count_until_refused("timers", number(words[0]), [](long) -> long {
    timer_t timer{};
    return ::timer_create(CLOCK_MONOTONIC, nullptr, &timer);
  });
}

void take_signals(const Words& words) {
  sigset_t set;
  ::sigfillset(&set);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  count_until_refused("signals", number(words[0]), [](long) -> long { return ::sigqueue(::getpid(), SIGRTMIN, {}); });
}

long send_descriptor(int socket, int descriptor) {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &message, MSG_DONTWAIT);
}

// Of several pairs, since each holds no more than its buffer.
void take_descriptors_in_flight(const Words& words) {
  std::vector<int> senders;
  for (int i = 0; i < 40; ++i) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) senders.push_back(ends[0]);
  }
  count_until_refused("in flight", number(words[0]), [&](long i) {
    return send_descriptor(senders[static_cast<std::size_t>(i) % senders.size()], 0);
  });
}

void take_pipes(const Words& words) {
  count_until_refused("pipes", number(words[0]), [](long) -> long {
    int ends[2];
    return ::pipe(ends);
  });
}

void take_locked_memory(const Words& words) {
  const auto size = static_cast<std::size_t>(number(words[0])) << 10;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  say("mlock " + words[0] + "K", ::mlock(memory, size));
}

void hold(const Words& words) {
  tell("holding");
  timespec left{number(words[0]), 0};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// ---- Channels -------------------------------------------------------------------------------------------------------

void watch(const Words& words) {
  const int inotify = ::inotify_init1(IN_NONBLOCK);
  const int watch = ::inotify_add_watch(inotify, words[0].c_str(), IN_ALL_EVENTS);
  say("watch " + words[0], watch);
}

void watch_and_see(const Words& words) {
  const int inotify = ::inotify_init1(IN_NONBLOCK);
  const int first = ::inotify_add_watch(inotify, words[0].c_str(), IN_CREATE);
  if (first < 0) return say("watch", -1);
  const std::string below = words[0] + "/new";
  ::close(::open(below.c_str(), O_WRONLY | O_CREAT, 0644));
  alignas(inotify_event) char buffer[4096];
  if (::read(inotify, buffer, sizeof buffer) <= 0) return say("event", -1);
  const auto* event = reinterpret_cast<const inotify_event*>(buffer);
  tell("saw " + std::string(event->name) + (event->wd == first ? " by its watch" : " by another"));
  // The same place has the same number, another has the next; links lead where they lead.
  const int again = ::inotify_add_watch(inotify, words[0].c_str(), IN_CREATE | IN_DELETE);
  const int other = ::inotify_add_watch(inotify, below.c_str(), IN_MODIFY);
  tell(std::string(again == first ? "same" : "different") + ", " + (other > first ? "next" : "not next"));
  say("remove", ::inotify_rm_watch(inotify, other));
  say("missing", ::inotify_add_watch(inotify, (words[0] + "/missing").c_str(), IN_CREATE));
  say("no pointer", ::syscall(SYS_inotify_add_watch, inotify, 1L, IN_CREATE));
  say("not a folder", ::inotify_add_watch(inotify, below.c_str(), IN_CREATE | IN_ONLYDIR));
  say("no inotify", ::inotify_add_watch(0, words[0].c_str(), IN_CREATE));
  const std::string link = words[0] + "/link";
  static_cast<void>(::symlink("/opt", link.c_str()));
  say("through a link", ::inotify_add_watch(inotify, link.c_str(), IN_OPEN));
  say("the link itself", ::inotify_add_watch(inotify, link.c_str(), IN_ATTRIB | IN_DONT_FOLLOW));
  ::chdir(words[0].c_str());
  say("relative", ::inotify_add_watch(inotify, "new", IN_OPEN));
}

long read_with(int file, int flags) {
  char byte = 0;
  iovec part{&byte, 1};
  return ::preadv2(file, &part, 1, 0, flags);
}

// Whether the page cache can be asked about a file.
void ask_page_cache(const Words& words) {
  const int file = ::open(words[0].c_str(), O_RDONLY);
  say("open", file);
  say("nowait", read_with(file, RWF_NOWAIT));
  say("dontcache", read_with(file, 0x80));
  say("plain", read_with(file, 0));
  void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  unsigned char resident = 0;
  say("mincore", ::mincore(page, 4096, &resident));
  for (const auto& [name, advice] : {std::pair{"pageout", 21}, {"cold", 20}, {"collapse", 25}, {"mergeable", 12}}) {
    say(name, ::madvise(page, 4096, advice));
  }
  say("willneed", ::madvise(page, 4096, MADV_WILLNEED));
  say("dontneed", ::madvise(page, 4096, MADV_DONTNEED));
}

// What a file loses of the page cache by POSIX_FADV_DONTNEED is what must be read from the disk again.
void forget_file(const Words& words) {
  const int file = ::open(words[0].c_str(), O_RDONLY);
  const auto faults = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_majflt;
  };
  static_cast<void>(read_with(file, 0));
  say("forget", ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0 ? 0 : -1);
  const long before = faults();
  const auto* page = static_cast<volatile char*>(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0));
  static_cast<void>(page[0]);
  tell("read again " + std::to_string(faults() - before));
  say("sequential", ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL) == 0 ? 0 : -1);
}

void ask_cookie(const Words&) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return say("socketpair", -1);
  std::uint64_t value = 0;
  for (const auto& [name, option] : {std::pair{"cookie", 57}, {"netns cookie", 71}, {"type", SO_TYPE}}) {
    socklen_t size = option == SO_TYPE ? sizeof(int) : sizeof value;
    say(name, ::getsockopt(ends[0], SOL_SOCKET, option, &value, &size));
  }
}

// Two runs that talk: both know the bits, so that the listener can count the wrong ones. START is in milliseconds of
// CLOCK_REALTIME. bench/channels.sh.
bool bit_of(long i) {
  std::uint64_t state = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15 + 0x1234567;
  state ^= state >> 29;
  state *= 0xbf58476d1ce4e5b9;
  return (state >> 40 & 1) != 0;
}

struct Slots {
  explicit Slots(const Words& words)
      : start(number(words[1]) * 1000), length(number(words[2])), count(number(words[3])) {}
  // Sleeps until the slot's part, in percent, has passed.
  void wait(long slot, long percent) const {
    const long at = start + slot * length + length * percent / 100;
    const timespec until{at / 1'000'000, at % 1'000'000 * 1000};
    ::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr);
  }
  long start;
  long length;
  long count;
};

void burn_inodes(int count) {
  int ends[2];
  for (int i = 0; i < count && ::pipe(ends) == 0; ++i) {
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

ino_t next_inode() {
  int ends[2];
  struct stat status {};
  if (::pipe(ends) != 0) return 0;
  ::fstat(ends[0], &status);
  ::close(ends[0]);
  ::close(ends[1]);
  return status.st_ino;
}

// The least number that no eventfd of the machine has (fdinfo, Linux 5.2).
double next_eventfd() {
  const int fd = ::eventfd(0, 0);
  const std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
  char text[512] = {};
  const int info = ::open(path.c_str(), O_RDONLY);
  static_cast<void>(::read(info, text, sizeof text - 1));
  ::close(info);
  ::close(fd);
  const char* id = std::strstr(text, "eventfd-id:");
  return id == nullptr ? -1 : static_cast<double>(std::strtol(id + std::strlen("eventfd-id:"), nullptr, 10));
}

void talk(const Words& words) {
  const Slots slots(words);
  constexpr std::size_t kMemory = std::size_t{16} << 20;
  for (long slot = 0; slot < slots.count; ++slot) {
    slots.wait(slot, 0);
    if (!bit_of(slot)) continue;
    if (words[0] == "memory") {
      void* memory =
          ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
      slots.wait(slot, 70);
      ::munmap(memory, kMemory);
    } else if (words[0] == "processes") {
      std::vector<pid_t> children;
      for (int i = 0; i < 8; ++i) {
        const pid_t child = ::fork();
        if (child == 0) ::pause();
        children.push_back(child);
      }
      slots.wait(slot, 70);
      for (const pid_t child : children) ::kill(child, SIGKILL);
      while (::wait(nullptr) > 0) {
      }
    } else if (words[0] == "eventfds") {
      int held[4];
      for (int& each : held) each = ::eventfd(0, 0);
      slots.wait(slot, 70);
      for (const int each : held) ::close(each);
    } else {
      burn_inodes(3000);
    }
  }
}

double look_at(const std::string& channel) {
  if (channel == "memory") {
    struct sysinfo now {};
    ::sysinfo(&now);
    return -static_cast<double>(now.freeram);
  }
  if (channel == "eventfds") return next_eventfd();
  struct stat now {};
  ::stat("/proc", &now);
  return static_cast<double>(now.st_nlink);
}

void hear(const Words& words) {
  const Slots slots(words);
  std::vector<double> seen;
  ino_t last = next_inode();
  for (long slot = 0; slot < slots.count; ++slot) {
    if (words[0] == "inodes") {
      slots.wait(slot, 80);
      // Each core takes 1,024 numbers at a time: the jump between two takings tells of all others.
      burn_inodes(1100);
      const ino_t now = next_inode();
      seen.push_back(static_cast<double>(now - last));
      last = now;
    } else {
      slots.wait(slot, 50);
      const double during = look_at(words[0]);
      slots.wait(slot, 95);
      seen.push_back(during - look_at(words[0]));
    }
  }
  // About half of the bits are set.
  std::vector<double> sorted = seen;
  std::ranges::sort(sorted);
  const double middle = sorted[sorted.size() / 2];
  long wrong = 0;
  for (long slot = 0; slot < slots.count; ++slot) {
    if ((seen[static_cast<std::size_t>(slot)] >= middle) != bit_of(slot)) ++wrong;
  }
  tell("wrong " + std::to_string(wrong) + " of " + std::to_string(slots.count));
}

// Pages that nobody has read: each carries one bit, once. The reader sees by its own page faults which were read.
constexpr std::size_t kStride = std::size_t{256} << 10;

const volatile char* map_file(const char* path) {
  const int file = ::open(path, O_RDONLY);
  struct stat status {};
  ::fstat(file, &status);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  ::madvise(memory, size, MADV_RANDOM);
  return static_cast<const volatile char*>(memory);
}

void store_in_pages(const Words& words) {
  const auto* file = map_file(words[0].c_str());
  for (long i = 0; i < number(words[1]); ++i) {
    if (bit_of(i)) static_cast<void>(file[static_cast<std::size_t>(i) * kStride]);
  }
}

void load_from_pages(const Words& words) {
  const auto* file = map_file(words[0].c_str());
  long wrong = 0;
  for (long i = 0; i < number(words[1]); ++i) {
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    static_cast<void>(file[static_cast<std::size_t>(i) * kStride]);
    ::getrusage(RUSAGE_SELF, &after);
    if ((after.ru_majflt == before.ru_majflt) != bit_of(i)) ++wrong;
  }
  tell("wrong " + std::to_string(wrong) + " of " + words[1]);
}

// ---- The surface ----------------------------------------------------------------------------------------------------

void use_futexes(const Words&) {
  std::uint32_t word = 0;
  for (const auto& [name, command] : {std::pair{"lock pi", FUTEX_LOCK_PI},
                                      {"trylock pi", FUTEX_TRYLOCK_PI},
                                      {"unlock pi", FUTEX_UNLOCK_PI},
                                      {"private lock pi", FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG},
                                      {"wake", FUTEX_WAKE},
                                      {"private wake", FUTEX_WAKE | FUTEX_PRIVATE_FLAG}}) {
    say(name, ::syscall(SYS_futex, &word, command, 1, nullptr, nullptr, 0));
  }
  pthread_mutexattr_t attributes;
  pthread_mutex_t mutex;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  errno = ::pthread_mutex_init(&mutex, &attributes);
  say("inheriting mutex", errno == 0 ? 0 : -1);
  errno = ::pthread_mutex_init(&mutex, nullptr);
  say("mutex", errno == 0 ? 0 : -1);
}

void use_clocks(const Words&) {
  const timespec moment{0, 1000};
  timespec now{};
  for (const auto& [name, clock] : {std::pair{"process cpu", CLOCK_PROCESS_CPUTIME_ID},
                                    {"thread cpu", CLOCK_THREAD_CPUTIME_ID},
                                    {"init's cpu", static_cast<clockid_t>(~1 << 3 | 2)},
                                    {"monotonic", CLOCK_MONOTONIC},
                                    {"realtime", CLOCK_REALTIME}}) {
    int timer = 0;
    say(std::string(name) + " timer", ::syscall(SYS_timer_create, clock, nullptr, &timer));
    if (clock != CLOCK_PROCESS_CPUTIME_ID) {
      say(std::string(name) + " sleep", ::syscall(SYS_clock_nanosleep, clock, 0, &moment, nullptr));
    }
    if (clock >= 0) say(std::string(name) + " time", ::clock_gettime(clock, &now));
  }
  const itimerval never{};
  say("profiling timer", ::setitimer(ITIMER_PROF, &never, nullptr));
}

void map_huge_pages(const Words&) {
  const auto map = [](int more) {
    return ::mmap(nullptr, std::size_t{2} << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | more, -1, 0);
  };
  say("huge", map(MAP_HUGETLB) == MAP_FAILED ? -1 : 0);
  void* memory = map(0);
  say("plain", memory == MAP_FAILED ? -1 : 0);
  say("transparent", ::madvise(memory, std::size_t{2} << 20, MADV_HUGEPAGE));
}

void set_options(const Words& words) {
  const int family = words[0] == "unix" ? AF_UNIX : AF_INET;
  const int socket = ::socket(family, SOCK_STREAM, 0);
  if (socket < 0) return say("socket", -1);
  struct Option {
    const char* name;
    int level;
    int option;
  };
  for (const Option& each : std::initializer_list<Option>{
           {"REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
           {"KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
           {"RCVBUF", SOL_SOCKET, SO_RCVBUF},
           {"RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT},
           {"PRIORITY", SOL_SOCKET, SO_PRIORITY},
           {"MARK", SOL_SOCKET, SO_MARK},
           {"TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP},
           {"ZEROCOPY", SOL_SOCKET, 60},
           {"BUSY_POLL", SOL_SOCKET, 46},
           {"ATTACH_FILTER", SOL_SOCKET, SO_ATTACH_FILTER},
           {"NODELAY", IPPROTO_TCP, TCP_NODELAY},
           {"CONGESTION", IPPROTO_TCP, TCP_CONGESTION},
           {"MD5SIG", IPPROTO_TCP, TCP_MD5SIG},
           {"REPAIR", IPPROTO_TCP, TCP_REPAIR},
           {"IP_TTL", IPPROTO_IP, IP_TTL},
           {"IP_OPTIONS", IPPROTO_IP, IP_OPTIONS},
           {"IPT_SET_REPLACE", IPPROTO_IP, 64},
           {"PACKET_RX_RING", 263, 5},
       }) {
    const int one = 1;
    say(each.name, ::setsockopt(socket, each.level, each.option, &one, sizeof one));
  }
}

struct Verb {
  std::size_t words;
  void (*run)(const Words&);
};

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> all = {
      {"inotifies", {1, take_inotifies}},
      {"watches", {1, take_watches}},
      {"epoll-watches", {1, take_epoll_watches}},
      {"epoll", {0, use_epoll}},
      {"timers", {1, take_timers}},
      {"signals", {1, take_signals}},
      {"in-flight", {1, take_descriptors_in_flight}},
      {"pipes", {1, take_pipes}},
      {"lock", {1, take_locked_memory}},
      {"hold", {1, hold}},
      {"watch", {1, watch}},
      {"watch-and-see", {1, watch_and_see}},
      {"page-cache", {1, ask_page_cache}},
      {"forget", {1, forget_file}},
      {"cookie", {0, ask_cookie}},
      {"talk", {4, talk}},
      {"listen", {4, hear}},
      {"store", {2, store_in_pages}},
      {"load", {2, load_from_pages}},
      {"futexes", {0, use_futexes}},
      {"clocks", {0, use_clocks}},
      {"huge-pages", {0, map_huge_pages}},
      {"options", {1, set_options}},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc;) {
    const std::string name = argv[i++];
    const auto verb = verbs().find(name);
    if (verb == verbs().end() || argc - i < static_cast<int>(verb->second.words)) {
      std::fprintf(stderr, "shares: unknown verb or missing words: %s\n", name.c_str());
      return 99;
    }
    Words words;
    while (words.size() < verb->second.words) words.emplace_back(argv[i++]);
    verb->second.run(words);
    if (i < argc && std::string(argv[i]) == "then") ++i;
  }
  return 0;
}
