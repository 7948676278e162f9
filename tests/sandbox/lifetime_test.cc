// The sandbox dies with its supervisor, at every moment of its life, and a thousand runs leave nothing behind.

#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

extern char** environ;

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;

// A probe under a name of its own, so that its processes can be told from any other test's.
class NamedProbe {
 public:
  explicit NamedProbe(const TemporaryFolder& folder) {
    static int count = 0;
    name_ = "life" + std::to_string(::getpid() % 100000) + "x" + std::to_string(count++);
    std::filesystem::copy_file(probe("probe"), folder.path() / name_);
  }
  [[nodiscard]] std::string plan(const std::string& words, const std::string& more = "") const {
    return "argv = [\"/work/" + name_ + "\", " + words + "]\n" + more + "[files]\n\"" + name_ + "\" = { from = \"" +
           name_ + "\", mode = \"0755\" }\n";
  }
  [[nodiscard]] int live() const {
    int count = 0;
    DIR* proc = ::opendir("/proc");
    while (const dirent* entry = ::readdir(proc)) {
      if (read_file(std::filesystem::path("/proc") / entry->d_name / "comm") == name_ + "\n") ++count;
    }
    ::closedir(proc);
    return count;
  }
  [[nodiscard]] bool dies_within(std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (live() > 0) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

 private:
  std::string name_;
};

pid_t start(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawn(&pid, words[0], nullptr, nullptr, words.data(), environ) != 0) return -1;
  return pid;
}

TEST(lifetime, killing_the_supervisor_while_the_program_runs_ends_everything) {
  const TemporaryFolder folder;
  const NamedProbe named(folder);
  const std::string plan =
      folder.write("plan.toml", named.plan("\"daemon\", \"60\", \"fork\", \"5\", \"sleep\", \"60\"")).string();
  const pid_t supervisor = start({evalrun().string(), "run", plan, "--output", "/dev/null"});
  while (named.live() < 7) std::this_thread::sleep_for(1ms);
  ::kill(supervisor, SIGKILL);
  ::waitpid(supervisor, nullptr, 0);
  EXPECT_TRUE(named.dies_within(1s));
  const auto end = std::chrono::steady_clock::now() + 1s;
  while (!groups_of(supervisor).empty() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(groups_of(supervisor), std::vector<std::string>());
}

TEST(lifetime, killing_the_supervisor_at_any_moment_leaves_nothing_within_a_second) {
  const TemporaryFolder folder;
  const NamedProbe named(folder);
  const std::string plan = folder.write("plan.toml", named.plan("\"daemon\", \"60\", \"sleep\", \"0.01\"")).string();
  std::set<pid_t> inits, supervisors;
  // Set-up, the program, teardown: 60 moments spread over one and a half times what a run takes now meet all three.
  const auto before = std::chrono::steady_clock::now();
  ::waitpid(start({evalrun().string(), "run", plan, "--output", "/dev/null"}), nullptr, 0);
  const auto step = (std::chrono::steady_clock::now() - before) * 3 / 2 / 60;
  for (int moment = 0; moment < 60; ++moment) {
    const pid_t supervisor = start({evalrun().string(), "run", plan, "--output", "/dev/null"});
    supervisors.insert(supervisor);
    const auto end = std::chrono::steady_clock::now() + step * moment;
    while (std::chrono::steady_clock::now() < end) {
      for (const pid_t child : children_of(supervisor)) inits.insert(child);
    }
    ::kill(supervisor, SIGKILL);
    ::waitpid(supervisor, nullptr, 0);
  }
  EXPECT_TRUE(named.dies_within(1s));
  const auto end = std::chrono::steady_clock::now() + 1s;
  for (const pid_t init : inits) {
    while (!is_gone(init) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(is_gone(init)) << init;
  }
  for (const pid_t supervisor : supervisors) {
    while (!groups_of(supervisor).empty() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(groups_of(supervisor), std::vector<std::string>());
  }
  EXPECT_GT(inits.size(), 20U) << "too few kills met a living sandbox";
}

TEST(lifetime, ctrl_c_ends_the_run_and_prints_what_is_known) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const TemporaryFolder folder;
    const NamedProbe named(folder);
    const std::string plan = folder.write("plan.toml", named.plan("\"say\", \"begun\", \"sleep\", \"60\"")).string();
    const std::string result = (folder.path() / "result").string();
    const pid_t supervisor = start({evalrun().string(), "run", plan, "--output", result});
    while (named.live() < 1) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(50ms);
    ::kill(supervisor, signal);
    int status = 0;
    ::waitpid(supervisor, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 3);
    const nlohmann::json json = nlohmann::json::parse(read_file(result));
    EXPECT_EQ(json.at("verdict"), "CANCELLED");
    EXPECT_EQ(json.at("outcome").at("kind"), "cancelled");
    EXPECT_EQ(json.at("outcome").at("signal"), signal);
    EXPECT_EQ(json.at("outcome").at("name"), "SIG" + std::string(::sigabbrev_np(signal)));
    EXPECT_EQ(json.at("stdout").at("text"), "begun\n");
    EXPECT_EQ(named.live(), 0);
  }
}

std::size_t entries_of(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

std::size_t lines_of(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(lifetime, a_thousand_runs_leave_no_process_mount_or_file) {
  const TemporaryFolder folder;
  const NamedProbe named(folder);
  const std::string plan =
      folder.write("plan.toml", named.plan("\"daemon\", \"60\", \"files\", \"/tmp\", \"10\"")).string();
  const std::size_t mounts = lines_of("/proc/self/mountinfo");
  const std::size_t files = entries_of(folder.path());
  const Finished all =
      run_command({"sh", "-c", "for i in $(seq 1000); do \"$0\" run \"$1\" --output /dev/null || exit 1; done",
                   evalrun().string(), plan});
  EXPECT_EQ(all.exit_code, 0) << all.error_output;
  EXPECT_EQ(named.live(), 0);
  EXPECT_EQ(lines_of("/proc/self/mountinfo"), mounts);
  EXPECT_EQ(entries_of(folder.path()), files);
}

}  // namespace
}  // namespace evalrun::test
