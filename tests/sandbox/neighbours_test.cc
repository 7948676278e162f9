// A run's fault stays that run's: programs that try to make the supervisor's calls on their behalf fail, each beside
// four that do not; and jobs that end evalrun itself. In a run, in a batch with its cells, in a grading.

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <sstream>
#include <thread>

#include "runtime/core/units.h"
#include "runtime/loop/event_loop.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

extern char** environ;

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

std::map<std::string, nlohmann::json> by_id(const std::string& output) {
  std::map<std::string, nlohmann::json> lines;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) {
    const auto parsed = nlohmann::json::parse(line);
    EXPECT_TRUE(lines.emplace(parsed.at("id"), parsed).second) << "twice: " << line.substr(0, 200);
  }
  return lines;
}

std::string summary_of(const nlohmann::json& result) {
  return result.value("verdict", "?") + " " + result.at("stdout").value("text", "");
}

// What a program does with its own limit, and what comes of it, whoever runs evalrun.
struct OwnLimit {
  const char* name;
  Words words;
  std::string output;
};

const std::vector<OwnLimit>& own_limits() {
  static const std::vector<OwnLimit> kAll = {
      {"a_program_that_bounds_nothing_has_what_the_plan_gives", {"map-mib", "100"}, "map-mib OK\nlimit 1024\n"},
      {"one_that_lowers_both_has_its_own",
       {"own-address-space", "64", "64", "map-mib", "1"},
       "own-address-space OK\nmap-mib OK\nlimit 64\n"},
      {"one_that_asks_for_more_than_its_own_is_refused_by_the_kernel",
       {"own-address-space", "64", "64", "map-mib", "100"},
       "own-address-space OK\nmap-mib ENOMEM\nlimit 64\n"},
      {"one_that_lowers_what_it_may_raise_again_keeps_it_low",
       {"own-address-space", "64", "0", "map-mib", "100"},
       "own-address-space OK\nmap-mib ENOMEM\nlimit 64\n"},
      {"one_that_raises_it_again_has_what_the_plan_gives",
       {"own-address-space", "64", "0", "map-mib", "1", "own-address-space", "1024", "0", "map-mib", "100"},
       "own-address-space OK\nmap-mib OK\nlimit 64\nown-address-space OK\nmap-mib OK\nlimit 1024\n"},
  };
  return kAll;
}

constexpr const char* kBound = "limits.cpus = \"any\"\nlimits.address_space = \"1GiB\"\n";

TEST(own_limit, of_a_run_is_the_programs_and_no_fault_of_the_sandbox) {
  for (const OwnLimit& one : own_limits()) {
    const PlanRun run = run_plan(mounted_probe_plan("probe", one.words, kBound));
    EXPECT_EQ(run.command.exit_code, 0) << one.name << run.command.error_output;
    EXPECT_EQ(summary_of(run.result), "OK " + one.output) << one.name;
  }
}

TEST(own_limit, of_a_job_of_a_batch_ends_no_other_and_the_journal_goes_on) {
  const TemporaryFolder folder;
  folder.write("plan.toml", mounted_probe_plan("probe", {}, kBound));
  std::string jobs;
  for (int round = 0; round < 3; ++round) {
    for (const OwnLimit& one : own_limits()) {
      Words argv = one.words;
      argv.insert(argv.begin(), "/opt/probe");
      jobs += nlohmann::json({{"id", one.name + std::to_string(round)}, {"argv", argv}}).dump() + "\n";
    }
  }
  folder.write("jobs.jsonl", jobs);
  const Words command = {evalrun().string(),
                         "batch",
                         "--plan",
                         (folder.path() / "plan.toml").string(),
                         "--jobs",
                         "5",
                         "--journal",
                         (folder.path() / "log").string(),
                         (folder.path() / "jobs.jsonl").string()};
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Finished finished = run_command(command);
    EXPECT_EQ(finished.exit_code, 0) << finished.error_output;
    auto lines = by_id(finished.output);
    for (int round = 0; round < 3; ++round) {
      for (const OwnLimit& one : own_limits()) {
        EXPECT_EQ(summary_of(lines[one.name + std::to_string(round)]["result"]), "OK " + one.output) << one.name;
      }
    }
  }
}

TEST(own_limit, of_a_graded_program_is_its_own_in_every_case) {
  for (const OwnLimit& one : own_limits()) {
    std::string cases;
    for (int i = 0; i < 5; ++i) {
      cases += "[[case]]\nname = \"" + std::to_string(i) +
               "\"\nstdin = \"null\"\nexpect = { text = " + nlohmann::json(one.output).dump() + " }\n";
    }
    const PlanRun run = run_plan(mounted_probe_plan("probe", one.words, kBound + cases));
    EXPECT_EQ(run.verdict(), "AC") << one.name << run.command.output << run.command.error_output;
  }
}

// A batch whose supervisor is killed, and the same command again.
class Killed {
 public:
  Killed() {
    folder_.write("plan.toml", mounted_probe_plan("probe", {}, "limits.cpus = \"any\"\nlimits.wall = \"60s\"\n"));
    std::string jobs;
    for (const std::string id : {"a", "b", "endless", "c", "d"}) {
      const Words argv = {"/opt/probe", "sleep", id == "endless" ? "50" : "0.01"};
      jobs += nlohmann::json({{"id", id}, {"argv", argv}}).dump() + "\n";
    }
    folder_.write("jobs.jsonl", jobs);
  }

  [[nodiscard]] Words command() const {
    return {evalrun().string(), "batch",     "--plan",  path("plan.toml"), "--jobs",          "5",
            "--journal",        path("log"), "--order", "completion",      path("jobs.jsonl")};
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] std::string journal() const { return read_file(path("log")); }

  // Until the journal has `count` results and nothing but the endless job can be running; the exit status, or -signal.
  int kill_when_done(std::size_t count, int signal) const {
    const pid_t pid = start();
    for (int i = 0; i < 3000 && results() < count; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(results(), count);
    std::this_thread::sleep_for(300ms);
    ::kill(pid, signal);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t start() const {
    const Words words = command();
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    return pid;
  }
  [[nodiscard]] std::size_t results() const {
    std::istringstream lines(std::filesystem::exists(path("log")) ? journal() : "");
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find("\"result\":") != line.npos ? 1 : 0;
    return count;
  }

  TemporaryFolder folder_;
};

TEST(given_up, is_the_job_during_which_evalrun_was_killed_twice_and_no_other) {
  const Killed batch;
  EXPECT_EQ(batch.kill_when_done(4, SIGKILL), -SIGKILL);
  EXPECT_EQ(batch.kill_when_done(4, SIGKILL), -SIGKILL);
  for (int again = 0; again < 2; ++again) {
    const Finished last = run_command(batch.command());
    EXPECT_EQ(last.exit_code, 3) << last.error_output;
    auto lines = by_id(last.output);
    ASSERT_EQ(lines.size(), 5U);
    for (const char* id : {"a", "b", "c", "d"}) EXPECT_EQ(lines[id].at("result").at("verdict"), "OK") << id;
    const auto& given_up = lines["endless"].at("result");
    EXPECT_EQ(given_up.at("verdict"), "IE");
    EXPECT_EQ(given_up.at("outcome").at("kind"), "sandbox_error");
    EXPECT_EQ(given_up.at("outcome").at("operation"), "give up");
    EXPECT_EQ(given_up.at("outcome").at("subject"), "endless");
    EXPECT_NE(given_up.at("message").get<std::string>().find("started twice"), std::string::npos);
  }
}

TEST(given_up, is_no_job_that_was_interrupted_however_often) {
  const Killed batch;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(batch.kill_when_done(4, SIGTERM), 3);
  // Killed once more, it is started again: one start without an end is no sign of guilt.
  EXPECT_EQ(batch.kill_when_done(4, SIGKILL), -SIGKILL);
  EXPECT_EQ(batch.kill_when_done(4, SIGTERM), 3);
  EXPECT_EQ(batch.journal().find("give up"), std::string::npos);
}

// ---- The loop itself ------------------------------------------------------------------------------------------------

class Remembering final : public loop::LoopOwner {
 public:
  void on_failure(std::exception_ptr what) noexcept override { failures.push_back(std::move(what)); }
  std::vector<std::exception_ptr> failures;
};

TEST(loop_owner, is_told_what_its_handler_threw_and_the_other_handlers_run_all_the_same) {
  loop::EventLoop loop;
  Remembering one, other;
  loop::Timer a, b, c;
  int others_calls = 0;
  for (loop::Timer* timer : {&a, &b, &c}) timer->set({});
  loop.watch(a.get(), loop::Interest::Read, one, [&] {
    a.acknowledge();
    throw std::bad_alloc();
  });
  loop.watch(b.get(), loop::Interest::Read, other, [&] {
    b.acknowledge();
    ++others_calls;
  });
  loop.watch(c.get(), loop::Interest::Read, loop.caller(), [&] {
    c.acknowledge();
    throw std::runtime_error("for everybody");
  });
  EXPECT_THROW(loop.run_once(1000ms), std::runtime_error);
  EXPECT_EQ(one.failures.size(), 1U);
  EXPECT_EQ(other.failures.size(), 0U);
  EXPECT_EQ(others_calls, 1);
  EXPECT_NO_THROW(loop.run_once(0ms));
}

TEST(loop_owner, of_a_watch_that_could_not_be_made_is_never_called_and_the_earlier_watch_stays) {
  loop::EventLoop loop;
  Remembering owner;
  loop::Timer timer;
  int calls = 0;
  loop.watch(timer.get(), loop::Interest::Read, owner, [&] {
    timer.acknowledge();
    ++calls;
  });
  EXPECT_THROW(loop.watch(timer.get(), loop::Interest::Read, owner, [&] { calls += 100; }), std::exception);
  EXPECT_THROW(loop.watch(9999, loop::Interest::Read, owner, [&] { calls += 100; }), std::exception);
  timer.set({});
  loop.run_once(1000ms);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace evalrun::test
