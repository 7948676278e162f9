// What libevalrun leaves to the process that it is in: signals, descriptors, children, limits, folders, threads.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "runtime/core/fd.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/processes.h"
#include "tests/support/sessions.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

const SpawnOptions kFed{.stdin_from = StdinFrom::Caller};

// Each way in which a session can end, and much that can go wrong on the way.
void use_the_library_fully(Engine& engine) {
  Hearing hearing;
  Session talks = engine.spawn(compile_text(engine, probe_plan("probe", {"echo"})), kFed);
  talks.write_stdin("x");
  talks.close_stdin();
  wait_for(engine, talks, hearing);
  Session closed =
      engine.spawn(compile_text(engine, probe_plan("probe", {"close", "0", "say", "x", "sleep", "9"})), kFed);
  while (hearing[closed.id()].output.empty()) turn(engine, hearing);
  EXPECT_EQ(closed.write_stdin("x").state, StdinState::Closed);
  closed.kill();
  wait_for(engine, closed, hearing);
  run_to_end(engine, probe_plan("probe", {"burn", "9"}, "limits.cpu = \"100ms\"\n"));
  run_to_end(engine, probe_plan("probe", {"echo"}) + "[[case]]\nstdin.text = \"a\"\nexpect.text = \"a\"\n");
  EXPECT_THROW(engine.compile({.text = "argv = 1"}), Error);
}

struct Kept {
  std::array<struct sigaction, 65> actions{};
  sigset_t mask{}, pending{};
  mode_t umask = 0;
  std::string folder;
  std::array<rlimit, RLIMIT_NLIMITS> limits{};
  int scheduler = 0;
};

Kept look() {
  Kept kept;
  for (int signal = 1; signal < 65; ++signal)
    ::sigaction(signal, nullptr, &kept.actions[static_cast<std::size_t>(signal)]);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &kept.mask);
  ::sigpending(&kept.pending);
  kept.umask = ::umask(0);
  ::umask(kept.umask);
  kept.folder = fs::current_path();
  for (int i = 0; i < RLIMIT_NLIMITS; ++i)
    ::getrlimit(static_cast<__rlimit_resource_t>(i), &kept.limits[static_cast<std::size_t>(i)]);
  kept.scheduler = ::sched_getscheduler(0);
  return kept;
}

void expect_same_set(const sigset_t& before, const sigset_t& after) {
  for (int signal = 1; signal < 65; ++signal) {
    EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal)) << signal;
  }
}

void expect_same(const Kept& before, const Kept& after) {
  for (std::size_t signal = 1; signal < 65; ++signal) {
    EXPECT_EQ(before.actions[signal].sa_handler, after.actions[signal].sa_handler) << signal;
    EXPECT_EQ(before.actions[signal].sa_flags, after.actions[signal].sa_flags) << signal;
  }
  expect_same_set(before.mask, after.mask);
  expect_same_set(before.pending, after.pending);
  EXPECT_EQ(before.umask, after.umask);
  EXPECT_EQ(before.folder, after.folder);
  for (std::size_t i = 0; i < before.limits.size(); ++i) {
    EXPECT_EQ(before.limits[i].rlim_cur, after.limits[i].rlim_cur) << i;
    EXPECT_EQ(before.limits[i].rlim_max, after.limits[i].rlim_max) << i;
  }
  EXPECT_EQ(before.scheduler, after.scheduler);
}

std::set<int> open_descriptors() {
  std::set<int> open;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) open.insert(std::stoi(entry.path().filename()));
  std::erase_if(open, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });  // the iterator's own
  return open;
}

std::atomic<int> child_signals = 0;

TEST(library_host, signals_limits_folder_umask_and_scheduling_are_left_as_they_were) {
  ::signal(SIGPIPE, SIG_DFL);
  const Kept before = look();
  {
    Engine engine;
    use_the_library_fully(engine);
    expect_same(before, look());
  }
  expect_same(before, look());
}

TEST(library_host, the_host_gets_no_signal_and_no_child_of_the_librarys) {
  struct sigaction counting {};
  struct sigaction before {};
  counting.sa_handler = [](int) { ++child_signals; };
  ::sigaction(SIGCHLD, &counting, &before);
  child_signals = 0;
  {
    Engine engine;
    use_the_library_fully(engine);
    Session live = engine.spawn(compile_text(engine, probe_plan("probe", {"sleep", "60"})));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(child_signals, 0);
  // The handler works: a child of our own is told.
  if (::fork() == 0) ::_exit(0);
  EXPECT_GT(::waitpid(-1, nullptr, 0), 0);
  EXPECT_EQ(child_signals, 1);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST(library_host, every_descriptor_is_closed_on_exec_and_none_is_left) {
  const std::set<int> before = open_descriptors();
  {
    Engine engine;
    use_the_library_fully(engine);
    Hearing hearing;
    Session live = engine.spawn(compile_text(engine, probe_plan("probe", {"say", "x", "sleep", "60"})), kFed);
    while (hearing[live.id()].output.empty()) turn(engine, hearing);
    int more = 0;
    for (const int fd : open_descriptors()) {
      if (before.contains(fd)) continue;
      ++more;
      EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
    }
    EXPECT_GT(more, 4);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(library_host, two_engines_work_in_two_threads) {
  constexpr int kThreads = 2, kSessions = 12;
  Engine compiler;
  const CompiledPlan plan = compile_text(compiler, probe_plan("probe", {"echo"}, "limits.cpus = \"any\"\n"));
  std::array<std::atomic<int>, kThreads> right{};
  const auto work = [&](std::size_t number) {
    Engine engine;
    Hearing hearing;
    std::vector<Session> sessions;
    for (int i = 0; i < kSessions; ++i) {
      sessions.push_back(engine.spawn(plan, kFed));
      sessions.back().write_stdin(std::to_string(number) + "/" + std::to_string(i));
      sessions.back().close_stdin();
      // Others of this thread and of the other one are in every state meanwhile.
      if (i % 4 == 3) wait_for(engine, sessions[static_cast<std::size_t>(i - 3)], hearing);
    }
    for (int i = 0; i < kSessions; ++i) {
      const Result result = wait_for(engine, sessions[static_cast<std::size_t>(i)], hearing);
      right[number] += result.verdict() == Verdict::Ok &&
                       result.standard_output() == std::to_string(number) + "/" + std::to_string(i);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < kThreads; ++number) threads.emplace_back(work, number);
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : right) EXPECT_EQ(count, kSessions);
}

// The kernel kills a sandbox with its parent thread; whoever waits for the session must hear of it.
TEST(library_host, a_session_ends_with_the_thread_that_spawned_it) {
  Engine engine;
  const CompiledPlan plan = compile_text(engine, probe_plan("probe", {"sleep", "60"}));
  std::optional<Session> session;
  Hearing hearing;
  std::thread([&] {
    session = engine.spawn(plan);
    while (hearing[session->id()].order.empty()) turn(engine, hearing);
  }).join();
  const Result result = wait_for(engine, *session, hearing);
  EXPECT_EQ(result.verdict(), Verdict::Ie) << result.json();
  EXPECT_EQ(result.outcome(), OutcomeKind::SandboxError);
}

TEST(library_host, a_session_holds_few_descriptors) {
  constexpr int kSessions = 5;
  Engine engine;
  const CompiledPlan plan = compile_text(engine, probe_plan("probe", {"say", "x", "sleep", "60"}));
  Hearing hearing;
  std::vector<Session> sessions;
  const auto spawn = [&] {
    sessions.push_back(engine.spawn(plan, kFed));
    while (hearing[sessions.back().id()].output.empty()) turn(engine, hearing);
  };
  spawn();  // the engine's own come with the first
  const std::size_t before = open_descriptors().size();
  while (sessions.size() <= kSessions) spawn();
  EXPECT_LE((open_descriptors().size() - before) / kSessions, 16U) << "docs/library.md says so";
}

TEST(library_host, two_sessions_cannot_share_the_hosts_input_and_the_first_keeps_it) {
  const Fd before(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
  ::dup2(pipe.read_end.get(), STDIN_FILENO);
  Engine engine;
  const CompiledPlan plan = compile_text(engine, probe_plan("probe", {"echo"}, "stdin = \"inherit\"\n"));
  const Session first = engine.spawn(plan, {.host_streams = HostStreams::Shared});
  EXPECT_THROW(engine.spawn(plan, {.host_streams = HostStreams::Shared}), Error);
  ASSERT_EQ(::write(pipe.write_end.get(), "mine", 4), 4);
  pipe.write_end.reset();
  Hearing hearing;
  EXPECT_EQ(wait_for(engine, first, hearing).standard_output(), "mine");
  ::dup2(before.get(), STDIN_FILENO);
}

// The C library's lock of the heap is held by somebody at almost every moment.
TEST(library_host, other_threads_that_allocate_are_no_hindrance) {
  std::atomic<bool> done = false;
  std::vector<std::thread> allocating;
  for (int i = 0; i < 2; ++i) {
    allocating.emplace_back([&] {
      while (!done) {
        std::vector<std::string> heap(64, std::string(3000, 'x'));
        heap.resize(1);
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    Engine engine;  // each with a janitor of its own
    EXPECT_EQ(run_to_end(engine, probe_plan("probe", {"say", "x"}, "limits.cpus = \"any\"\n")).verdict(), Verdict::Ok);
  }
  done = true;
  for (std::thread& thread : allocating) thread.join();
}

// Runs `steps` in a forked child of this process; true where it ended by exit(0).
template <typename Steps>
bool forked(Steps steps) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::alarm(60);
    steps();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(library_host, a_forked_process_that_destroys_its_copies_ends_nothing_of_its_parents) {
  for (const unsigned prepared : {0U, 2U}) {
    SCOPED_TRACE(prepared);
    std::optional<Engine> engine(std::in_place, EngineOptions{.prepared = prepared});
    Hearing hearing;
    std::optional<Session> talks(engine->spawn(compile_text(*engine, probe_plan("probe", {"echo"})), kFed));
    while (hearing[talks->id()].order.empty()) turn(*engine, hearing);
    EXPECT_TRUE(forked([&] {
      talks.reset();
      engine.reset();
    }));
    EXPECT_TRUE(forked([&] { *engine = Engine(); }));
    talks->write_stdin("still here");
    talks->close_stdin();
    const Result result = wait_for(*engine, *talks, hearing);
    EXPECT_EQ(result.verdict(), Verdict::Ok) << result.json();
    EXPECT_EQ(result.standard_output(), "still here");
    EXPECT_EQ(run_to_end(*engine, probe_plan("probe", {"say", "x"})).verdict(), Verdict::Ok);
  }
}

TEST(library_host, a_forked_process_is_told_that_the_engine_is_its_parents) {
  Engine engine;
  const CompiledPlan plan = compile_text(engine, probe_plan("probe", {"say", "x"}));
  EXPECT_TRUE(forked([&] {
    EXPECT_THROW(engine.spawn(plan), Error);
    EXPECT_THROW(engine.dispatch(std::chrono::milliseconds(0)), Error);
    EXPECT_THROW(compile_text(engine, probe_plan("probe", {"say", "x"})), Error);
    Engine own;
    EXPECT_EQ(run_to_end(own, probe_plan("probe", {"say", "x"})).verdict(), Verdict::Ok);
  }));
  EXPECT_EQ(run_to_end(engine, probe_plan("probe", {"say", "x"})).verdict(), Verdict::Ok);
}

// Janitor, fork server, keepers of cells, inits: whoever kills them must not kill the process that has the engine.
TEST(library_host, an_engine_whose_helpers_were_killed_is_freed_without_a_signal) {
  EXPECT_TRUE(forked([] {
    std::optional<Engine> engine(std::in_place, EngineOptions{.prepared = 2});
    const CompiledPlan plan = compile_text(*engine, probe_plan("probe", {"echo"}));
    Hearing hearing;
    std::optional<Session> live(engine->spawn(plan, kFed));
    while (hearing[live->id()].order.empty()) turn(*engine, hearing);
    const std::set<pid_t> helpers = children();
    EXPECT_GE(helpers.size(), 2U);
    for (const pid_t helper : helpers) ::kill(helper, SIGKILL);
    live->write_stdin("x");
    live->close_stdin();
    EXPECT_EQ(wait_for(*engine, *live, hearing).verdict(), Verdict::Ie);
    live.reset();
    engine.reset();
  }));
}

// What the supervisor forks has the janitor's lifeline too, and may live on.
TEST(library_host, the_groups_of_a_killed_host_go_although_a_process_that_it_forked_lives_on) {
  Pipe lives_on = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe told = make_pipe(Blocking::Yes, Blocking::Yes);
  const pid_t host = ::fork();
  if (host == 0) {
    Engine engine;
    Hearing hearing;
    const Session live = engine.spawn(compile_text(engine, probe_plan("probe", {"sleep", "60"})));
    while (hearing[live.id()].order.empty()) turn(engine, hearing);
    if (::fork() == 0) {
      lives_on.write_end.reset();
      char end = 0;
      ::_exit(static_cast<int>(::read(lives_on.read_end.get(), &end, 1)));
    }
    static_cast<void>(::write(told.write_end.get(), "x", 1) == 1);
    ::pause();
  }
  char ready = 0;
  ASSERT_EQ(::read(told.read_end.get(), &ready, 1), 1);
  const bool had_groups = !groups_of(host).empty();
  ::kill(host, SIGKILL);
  ::waitpid(host, nullptr, 0);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!groups_of(host).empty() && std::chrono::steady_clock::now() < until) ::usleep(20'000);
  EXPECT_EQ(groups_of(host), std::vector<std::string>());
  if (!had_groups) EVALRUN_SKIP("control groups");
}

}  // namespace
}  // namespace evalrun::test
