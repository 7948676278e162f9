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

std::string program_beside_us(const std::string& name) {
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  if (::access(path.c_str(), X_OK) != 0) {
    throw UsageError("this queue needs the program " + path.string() + "; install the package " + name);
  }
  return path;
}

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
  // Of our end alone: the program waits for calls.
  if (::fcntl(ours.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) throw SystemError("fcntl(F_SETFL)", program_);
  SpawnWords words;
  // A session of its own: Ctrl-C is for us, and what then is to be said goes through this program.
  ::posix_spawnattr_setflags(words.attributes(), POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(words.attributes(), &none);
  ::posix_spawnattr_setsigdefault(words.attributes(), &all);
  ::posix_spawn_file_actions_adddup2(words.actions(), theirs.get(), STDIN_FILENO);
  // Nothing that it prints is a result; what it has to say it says as an answer.
  ::posix_spawn_file_actions_adddup2(words.actions(), STDERR_FILENO, STDOUT_FILENO);
  std::string name = std::filesystem::path(program_).filename().string();
  std::array<char*, 2> argv = {name.data(), nullptr};
  const int error = ::posix_spawn(&pid_, program_.c_str(), words.actions(), words.attributes(), argv.data(), environ);
  if (error != 0) {
    pid_ = -1;
    throw SystemError("posix_spawn", program_, error);
  }
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
