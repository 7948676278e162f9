// Threats 23 to 40: /proc, /sys, /dev and descriptors.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>

#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

constexpr const char* kReadOnly = "0";
constexpr const char* kWriteOnly = "1";

// Rows 23 to 25: /proc is mounted read-only, pid 1 is not in it, and a running program's file is busy.
TEST(proc, neither_a_running_program_nor_pid_1_can_be_written_through_proc) {
  const PlanRun run = run_hostile({"open", "/proc/self/exe", kReadOnly, "open", "/proc/self/exe", kWriteOnly, "open",
                                   "/proc/1/exe", kReadOnly, "access", "/proc/1/root", "access", "/proc/1/cwd", "open",
                                   "/proc/self/mem", kReadOnly, "open", "/proc/self/mem", kWriteOnly});
  EXPECT_EQ(run.output(),
            "open /proc/self/exe OK\nopen /proc/self/exe ETXTBSY\nopen /proc/1/exe ENOENT\naccess /proc/1/root ENOENT\n"
            "access /proc/1/cwd ENOENT\nopen /proc/self/mem OK\nopen /proc/self/mem EROFS\n")
      << shown(run);
}

// Rows 26 and 28.
TEST(proc, the_kernels_files_are_not_there) {
  const PlanRun run =
      run_hostile({"access", "/proc/self/status", "access", "/proc/sys/kernel/core_pattern", "access",
                   "/proc/sysrq-trigger", "access", "/proc/kcore", "access", "/proc/keys", "access", "/proc/kallsyms",
                   "access", "/proc/1/environ", "access", "/proc/1/cmdline", "access", "/proc/version"});
  EXPECT_EQ(
      run.output(),
      "access /proc/self/status OK\naccess /proc/sys/kernel/core_pattern ENOENT\naccess /proc/sysrq-trigger ENOENT\n"
      "access /proc/kcore ENOENT\naccess /proc/keys ENOENT\naccess /proc/kallsyms ENOENT\n"
      "access /proc/1/environ ENOENT\naccess /proc/1/cmdline ENOENT\naccess /proc/version ENOENT\n")
      << shown(run);
}

// Rows 26 and 28 one layer deeper: a plan that wants all of /proc.
TEST(proc, the_full_view_is_read_only_and_hides_pid_1) {
  const PlanRun run =
      run_hostile({"open", "/proc/cpuinfo", kReadOnly, "open", "/proc/sys/kernel/core_pattern", kWriteOnly, "open",
                   "/proc/sysrq-trigger", kWriteOnly, "open", "/proc/kcore", kReadOnly, "access", "/proc/1/environ",
                   "open", "/proc/sys/kernel/hostname", kWriteOnly},
                  "proc.view = \"full\"\n");
  // Not every kernel has these two at all.
  const auto refusal = [](const char* path) { return ::access(path, F_OK) == 0 ? "EACCES" : "ENOENT"; };
  EXPECT_EQ(run.output(),
            std::string("open /proc/cpuinfo OK\nopen /proc/sys/kernel/core_pattern EACCES\nopen /proc/sysrq-trigger ") +
                refusal("/proc/sysrq-trigger") + "\nopen /proc/kcore " + refusal("/proc/kcore") +
                "\naccess /proc/1/environ ENOENT\nopen /proc/sys/kernel/hostname EACCES\n")
      << shown(run);
  // Kernel addresses are shown as zeroes to those without CAP_SYSLOG.
  const PlanRun symbols =
      run_plan(probe_plan("probe", {"cat", "/proc/kallsyms"}, "proc.view = \"full\"\nlimits.cpu = \"10s\"\n"));
  const std::string text = symbols.output();
  if (!text.empty() && !text.starts_with("cat ")) {
    EXPECT_TRUE(text.starts_with("0000000000000000")) << text.substr(0, 200);
  }
}

// Row 27.
TEST(proc, a_process_cannot_change_what_proc_says_of_it) {
  const PlanRun run = run_hostile({"open", "/proc/self/oom_score_adj", kWriteOnly, "open", "/proc/self/uid_map",
                                   kWriteOnly, "open", "/proc/self/setgroups", kWriteOnly, "open", "/proc/self/comm",
                                   kWriteOnly, "open", "/proc/self/oom_score_adj", kReadOnly});
  EXPECT_EQ(run.output(),
            "open /proc/self/oom_score_adj EROFS\nopen /proc/self/uid_map EROFS\nopen /proc/self/setgroups EROFS\n"
            "open /proc/self/comm EROFS\nopen /proc/self/oom_score_adj OK\n")
      << shown(run);
}

// Row 30 and 31.
TEST(proc, sysfs_tracing_and_cgroups_are_not_there) {
  const PlanRun run = run_hostile({"access", "/sys", "access", "/sys/kernel/tracing", "access", "/sys/fs/cgroup",
                                   "access", "/dev", "access", "/proc"});
  EXPECT_EQ(run.output(),
            "access /sys ENOENT\naccess /sys/kernel/tracing ENOENT\naccess /sys/fs/cgroup ENOENT\naccess /dev OK\n"
            "access /proc OK\n")
      << shown(run);
}

TEST(proc, a_plan_may_have_none_of_it) {
  const PlanRun run =
      run_hostile({"open", "/proc/self/status", kReadOnly, "open", "/etc/passwd", kReadOnly}, "proc.view = \"none\"\n");
  EXPECT_EQ(run.output(), "open /proc/self/status ENOENT\nopen /etc/passwd OK\n") << shown(run);
}

// Row 32: the filter (EPERM), and behind it landlock (EACCES).
TEST(devices, no_device_can_be_made_while_a_fifo_can) {
  const std::vector<std::string> words = {"make-node",  "/work/char", "0020600",      "make-node",  "/work/block",
                                          "0060600",    "make-node",  "/work/socket", "0140600",    "make-node",
                                          "/work/fifo", "0010600",    "make-node",    "/work/file", "0100600"};
  const PlanRun run = run_hostile(words);
  EXPECT_EQ(run.output(),
            "mknod /work/char EPERM\nmknod /work/block EPERM\nmknod /work/socket EPERM\nmknod /work/fifo OK\n"
            "mknod /work/file OK\n")
      << shown(run);
  const PlanRun unfiltered = run_hostile(words, "[seccomp]\nallow = [\"mknod\", \"mknodat\"]\n");
  EXPECT_EQ(unfiltered.output(),
            "mknod /work/char EACCES\nmknod /work/block EACCES\nmknod /work/socket OK\nmknod /work/fifo OK\n"
            "mknod /work/file OK\n")
      << shown(unfiltered);
}

// Rows 33 and 34. FIONREAD shows that the kernel is asked at all: its pointer is bad.
TEST(devices, terminals_cannot_be_fed_and_none_can_be_made) {
  const PlanRun run = run_hostile({"call", "ioctl",        "1", "0x5412",      "0",         "then",
                                   "call", "ioctl",        "1", "0x100005412", "0",         "then",
                                   "call", "ioctl",        "1", "0x541c",      "0",         "then",
                                   "call", "ioctl",        "1", "0x5423",      "0",         "then",
                                   "call", "ioctl",        "1", "0x541b",      "1",         "then",
                                   "open", "/dev/ptmx",    "2", "open",        "/dev/tty",  "2",
                                   "open", "/dev/null",    "2", "open",        "/dev/zero", "0",
                                   "open", "/dev/urandom", "0"});
  EXPECT_EQ(run.output(),
            "call ioctl ENOTTY\ncall ioctl ENOTTY\ncall ioctl ENOTTY\ncall ioctl ENOTTY\ncall ioctl EFAULT\nopen "
            "/dev/ptmx ENOENT\n"
            "open /dev/tty ENOENT\nopen /dev/null OK\nopen /dev/zero OK\nopen /dev/urandom OK\n")
      << shown(run);
}

// Rows 35 and 37: the report pipe is gone, whatever is tried with its number.
TEST(descriptors, the_report_pipe_cannot_be_written_to) {
  const PlanRun run = run_hostile({"call", "write", "3",  "0", "0", "then", "call", "write", "10", "0", "0", "then",
                                   "call", "write", "11", "0", "0", "then", "call", "write", "1",  "0", "0"});
  EXPECT_EQ(run.output(), "call write EBADF\ncall write EBADF\ncall write EBADF\ncall write OK\n") << shown(run);
}

// Row 36.
TEST(descriptors, other_processes_descriptors_cannot_be_taken) {
  const PlanRun run = run_hostile({"call", "pidfd_open", "1", "0", "then", "call", "pidfd_getfd", "0", "0", "0"});
  EXPECT_EQ(run.output(), "call pidfd_open OK\ncall pidfd_getfd EPERM\n") << shown(run);
  EXPECT_EQ(run_hostile({"tell", "x"}, "[seccomp]\nallow = [\"pidfd_getfd\"]\n").command.exit_code, 2);
}

// Rows 38 and 39: pipes, whatever stands behind them.
TEST(descriptors, standard_streams_are_pipes_even_where_files_stand_behind_them) {
  const TemporaryFolder folder;
  folder.write("1.in", "input");
  const PlanRun run = run_plan_in(
      folder, hostile_plan({"reopen-output"}, "stdin = { file = \"1.in\" }\nstdout = { file = \"1.out\" }\n"));
  ASSERT_EQ(run.verdict(), "OK") << shown(run);
  const std::string said = read_file(folder.path() / "1.out");
  EXPECT_TRUE(said.starts_with("lseek ESPIPE\nftruncate EINVAL\ntruncate EINVAL\n")) << said;
  EXPECT_TRUE(said.ends_with("write stdin EBADF\n")) << said;
  EXPECT_EQ(read_file(folder.path() / "1.in"), "input");
}

// Scripts write to /dev/stderr and /dev/stdout; it must not depend on who started evalrun.
TEST(descriptors, the_names_of_standard_streams_in_dev_can_be_opened) {
  const PlanRun run = run_hostile(
      {"open", "/dev/stdout", kWriteOnly, "open", "/dev/stderr", kWriteOnly, "open", "/proc/self/fd/1", kWriteOnly});
  EXPECT_EQ(run.output(), "open /dev/stdout OK\nopen /dev/stderr OK\nopen /proc/self/fd/1 OK\n") << shown(run);
}

// Row 40.
TEST(descriptors, descriptors_in_flight_are_limited) {
  const PlanRun run = run_hostile({"send-descriptors", "100000"});
  EXPECT_TRUE(run.output().ends_with(" ETOOMANYREFS\n")) << shown(run);
  const PlanRun few = run_hostile({"send-descriptors", "50"});
  EXPECT_EQ(few.output(), "in flight 50 OK\n") << shown(few);
}

// Row 134, and what else of the host could be read.
TEST(information, neither_the_environment_nor_paths_of_the_host_come_along) {
  ::setenv("EVALRUN_TEST_SECRET", "secret-of-the-host", 1);
  const TemporaryFolder folder;
  folder.write("data/a", "a");
  const PlanRun run =
      run_plan_in(folder, probe_plan("probe", {"environment", "cat", "/proc/self/environ", "cat", "/proc/self/cgroup"},
                                     "env = { MINE = \"1\" }\n"));
  ::unsetenv("EVALRUN_TEST_SECRET");
  ASSERT_EQ(run.verdict(), "OK") << shown(run);
  EXPECT_TRUE(run.output().starts_with("MINE=1\n"));
  EXPECT_EQ(run.output().find("secret-of-the-host"), std::string::npos);
  EXPECT_EQ(run.output().find(folder.path().string()), std::string::npos) << run.output();
  // Every hierarchy's path is the root of the run's own cgroup namespace.
  std::istringstream lines(run.output());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.find(':') == std::string::npos || line.ends_with(":/")) << line;
  }
}

}  // namespace
}  // namespace evalrun::test
