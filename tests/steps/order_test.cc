// The strict order, seen from outside: a trace of the system calls that a run makes, and a compiler that refuses a
// table in any other order.

#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <span>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

// The target's calls in a trace by `strace -f -o`: those of the process that calls execve last.
std::vector<std::string> target_calls(const std::string& trace) {
  std::istringstream lines(trace);
  std::vector<std::string> all;
  std::string target;
  for (std::string line; std::getline(lines, line);) {
    all.push_back(line);
    // An ordinary user's strace cannot read the strings of a process that is not dumpable, so not by the program's
    // name.
    if (line.find(" execve(") != std::string::npos) target = line.substr(0, line.find(' ')) + " ";
  }
  std::vector<std::string> calls;
  std::string begun;  // where another process's line came between: "name(… <unfinished ...>", "<... name resumed>…"
  for (const std::string& line : all) {
    if (target.empty() || !line.starts_with(target)) continue;
    std::string call = line.substr(line.find_first_not_of(' ', line.find(' ')));
    if (const auto cut = call.find(" <unfinished ...>"); cut != std::string::npos) {
      begun = call.substr(0, cut);
      if (!begun.starts_with("execve(")) continue;
      call = begun;
    } else if (call.starts_with("<... ")) {
      call = begun + call.substr(call.find('>') + 1);
    }
    calls.push_back(call);
    if (call.starts_with("execve(")) break;
  }
  return calls;
}

// The lockdown's landmarks, each the first or last of its kind.
std::string landmark(const std::string& call) {
  static const std::vector<std::pair<std::regex, std::string>> kLandmarks = {
      {std::regex("^landlock_restrict_self\\(.*= 0"), "landlock_restrict_self"},
      {std::regex("^seccomp\\(SECCOMP_SET_MODE_FILTER.*= [0-9]+"), "seccomp"},
      {std::regex("^setrlimit\\(.*= 0"), "setrlimit"},
      {std::regex("^prctl\\(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL.*= 0"), "ambient"},
      {std::regex("^prctl\\(PR_CAPBSET_DROP.*= 0"), "bounding"},
      {std::regex("^prctl\\(PR_SET_SECUREBITS.*= 0"), "securebits"},
      {std::regex("^capset\\(.*= 0"), "capset"},
      {std::regex("^prctl\\(PR_SET_NO_NEW_PRIVS.*= 0"), "no_new_privs"},
      {std::regex("^close_range\\(4, 4294967295.*= 0"), "close_range"},
      {std::regex("^execve\\("), "execve"},
  };
  for (const auto& [pattern, name] : kLandmarks) {
    if (std::regex_search(call, pattern)) return name;
  }
  return "";
}

TEST(order, a_trace_shows_the_lockdown_in_its_strict_order) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"exit", "0"})).string();
  const std::string trace = (folder.path() / "trace").string();
  const Finished traced = run_command({"strace", "-f", "-o", trace, evalrun().string(), "run", plan});
  if (traced.exit_code == 127) EVALRUN_SKIP("strace");
  ASSERT_EQ(traced.exit_code, 0) << traced.output << traced.error_output;
  std::vector<std::string> order;
  for (const std::string& call : target_calls(read_file(trace))) {
    const std::string name = landmark(call);
    if (!name.empty() && (order.empty() || order.back() != name)) order.push_back(name);
  }
  const std::vector<std::string> expected = {
      "landlock_restrict_self", "seccomp",     "setrlimit", "ambient", "bounding", "securebits", "capset",
      "no_new_privs",           "close_range", "seccomp",   "execve"};
  EXPECT_EQ(order, expected);
}

// The calls of one process in a trace, each whole even where another process's line came between.
std::vector<std::string> calls_of(const std::string& trace, const std::string& pid) {
  std::istringstream lines(trace);
  std::vector<std::string> calls;
  std::string begun;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(pid + " ")) continue;
    std::string call = line.substr(line.find_first_not_of(' ', pid.size()));
    if (const auto cut = call.find(" <unfinished ...>"); cut != std::string::npos) {
      begun = call.substr(0, cut);
      continue;
    }
    if (call.starts_with("<... ")) call = begun + call.substr(call.find('>') + 1);
    calls.push_back(call);
  }
  return calls;
}

// The process that made a call which holds `text`, the last where there are several.
std::string maker_of(const std::string& trace, const std::string& text) {
  std::istringstream lines(trace);
  std::string pid;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(text) != std::string::npos) pid = line.substr(0, line.find(' '));
  }
  return pid;
}

// The number of the line with which a process begins such a call; -1 where there is none.
int line_of(const std::string& trace, const std::string& pid, const std::string& call) {
  std::istringstream lines(trace);
  int number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    if (line.starts_with(pid + " ") && line.find(" " + call) != std::string::npos) return number;
  }
  return -1;
}

// A call that must be made. The pattern is of its line from its first character on; " = 0" and the like are a part of
// it, so that a call which failed is not one that was made. Where a pointer is an alternative, an ordinary user's
// strace cannot read what it points to: the process is not dumpable any more.
struct MustCall {
  const char* pattern;
  const char* what_for;
  enum class By { Everybody, Root, WhereProcSysIsWritable } by = By::Everybody;
};

constexpr MustCall kCallsOfInit[] = {
    {R"(prctl\(PR_SET_PDEATHSIG, SIGKILL\) += 0)", "dies with the supervisor"},
    {R"(setsid\(\) += )", "a session of its own"},
    {R"(prlimit64\(0, RLIMIT_CORE, .*NULL\) += 0)", "no core handler of the host's runs for it"},
    {R"(dup3\(\d+, 0, O_CLOEXEC\) += 0)", "no descriptor to come is a standard stream"},
    {R"(dup3\(\d+, 1, O_CLOEXEC\) += 1)", "the same"},
    {R"(dup3\(\d+, 2, O_CLOEXEC\) += 2)", "the same"},
    {R"(close_range\(5, 4294967295, 0\) += 0)", "nothing that was inherited stays open"},
    {R"(unshare\(CLONE_NEWNS\|CLONE_NEWUTS\|CLONE_NEWIPC\|CLONE_NEWNET\) += 0)", "four namespaces of its own"},
    {R"(unshare\(CLONE_NEWCGROUP\) += 0)", "the host's groups have no name inside"},
    {R"(mount\(NULL, "/", NULL, MS_REC\|MS_PRIVATE, NULL\) += 0)", "no mount of the run reaches the host"},
    {R"(setgroups\(0, NULL\) += 0)", "root's groups are gone", MustCall::By::Root},
    {R"(setresgid\(1000, 1000, 1000\) += 0)", "not root of its namespace"},
    {R"(setresuid\(1000, 1000, 1000\) += 0)", "the same"},
    {R"(prctl\(PR_SET_PDEATHSIG, SIGKILL\) += 0)", "the change of identity has cleared it"},
    {R"(prctl\(PR_SET_DUMPABLE, SUID_DUMP_DISABLE\) += 0)", "closed to its user's other processes"},
    {R"(ppoll\()", "the supervisor lives"},
    {R"(keyctl\(KEYCTL_JOIN_SESSION_KEYRING, NULL\) += \d)", "the caller's keys are out of reach"},
    {R"(rt_sigprocmask\(SIG_SETMASK, (\[TERM CHLD\]|0x\w+), NULL, 8\) += 0)", "the two signals that it waits for"},
    {R"(umask\(022\))", "the caller's is not the program's"},
    {R"(sethostname\()", "the host's name is not seen"},
    {R"(setdomainname\()", "the same"},
    {R"(openat\(AT_FDCWD, ("/proc/sys/user/max_user_namespaces"|0x\w+), O_WRONLY\|O_CLOEXEC\))",
     "no user namespace inside"},
    {R"(write\(\d+, ("0"|0x\w+), 1\) += 1)", "the same", MustCall::By::WhereProcSysIsWritable},
    {R"(move_mount\(\d+, (""|0x\w+), AT_FDCWD, ("/"|0x\w+), MOVE_MOUNT_F_EMPTY_PATH\) += 0)", "a root of its own"},
    {R"(mount_setattr\(\d+, (""|0x\w+), AT_EMPTY_PATH, (\{attr_set=MOUNT_ATTR_RDONLY\|MOUNT_ATTR_NOEXEC|0x))",
     "which is read-only"},
    {R"(pivot_root\()", "enters it"},
    {R"(umount2\(("\."|0x\w+), MNT_DETACH\) += 0)", "the old root is gone"},
    {R"(statx\(AT_FDCWD, ("/\.\."|0x\w+), AT_STATX_SYNC_AS_STAT, STATX_MNT_ID, .* = 0)", "looks that it is"},
    {R"(openat2\(\d+, ("work/probe"|0x\w+), (\{flags=O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, mode=0600, )"
     R"(resolve=RESOLVE_NO_MAGICLINKS\|RESOLVE_NO_SYMLINKS\|RESOLVE_IN_ROOT\}|0x))",
     "a file of the plan's is made in the root and by no link"},
    {R"(chdir\(("/work"|0x\w+)\) += 0)", "inside the new root"},
    {R"(clone\()", "the target; what follows is init's own lockdown"},
    {R"(close_range\(1, 4294967295, 0\) += 0)", "one descriptor"},
    {R"(landlock_create_ruleset\((\{handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE|0x).* = \d)", "no file system"},
    {R"(landlock_restrict_self\(\d+, 0\) += 0)", "the same"},
    {R"(prctl\(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0\) += 0)", "no capability"},
    {R"(prctl\(PR_CAPBSET_DROP, CAP_CHOWN.* += 0)", "the same"},
    {R"(prctl\(PR_SET_SECUREBITS, SECBIT_NOROOT\|SECBIT_NOROOT_LOCKED\|.* = 0)", "none comes back"},
    {R"(capset\((.*effective=0, permitted=0, inheritable=0.*|0x.*)\) += 0)", "no capability"},
    {R"(prctl\(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0\) += 0)", "no privilege by execve"},
    {R"(capget\(.* = 0)", "looks that there is none"},
    {R"(prctl\(PR_CAPBSET_READ, CAP_CHOWN.* = 0)", "the same"},
    {R"(seccomp\(SECCOMP_SET_MODE_FILTER, 0, .* = 0)", "a dozen calls"},
    {R"(futex\(0x\w+, FUTEX_WAKE, 1\) += )", "only now may the target go on"},
};

constexpr MustCall kCallsOfTarget[] = {
    {R"(setsid\(\) += )", "a session of its own"},
    {R"(dup3\(\d+, 0, 0\) += 0)", "its standard streams"},
    {R"(dup3\(\d+, 1, 0\) += 1)", "the same"},
    {R"(dup3\(\d+, 2, 0\) += 2)", "the same"},
    {R"(rt_sigprocmask\(SIG_SETMASK, (\[\]|0x\w+), NULL, 8\) += 0)", "no signal is blocked"},
    {R"(landlock_create_ruleset\((\{handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE|0x).* = \d)", "1. Landlock"},
    {R"(landlock_add_rule\(\d+, LANDLOCK_RULE_PATH_BENEATH, .* = 0)", "its rules"},
    {R"(landlock_restrict_self\(\d+, 0\) += 0)", "the same"},
    {R"(seccomp\(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER\|SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.* = \d)",
     "2. the whitelist"},
    {R"(setrlimit\(RLIMIT_CPU, .*\) += 0)", "3. limits"},
    {R"(setrlimit\(RLIMIT_STACK, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_NPROC, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_NOFILE, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_FSIZE, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_AS, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_CORE, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_MEMLOCK, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_SIGPENDING, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_MSGQUEUE, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_NICE, .*\) += 0)", "the same"},
    {R"(setrlimit\(RLIMIT_RTPRIO, .*\) += 0)", "the same"},
    {R"(prctl\(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0\) += 0)", "4. capabilities"},
    {R"(prctl\(PR_CAPBSET_DROP, CAP_CHOWN.* += 0)", "the same"},
    {R"(prctl\(PR_SET_SECUREBITS, SECBIT_NOROOT\|SECBIT_NOROOT_LOCKED\|.* = 0)", "none comes back"},
    {R"(capset\((.*effective=0, permitted=0, inheritable=0.*|0x.*)\) += 0)", "no capability"},
    {R"(prctl\(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0\) += 0)", "no privilege by execve"},
    {R"(capget\(.* = 0)", "looks that there is none"},
    {R"(prctl\(PR_CAPBSET_READ, CAP_CHOWN.* = 0)", "the same"},
    {R"(prctl\(PR_GET_SECUREBITS\) += 0xef)", "looks that none comes back"},
    {R"(prctl\(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0\) += 1)", "the same"},
    {R"(close_range\(4, 4294967295, 0\) += 0)", "5. descriptors"},
    {R"(seccomp\(SECCOMP_SET_MODE_FILTER, 0, .* = 0)", "the seal"},
    {R"(execve\()", "the program"},
};

// Many containers show /proc/sys read-only.
bool proc_sys_is_writable() {
  struct statvfs place {};
  return ::statvfs("/proc/sys", &place) == 0 && (place.f_flag & ST_RDONLY) == 0;
}

// Each is made, in this order; other calls may come between.
void expect_made(const std::vector<std::string>& calls, std::span<const MustCall> wanted) {
  auto at = calls.begin();
  for (const MustCall& each : wanted) {
    const std::regex pattern(std::string("^") + each.pattern);
    const auto matches = [&](const std::string& call) { return std::regex_search(call, pattern); };
    if (each.by == MustCall::By::WhereProcSysIsWritable && !proc_sys_is_writable()) continue;
    if (each.by == MustCall::By::Root && ::geteuid() != 0) {
      EXPECT_TRUE(std::none_of(calls.begin(), calls.end(), matches)) << each.pattern;
      continue;
    }
    const auto found = std::find_if(at, calls.end(), matches);
    ASSERT_NE(found, calls.end()) << "not made, or not here: " << each.pattern << " (" << each.what_for << ")";
    at = found + 1;
  }
}

int count_of(const std::vector<std::string>& calls, const std::string& front) {
  return static_cast<int>(
      std::count_if(calls.begin(), calls.end(), [&](const std::string& call) { return call.starts_with(front); }));
}

TEST(order, each_call_that_init_and_the_target_must_make_is_made_in_its_place) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"exit", "0"})).string();
  const std::string trace_file = (folder.path() / "trace").string();
  const Finished traced = run_command({"strace", "-f", "-o", trace_file, evalrun().string(), "run", plan});
  if (traced.exit_code == 127) EVALRUN_SKIP("strace");
  ASSERT_EQ(traced.exit_code, 0) << traced.output << traced.error_output;
  const std::string trace = read_file(trace_file);
  const std::vector<std::string> init = calls_of(trace, maker_of(trace, " pivot_root("));
  const std::vector<std::string> target = calls_of(trace, maker_of(trace, " execve("));
  {
    SCOPED_TRACE("init");
    expect_made(init, kCallsOfInit);
  }
  {
    SCOPED_TRACE("the target");
    expect_made(target, kCallsOfTarget);
  }
  // Every capability that this kernel has, by each of the two.
  const int capabilities = std::stoi(read_file("/proc/sys/kernel/cap_last_cap")) + 1;
  for (const auto* calls : {&init, &target}) {
    EXPECT_EQ(count_of(*calls, "prctl(PR_CAPBSET_DROP, "), capabilities);
    EXPECT_EQ(count_of(*calls, "prctl(PR_CAPBSET_READ, "), capabilities);
  }
}

// init's second close_range begins its own lockdown. While it is held up there the target has nothing left to do.
TEST(order, the_program_is_executed_only_when_init_is_locked_down) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"exit", "0"})).string();
  const std::string trace_file = (folder.path() / "trace").string();
  const Finished traced =
      run_command({"strace", "-f", "-o", trace_file, "-e", "trace=execve,close_range,pivot_root,seccomp", "-e",
                   "inject=close_range:delay_enter=700000:when=2", evalrun().string(), "run", plan});
  if (traced.exit_code == 127) EVALRUN_SKIP("strace");
  ASSERT_EQ(traced.exit_code, 0) << traced.output << traced.error_output;
  const std::string trace = read_file(trace_file);
  const int filter = line_of(trace, maker_of(trace, " pivot_root("), "seccomp(SECCOMP_SET_MODE_FILTER");
  const int executed = line_of(trace, maker_of(trace, " execve("), "execve(");
  ASSERT_GE(filter, 0) << trace;
  EXPECT_LT(filter, executed) << trace;
}

bool compiles(const std::string& step_table) {
  const TemporaryFolder folder;
  folder.write("runtime/sandbox/step_table.h", step_table);
  const std::string source = folder.write("table.cc", "#include \"runtime/sandbox/step_table.h\"\n").string();
  const Finished compiler = run_command({"g++", "-std=c++20", "-D_GNU_SOURCE", "-fsyntax-only",
                                         "-I" + folder.path().string(), "-I" + source_dir().string(), source});
  return compiler.exit_code == 0;
}

TEST(order, swapping_any_two_neighbours_of_the_table_does_not_compile) {
  const std::string table = read_file(source_dir() / "runtime/sandbox/step_table.h");
  ASSERT_TRUE(compiles(table));
  std::vector<std::string> lines;
  std::istringstream stream(table);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("    Step{Stage::")) rows.push_back(i);
  }
  ASSERT_EQ(rows.size(), 23U);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    std::vector<std::string> swapped = lines;
    std::swap(swapped[rows[i - 1]], swapped[rows[i]]);
    std::string text;
    for (const std::string& line : swapped) text += line + "\n";
    EXPECT_FALSE(compiles(text)) << "rows " << i - 1 << " and " << i << " swapped: " << lines[rows[i]];
  }
}

TEST(order, explain_prints_the_table_that_runs) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"exit", "0"})).string();
  const Finished explained = run_command({evalrun().string(), "explain", plan});
  ASSERT_EQ(explained.exit_code, 0) << explained.error_output;
  std::size_t at = 0;
  for (const char* stage :
       {"lifeline", "namespaces", "loopback",     "plan",        "cgroup", "trees", "identity", "session",
        "hostname", "nesting",    "mounts",       "pivot_root",  "files",  "enter", "process",  "landlock",
        "seccomp",  "rlimits",    "capabilities", "descriptors", "seal",   "job",   "exec"}) {
    at = explained.output.find(std::string(" ") + stage + " ", at);
    ASSERT_NE(at, std::string::npos) << stage << " is missing or out of order";
  }
}

}  // namespace
}  // namespace evalrun::test
