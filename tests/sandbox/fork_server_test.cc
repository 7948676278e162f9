// The fork server: what it clones is what the supervisor itself would have cloned, and no run fails for want of it.

#include "runtime/warm/fork_server.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "tests/support/command.h"
#include "tests/support/processes.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

Plan plan_for(const std::vector<std::string>& words) {
  return plan_of(cell_plan(words, "limits.cpus = \"any\"\n"));
}

template <typename Condition>
bool comes_true(Condition condition, std::chrono::milliseconds within = 10s) {
  for (const auto end = Clock::now() + within; Clock::now() < end; std::this_thread::sleep_for(1ms)) {
    if (condition()) return true;
  }
  return condition();
}

// A run that goes on until it is dropped, and its init.
struct Sleeping {
  Sleeping(Supervisor& supervisor, warm::ForkServer* server) {
    const std::set<pid_t> before = children();
    bool ready = false;
    run = std::make_unique<supervise::Run>(
        supervisor.loop, supervisor.groups, sandbox::compile(plan_for({"say", "x", "sleep", "60"}), supervisor.host),
        supervise::RunHooks{.output = [&](std::string_view) { ready = true; }}, supervise::RunOrigin{.cloner = server});
    while (!ready) supervisor.loop.run_once();
    for (const pid_t child : children()) {
      if (!before.contains(child) && is_init(child)) init = child;
    }
  }

  std::unique_ptr<supervise::Run> run;
  pid_t init = -1;
};

// Field `number` of /proc/PID/stat (proc(5)).
constexpr int kSession = 6;
constexpr int kExitSignal = 38;
std::string stat_field(pid_t pid, int number) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream words(stat.substr(stat.rfind(')') + 1));
  std::string word;
  for (int i = 3; i <= number; ++i) words >> word;
  return word;
}

std::string link_of(const std::filesystem::path& path) {
  std::error_code unreadable;
  return std::filesystem::read_symlink(path, unreadable).string();
}

TEST(fork_server, what_a_program_sees_is_the_same) {
  Supervisor supervisor;
  const Plan plan = plan_for({"descriptors", "ids", "hostname", "cwd", "cat", "/proc/self/limits", "cat",
                              "/proc/self/uid_map", "read", "/proc/1/status", "create", "/work/a", "create", "/a"});
  const std::string by_server = supervisor.run_cold(plan).output();
  ASSERT_GT(supervisor.fork_server.pid(), 0);
  supervise::Run direct(supervisor.loop, supervisor.groups, sandbox::compile(plan, supervisor.host));
  while (!direct.finished()) supervisor.loop.run_once();
  // Outside, each run of root's has another identity.
  const auto without_identity = [](std::string text) {
    if (const auto at = text.find(" 19"); at != std::string::npos) text.erase(at, sizeof " 1900000000" - 1);
    return text;
  };
  EXPECT_EQ(without_identity(by_server), without_identity(direct.take_result(nullptr).output.kept));
  EXPECT_TRUE(by_server.starts_with("descriptors 0 1 2\n")) << by_server;
}

TEST(fork_server, an_init_is_the_supervisors_child_like_any_other) {
  Supervisor supervisor;
  const Sleeping direct(supervisor, nullptr);
  const Sleeping served(supervisor, &supervisor.fork_server);
  ASSERT_GT(direct.init, 0);
  ASSERT_GT(served.init, 0);
  for (const char* name :
       {"PPid", "TracerPid", "Umask", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
        "NoNewPrivs", "Seccomp", "Seccomp_filters", "Threads", "Groups", "Cpus_allowed", "Mems_allowed"}) {
    EXPECT_EQ(status_of(served.init, name), status_of(direct.init, name)) << name;
  }
  for (const pid_t init : {direct.init, served.init}) {
    EXPECT_EQ(status_of(init, "PPid"), std::to_string(::getpid()));
    EXPECT_EQ(stat_field(init, kSession), std::to_string(init));
    EXPECT_EQ(stat_field(init, kExitSignal), "0") << "its end would raise SIGCHLD";
    // An ordinary user may not look: init is not dumpable.
    const std::string process = "/proc/" + std::to_string(init);
    for (const char* name : {"user", "pid", "net", "mnt", "ipc", "uts"}) {
      const std::string inside = link_of(process + "/ns/" + name);
      EXPECT_TRUE(inside.empty() || inside != link_of(std::string("/proc/self/ns/") + name)) << name;
    }
  }
}

TEST(fork_server, it_holds_its_socket_little_memory_and_nothing_of_its_supervisors) {
  Supervisor supervisor;
  supervisor.run_cold(plan_for({"exit", "0"}));
  const pid_t server = supervisor.fork_server.pid();
  ASSERT_GT(server, 0);
  const std::string process = "/proc/" + std::to_string(server);
  std::set<std::string> held;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd")) held.insert(link_of(entry.path()));
  EXPECT_EQ(held.size(), 1U);
  EXPECT_TRUE(held.begin()->starts_with("socket:")) << *held.begin();
  std::istringstream maps(read_file(process + "/maps"));
  for (std::string line; std::getline(maps, line);) {
    EXPECT_TRUE(line.starts_with("1f0000") || line.ends_with("[vsyscall]")) << line;
  }
  EXPECT_LT(std::stoul(status_of(server, "VmRSS")), 256U);
  EXPECT_EQ(read_file(process + "/comm"), "evalrun-fork\n");
  EXPECT_EQ(read_file(process + "/cmdline"), read_file("/proc/self/cmdline"));
  EXPECT_EQ(read_file(process + "/environ"), "");
  EXPECT_EQ(stat_field(server, kExitSignal), "0") << "its end would raise SIGCHLD";
}

TEST(fork_server, one_that_is_killed_is_replaced_and_what_it_has_cloned_lives_on) {
  Supervisor supervisor;
  Sleeping sleeping(supervisor, &supervisor.fork_server);
  for (int i = 0; i < 5; ++i) {
    const pid_t server = supervisor.fork_server.pid();
    ASSERT_GT(server, 0) << i;
    ::kill(server, SIGKILL);
    EXPECT_EQ(supervisor.run_cold(plan_for({"say", "x"})).output(), "x\n") << "cloned by the supervisor";
    EXPECT_EQ(supervisor.run_cold(plan_for({"say", "x"})).output(), "x\n");
    EXPECT_NE(supervisor.fork_server.pid(), server);
    EXPECT_TRUE(is_gone(server));
  }
  EXPECT_FALSE(is_gone(sleeping.init));
  EXPECT_FALSE(sleeping.run->finished());
}

TEST(fork_server, one_that_does_not_answer_is_given_up) {
  Supervisor supervisor;
  supervisor.run_cold(plan_for({"exit", "0"}));
  const std::set<pid_t> before = children();
  const pid_t server = supervisor.fork_server.pid();
  ::kill(server, SIGSTOP);
  const auto begin = Clock::now();
  EXPECT_EQ(supervisor.run_cold(plan_for({"say", "x"})).output(), "x\n");
  EXPECT_GT(Clock::now() - begin, 4s) << "it was asked";
  EXPECT_EQ(supervisor.run_cold(plan_for({"say", "x"})).output(), "x\n");
  EXPECT_LT(Clock::now() - begin, 8s);
  EXPECT_TRUE(is_gone(server));
  EXPECT_EQ(children().size(), before.size());
}

TEST(fork_server, cells_have_their_keepers_from_it) {
  Supervisor supervisor;
  const Plan plan = plan_for({"say", "x"});
  EXPECT_NE(supervisor.run_warm(plan).cell, nullptr);
  supervisor.make_ready();
  int keepers = 0;
  for (const pid_t child : children()) {
    const bool is_small = status_of(child, "VmSize").size() < sizeof "99999 kB";
    if (child != supervisor.fork_server.pid() && !is_init(child) && is_small) ++keepers;
  }
  EXPECT_GE(keepers, 1);
  ::kill(supervisor.fork_server.pid(), SIGKILL);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(supervisor.run(plan).output(), "x\n");
    supervisor.make_ready();
  }
}

TEST(fork_server, nothing_of_it_is_left) {
  Supervisor supervisor;
  const auto plan = sandbox::compile(plan_for({"say", "x"}), supervisor.host);
  supervisor.run_cold(plan->plan());
  const std::set<pid_t> before = children();
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    warm::ForkServer server;
    supervise::Run run(supervisor.loop, supervisor.groups, plan, {}, {.cloner = &server});
    EXPECT_GT(server.pid(), 0);
    if (i % 2 == 0) continue;
    while (!run.finished()) supervisor.loop.run_once();
    EXPECT_EQ(run.take_result(nullptr).output.kept, "x\n");
  }
  EXPECT_EQ(children(), before);
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(fork_server, three_hundred_runs_leave_no_descriptor_process_or_memory) {
  Supervisor supervisor;
  const Plan plan = plan_for({"daemon", "60", "say", "x"});
  for (int i = 0; i < 10; ++i) supervisor.run_cold(plan);
  const pid_t server = supervisor.fork_server.pid();
  const std::set<pid_t> before = children();
  const std::size_t descriptors = open_descriptors();
  const auto resident = [&] { return std::stoul(status_of(server, "VmRSS")); };
  const std::size_t memory = resident();
  const std::string mappings = status_of(server, "VmSize");
  for (int i = 0; i < 300; ++i) ASSERT_EQ(supervisor.run_cold(plan).output(), "x\n");
  EXPECT_EQ(children(), before);
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(supervisor.fork_server.pid(), server);
  EXPECT_LE(resident(), memory + 16);
  EXPECT_EQ(status_of(server, "VmSize"), mappings);
}

// The kernel kills who is cloned with the thread whose child it is.
TEST(fork_server, a_run_lives_as_long_as_the_thread_that_spawned_it_whoever_started_the_server) {
  Supervisor supervisor;
  pid_t first = -1;
  std::thread([&] {
    EXPECT_EQ(supervisor.run_cold(plan_for({"say", "x"})).output(), "x\n");
    first = supervisor.fork_server.pid();
  }).join();
  EXPECT_TRUE(comes_true([&] { return is_gone(first); }));
  EXPECT_EQ(supervisor.run_cold(plan_for({"say", "x"})).output(), "x\n");
  EXPECT_GT(supervisor.fork_server.pid(), 0);
  // Handed to a thread and back, both of which live.
  std::thread([&] { supervisor.run_cold(plan_for({"say", "x"})); }).join();
  const Sleeping sleeping(supervisor, &supervisor.fork_server);
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(is_gone(sleeping.init));
}

// What a process of its own, forked for it, writes; it is killed then.
template <typename Act>
std::string told_by_a_process(Act act) {
  Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string told = act();
    [[maybe_unused]] const ssize_t written = ::write(pipe.write_end.get(), told.data(), told.size());
    for (;;) ::pause();
  }
  char bytes[256];
  const ssize_t size = ::read(pipe.read_end.get(), bytes, sizeof bytes);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return {bytes, size > 0 ? static_cast<std::size_t>(size) : 0};
}

TEST(fork_server, it_dies_with_its_supervisor_and_so_does_what_it_has_cloned) {
  std::istringstream told(told_by_a_process([] {
    auto* supervisor = new Supervisor;
    auto* sleeping = new Sleeping(*supervisor, &supervisor->fork_server);
    return std::to_string(supervisor->fork_server.pid()) + " " + std::to_string(sleeping->init);
  }));
  pid_t server = -1, init = -1;
  told >> server >> init;
  ASSERT_GT(server, 0);
  ASSERT_GT(init, 0);
  EXPECT_TRUE(comes_true([&] { return is_gone(server) && is_gone(init); }, 1s));
}

void refuse(unsigned call) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  if (::geteuid() != 0) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) ::abort();
}

TEST(fork_server, a_callers_limit_on_files_is_no_end_of_the_caller) {
  const std::string told = told_by_a_process([] {
    rlimit little{};
    ::getrlimit(RLIMIT_FSIZE, &little);
    little.rlim_cur = 4096;
    ::setrlimit(RLIMIT_FSIZE, &little);
    Supervisor supervisor;
    return supervisor.run_cold(plan_for({"say", "x"})).summary();
  });
  EXPECT_EQ(told, "OK exit 0");
}

struct Refused {
  const char* name;
  unsigned call;
};

class WithoutServer : public testing::TestWithParam<Refused> {};

// The first is needed for the memory in common; without the second no server stays alive.
INSTANTIATE_TEST_SUITE_P(calls, WithoutServer,
                         testing::Values(Refused{"memfd_create", SYS_memfd_create}, Refused{"rseq", SYS_rseq}),
                         [](const auto& of) { return of.param.name; });

TEST_P(WithoutServer, runs_are_cloned_by_the_supervisor) {
  const std::string told = told_by_a_process([] {
    refuse(GetParam().call);
    Supervisor supervisor;
    std::string all;
    for (int i = 0; i < 5; ++i) all += supervisor.run_cold(plan_for({"say", "x"})).output();
    all += supervisor.run_warm(plan_for({"say", "warm"})).output();
    return all + (supervisor.fork_server.pid() > 0 ? "by a server" : "by itself");
  });
  EXPECT_EQ(told, "x\nx\nx\nx\nx\nwarm\nby itself");
}

}  // namespace
}  // namespace evalrun::test
