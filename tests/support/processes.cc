#include "tests/support/processes.h"

#include <filesystem>
#include <sstream>

#include "tests/support/command.h"

namespace evalrun::test {
namespace {

std::set<pid_t> children_in(const std::string& task) {
  std::istringstream list(read_file(task + "/children"));
  std::set<pid_t> all;
  for (pid_t child = 0; list >> child;) all.insert(child);
  return all;
}

}  // namespace

std::set<pid_t> children() {
  return children_in("/proc/thread-self");
}

std::set<pid_t> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  return children_in("/proc/" + number + "/task/" + number);
}

std::string status_of(pid_t pid, const std::string& name) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name + ":")) continue;
    const auto words = line.find_first_not_of(" \t", name.size() + 1);
    return words == std::string::npos ? "" : line.substr(words);
  }
  return "";
}

bool is_init(pid_t pid) {
  return status_of(pid, "NSpid").ends_with("\t1");
}

bool is_gone(pid_t pid) {
  const std::string state = status_of(pid, "State");
  return state.empty() || state.starts_with("Z");
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace evalrun::test
