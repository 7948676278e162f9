// evalrun itself as the target: what a program, a reader or a caller does to make it hang, crash, tell a lie or leave
// something.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "runtime/core/fd.h"
#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

// A command line of the shell in which $0 is evalrun and $1 the plan.
Finished shell(const std::string& line, const fs::path& plan) {
  return run_command({"sh", "-c", line, evalrun().string(), plan.string()});
}

std::string verdict_in(const std::string& json) {
  const nlohmann::json result = nlohmann::json::parse(json, nullptr, false);
  return result.is_discarded() ? "no result" : result.value("verdict", "no verdict");
}

// ---- Who holds the other end ----

TEST(supervisor, the_wall_limit_ends_a_run_whose_output_nobody_reads) {
  const TemporaryFolder folder;
  const fs::path plan =
      folder.write("plan.toml", hostile_plan({"flood", "stdout"}, "stdout = \"inherit\"\nlimits.wall = \"300ms\"\n"));
  const Finished run =
      shell("{ timeout -k 1 4 \"$0\" run \"$1\" --output \"$1.json\"; echo $? >\"$1.status\"; } | sleep 5", plan);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(read_file(plan.string() + ".status"), "1\n") << "124: it never ended";
  EXPECT_EQ(verdict_in(read_file(plan.string() + ".json")), "TLE");
}

// The program gives its standard output to a process that outlives it.
TEST(supervisor, a_run_ends_although_a_process_outside_holds_its_output) {
  const TemporaryFolder folder;
  const fs::path meet = folder.path() / "meet";
  fs::create_directories(meet);
  fs::permissions(meet, fs::perms(0777));
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string outside = (folder.path() / "s").string();
  ASSERT_LT(outside.size(), sizeof address.sun_path);
  outside.copy(address.sun_path, outside.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::chmod(outside.c_str(), 0777), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);

  const fs::path plan = folder.write(
      "plan.toml",
      hostile_plan({"open", "/m/ready", "65", "give-output-away", "/m/s"},
                   "network.mode = \"loopback\"\n[[mount]]\nbind = \"meet\"\nat = \"/m\"\nwrite = true\n"));
  Finished run;
  std::thread runner([&] {
    run = run_command({"timeout", "-k", "1", "5", evalrun().string(), "run", "--format", "json", plan.string()});
  });
  for (int i = 0; i < 500 && !fs::exists(meet / "ready"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  // Not before: a socket that is there when the plan is compiled is refused.
  fs::rename(outside, meet / "s");
  pollfd arriving{listener.get(), POLLIN, 0};
  const bool arrived = ::poll(&arriving, 1, 5000) == 1;
  if (!arrived) runner.join();
  ASSERT_TRUE(arrived) << run.output << run.error_output;
  const Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary;
  message.msg_controllen = sizeof ancillary;
  EXPECT_EQ(::recvmsg(client.get(), &message, MSG_CMSG_CLOEXEC), 1);
  int number = -1;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) std::memcpy(&number, CMSG_DATA(header), sizeof number);
  const Fd held(number);
  EXPECT_TRUE(held);
  runner.join();
  EXPECT_EQ(run.exit_code, 0) << "124: it waits for whoever holds the pipe\n" << run.output << run.error_output;
  EXPECT_EQ(verdict_in(run.output), "OK");
}

// ---- Who started it ----

TEST(supervisor, a_result_that_cannot_be_written_is_an_error_and_no_crash) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", hostile_plan({"tell", "x"}));
  for (const char* format : {"json", "text"}) {
    const Finished run = shell(std::string("\"$0\" run --format ") + format + " \"$1\" >/dev/full", plan);
    EXPECT_EQ(run.exit_code, 3) << format << ": " << run.error_output;
  }
}

TEST(supervisor, closed_standard_descriptors_are_no_ones_but_the_programs) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"descriptors"}, "stdin = \"inherit\"\n"));
  const Finished run = shell("\"$0\" run --output \"$1.json\" \"$1\" <&- >&- 2>&-", plan);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(read_file(plan.string() + ".json").find("descriptors 0 1 2"), std::string::npos);
}

TEST(supervisor, a_callers_file_size_limit_neither_kills_evalrun_nor_reaches_the_program) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", hostile_plan({"tell", "x"}));
  const Finished run = shell("ulimit -f 0; \"$0\" run --format json \"$1\"", plan);
  EXPECT_EQ(run.signal, 0);
  EXPECT_NE(verdict_in(run.output), "no result") << run.error_output;
}

TEST(supervisor, too_few_descriptors_are_a_named_error_or_enough) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", hostile_plan({"tell", "x"}, "limits.open_files = 3\n"));
  for (int most = 4; most <= 40; most += 3) {
    const Finished run = shell("ulimit -n " + std::to_string(most) + "; exec \"$0\" run --format json \"$1\"", plan);
    EXPECT_EQ(run.signal, 0) << most;
    // 2: not even the plan could be opened.
    EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 2 || run.exit_code == 3)
        << most << ": " << run.exit_code << run.output << run.error_output;
    const bool named = (run.output + run.error_output).find("EMFILE") != std::string::npos;
    EXPECT_TRUE(run.exit_code == 0 || named) << most << run.output << run.error_output;
  }
}

TEST(supervisor, signals_that_the_caller_ignores_change_nothing) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"raise", "15"}));
  const Finished run = shell("trap '' CHLD PIPE TERM HUP INT XFSZ; exec \"$0\" run --format json \"$1\"", plan);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(nlohmann::json::parse(run.output).at("outcome").value("name", ""), "SIGTERM") << run.output;
}

TEST(supervisor, it_runs_from_a_folder_that_is_gone) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", hostile_plan({"tell", "x"}));
  const Finished run =
      shell("mkdir \"$1.d\" && cd \"$1.d\" && rmdir \"$1.d\" && exec \"$0\" run --format json \"$1\"", plan);
  EXPECT_EQ(run.exit_code, 0) << run.error_output;
}

// The looks at /proc are all that holds the memory limit: where they see nothing, that must not look like nothing used.
TEST(supervisor, the_memory_limit_holds_where_the_host_hides_the_processes_of_others) {
  if (::geteuid() != 0) EVALRUN_SKIP("root, to mount /proc with hidepid and to become an ordinary user");
  const TemporaryFolder folder;
  const fs::path plan =
      folder.write("plan.toml", hostile_plan({"touch-slowly", "200", "1"}, "limits.memory = \"96MiB\"\n"));
  const Finished run = shell(
      "exec unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc || exit 77; exec setpriv --reuid=65534 "
      "--regid=65534 --clear-groups \"$0\" run --format json \"$1\"' \"$0\" \"$1\"",
      plan);
  if (run.exit_code == 77) EVALRUN_SKIP("a second procfs");
  // Refused is as good as held.
  EXPECT_TRUE(run.exit_code == 3 || verdict_in(run.output) == "MLE") << run.output << run.error_output;
}

TEST(supervisor, without_proc_it_says_so) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", hostile_plan({"tell", "x"}));
  const std::string user = ::geteuid() == 0 ? "" : "-r ";
  const Finished run =
      shell("exec unshare " + user +
                "-m sh -c 'mount -t tmpfs none /proc || exit 77; exec \"$0\" run --format json \"$1\"' \"$0\" \"$1\"",
            plan);
  if (run.exit_code == 77) EVALRUN_SKIP("mounting a tmpfs in a namespace of its own");
  EXPECT_EQ(run.exit_code, 3) << run.output;
  EXPECT_NE(run.error_output.find("/proc"), std::string::npos) << run.error_output;
}

// ---- Whose fault it is ----

TEST(supervisor, files_that_do_not_fit_the_workspace_are_no_fault_of_the_sandbox) {
  const TemporaryFolder folder;
  folder.write("big", std::string(4 << 20, 'x'));
  const PlanRun fits = run_plan_in(folder, probe_plan("probe", {"say", "x"}, "files.\"big\" = { from = \"big\" }\n"));
  EXPECT_EQ(fits.verdict(), "OK");
  const PlanRun large = run_plan_in(
      folder, probe_plan("probe", {"say", "x"}, "files.\"big\" = { from = \"big\" }\nlimits.workspace = \"3MiB\"\n"));
  EXPECT_EQ(large.command.exit_code, 2);
  EXPECT_NE(large.command.error_output.find("limits.workspace"), std::string::npos) << large.command.error_output;
}

TEST(supervisor, a_program_of_the_workspace_found_through_path_is_the_submissions) {
  const PlanRun good = run_plan(probe_plan("probe", {"say", "x"}) + "env.PATH = \"/nowhere:/work\"\n",
                                {"--set", "argv=[\"probe\", \"say\", \"x\"]"});
  EXPECT_EQ(good.output(), "x\n") << shown(good);
  const PlanRun run =
      run_plan("argv = [\"x\"]\nenv.PATH = \"/work\"\nfiles.\"x\" = { text = \"no program\", mode = \"0755\" }\n");
  EXPECT_EQ(run.kind(), "not_started") << shown(run);
  EXPECT_EQ(run.verdict(), "RE");
}

// ---- What a word of the command line may do ----

TEST(supervisor, an_override_sets_one_key_and_no_more) {
  const std::string plan = probe_plan("probe", {"hostname"});
  EXPECT_EQ(run_plan(plan, {"--set", "hostname=a"}).output(), "hostname a\n");
  for (const char* injected :
       {"hostname=\"a\"\nargv=[\"/bin/evil\"]", "hostname=\"a\"\n[seccomp]\nallow=[\"mknod\"]", "hostname=\"a\"}"}) {
    EXPECT_EQ(run_plan(plan, {"--set", injected}).command.exit_code, 2) << injected;
  }
}

// ---- What is left ----

TEST(supervisor, nothing_of_a_run_is_left_on_the_host) {
  const TemporaryFolder folder;
  const fs::path temporary = folder.path() / "tmp";
  fs::create_directories(temporary);
  fs::permissions(temporary, fs::perms(01777));
  const std::string mounts = read_file("/proc/self/mountinfo");
  // A word that no other process has.
  const std::string mark = "300." + std::to_string(::getpid());
  const fs::path plan = folder.write(
      "plan.toml", probe_plan("probe", {"daemon", mark, "create", "/tmp/x", "daemon", mark}, "limits.wall = \"5s\"\n"));
  for (const char* more : {"", " --set limits.wall=3s --set limits.processes=8"}) {
    const Finished run = shell("TMPDIR=\"${1%/*}/tmp\" \"$0\" run --format json \"$1\"" + std::string(more), plan);
    EXPECT_EQ(verdict_in(run.output), "OK") << run.output << run.error_output;
    EXPECT_TRUE(fs::is_empty(temporary));
    EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts);
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      EXPECT_EQ(read_file(entry.path() / "cmdline").find(mark), std::string::npos) << name;
    }
  }
}

// Runs of one user at one time share nothing.
TEST(supervisor, many_runs_at_once_do_not_disturb_each_other) {
  std::vector<std::thread> runs;
  for (int i = 0; i < 8; ++i) {
    runs.emplace_back([i] {
      const std::string own = std::to_string(i);
      for (int j = 0; j < 5; ++j) {
        const PlanRun run = run_plan(probe_plan("probe", {"create", "/tmp/x", "say", own}));
        EXPECT_EQ(run.output(), "create /tmp/x OK\n" + own + "\n") << shown(run);
      }
    });
  }
  for (std::thread& run : runs) run.join();
}

}  // namespace
}  // namespace evalrun::test
