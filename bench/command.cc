#include "bench/command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

#include "runtime/core/error.h"
#include "runtime/core/text.h"

namespace evalrun::bench {

Command::Command(std::vector<std::string> argv, int handed_on)
    : words_(std::move(argv)),
      null_(::open("/dev/null", O_RDWR | O_CLOEXEC)),
      said_(::memfd_create("stderr", MFD_CLOEXEC)),
      handed_on_(handed_on < 0 ? -1 : ::fcntl(handed_on, F_DUPFD_CLOEXEC, kHandedOn + 1)) {
  if (!null_ || !said_) throw SystemError("open", words_.front());
  for (std::string& word : words_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
  ::posix_spawn_file_actions_init(&actions_);
  ::posix_spawn_file_actions_adddup2(&actions_, null_.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions_, null_.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions_, said_.get(), STDERR_FILENO);
  if (handed_on_) ::posix_spawn_file_actions_adddup2(&actions_, handed_on_.get(), kHandedOn);
}

Command::~Command() {
  ::posix_spawn_file_actions_destroy(&actions_);
}

void Command::run() {
  if (handed_on_) ::lseek(handed_on_.get(), 0, SEEK_SET);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, argv_[0], &actions_, nullptr, argv_.data(), environ);
  if (failed != 0) throw SystemError("posix_spawn", words_.front(), failed);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw SystemError("waitpid", words_.front());
  }
  if (status == 0) return;
  const std::string how = WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status))
                                            : "signal " + std::to_string(WTERMSIG(status));
  throw std::runtime_error(words_.front() + ": " + how + what_it_said());
}

std::string Command::what_it_said() {
  char text[400];
  const ssize_t size = ::pread(said_.get(), text, sizeof text, 0);
  if (::ftruncate(said_.get(), 0) != 0 || ::lseek(said_.get(), 0, SEEK_SET) != 0 || size <= 0) return "";
  std::string said(text, static_cast<std::size_t>(size));
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return ": " + printable(said);
}

std::string find_program(const std::string& name) {
  const char* const path = ::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

}  // namespace evalrun::bench
