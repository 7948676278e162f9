// The strict order, seen from outside: a trace of the system calls that a run makes, and a compiler that refuses a
// table in any other order.

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
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
      {std::regex("^prlimit64\\(.*= 0"), "prlimit64"},
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
      "landlock_restrict_self", "seccomp",     "prlimit64", "ambient", "bounding", "securebits", "capset",
      "no_new_privs",           "close_range", "seccomp",   "execve"};
  EXPECT_EQ(order, expected);
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
