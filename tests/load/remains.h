// What a run could leave on the host, looked for from outside, and a command that can be killed at any moment.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::test {

// A command of its own, started in `folder` with its streams on /dev/null. Killed and reaped at the end if it is still
// there.
class StartedCommand {
 public:
  StartedCommand(const std::vector<std::string>& argv, const std::filesystem::path& folder);
  ~StartedCommand();
  StartedCommand(const StartedCommand&) = delete;
  StartedCommand& operator=(const StartedCommand&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  int wait();           // the exit status; 128 + n where signal n ended it
  void kill_at_once();  // SIGKILL, and reaps

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
};

// A word that no other process of the machine has: made of this process and a count.
std::string new_marker();

// Command lines of the processes that have `marker` in theirs: the supervisor and its janitor by the plan's path, the
// sandbox's init and set-up (copies of the supervisor) too, the program by its name. Zombies have none.
std::vector<std::string> processes_with(const std::string& marker);

// Control groups that a supervisor made, in any tree.
std::vector<std::string> groups_of(pid_t supervisor);

// Lines of this mount namespace that are not in `before`.
std::set<std::string> mounts();
std::vector<std::string> mounts_since(const std::set<std::string>& before);

// All files and folders below, relative, sorted.
std::vector<std::string> files_below(const std::filesystem::path& folder);

// What is left of a supervisor's run, one line each: processes, groups, mounts.
std::vector<std::string> remains(const std::string& marker, pid_t supervisor,
                                 const std::set<std::string>& mounts_before);

// Looks until nothing is left, for `most` at the longest; how long that took, and what was left then.
struct Clearing {
  Duration took{};
  std::vector<std::string> left;
};
Clearing wait_for_nothing(const std::string& marker, pid_t supervisor, const std::set<std::string>& mounts_before,
                          Duration most);

}  // namespace evalrun::test
