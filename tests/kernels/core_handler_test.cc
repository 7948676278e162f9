// What the kernel does at a crash where core_pattern names a handler behind a pipe, which runs as root of the host. For
// the emulated machine alone (boot.sh): there the pattern is ours, and the handler leaves a mark for each crash in
// EVALRUN_CORE_MARKS. On a host core_pattern is nothing that a test may change.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/hostile/hostile.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

// Signals whose default is to dump (signal(7)).
constexpr int kDeadly[] = {SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ};

// The crashed process is not reaped before its handler has read all: the mark is there by then.
std::size_t marks() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& mark : std::filesystem::directory_iterator(std::getenv("EVALRUN_CORE_MARKS"))) {
    ++count;
  }
  return count;
}

int crash_outside(rlim_t limit, int signal) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const rlimit value{limit, limit};
    ::setrlimit(RLIMIT_CORE, &value);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

class CoreHandler : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(std::getenv("EVALRUN_CORE_MARKS"), nullptr) << "run by tests/kernels/boot.sh"; }
  std::size_t before_ = marks();
};

// The twins: without this every test below would pass for want of a handler.
TEST_F(CoreHandler, is_run_for_a_crash_outside_the_sandbox_under_a_limit_of_0_and_not_under_1) {
  for (const int signal : kDeadly) {
    const std::size_t before = marks();
    EXPECT_EQ(crash_outside(0, signal), signal);
    EXPECT_EQ(marks(), before + 1) << ::sigabbrev_np(signal);
    EXPECT_EQ(crash_outside(1, signal), signal);
    EXPECT_EQ(marks(), before + 1) << ::sigabbrev_np(signal);
  }
}

TEST_F(CoreHandler, is_not_run_for_a_program_that_dies_by_any_signal) {
  for (const int signal : kDeadly) {
    const PlanRun run = run_hostile({"crash-by", std::to_string(signal)});
    EXPECT_EQ(run.kind() == "signaled" ? run.result.at("outcome").at("signal").get<int>() : 0, signal) << shown(run);
  }
  EXPECT_EQ(marks(), before_);
}

TEST_F(CoreHandler, is_not_run_after_any_trick_with_the_limit_or_with_being_dumpable) {
  for (const char* profile : {"", "profile = \"build\"\n", "seccomp.profile = \"compatible\"\n",
                              "seccomp.allow = [\"setrlimit\", \"prlimit64\"]\n"}) {
    const PlanRun run = run_hostile({"change-core-limit", "then", "crash-by", "11"}, profile);
    EXPECT_EQ(run.verdict(), "RE") << shown(run);
    const PlanRun real = run_plan(probe_plan("verdict", {"null"}, profile));
    EXPECT_EQ(real.verdict(), "RE") << shown(real);
    const PlanRun child = run_plan(probe_plan("verdict", {"child-abort"}, profile));
    EXPECT_EQ(child.verdict(), "OK") << shown(child);
    const PlanRun executed = run_plan(probe_plan("verdict", {"execute", "/work/verdict", "abort"}, profile));
    EXPECT_EQ(executed.verdict(), "RE") << shown(executed);
  }
  EXPECT_EQ(marks(), before_);
}

TEST_F(CoreHandler, is_not_run_for_a_run_in_a_cell) {
  Supervisor supervisor;
  const Finish run = supervisor.run_warm(plan_of(cell_plan({"abort"})));
  EXPECT_EQ(run.summary(), "RE signal 6");
  EXPECT_NE(run.cell, nullptr);
  EXPECT_EQ(marks(), before_);
}

}  // namespace
}  // namespace evalrun::test
