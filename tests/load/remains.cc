#include "tests/load/remains.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "runtime/core/error.h"
#include "tests/support/command.h"

extern char** environ;

namespace evalrun::test {

StartedCommand::StartedCommand(const std::vector<std::string>& argv, const std::filesystem::path& folder) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int stream : {0, 1, 2}) ::posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const int failed = ::posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw SystemError("posix_spawn", argv[0], failed);
}

StartedCommand::~StartedCommand() {
  kill_at_once();
}

int StartedCommand::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void StartedCommand::kill_at_once() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  wait();
}

std::string new_marker() {
  static int count = 0;
  return "load" + std::to_string(::getpid()) + "x" + std::to_string(count++) + "x";
}

std::vector<std::string> processes_with(const std::string& marker) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string line = read_file(entry.path() / "cmdline");
    if (line.find(marker) == std::string::npos) continue;
    std::ranges::replace(line, '\0', ' ');
    found.push_back("process " + pid + ": " + line);
  }
  return found;
}

namespace {

std::int64_t since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// Before this program started nothing it knows of made a group: process numbers come back.
const std::int64_t kStart = since_boot();

}  // namespace

std::vector<std::string> groups_of(pid_t supervisor) {
  const std::string prefix = "evalrun-" + std::to_string(supervisor) + "-";
  std::vector<std::string> found;
  std::error_code ignored;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (auto at = Walk("/sys/fs/cgroup", std::filesystem::directory_options::skip_permission_denied, ignored);
       at != Walk(); at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || std::stoll(name.substr(prefix.size())) < kStart) continue;
    found.push_back("group " + at->path().string());
  }
  return found;
}

std::set<std::string> mounts() {
  std::set<std::string> lines;
  std::ifstream list("/proc/self/mountinfo");
  for (std::string line; std::getline(list, line);) lines.insert(line);
  return lines;
}

std::vector<std::string> mounts_since(const std::set<std::string>& before) {
  std::vector<std::string> found;
  for (const std::string& line : mounts()) {
    if (!before.contains(line)) found.push_back("mount " + line);
  }
  return found;
}

std::vector<std::string> files_below(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    files.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> remains(const std::string& marker, pid_t supervisor,
                                 const std::set<std::string>& mounts_before) {
  std::vector<std::string> all = processes_with(marker);
  std::ranges::move(groups_of(supervisor), std::back_inserter(all));
  std::ranges::move(mounts_since(mounts_before), std::back_inserter(all));
  return all;
}

Clearing wait_for_nothing(const std::string& marker, pid_t supervisor, const std::set<std::string>& mounts_before,
                          Duration most) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  for (;;) {
    const auto before_look = Clock::now();
    Clearing clearing{before_look - begin, remains(marker, supervisor, mounts_before)};
    if (clearing.left.empty() || clearing.took > most) return clearing;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace evalrun::test
