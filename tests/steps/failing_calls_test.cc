// Every system call of the set-up failing in turn. strace makes the n-th call of a name fail in whichever process makes
// it; whatever fails, evalrun must name it, must not execute the program, and must leave nothing behind.

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

struct Call {
  std::string name;
  int nth;  // of this name, in its process
};

// Calls that are left out: they cannot fail, or their failure is ridden out on purpose.
bool is_left_out(const std::string& name) {
  static const std::set<std::string> kLeftOut = {
      "close",       // an injected failure would leave the descriptor open, which Linux never does
      "umask",       // cannot fail
      "exit_group",  // cannot fail
      "exit",
      "clock_gettime",
      "getrusage",  // a figure
      "rt_sigtimedwait",
      "waitid",
      "kill",   // init, after the program runs
      "futex",  // the loop asks again, or the wake was not needed
      "restart_syscall",
      "rt_sigreturn",
  };
  return kLeftOut.contains(name);
}

// Calls of init and the target up to execve, by a trace of a run that succeeds.
std::vector<Call> set_up_calls(const std::string& trace) {
  static const std::regex kCall("^([0-9]+) +([a-z0-9_]+)\\(.*");
  std::vector<std::pair<std::string, std::string>> lines;  // process, name
  std::string init;
  std::string target;
  std::istringstream stream(trace);
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kCall)) continue;
    lines.emplace_back(match[1], match[2]);
    if (match[2] == "pivot_root") init = match[1];
    if (match[2] == "execve") target = match[1];  // the last: evalrun's own comes first
  }
  // The set-up's end: execve for the target; for init its own filter, after which it waits and reports.
  const std::map<std::string, std::string> last = {{init, "seccomp"}, {target, "execve"}};
  std::map<std::pair<std::string, std::string>, int> counts;
  std::set<std::string> done;
  std::set<std::pair<std::string, int>> found;
  for (const auto& [process, name] : lines) {
    if (!last.contains(process) || done.contains(process)) continue;
    if (name == last.at(process)) done.insert(process);
    const int nth = ++counts[{process, name}];
    if (name != "execve" && !is_left_out(name)) found.insert({name, nth});
  }
  std::vector<Call> calls;
  for (const auto& [name, nth] : found) calls.push_back({name, nth});
  return calls;
}

int processes_of(const std::string& name) {
  int count = 0;
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    if (read_file(std::filesystem::path("/proc") / entry->d_name / "comm") == name + "\n") ++count;
  }
  ::closedir(proc);
  return count;
}

TEST(failing_calls, each_is_named_and_nothing_is_executed_or_left) {
  const TemporaryFolder folder;
  // Pinned to a core by its number: whether one is free of other tests' runs must not decide which calls there are.
  // The program's own name, so that what is left can be told from other tests' programs.
  const std::string copy = "probe-" + std::to_string(::getpid() % 100000);
  std::filesystem::copy_file(probe("probe"), folder.path() / copy);
  const std::string plan =
      folder
          .write("plan.toml", "argv = [\"/work/" + copy + "\", \"say\", \"executed\"]\nlimits.cpus = [0]\n[files]\n\"" +
                                  copy + "\" = { from = \"" + copy +
                                  "\", mode = \"0755\" }\n\"a/b\" = { text = \"b\" }\n")
          .string();
  const std::string trace = (folder.path() / "trace").string();
  const Finished traced =
      run_command({"strace", "-f", "-o", trace, evalrun().string(), "run", plan, "--format", "json"});
  if (traced.exit_code == 127) EVALRUN_SKIP("strace");
  ASSERT_EQ(traced.exit_code, 0) << traced.output << traced.error_output;
  const std::vector<Call> calls = set_up_calls(read_file(trace));
  ASSERT_GT(calls.size(), 150U) << "the trace does not show the set-up";

  int named = 0;
  for (const Call& call : calls) {
    const std::string inject = "inject=" + call.name + ":error=EPERM:when=" + std::to_string(call.nth);
    const Finished failed = run_command({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call.name, "-e",
                                         inject, evalrun().string(), "run", plan, "--format", "json"});
    SCOPED_TRACE(call.name + " number " + std::to_string(call.nth) + ": exit " + std::to_string(failed.exit_code) +
                 "\n" + failed.output + failed.error_output);
    const nlohmann::json result = nlohmann::json::parse(failed.output, nullptr, false);
    const bool executed = failed.output.find("executed") != std::string::npos;
    if ((call.name == "openat" || call.name == "write" || call.name == "keyctl") && failed.exit_code == 0) {
      // The two steps whose failure is a warning: second walls, against nested namespaces and against the caller's
      // keys.
      EXPECT_NE(failed.output.find("second wall missing"), std::string::npos);
      continue;
    }
    EXPECT_FALSE(executed) << "executed although a call of the set-up failed";
    EXPECT_TRUE(failed.exit_code == 3 || failed.exit_code == 2);
    // Named: in the result, or, where the parent was the one that failed, on standard error.
    const bool in_result = !result.is_discarded() && result.contains("outcome") &&
                           result.at("outcome").value("kind", "") == "sandbox_error" &&
                           !result.at("outcome").value("operation", "").empty();
    EXPECT_TRUE(in_result || failed.error_output.starts_with("evalrun: "));
    ++named;
  }
  EXPECT_GT(named, 120);
  EXPECT_EQ(processes_of(copy), 0);
}

}  // namespace
}  // namespace evalrun::test
