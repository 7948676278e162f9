// RLIMIT_NOFILE of the process that has the engine: what is spawned has what it needs to its end, and what cannot have
// it is refused before anything is made.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/supervise/descriptor_reserve.h"
#include "tests/support/command.h"
#include "tests/support/processes.h"
#include "tests/support/sessions.h"

namespace evalrun::test {
namespace {

const SpawnOptions kFed{.stdin_from = StdinFrom::Caller};

// Runs `steps` in a process of its own with that limit.
template <typename Steps>
void with_limit(rlim_t limit, Steps steps) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(100);
    ::signal(SIGPIPE, SIG_DFL);
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    now.rlim_cur = limit;
    if (now.rlim_max < limit || ::setrlimit(RLIMIT_NOFILE, &now) != 0) ::_exit(3);
    steps();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 3) EVALRUN_SKIP("a hard limit of 4096 descriptors");
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "limit " << limit << ", status " << status;
}

std::string interactive_plan() {
  return probe_plan("probe", {"echo"}, "limits.cpus = \"any\"\nlimits.wall = \"60s\"\n");
}

// Spawns as many as there can be, or `most`; says what the first that was refused was told.
std::string spawn_all(Engine& engine, const CompiledPlan& plan, std::size_t most, std::vector<Session>& sessions) {
  try {
    while (sessions.size() < most) sessions.push_back(engine.spawn(plan, kFed));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Host) << error.what();
    EXPECT_EQ(error.details().error, EMFILE) << error.what();
    EXPECT_TRUE(error.details().retryable) << error.what();
    return error.what();
  }
  return "";
}

void expect_all_end_well(Engine& engine, std::vector<Session>& sessions, const std::string& said_before = "") {
  Hearing hearing;
  for (Session& session : sessions) {
    const std::string said = "to " + std::to_string(session.id());
    EXPECT_EQ(session.write_stdin(said).taken, said.size());
    session.close_stdin();
  }
  for (const Session& session : sessions) {
    const Result result = wait_for(engine, session, hearing);
    EXPECT_EQ(result.verdict(), Verdict::Ok) << result.json();
    EXPECT_EQ(result.standard_output(), said_before + "to " + std::to_string(session.id()));
  }
}

class LibraryDescriptors : public testing::TestWithParam<unsigned> {};

// None of them was dispatched before the last was spawned: all that they open on their way is still to come.
TEST_P(LibraryDescriptors, a_spawn_that_is_refused_for_want_of_them_ends_none_that_lives) {
  with_limit(GetParam(), [] {
    Engine engine;
    const CompiledPlan plan = compile_text(engine, interactive_plan());
    std::vector<Session> sessions;
    const std::string refused = spawn_all(engine, plan, 60, sessions);
    EXPECT_GE(sessions.size(), 1U) << refused;
    EXPECT_GE(sessions.size() * 32, std::min(GetParam() - 64, 60U * 32)) << refused;
    const std::string limit = "RLIMIT_NOFILE is " + std::to_string(GetParam());
    if (sessions.size() < 60) {
      EXPECT_NE(refused.find(limit), std::string::npos) << refused;
    }
    std::vector<Session> none;
    if (!refused.empty()) {
      EXPECT_NE(spawn_all(engine, plan, 1, none), "");
    }
    expect_all_end_well(engine, sessions);
    sessions.clear();
    EXPECT_EQ(spawn_all(engine, plan, 1, sessions), "") << "what they held is free again";
    expect_all_end_well(engine, sessions);
  });
}

INSTANTIATE_TEST_SUITE_P(Limits, LibraryDescriptors, testing::Values(64U, 96U, 128U, 256U, 512U, 1024U, 4096U),
                         [](const auto& limit) { return "with_" + std::to_string(limit.param) + "_descriptors"; });

TEST(library_descriptors, two_hundred_interactive_sessions_live_at_one_time) {
  with_limit(4096, [] {
    Engine engine;
    const CompiledPlan plan = compile_text(engine, interactive_plan());
    std::vector<Session> sessions;
    EXPECT_EQ(spawn_all(engine, plan, 200, sessions), "");
    ASSERT_EQ(sessions.size(), 200U);
    Hearing hearing;
    for (Session& session : sessions) session.write_stdin("x");
    for (const Session& session : sessions) {
      while (hearing[session.id()].output.empty()) turn(engine, hearing);
    }
    expect_all_end_well(engine, sessions, "x");
  });
}

TEST(library_descriptors, an_engine_that_is_freed_with_two_hundred_live_sessions_leaves_nothing) {
  with_limit(4096, [] {
    const std::size_t before = children().size();
    std::vector<Session> sessions;
    {
      Engine engine;
      const CompiledPlan plan = compile_text(engine, interactive_plan());
      EXPECT_EQ(spawn_all(engine, plan, 200, sessions), "");
      Hearing hearing;
      for (int i = 0; i < 20; ++i) turn(engine, hearing);
    }
    EXPECT_GE(children().size(), 200U);
    sessions.clear();
    EXPECT_EQ(children().size(), before);
  });
}

// Whatever the numbers are that are in use.
TEST(library_descriptors, are_counted_wherever_they_lie) {
  with_limit(300, [] {
    const std::size_t free = supervise::count_free_descriptors(300, 300);
    std::vector<Fd> held;
    for (int number = 299; number > 200; number -= 2) held.emplace_back(::fcntl(0, F_DUPFD_CLOEXEC, number));
    EXPECT_EQ(held.front().get(), 299);
    EXPECT_EQ(supervise::count_free_descriptors(300, 300), free - held.size());
    EXPECT_EQ(supervise::count_free_descriptors(300, 40), 40U) << "more are not looked for";
    while (supervise::count_free_descriptors(300, 300) > 0) held.emplace_back(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    EXPECT_EQ(::fcntl(0, F_DUPFD_CLOEXEC, 3), -1);
  });
}

}  // namespace
}  // namespace evalrun::test
