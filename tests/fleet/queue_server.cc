#include "tests/fleet/queue_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "runtime/core/fd.h"

extern char** environ;

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPrograms[] = {"/usr/bin/redis-server", "/usr/local/bin/redis-server", "/usr/bin/valkey-server"};

std::string program() {
  for (const char* path : kPrograms) {
    if (::access(path, X_OK) == 0) return path;
  }
  return "";
}

bool answers(const std::string& path) {
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  if (::send(socket.get(), "PING\r\n", 6, MSG_NOSIGNAL) != 6) return false;
  char answer[64] = {};
  return ::recv(socket.get(), answer, sizeof answer - 1, 0) > 0 && std::strstr(answer, "LOADING") == nullptr;
}

}  // namespace

bool RedisServer::is_installed() {
  return !program().empty();
}

RedisServer::RedisServer(std::vector<std::string> more) : more_(std::move(more)) {
  start();
}

RedisServer::~RedisServer() {
  if (pid_ > 0) ::kill(pid_, SIGCONT);
  kill_at_once();
}

fleet::QueueAddress RedisServer::address() const {
  fleet::QueueAddress address;
  address.path = (folder_.path() / "s").string();
  return address;
}

std::string RedisServer::url() const {
  return fleet::to_string(address());
}

void RedisServer::start() {
  const std::string folder = folder_.path().string(), socket = address().path, log = folder + "/log";
  std::vector<std::string> words = {program(), "--port",        "0",       "--unixsocket", socket, "--dir",
                                    folder,    "--appendonly",  "yes",     "--save",       "",     "--logfile",
                                    log,       "--appendfsync", "everysec"};
  words.insert(words.end(), more_.begin(), more_.end());
  if (words.front().empty()) throw std::runtime_error("there is no redis-server");
  // A test that ends by a signal leaves none behind.
  words.insert(words.begin(), {"/usr/bin/setpriv", "--pdeathsig", "KILL"});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0) {
    throw std::runtime_error("redis-server cannot be started");
  }
  for (int i = 0; i < 1000; ++i) {
    if (answers(socket)) return;
    std::this_thread::sleep_for(10ms);
  }
  throw std::runtime_error("redis-server does not answer: " + read_file(log));
}

void RedisServer::kill_at_once() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::stop_for_a_while() {
  ::kill(pid_, SIGSTOP);
}

void RedisServer::go_on() {
  ::kill(pid_, SIGCONT);
}

}  // namespace evalrun::test
