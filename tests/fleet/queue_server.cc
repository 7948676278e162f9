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
#include <fstream>
#include <sstream>
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

pid_t started(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) {
    throw std::runtime_error(words.front() + " cannot be started");
  }
  return pid;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::string name_of(Engine engine) {
  return engine == Engine::Redis ? "redis" : "postgresql";
}

bool is_installed(Engine engine) {
  return engine == Engine::Redis ? RedisServer::is_installed() : PostgresServer::is_installed();
}

std::unique_ptr<QueueServer> start_server(Engine engine) {
  if (engine == Engine::Redis) return std::make_unique<RedisServer>();
  // What is killed is a process: what it has written is there without fsync, too.
  return std::make_unique<PostgresServer>(std::vector<std::string>{"-c", "fsync=off"});
}

namespace {

// A database is a second's work, and the tests of a process come one after the other.
class SharedPostgres final : public QueueServer {
 public:
  SharedPostgres() {
    static PostgresServer server({"-c", "fsync=off"});
    server_ = &server;
    server_->empty();
  }
  [[nodiscard]] fleet::QueueAddress address() const override { return server_->address(); }
  [[nodiscard]] std::string url() const override { return server_->url(); }
  void kill_at_once() override { throw std::logic_error("others use this server"); }
  void start() override {}
  void stop_for_a_while() override { throw std::logic_error("others use this server"); }
  void go_on() override {}
  std::vector<std::string> contents() override { return server_->contents(); }

 private:
  PostgresServer* server_;
};

}  // namespace

std::unique_ptr<QueueServer> start_shared_server(Engine engine) {
  if (engine == Engine::Redis) return std::make_unique<RedisServer>();
  return std::make_unique<SharedPostgres>();
}

// --- Redis -----------------------------------------------------------------------------------------------------------

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

fleet::RedisAddress RedisServer::redis_address() const {
  fleet::RedisAddress address;
  address.path = (folder_.path() / "s").string();
  return address;
}

std::string RedisServer::url() const {
  return fleet::to_string(address());
}

void RedisServer::start() {
  const std::string folder = folder_.path().string(), socket = redis_address().path, log = folder + "/log";
  std::vector<std::string> words = {program(), "--port",        "0",       "--unixsocket", socket, "--dir",
                                    folder,    "--appendonly",  "yes",     "--save",       "",     "--logfile",
                                    log,       "--appendfsync", "everysec"};
  words.insert(words.end(), more_.begin(), more_.end());
  if (words.front().empty()) throw std::runtime_error("there is no redis-server");
  // A test that ends by a signal leaves none behind.
  words.insert(words.begin(), {"/usr/bin/setpriv", "--pdeathsig", "KILL"});
  pid_ = started(words);
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

std::vector<std::string> RedisServer::contents() {
  return lines_of(run_command({"redis-cli", "-s", redis_address().path, "keys", "*"}).output);
}

// --- PostgreSQL ------------------------------------------------------------------------------------------------------

namespace {

constexpr const char* kNobody = "65534";

// Debian's places, the newest first.
std::filesystem::path programs_of_postgres() {
  for (int version = 30; version >= 13; --version) {
    const std::filesystem::path folder = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    if (std::filesystem::exists(folder / "initdb")) return folder;
  }
  return "";
}

std::vector<pid_t> children_of(pid_t parent) {
  const std::string pid = std::to_string(parent);
  std::istringstream words(read_file("/proc/" + pid + "/task/" + pid + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; words >> child;) children.push_back(child);
  return children;
}

// Ended with the test.
std::vector<std::string> as_nobody(const std::string& program, std::vector<std::string> words) {
  words.insert(words.begin(), (programs_of_postgres() / program).string());
  // QUIT: it cleans up after itself, its shared memory among it.
  if (::geteuid() == 0) {
    words.insert(words.begin(),
                 {"/usr/bin/setpriv", "--reuid", kNobody, "--regid", kNobody, "--clear-groups", "--pdeathsig", "QUIT"});
  } else {
    words.insert(words.begin(), {"/usr/bin/unshare", "--user", std::string("--map-user=") + kNobody, "/usr/bin/setpriv",
                                 "--pdeathsig", "QUIT"});
  }
  return words;
}

}  // namespace

bool PostgresServer::is_installed() {
  const auto relay = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "evalrun-postgresql";
  return !programs_of_postgres().empty() && ::access(relay.c_str(), X_OK) == 0;
}

PostgresServer::PostgresServer(std::vector<std::string> more) : more_(std::move(more)) {
  std::filesystem::create_directory(folder());
  if (::geteuid() == 0) {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
    if (::chown(folder().c_str(), 65534, 65534) != 0) throw std::runtime_error("chown " + folder().string());
  }
  const Finished made =
      run_command(as_nobody("initdb", {"-D", (folder() / "data").string(), "-U", "evalrun", "-A", "trust", "--no-sync",
                                       "--no-instructions", "--locale=C", "-E", "UTF8"}));
  if (made.exit_code != 0) throw std::runtime_error("initdb: " + made.error_output);
  start();
}

PostgresServer::~PostgresServer() {
  if (pid_ > 0) ::kill(pid_, SIGCONT);
  end(SIGQUIT);
}

std::string PostgresServer::url() const {
  return "postgresql:///postgres?host=" + folder().string() + "&user=evalrun";
}

void PostgresServer::start() {
  const std::string log = (folder_.path() / "log").string();
  std::vector<std::string> words = {"-D", (folder() / "data").string(), "-k", folder().string(),
                                    "-c", "listen_addresses=",          "-c", "shared_buffers=16MB",
                                    "-c", "max_wal_size=64MB"};
  words.insert(words.end(), more_.begin(), more_.end());
  words = as_nobody("postgres", std::move(words));
  // The server says much; a shell only for the redirection.
  std::vector<std::string> line = {"/bin/sh", "-c", "exec \"$@\" 2>>" + log, "sh"};
  line.insert(line.end(), words.begin(), words.end());
  // After a SIGKILL its processes of before may still be ending, and it does not start beside them.
  for (int tries = 0; tries < 100; ++tries) {
    pid_ = started(line);
    for (int i = 0; i < 500; ++i) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) break;
      const std::vector<std::string> ready = {
          (programs_of_postgres() / "pg_isready").string(), "-q", "-U", "evalrun", "-h", folder().string()};
      if (run_command(ready).exit_code == 0) return;
      std::this_thread::sleep_for(10ms);
    }
    std::this_thread::sleep_for(50ms);
  }
  throw std::runtime_error("postgres does not answer: " + read_file(log));
}

void PostgresServer::end(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

// Its processes for connections, too, which would answer for a moment more.
void PostgresServer::kill_at_once() {
  if (pid_ <= 0) return;
  const std::vector<pid_t> children = children_of(pid_);
  ::kill(pid_, SIGKILL);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  end(SIGKILL);
}

void PostgresServer::stop_for_a_while() {
  ::kill(pid_, SIGSTOP);
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGSTOP);
}

void PostgresServer::go_on() {
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGCONT);
  ::kill(pid_, SIGCONT);
}

std::string PostgresServer::ask(const std::string& statements) const {
  const Finished asked = run_command(
      {(programs_of_postgres() / "psql").string(), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url()},
      statements);
  if (asked.exit_code != 0) throw std::runtime_error("psql: " + asked.error_output);
  return asked.output;
}

void PostgresServer::empty() const {
  static_cast<void>(ask("SET client_min_messages = error; DROP SCHEMA IF EXISTS evalrun CASCADE;"));
}

void PostgresServer::let_in(const std::string& rules) {
  const std::filesystem::path file = folder() / "data" / "pg_hba.conf";
  std::ofstream(file) << rules << "\n";
  ::kill(pid_, SIGHUP);
}

std::vector<std::string> PostgresServer::contents() {
  return lines_of(ask(
      "SELECT table_name || ' ' || (xpath('/row/c/text()', query_to_xml('SELECT count(*) AS c FROM evalrun.' || "
      "table_name, "
      "false, true, '')))[1]::text FROM information_schema.tables WHERE table_schema = 'evalrun' ORDER BY table_name"));
}

}  // namespace evalrun::test
