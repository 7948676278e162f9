#include "runtime/fleet/queue/relay_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "runtime/core/error.h"

namespace evalrun::fleet {
namespace {

// Released in any case.
class SpawnWords {
 public:
  SpawnWords() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnWords() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnWords(const SpawnWords&) = delete;
  SpawnWords& operator=(const SpawnWords&) = delete;

  posix_spawn_file_actions_t* actions() { return &actions_; }
  posix_spawnattr_t* attributes() { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

std::string program_beside_us(const std::string& name) {
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  if (::access(path.c_str(), X_OK) != 0) {
    throw UsageError("this queue needs the program " + path.string() + "; install the package " + name);
  }
  return path;
}

pid_t start_apart(std::vector<std::string> words, int input, int output, int errors) {
  SpawnWords spawn;
  ::posix_spawnattr_setflags(spawn.attributes(), POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(spawn.attributes(), &none);
  ::posix_spawnattr_setsigdefault(spawn.attributes(), &all);
  ::posix_spawn_file_actions_adddup2(spawn.actions(), input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(spawn.actions(), output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(spawn.actions(), errors, STDERR_FILENO);
  const std::string program = words.front();
  words.front() = std::filesystem::path(program).filename().string();
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), spawn.actions(), spawn.attributes(), argv.data(), environ);
  if (error != 0) throw SystemError("posix_spawn", program, error);
  return pid;
}

RelayProcess::RelayProcess(const std::string& name) : program_(program_beside_us(name)) {}

RelayProcess::~RelayProcess() {
  end();
}

Fd RelayProcess::start() {
  end();
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) throw SystemError("socketpair", program_);
  Fd ours(pair[0]);
  const Fd theirs(pair[1]);
  // Only our end does not block: the program waits for calls.
  if (::fcntl(ours.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) throw SystemError("fcntl(F_SETFL)", program_);
  // Nothing that it prints is a result; what it has to say it says as an answer.
  pid_ = start_apart({program_}, theirs.get(), STDERR_FILENO, STDERR_FILENO);
  return ours;
}

void RelayProcess::end() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace evalrun::fleet
