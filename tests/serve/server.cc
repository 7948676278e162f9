#include "tests/serve/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "tests/support/paths.h"

namespace evalrun::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string Reply::header(const std::string& name) const {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == head.npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

Connection::Connection(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("connect " + path + ": " + std::strerror(errno));
  }
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Connection::finish_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void Connection::reset() {
  socket_.reset();
}

bool Connection::read_more(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd ready{socket_.get(), POLLIN, 0};
  if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) != 1) return false;
  char piece[65536];
  const ssize_t count = ::recv(socket_.get(), piece, sizeof piece, 0);
  if (count <= 0) return false;
  received_.append(piece, static_cast<std::size_t>(count));
  return true;
}

bool Connection::is_closed_within(std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (read_more(until)) {
  }
  return Clock::now() < until;
}

Reply Connection::read(std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  Reply reply;
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(until)) return reply;
  }
  reply.head = received_.substr(0, end + 2);
  received_.erase(0, end + 4);
  reply.status = std::atoi(reply.head.c_str() + std::min<std::size_t>(reply.head.size(), 9));
  if (reply.status == 100) return read(timeout);
  if (reply.header("Transfer-Encoding") == "chunked") {
    for (;;) {
      std::size_t line = 0;
      while ((line = received_.find("\r\n")) == std::string::npos) {
        if (!read_more(until)) return {};
      }
      const std::size_t size = std::stoul(received_.substr(0, line), nullptr, 16);
      while (received_.size() < line + 2 + size + 2) {
        if (!read_more(until)) return {};
      }
      reply.body += received_.substr(line + 2, size);
      received_.erase(0, line + 2 + size + 2);
      if (size == 0) return reply;
    }
  }
  const std::size_t length = std::strtoul(reply.header("Content-Length").c_str(), nullptr, 10);
  while (received_.size() < length) {
    if (!read_more(until)) return {};
  }
  reply.body = received_.substr(0, length);
  received_.erase(0, length);
  return reply;
}

std::string request_text(const std::string& method, const std::string& path, const std::string& body,
                         const std::string& type, const std::vector<std::string>& headers) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!type.empty() && method != "GET") text += "Content-Type: " + type + "\r\n";
  if (!body.empty() || method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& header : headers) text += header + "\r\n";
  return text + "\r\n" + body;
}

Server::Server(std::vector<std::string> options) : socket_((folder_.path() / "s").string()) {
  std::vector<std::string> words = {evalrun().string(), "serve"};
  if (std::ranges::find(options, "--listen") == options.end()) {
    words.insert(words.end(), {"--listen", "unix:" + socket_});
  }
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string log_path = (folder_.path() / "log").string();
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int error = ::posix_spawn(&pid_, words.front().c_str(), &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("posix_spawn: " + std::string(std::strerror(error)));
  for (int i = 0; i < 2000 && log().find("\"listening\"") == std::string::npos; ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(5ms);
  }
}

Server::~Server() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  if (wait(10s)) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Server::signal(int number) const {
  ::kill(pid_, number);
}

std::optional<int> Server::wait(std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (Clock::now() < until) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(5ms);
  }
  return std::nullopt;
}

std::string Server::log() const {
  return std::filesystem::exists(folder_.path() / "log") ? read_file(folder_.path() / "log") : "";
}

Reply Server::request(const std::string& method, const std::string& path, const std::string& body,
                      const std::string& type, const std::vector<std::string>& headers) const {
  Connection connection = connect();
  connection.send(request_text(method, path, body, type, headers));
  return connection.read(60s);
}

double Server::metric(const std::string& row) const {
  const std::string page = "\n" + get("/metrics").body;
  const std::size_t at = page.find("\n" + row + " ");
  return at == page.npos ? -1 : std::strtod(page.c_str() + at + row.size() + 2, nullptr);
}

}  // namespace evalrun::test
