// Looking at a tree of processes below one that plays init.

#include "runtime/measure/tree_usage.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace evalrun::supervise {
namespace {

// A child that lives until this goes.
class Child {
 public:
  explicit Child(const std::function<void()>& act) : pid_(::fork()) {
    if (pid_ != 0) return;
    act();
    ::_exit(0);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Until its first thread is in that state (proc(5), /proc/PID/stat).
  void wait_for_state(char wanted) const {
    for (;;) {
      std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
      std::string text;
      std::getline(file, text);
      const auto name_end = text.rfind(')');
      if (name_end != std::string::npos && text[name_end + 2] == wanted) return;
      std::this_thread::yield();
    }
  }

 private:
  pid_t pid_;
};

void sleep_for_ever() {
  for (;;) ::pause();
}

void burn_for_ever() {
  for (volatile unsigned turn = 0;;) turn = turn + 1;
}

TEST(tree_usage, a_process_that_burns_runs_even_while_it_waits_for_a_core) {
  const measure::TreeSampler sampler(::getpid());
  EXPECT_FALSE(sampler.is_ready_to_run());
  const Child burning(burn_for_ever), another(burn_for_ever), third(burn_for_ever);
  for (int look = 0; look < 100; ++look) EXPECT_TRUE(sampler.is_ready_to_run());
}

TEST(tree_usage, a_process_that_sleeps_or_is_stopped_does_not_run) {
  const measure::TreeSampler sampler(::getpid());
  const Child sleeping(sleep_for_ever);
  sleeping.wait_for_state('S');
  const Child stopped([] { ::raise(SIGSTOP); });
  stopped.wait_for_state('T');
  EXPECT_FALSE(sampler.is_ready_to_run());
}

TEST(tree_usage, a_second_thread_that_burns_runs) {
  const measure::TreeSampler sampler(::getpid());
  const Child two_threads([] {
    std::thread(burn_for_ever).detach();
    sleep_for_ever();
  });
  two_threads.wait_for_state('S');
  EXPECT_TRUE(sampler.is_ready_to_run());
}

TEST(tree_usage, a_childs_child_that_burns_runs) {
  const measure::TreeSampler sampler(::getpid());
  const Child parent([] {
    if (::fork() == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != 1) burn_for_ever();
      ::_exit(0);
    }
    sleep_for_ever();
  });
  parent.wait_for_state('S');
  EXPECT_TRUE(sampler.is_ready_to_run());
}

}  // namespace
}  // namespace evalrun::supervise
