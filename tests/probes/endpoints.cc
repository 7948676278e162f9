// Sockets and their addresses, inside the sandbox: bind, connect, listen and what is played around them. Each act says
// what the kernel (or who answers for it) answered: "OK" or an errno's name, one line each.
//
//   endpoints VERB [WORD…] VERB [WORD…]…
//
// Addresses: 127.0.0.1:80, [::1]:80, unix:/path, unix:@abstract, unix: (no name), unspec:80 (AF_UNSPEC, 0.0.0.0).
// The sockets that "new" makes are kept; the last one is meant until "use" says otherwise.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
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

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

template <typename Kind>
Address address_of(const Kind& kind, std::size_t size = sizeof(Kind)) {
  Address address;
  std::memcpy(&address.bytes, &kind, sizeof kind);
  address.size = static_cast<socklen_t>(size);
  return address;
}

Address unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  return address_of(address, offsetof(sockaddr_un, sun_path) + path.size());
}

Address inet_address(const std::string& host, const std::string& port, sa_family_t family = AF_INET) {
  sockaddr_in address{};
  address.sin_family = family;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address_of(address);
}

Address parse(const std::string& text) {
  if (text.starts_with("unix:")) return unix_address(text.substr(5));
  const std::size_t colon = text.rfind(':');
  const std::string host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host == "unspec") return inet_address("0.0.0.0", port, AF_UNSPEC);
  if (!host.starts_with("[")) return inet_address(host, port);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address.sin6_addr);
  return address_of(address);
}

std::string name_of(int socket) {
  Address address;
  address.size = sizeof address.bytes;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address.bytes), &address.size) != 0) return "no name";
  if (address.bytes.ss_family == AF_UNIX) {
    const auto* path = reinterpret_cast<const char*>(&address.bytes) + offsetof(sockaddr_un, sun_path);
    std::string text(path, address.size - offsetof(sockaddr_un, sun_path));
    if (!text.empty() && text.front() == '\0') text.front() = '@';
    while (!text.empty() && text.back() == '\0') text.pop_back();
    return text;
  }
  const auto* ip = reinterpret_cast<const sockaddr_in*>(&address.bytes);
  char host[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &ip->sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(ip->sin_port));
}

std::vector<int> sockets;
std::size_t current = 0;

int meant() {
  return sockets.empty() ? -1 : sockets[current];
}

const std::map<std::string, std::pair<int, int>> kKinds = {
    {"tcp", {AF_INET, SOCK_STREAM}},          {"udp", {AF_INET, SOCK_DGRAM}},
    {"tcp6", {AF_INET6, SOCK_STREAM}},        {"udp6", {AF_INET6, SOCK_DGRAM}},
    {"unix", {AF_UNIX, SOCK_STREAM}},         {"seqpacket", {AF_UNIX, SOCK_SEQPACKET}},
    {"unix-datagram", {AF_UNIX, SOCK_DGRAM}},
};

int make(const std::string& kind, int flags = SOCK_CLOEXEC) {
  const auto& [family, type] = kKinds.at(kind);
  return ::socket(family, type | flags, 0);
}

void make_new(const std::string& kind) {
  const int socket = make(kind);
  if (socket < 0) return say("new " + kind, -1);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockets.push_back(socket);
  current = sockets.size() - 1;
}

long bind_to(int socket, const Address& address) {
  return ::bind(socket, address.get(), address.size);
}
long connect_to(int socket, const Address& address) {
  return ::connect(socket, address.get(), address.size);
}

// The peer as SO_PEERCRED has it.
void tell_peer() {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(meant(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  tell("peer pid " + std::to_string(peer.pid) + " uid " + std::to_string(peer.uid));
}

void accept_and_greet() {
  const int client = ::accept(meant(), nullptr, nullptr);
  say("accept", client);
  say("send", ::send(client, "hello", 5, MSG_NOSIGNAL));
}

// Not by inotify: a place that the run may not write cannot be watched.
void wait_for(const std::string& folder, const std::string& name) {
  const timespec moment{0, 2'000'000};
  while (::access((folder + "/" + name).c_str(), F_OK) != 0) ::nanosleep(&moment, nullptr);
}

// ---- Races ----------------------------------------------------------------------------------------------------------

// A second thread turns the address over and over between one that may be bound and one that may not. Whatever is
// answered, what is bound in the end must be the first.
void rewrite_address(int rounds, const std::string& good, const std::string& bad) {
  const Address addresses[2] = {parse(good), parse(bad)};
  Address shared = addresses[0];
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (unsigned i = 0; !over; ++i) {
      std::memcpy(&shared.bytes, &addresses[i % 2].bytes, sizeof(sockaddr_in));
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  });
  int bound = 0, refused = 0, slipped = 0, strange = 0;
  for (int i = 0; i < rounds; ++i) {
    const int socket = make("tcp");
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const long result = bind_to(socket, shared);
    if (result == 0) ++bound;
    if (result != 0 && errno == EACCES) ++refused;
    if (result != 0 && errno != EACCES) ++strange;
    const std::string name = name_of(socket);
    if (name != (result == 0 ? good : "0.0.0.0:0")) ++slipped;
    ::close(socket);
  }
  over = true;
  writer.join();
  tell("rounds " + std::to_string(rounds) + (bound > 0 ? " some bound" : " none bound") +
       (refused > 0 ? " some refused" : " none refused") + " slipped " + std::to_string(slipped) + " strange " +
       std::to_string(strange));
}

// A second thread puts another socket at the descriptor's number: one that is bound by the plan, one that never was.
void swap_socket(int rounds, const std::string& good) {
  const int never_bound = make("tcp");
  const int by_plan = make("tcp");
  const int number = ::fcntl(by_plan, F_DUPFD, 50);
  say("bind", bind_to(by_plan, parse(good)));
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (unsigned i = 0; !over; ++i) ::dup2(i % 2 == 0 ? by_plan : never_bound, number);
  });
  int listening = 0, refused = 0;
  for (int i = 0; i < rounds; ++i) ++(::listen(number, 8) == 0 ? listening : refused);
  over = true;
  writer.join();
  int accepts = 0;
  socklen_t size = sizeof accepts;
  ::getsockopt(never_bound, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size);
  tell(std::string(listening > 0 ? "some listen" : "none listen") + (refused > 0 ? " some refused" : " none refused") +
       " slipped " + std::to_string(accepts));
}

// A second process turns a link over and over between a socket that may be reached and one that may not.
void swap_link(int rounds, const std::string& good, const std::string& bad, const std::string& link) {
  const pid_t writer = ::fork();
  if (writer == 0) {
    const std::string fresh = link + ".new";
    for (unsigned i = 0;; ++i) {
      ::symlink((i % 2 == 0 ? good : bad).c_str(), fresh.c_str());
      ::rename(fresh.c_str(), link.c_str());
    }
  }
  int connected = 0, refused = 0, strange = 0;
  for (int i = 0; i < rounds; ++i) {
    const int socket = make("unix");
    const long result = connect_to(socket, unix_address(link));
    if (result == 0) ++connected;
    if (result != 0 && errno == EACCES) ++refused;
    if (result != 0 && errno != EACCES && errno != ENOENT) ++strange;
    ::close(socket);
    if (result == 0) ::close(::accept(meant(), nullptr, nullptr));
  }
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  tell(std::string(connected > 0 ? "some connected" : "none connected") +
       (refused > 0 ? " some refused" : " none refused") + " strange " + std::to_string(strange));
}

// Children that are killed while their calls are looked at. The pauses grow step by step over a call's whole length.
void kill_in_call(int rounds, const std::string& where) {
  const Address address = parse(where);
  for (int i = 0; i < rounds; ++i) {
    int ready[2];
    if (::pipe(ready) != 0) return say("pipe", -1);
    const pid_t child = ::fork();
    if (child == 0) {
      const int socket = make("udp");
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      for (;;) connect_to(socket, address);
    }
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) return say("read", -1);
    const timespec pause{0, (i % 100) * 10'000};
    ::nanosleep(&pause, nullptr);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  tell("killed " + std::to_string(rounds));
}

// Signals with a handler while their calls are looked at: calls end whole or as interrupted, never half.
void interrupt_calls(int rounds, const std::string& where) {
  struct sigaction handler {};
  handler.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &handler, nullptr);
  itimerval often{{0, 500}, {0, 500}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  const int socket = make("udp");
  const Address address = parse(where);
  int strange = 0;
  for (int i = 0; i < rounds; ++i) {
    if (connect_to(socket, address) != 0 && errno != EINTR) ++strange;
  }
  often = {};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  tell("interrupted, strange " + std::to_string(strange));
}

void sleep_ms(int milliseconds) {
  const timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  ::nanosleep(&pause, nullptr);
}

std::atomic<bool> woken = false;

// A connect that sleeps, in a thread that stays: the backlog is full.
void sleep_in_connect(const std::string& where) {
  const Address address = parse(where);
  for (;;) {
    const int filler = make(where.starts_with("unix") ? "unix" : "tcp", SOCK_NONBLOCK);
    if (connect_to(filler, address) != 0 && errno != EINPROGRESS) break;
    // TCP takes one more than listen said, and then leaves the caller waiting.
    pollfd done{filler, POLLOUT, 0};
    if (::poll(&done, 1, 50) == 0) break;
  }
  std::thread([address, where] {
    const int socket = make(where.starts_with("unix") ? "unix" : "tcp");
    say("woken", connect_to(socket, address));
    woken = true;
    woken.notify_one();
  }).detach();
  // In the call, not on the way to it.
  const timespec pause{0, 20'000'000};
  ::nanosleep(&pause, nullptr);
  tell("asleep");
}

// Closes that linger: the peer reads nothing, the buffer is full, SO_LINGER says to wait for it. Each round closes such
// a socket while a call on it is looked at, so that the last copy may be anybody's.
void linger(int rounds, const std::string& where) {
  const Address address = parse(where);
  const int listener = make("tcp");
  say("bind", bind_to(listener, address));
  say("listen", ::listen(listener, 512));
  for (int i = 0; i < rounds; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const int client = make("tcp");
      if (connect_to(client, address) != 0) ::_exit(1);
      static const std::string chunk(64 << 10, 'x');
      while (::send(client, chunk.data(), chunk.size(), MSG_DONTWAIT) > 0) {
      }
      const struct linger for_long { 1, 1000 };
      ::setsockopt(client, SOL_SOCKET, SO_LINGER, &for_long, sizeof for_long);
      std::thread([&] {
        for (;;) connect_to(client, address);
      }).detach();
      const timespec pause{0, (i % 10) * 100'000};
      ::nanosleep(&pause, nullptr);
      ::close(client);
      ::pause();
    }
    const timespec pause{0, 5'000'000};
    ::nanosleep(&pause, nullptr);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  tell("lingered " + std::to_string(rounds));
}

// Mediated calls that always succeed, half by each way of acting.
void many_calls(int rounds) {
  const int udp = make("udp");
  const int listener = make("unix");
  int failed = bind_to(listener, unix_address("")) != 0;
  const Address nothing = parse("unspec:0");
  for (int i = 0; i < rounds; i += 2) {
    failed += connect_to(udp, nothing) != 0;
    failed += ::listen(listener, 8) != 0;
  }
  tell("calls " + std::to_string(rounds) + " failed " + std::to_string(failed));
}

// All at once, and none returns.
void violate_in_threads(int count) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([] { ::syscall(SYS_ptrace, 16L, 1, 2, 3); });
  for (std::thread& thread : threads) thread.join();
}

void violate_by_mount() {
  ::syscall(SYS_mount, "/dev/sda1", "/mnt", "ext4", 0x1001UL, nullptr);
}

// ---- The command line -----------------------------------------------------------------------------------------------

struct Verb {
  std::size_t words;
  std::function<void(const Words&)> run;
};

int number(const std::string& text) {
  return std::atoi(text.c_str());
}

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> all = {
      {"tell", {1, [](const Words& w) { tell(w[0]); }}},
      {"sleep-ms", {1, [](const Words& w) { sleep_ms(number(w[0])); }}},
      {"new", {1, [](const Words& w) { make_new(w[0]); }}},
      {"use", {1, [](const Words& w) { current = static_cast<std::size_t>(number(w[0])); }}},
      {"pair",
       {1,
        [](const Words& w) {
          int ends[2];
          const auto& [family, type] = kKinds.at(w[0]);
          say("pair " + w[0], ::socketpair(family, type, 0, ends));
        }}},
      {"bind", {1, [](const Words& w) { say("bind " + w[0], bind_to(meant(), parse(w[0]))); }}},
      {"connect", {1, [](const Words& w) { say("connect " + w[0], connect_to(meant(), parse(w[0]))); }}},
      {"connect-without-waiting",
       {1,
        [](const Words& w) {
          ::fcntl(meant(), F_SETFL, O_NONBLOCK);
          say("connect " + w[0], connect_to(meant(), parse(w[0])));
        }}},
      {"listen", {1, [](const Words& w) { say("listen", ::listen(meant(), number(w[0]))); }}},
      {"greet", {0, [](const Words&) { std::thread(accept_and_greet).join(); }}},
      {"accept", {0, [](const Words&) { say("accept", ::accept(meant(), nullptr, nullptr)); }}},
      {"name", {0, [](const Words&) { tell("name " + name_of(meant())); }}},
      {"peer", {0, [](const Words&) { tell_peer(); }}},
      // Arguments as they are: descriptor, address and length.
      {"raw",
       {4,
        [](const Words& w) {
          const long call = w[0] == "bind" ? SYS_bind : w[0] == "connect" ? SYS_connect : SYS_listen;
          static sockaddr_storage valid{};
          const long pointer = w[2] == "valid" ? reinterpret_cast<long>(&valid) : std::strtol(w[2].c_str(), nullptr, 0);
          const long socket = w[1] == "it" ? meant() : std::strtol(w[1].c_str(), nullptr, 0);
          say("raw " + w[0], ::syscall(call, socket, pointer, std::strtol(w[3].c_str(), nullptr, 0)));
        }}},
      {"mkdir", {1, [](const Words& w) { say("mkdir " + w[0], ::mkdir(w[0].c_str(), 0755)); }}},
      {"chdir", {1, [](const Words& w) { say("chdir " + w[0], ::chdir(w[0].c_str())); }}},
      {"umask", {1, [](const Words& w) { ::umask(static_cast<mode_t>(std::strtol(w[0].c_str(), nullptr, 8))); }}},
      {"chmod",
       {2,
        [](const Words& w) {
          say("chmod", ::chmod(w[0].c_str(), static_cast<mode_t>(std::strtol(w[1].c_str(), nullptr, 8))));
        }}},
      {"symlink", {2, [](const Words& w) { say("symlink", ::symlink(w[0].c_str(), w[1].c_str())); }}},
      {"stat",
       {1,
        [](const Words& w) {
          struct stat status {};
          if (::stat(w[0].c_str(), &status) != 0) return say("stat " + w[0], -1);
          char text[64];
          std::snprintf(text, sizeof text, " mode %o uid %u", status.st_mode, status.st_uid);
          tell("stat " + w[0] + text);
        }}},
      {"create",
       {1, [](const Words& w) { say("create " + w[0], ::open(w[0].c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)); }}},
      {"wait-for", {2, [](const Words& w) { wait_for(w[0], w[1]); }}},
      {"not-dumpable", {0, [](const Words&) { say("not dumpable", ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }}},
      {"rewrite-address", {3, [](const Words& w) { rewrite_address(number(w[0]), w[1], w[2]); }}},
      {"swap-socket", {2, [](const Words& w) { swap_socket(number(w[0]), w[1]); }}},
      {"swap-link", {4, [](const Words& w) { swap_link(number(w[0]), w[1], w[2], w[3]); }}},
      {"kill-in-call", {2, [](const Words& w) { kill_in_call(number(w[0]), w[1]); }}},
      {"interrupt-calls", {2, [](const Words& w) { interrupt_calls(number(w[0]), w[1]); }}},
      {"sleep-in-connect", {1, [](const Words& w) { sleep_in_connect(w[0]); }}},
      {"linger", {2, [](const Words& w) { linger(number(w[0]), w[1]); }}},
      {"many-calls", {1, [](const Words& w) { many_calls(number(w[0])); }}},
      {"violate-in-threads", {1, [](const Words& w) { violate_in_threads(number(w[0])); }}},
      {"violate-by-mount", {0, [](const Words&) { violate_by_mount(); }}},
      {"wait-until-woken", {0, [](const Words&) { woken.wait(false); }}},
      {"pause", {0, [](const Words&) { ::pause(); }}},
      {"sleep-ms", {1, [](const Words& w) { ::usleep(1000U * static_cast<useconds_t>(number(w[0]))); }}},
  };
  return all;
}

void run(int argc, char** argv, int first);

// The rest of the words, in a thread that is not the leader.
void run_in_thread(int argc, char** argv, int first) {
  std::thread([=] { run(argc, argv, first); }).join();
}

// The rest of the words, when the leader has ended.
void run_without_leader(int argc, char** argv, int first) {
  static pthread_t leader = ::pthread_self();
  std::thread([=] {
    ::pthread_join(leader, nullptr);
    run(argc, argv, first);
    ::_exit(0);
  }).detach();
  ::pthread_exit(nullptr);
}

void run(int argc, char** argv, int first) {
  for (int i = first; i < argc;) {
    const std::string name = argv[i++];
    if (name == "in-thread") return run_in_thread(argc, argv, i);
    if (name == "without-leader") return run_without_leader(argc, argv, i);
    const auto verb = verbs().find(name);
    if (verb == verbs().end() || argc - i < static_cast<int>(verb->second.words)) {
      std::fprintf(stderr, "endpoints: unknown verb or missing words: %s\n", name.c_str());
      std::exit(99);
    }
    Words words;
    while (words.size() < verb->second.words) words.emplace_back(argv[i++]);
    verb->second.run(words);
  }
}

}  // namespace

int main(int argc, char** argv) {
  run(argc, argv, 1);
  // Threads that still sleep in their calls end with it.
  std::fflush(stdout);
  ::_exit(0);
}
