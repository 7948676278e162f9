// What the kernel counts for a user and not for a run: one run takes as much as it can, and a neighbour, and the user
// of the host who started both, still get what they need. docs/quotas.md has the table.

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kLong = "limits.wall = \"100s\"\nlimits.cpu = \"100s\"\nlimits.inodes = 5000\n";

PlanRun run_shares(const Words& words, const std::string& more = kLong) {
  return run_plan(probe_plan("shares", words, more));
}

// A run that has done its words and holds what it took until it is ended.
class Holder {
 public:
  explicit Holder(Words words, const std::string& more = kLong) {
    words.insert(words.end(), {"hold", "90"});
    const std::string out = folder_.path() / "out";
    const std::string plan =
        folder_.write("plan.toml", probe_plan("shares", words, "stdout = { file = \"out\" }\n" + more)).string();
    const std::string program = evalrun().string();
    const std::string result = folder_.path() / "result";
    const char* argv[] = {program.c_str(), "run", plan.c_str(), "--output", result.c_str(), nullptr};
    if (::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, const_cast<char**>(argv), environ) != 0) pid_ = -1;
    for (int i = 0; i < 6000 && !said_.ends_with("holding\n"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      said_ = read_file(out);
    }
  }
  ~Holder() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  [[nodiscard]] const std::string& said() const { return said_; }
  [[nodiscard]] bool still_holds() const { return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  std::string said_;
};

// ---- inotify --------------------------------------------------------------------------------------------------------

TEST(quotas, a_run_has_four_inotify_instances) {
  EXPECT_EQ(run_shares({"inotifies", "3"}).output(), "inotifies 3 OK\n");
  EXPECT_EQ(run_shares({"inotifies", "4"}).output(), "inotifies 4 OK\n");
  EXPECT_EQ(run_shares({"inotifies", "200"}).output(), "inotifies 4 EMFILE\n");
}

TEST(quotas, many_runs_that_hold_inotify_instances_leave_some_to_a_neighbour_and_to_the_host) {
  const Holder first({"inotifies", "200"});
  const Holder second({"inotifies", "200"});
  ASSERT_EQ(first.said(), "inotifies 4 EMFILE\nholding\n");
  ASSERT_EQ(second.said(), "inotifies 4 EMFILE\nholding\n");
  EXPECT_EQ(run_shares({"inotifies", "2"}).output(), "inotifies 2 OK\n");
  const int own = ::inotify_init1(IN_CLOEXEC);
  EXPECT_GE(own, 0) << ::strerrorname_np(errno);
  ::close(own);
  EXPECT_TRUE(first.still_holds());
  EXPECT_TRUE(second.still_holds());
}

TEST(quotas, a_run_has_1024_inotify_watches_and_a_neighbour_has_its_own) {
  EXPECT_EQ(run_shares({"watches", "100"}).output(), "watches 100 OK\n");
  const Holder holder({"watches", "2000"});
  ASSERT_EQ(holder.said(), "watches 1024 ENOSPC\nholding\n");
  EXPECT_EQ(run_shares({"watches", "20"}).output(), "watches 20 OK\n");
  EXPECT_TRUE(holder.still_holds());
}

// ---- epoll ----------------------------------------------------------------------------------------------------------

TEST(quotas, a_run_adds_32768_descriptors_to_its_epolls) {
  EXPECT_EQ(run_shares({"epoll-watches", "32767"}).output(), "epoll watches 32767 OK\n");
  const PlanRun all = run_shares({"epoll-watches", "32768"});
  EXPECT_EQ(all.output(), "epoll watches 32768 OK\n");
  EXPECT_EQ(shown(all).find("epoll_ctl was refused"), std::string::npos) << shown(all);
  const PlanRun more = run_shares({"epoll-watches", "40000"});
  EXPECT_EQ(more.output(), "epoll watches 32768 ENOSPC\n");
  EXPECT_NE(shown(more).find("epoll_ctl was refused 1 times: a run adds 32768"), std::string::npos) << shown(more);
  // The way out that the note names.
  EXPECT_EQ(run_shares({"epoll-watches", "40000"}, kLong + std::string("seccomp.allow = [\"epoll_ctl\"]\n")).output(),
            "epoll watches 40000 OK\n");
}

TEST(quotas, epoll_works_as_ever_beside_a_run_that_holds_all_the_watches_that_it_gets) {
  const std::string all_of_it =
      "epoll add OK\nepoll change OK\nepoll ready 1\nepoll remove OK\nepoll nested OK\nepoll of itself EINVAL\n";
  EXPECT_EQ(run_shares({"epoll"}).output(), all_of_it);
  const Holder holder({"epoll-watches", "10000"});
  ASSERT_EQ(holder.said(), "epoll watches 10000 OK\nholding\n");
  EXPECT_EQ(run_shares({"epoll"}).output(), all_of_it);
  const int own = ::epoll_create1(EPOLL_CLOEXEC);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  epoll_event event{};
  EXPECT_EQ(::epoll_ctl(own, EPOLL_CTL_ADD, ends[0], &event), 0);
  for (const int each : {own, ends[0], ends[1]}) ::close(each);
  EXPECT_TRUE(holder.still_holds());
}

// ---- Signals, timers, locked memory ---------------------------------------------------------------------------------

TEST(quotas, a_run_has_256_pending_signals_and_timers_together) {
  EXPECT_EQ(run_shares({"signals", "256"}).output(), "signals 256 OK\n");
  EXPECT_EQ(run_shares({"signals", "1000"}).output(), "signals 256 EAGAIN\n");
  EXPECT_EQ(run_shares({"timers", "255"}).output(), "timers 255 OK\n");
  EXPECT_EQ(run_shares({"timers", "1000"}).output(), "timers 256 EAGAIN\n");
}

TEST(quotas, a_neighbour_and_the_host_queue_signals_beside_a_run_that_has_its_fill) {
  const Holder holder({"timers", "1000"});
  ASSERT_EQ(holder.said(), "timers 256 EAGAIN\nholding\n");
  EXPECT_EQ(run_shares({"timers", "200", "then", "signals", "20"}).output(), "timers 200 OK\nsignals 20 OK\n");
  sigevent quiet{};
  quiet.sigev_notify = SIGEV_NONE;
  timer_t own{};
  ASSERT_EQ(::timer_create(CLOCK_MONOTONIC, &quiet, &own), 0) << ::strerrorname_np(errno);
  ::timer_delete(own);
  EXPECT_TRUE(holder.still_holds());
}

TEST(quotas, locked_memory_is_counted_for_each_process_and_a_neighbour_has_its_own) {
  EXPECT_EQ(run_shares({"lock", "128"}).output(), "mlock 128K ENOMEM\n");
  const Holder holder({"lock", "64"});
  ASSERT_EQ(holder.said(), "mlock 64K OK\nholding\n");
  EXPECT_EQ(run_shares({"lock", "64"}).output(), "mlock 64K OK\n");
  EXPECT_TRUE(holder.still_holds());
}

// ---- Counted for the host uid alone: root's runs have one each ------------------------------------------------------

TEST(quotas, descriptors_in_flight_are_bounded_by_open_files) {
  EXPECT_EQ(run_shares({"in-flight", "100"}).output(), "in flight 100 OK\n");
  const std::string said = run_shares({"in-flight", "5000"}).output();
  EXPECT_TRUE(said.ends_with(" ETOOMANYREFS\n")) << said;
  // Of an ordinary user other runs may have some.
  EXPECT_LE(std::stol(said.substr(std::string("in flight ").size())), 257) << said;
}

TEST(quotas, a_run_that_holds_descriptors_in_flight_stops_no_other_run) {
  const Holder holder({"in-flight", "5000"});
  ASSERT_TRUE(holder.said().ends_with(" ETOOMANYREFS\nholding\n")) << holder.said();
  // The supervisor sends descriptors, too.
  EXPECT_EQ(run_shares({"epoll"}).verdict(), "OK");
  if (::geteuid() == 0) {
    EXPECT_EQ(run_shares({"in-flight", "200"}).output(), "in flight 200 OK\n");
  }
  EXPECT_TRUE(holder.still_holds());
}

TEST(quotas, a_neighbour_has_pipes_beside_a_run_that_has_its_fill) {
  const Holder holder({"pipes", "1000"});
  ASSERT_EQ(holder.said(), "pipes 126 EMFILE\nholding\n");
  EXPECT_EQ(run_shares({"pipes", "100"}).output(), "pipes 100 OK\n");
  EXPECT_TRUE(holder.still_holds());
}

// ---- Cells ----------------------------------------------------------------------------------------------------------

// Runs that follow each other share a user namespace.
TEST(quotas, runs_that_follow_each_other_in_a_cell_find_what_the_first_of_them_found) {
  const TemporaryFolder folder;
  const std::string plan =
      folder
          .write("plan.toml", mounted_probe_plan("shares", {"inotifies", "200", "then", "timers", "1000", "then",
                                                            "epoll-watches", "50"}))
          .string();
  std::string jobs;
  for (int i = 0; i < 12; ++i) jobs += "{\"id\": \"" + std::to_string(i) + "\"}\n";
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", plan, "--jobs", "2"}, jobs);
  std::istringstream lines(batch.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const nlohmann::json result = nlohmann::json::parse(line).at("result");
    EXPECT_EQ(result.at("stdout").at("text"), "inotifies 4 EMFILE\ntimers 256 EAGAIN\nepoll watches 50 OK\n") << line;
  }
  EXPECT_EQ(count, 12) << batch.error_output;
}

}  // namespace
}  // namespace evalrun::test
