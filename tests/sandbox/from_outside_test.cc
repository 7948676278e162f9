// The processes of a run, looked at from outside while the program runs: /proc tells what the kernel holds them to,
// whatever calls were made to get there.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

extern char** environ;

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// No account of any host; ./dev test uses it too.
constexpr const char* kOrdinaryUser = "20001";

// Words that start a command as an ordinary user; none where this is one.
std::vector<std::string> as_ordinary_user() {
  if (::geteuid() != 0) return {};
  return {"setpriv", "--reuid", kOrdinaryUser, "--regid", kOrdinaryUser, "--clear-groups"};
}

std::vector<std::string> operator+(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

enum class Who { Caller, OrdinaryUser };

// `evalrun run` with a program that sleeps: its supervisor, its init, and the program itself.
class LiveRun {
 public:
  explicit LiveRun(Who who, const std::vector<std::string>& before = {}, const std::string& wall = "70s") {
    // Copies that the ordinary user may read.
    const fs::path program = folder_.path() / "sleeper";
    fs::copy_file(probe("probe"), program);
    const std::string plan =
        folder_
            .write("plan.toml", "argv = [\"/work/sleeper\", \"sleep\", \"60\"]\nlimits.wall = \"" + wall +
                                    "\"\n"
                                    "files.\"sleeper\" = { from = \"sleeper\", mode = \"0755\" }\n")
            .string();
    std::vector<std::string> words = before;
    std::string command = evalrun().string();
    if (who == Who::OrdinaryUser && ::geteuid() == 0) {
      command = (folder_.path() / "evalrun").string();
      fs::copy_file(build_dir() / "evalrun", command);
      words = words + as_ordinary_user();
    }
    words = words + std::vector<std::string>{command, "run", plan, "--output", "/dev/null"};
    for (const std::string& setting : accepted_lacks()) words = words + std::vector<std::string>{"--set", setting};
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    if (::posix_spawnp(&supervisor_, argv[0], nullptr, nullptr, argv.data(), environ) != 0) supervisor_ = -1;
    wait_for_program();
  }
  ~LiveRun() {
    if (supervisor_ <= 0) return;
    ::kill(supervisor_, SIGKILL);  // and what is inside dies with it
    ::waitpid(supervisor_, nullptr, 0);
  }
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  // The supervisor's exit status; -1 where it does not end in time.
  int exit_status_within(std::chrono::seconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    int status = 0;
    while (::waitpid(supervisor_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) return -1;
      std::this_thread::sleep_for(10ms);
    }
    supervisor_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  [[nodiscard]] bool runs() const { return program_ > 0; }
  [[nodiscard]] pid_t init() const { return init_; }
  [[nodiscard]] pid_t program() const { return program_; }

 private:
  void wait_for_program() {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (supervisor_ > 0 && std::chrono::steady_clock::now() < end) {
      for (const pid_t child : children_of(supervisor_)) {
        if (!is_init(child)) continue;
        for (const pid_t inside : children_of(child)) {
          if (status_of(inside, "Name") != "sleeper") continue;
          init_ = child;
          program_ = inside;
          return;
        }
      }
      std::this_thread::sleep_for(2ms);
    }
  }

  TemporaryFolder folder_;
  pid_t supervisor_ = -1;
  pid_t init_ = -1;
  pid_t program_ = -1;
};

void expect_locked_down(pid_t pid, const char* filters) {
  EXPECT_EQ(status_of(pid, "Seccomp"), "2");
  EXPECT_EQ(status_of(pid, "Seccomp_filters"), filters);
  EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status_of(pid, set), "0000000000000000") << set;
  }
}

TEST(from_outside, init_has_one_filter_and_the_program_two_and_neither_has_a_capability) {
  const LiveRun run(Who::Caller);
  ASSERT_TRUE(run.runs());
  {
    SCOPED_TRACE("init");
    expect_locked_down(run.init(), "1");
  }
  {
    SCOPED_TRACE("the program");
    expect_locked_down(run.program(), "2");
  }
}

TEST(from_outside, the_program_has_no_signal_blocked_ignored_or_caught) {
  const LiveRun run(Who::Caller);
  ASSERT_TRUE(run.runs());
  for (const char* set : {"SigBlk", "SigIgn", "SigCgt"})
    EXPECT_EQ(status_of(run.program(), set), "0000000000000000") << set;
}

TEST(from_outside, no_process_of_a_run_has_a_supplementary_group_of_roots) {
  if (::geteuid() != 0) {
    // An ordinary user's cannot be dropped (user_namespaces(7)): they are what the caller has, no more.
    const LiveRun own(Who::Caller);
    ASSERT_TRUE(own.runs());
    EXPECT_EQ(status_of(own.init(), "Groups"), status_of(::getpid(), "Groups"));
    EXPECT_EQ(status_of(own.program(), "Groups"), status_of(::getpid(), "Groups"));
    return;
  }
  const LiveRun run(Who::Caller, {"setpriv", "--groups", "6,20"});
  ASSERT_TRUE(run.runs());
  EXPECT_EQ(status_of(run.init(), "Groups"), "");
  EXPECT_EQ(status_of(run.program(), "Groups"), "");
}

// As one of root's runs is nobody's but its own. An ordinary user's runs have his own uid: not being dumpable is all
// that keeps his other processes out of init. The twin is the program, which execve makes an ordinary process.
TEST(from_outside, an_ordinary_user_cannot_open_his_own_runs_init) {
  const LiveRun run(Who::OrdinaryUser);
  ASSERT_TRUE(run.runs());
  const auto exe_of = [](pid_t pid) {
    return run_command(as_ordinary_user() +
                       std::vector<std::string>{"readlink", "/proc/" + std::to_string(pid) + "/exe"});
  };
  const Finished program = exe_of(run.program());
  EXPECT_EQ(program.exit_code, 0) << program.error_output;
  const Finished init = exe_of(run.init());
  EXPECT_NE(init.exit_code, 0) << init.output;
  EXPECT_EQ(init.output, "");
}

// init cannot end the run: the supervisor does.
TEST(from_outside, a_run_whose_init_does_not_answer_ends_at_its_limit) {
  LiveRun run(Who::Caller, {}, "1s");
  ASSERT_TRUE(run.runs());
  ASSERT_EQ(::kill(run.init(), SIGSTOP), 0);
  EXPECT_EQ(run.exit_status_within(20s), 1) << "1: the program's fault, here its time";
}

TEST(from_outside, init_keeps_one_descriptor) {
  if (::geteuid() != 0) {
    // Nobody but root may look: see the test above.
    const LiveRun own(Who::Caller);
    ASSERT_TRUE(own.runs());
    EXPECT_EQ(::access(("/proc/" + std::to_string(own.init()) + "/fd").c_str(), R_OK), -1);
    return;
  }
  const LiveRun run(Who::Caller);
  ASSERT_TRUE(run.runs());
  std::string open;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(run.init()) + "/fd")) {
    open += entry.path().filename().string() + " ";
  }
  EXPECT_EQ(open, "0 ");
}

}  // namespace
}  // namespace evalrun::test
