// What a program does that hopes to be given what it is refused: `evalrun trace --suggest` is run on it. It writes what
// it learnt to /log/seen, where the plan gives it that file, and exits with 0 if all that it wished for was granted.
//
//   wisher VERB WORD… [then VERB WORD…]…

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

bool all_granted = true;

void tell(const std::string& line) {
  const int log = ::open("/log/seen", O_WRONLY | O_APPEND | O_CREAT, 0666);
  const std::string text = line + "\n";
  if (log >= 0) [[maybe_unused]]
    const ssize_t written = ::write(log, text.data(), text.size());
  if (log >= 0) ::close(log);
}

void granted(const std::string& what, long result) {
  if (result < 0) all_granted = false;
  tell(what + " " + (result >= 0 ? "OK" : ::strerrorname_np(errno)));
}

void read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  granted("open " + path, file);
  char bytes[200] = {};
  if (file >= 0 && ::read(file, bytes, sizeof bytes - 1) > 0) tell(bytes);
}

void append(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND);
  granted("append " + path, file < 0 ? -1 : ::write(file, text.data(), text.size()));
}

long connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

long connect_tcp(int port) {
  sockaddr_in address = loopback(port);
  return ::connect(::socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address);
}

long listen_tcp(int port) {
  sockaddr_in address = loopback(port);
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return ::listen(server, 1);
}

long fork_at_once(int count) {
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    if (child < 0) break;
    children.push_back(child);
  }
  const int error = errno;
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  errno = error;
  return children.size() == static_cast<std::size_t>(count) ? 0 : -1;
}

// Between two pipes.
long tee_once() {
  int from[2], to[2];
  if (::pipe(from) != 0 || ::pipe(to) != 0 || ::write(from[1], "x", 1) != 1) return -1;
  return ::syscall(SYS_tee, from[0], to[1], 1, 0);
}

// A file name out of a line of a shell: "\n" for a newline, "\e" for an escape, "\r" for U+202E, "\8" for a byte that
// is not UTF-8.
std::string unescaped(const std::string& text) {
  static const std::map<char, std::string> kEscapes = {
      {'n', "\n"}, {'e', "\x1b"}, {'r', "\xe2\x80\xae"}, {'8', "\xff"}, {'\\', "\\"}};
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto escape = text[at] == '\\' && at + 1 < text.size() ? kEscapes.find(text[at + 1]) : kEscapes.end();
    out += escape != kEscapes.end() ? escape->second : std::string(1, text[at]);
    if (escape != kEscapes.end()) ++at;
  }
  return out;
}

// Opens one name so often that its number of descriptors ends: each refusal names it.
long open_many(const std::string& path, int count) {
  for (int i = 0; i < count; ++i) {
    if (::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600) < 0) return -1;
  }
  return 0;
}

struct Verb {
  std::size_t words;
  std::function<void(const Words&)> act;
};

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> all = {
      {"read", {1, [](const Words& w) { read_file(w[0]); }}},
      {"append", {2, [](const Words& w) { append(w[0], w[1]); }}},
      {"list", {1, [](const Words& w) { granted("list", ::open(w[0].c_str(), O_RDONLY | O_DIRECTORY)); }}},
      {"stat",
       {1,
        [](const Words& w) {
          struct stat status {};
          granted("stat", ::stat(w[0].c_str(), &status));
        }}},
      {"symlink",
       {2,
        [](const Words& w) {
          ::unlink(w[1].c_str());
          granted("symlink", ::symlink(w[0].c_str(), w[1].c_str()));
        }}},
      {"connect-unix", {1, [](const Words& w) { granted("connect", connect_unix(w[0])); }}},
      {"connect-tcp", {1, [](const Words& w) { granted("connect", connect_tcp(std::atoi(w[0].c_str()))); }}},
      {"listen-tcp", {1, [](const Words& w) { granted("listen", listen_tcp(std::atoi(w[0].c_str()))); }}},
      {"fork", {1, [](const Words& w) { granted("fork", fork_at_once(std::atoi(w[0].c_str()))); }}},
      {"tee", {0, [](const Words&) { granted("tee", tee_once()); }}},
      {"memfd", {0, [](const Words&) { granted("memfd", ::memfd_create("m", MFD_CLOEXEC)); }}},
      {"open-many",
       {2, [](const Words& w) { granted("open-many", open_many(unescaped(w[0]), std::atoi(w[1].c_str()))); }}},
      {"read-name", {1, [](const Words& w) { read_file(unescaped(w[0])); }}},
      {"ptrace", {0, [](const Words&) { granted("ptrace", ::syscall(SYS_ptrace, 16, 1, 0, 0)); }}},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (int at = 1; at < argc; ++at) {
    const auto found = verbs().find(argv[at]);
    if (found == verbs().end() || static_cast<std::size_t>(argc - at - 1) < found->second.words) return 99;
    const Words words(argv + at + 1, argv + at + 1 + found->second.words);
    found->second.act(words);
    at += static_cast<int>(found->second.words) + 1;  // and "then"
  }
  return all_granted ? 0 : 1;
}
