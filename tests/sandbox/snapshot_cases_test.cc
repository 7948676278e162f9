// Gradings whose cases begin with a snapshot: all of one grading begin alike, and verdicts do not depend on how.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "runtime/core/text.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

constexpr char kPython[] = "/usr/bin/python3";

std::string graded_plan(const std::string& program, const std::string& more = "") {
  return "image = \"python\"\nsource = \"main.py\"\nlimits.cpus = \"any\"\n" + more +
         "files.\"main.py\".text = " + toml_string(program) + "\n" +
         "case = [{ stdin.text = \"1 2\", expect.text = \"3\" }, { stdin.text = \"5 6\", expect.text = \"11\" },\n"
         "  { stdin.text = \"0 0\", expect.text = \"0\", limits.memory = \"128MiB\" }]\n";
}

constexpr char kAdds[] = "print(sum(map(int, input().split())))\n";

std::set<std::string> starts_of(const json& result) {
  std::set<std::string> starts;
  for (const json& one : result.at("cases")) starts.insert(one.at("start").at("kind").get<std::string>());
  return starts;
}

std::vector<json> results_of(const Finished& batch) {
  std::vector<json> results;
  for (std::size_t at = 0, end = 0; (end = batch.output.find('\n', at)) != std::string::npos; at = end + 1) {
    results.push_back(json::parse(batch.output.substr(at, end - at)).at("result"));
  }
  return results;
}

std::vector<json> run_jobs(const std::string& plan, const std::vector<json>& jobs) {
  const TemporaryFolder folder;
  std::string lines;
  int number = 0;
  for (json job : jobs) {
    job["id"] = number++;
    lines += job.dump() + "\n";
  }
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", folder.write("plan.toml", plan).string(),
                                      "--jobs", "1", "--order", "input", folder.write("jobs", lines).string()});
  const std::vector<json> results = results_of(batch);
  EXPECT_EQ(results.size(), jobs.size()) << batch.error_output;
  return results;
}

TEST(snapshot_cases, a_plan_that_demands_it_waits_for_a_snapshot_and_all_its_cases_begin_with_it) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_plan(graded_plan(kAdds, "snapshot.mode = \"yes\"\n"));
  EXPECT_EQ(run.verdict(), "AC") << run.command.output << run.command.error_output;
  EXPECT_EQ(starts_of(run.result), std::set<std::string>{"snapshot"});
}

TEST(snapshot_cases, cases_with_arguments_of_their_own_begin_with_snapshots_of_their_own) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_plan(
      "image = \"python\"\nsource = \"main.py\"\nlimits.cpus = \"any\"\nsnapshot.mode = \"yes\"\n"
      "files.\"main.py\".text = \"import sys; print(sys.argv[1:])\"\n"
      "case = [{ args = [\"a\"], expect.text = \"['a']\" }, { args = [\"b\", \"c\"], expect.text = \"['b', 'c']\" "
      "}]\n");
  EXPECT_EQ(run.verdict(), "AC") << run.command.output << run.command.error_output;
  EXPECT_EQ(starts_of(run.result), std::set<std::string>{"snapshot"});
}

constexpr char kExamined[] =
    "image = \"python\"\nsource = \"solution.py\"\nlimits.cpus = \"any\"\n"
    "files.\"solution.py\".text = \"def add(a, b): return a + b\\n\"\n"
    "tests = { language = \"python\", entry = [\"add\"], text = \"assert add(1, 2) == 3\" }\n";

TEST(snapshot_cases, the_first_examination_of_a_batch_that_demands_them_begins_with_two_snapshots) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const std::vector<json> results = run_jobs(kExamined + std::string("snapshot.mode = \"yes\"\n"), {{}, {}});
  for (const json& result : results) {
    EXPECT_EQ(result.at("verdict"), "AC") << result;
    const json& one = result.at("cases").at(0);
    EXPECT_EQ(one.at("start").at("kind"), "snapshot");
    EXPECT_EQ(one.at("dialogue").at("interactor").at("start").at("kind"), "snapshot");
  }
}

TEST(snapshot_cases, a_batch_keeps_no_tests_of_jobs_that_have_ended) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  constexpr std::size_t kSize = std::size_t{512} << 10;
  constexpr std::size_t kJobs = 64;
  const TemporaryFolder folder;
  const std::filesystem::path lines = folder.write("jobs", "");
  for (std::size_t i = 0; i < kJobs; ++i) {
    const json job = {{"id", i}, {"tests", {{"text", "assert add(1, 2) == 3\n#" + std::string(kSize, 'x')}}}};
    std::ofstream(lines, std::ios::app) << job.dump() << '\n';
  }
  const Finished batch = run_command({evalrun().string(), "batch", "--plan",
                                      folder.write("plan.toml", kExamined).string(), "--jobs", "1", lines.string()});
  const std::vector<json> results = results_of(batch);
  EXPECT_EQ(results.size(), kJobs) << batch.error_output;
  for (const json& result : results) EXPECT_EQ(result.at("verdict"), "AC") << result;
  rusage used{};
  ASSERT_EQ(::getrusage(RUSAGE_CHILDREN, &used), 0);
  EXPECT_LT(static_cast<std::size_t>(used.ru_maxrss) << 10, kJobs * kSize + (std::size_t{12} << 20));
}

TEST(snapshot_cases, a_single_plan_that_says_nothing_begins_by_execve_and_says_nothing_of_it) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_plan(graded_plan(kAdds));
  EXPECT_EQ(run.verdict(), "AC");
  for (const json& one : run.result.at("cases")) EXPECT_EQ(one.at("start").dump(), R"({"kind":"execve"})");
}

TEST(snapshot_cases, in_a_batch_later_gradings_begin_with_one_and_no_grading_mixes) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  std::vector<json> jobs;
  for (int i = 0; i < 24; ++i) {
    const char* program = i % 3 == 0   ? "import time\ntime.sleep(0.03)\nprint(sum(map(int, input().split())))\n"
                          : i % 3 == 1 ? "print(3)\n"
                                       : "raise SystemExit(4)\n";
    jobs.push_back({{"files", {{"main.py", {{"text", program}}}}}});
  }
  const std::vector<json> results = run_jobs(graded_plan(kAdds), jobs);
  std::size_t from_snapshot = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].at("verdict"), i % 3 == 0 ? "AC" : i % 3 == 1 ? "WA" : "RE") << i;
    const std::set<std::string> starts = starts_of(results[i]);
    EXPECT_EQ(starts.size(), 1U) << i << " has cases that began in two ways";
    from_snapshot += starts.contains("snapshot") ? 1 : 0;
  }
  EXPECT_GE(from_snapshot, 6U);
}

struct Examined {
  const char* code;
  const char* verdict;
};

// Row 136 of docs/threats.md: what a submission does to its own process makes no test pass, however it began.
TEST(snapshot_cases, examinations_from_snapshots_have_the_verdicts_that_they_have_by_execve) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const std::vector<Examined> all = {
      {"def add(a, b): return a + b\n", "AC"},
      {"import time\ntime.sleep(0.05)\ndef add(a, b): return a + b\n", "AC"},
      {"def add(a, b): return a - b\n", "WA"},
      {"def add(a, b): return 1 // 0\n", "RE"},
      {"import os\ndef add(a, b): os._exit(0)\n", "RE"},
      {"import sys\nsys.exit(0)\n", "RE"},
      {"class Liar(int):\n    def __eq__(self, other): return True\ndef add(a, b): return Liar(7)\n", "WA"},
      {"import gc, sys\nfor one in gc.get_objects(): pass\nsys.modules.clear()\ndef add(a, b): return a\n", "WA"},
      {"def add(a, b):\n    while True: pass\n", "TLE"},
      {"from typing import List\nimport numpy_that_is_not_there\n", "RE"},
      {"import random\ndef add(a, b): return a + b + random.randint(0, 0)\n", "AC"},
  };
  const std::string plan =
      "image = \"python\"\nsource = \"solution.py\"\nlimits = { cpu = \"500ms\", cpus = \"any\" }\n"
      "tests = { language = \"python\", entry = [\"add\"], text = \"from typing import List\\nassert add(1, 2) == 3\\n"
      "assert add(-1, 1) == 0\\n\" }\n";
  std::vector<json> jobs;
  for (int round = 0; round < 3; ++round) {
    for (const Examined& one : all) jobs.push_back({{"files", {{"solution.py", {{"text", one.code}}}}}});
  }
  const std::vector<json> results = run_jobs(plan, jobs);
  std::size_t from_snapshot = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Examined& one = all[i % all.size()];
    EXPECT_EQ(results[i].at("verdict"), one.verdict) << one.code << results[i].at("message");
    from_snapshot += starts_of(results[i]).contains("snapshot") ? 1 : 0;
  }
  EXPECT_GE(from_snapshot, all.size()) << "two rounds of three begin with a snapshot, but for what is on its way";
}

TEST(snapshot_cases, tests_in_one_process_begin_with_one_too) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const auto run = [](const std::string& code) {
    return run_plan(
        "image = \"python\"\nsource = \"solution.py\"\nlimits.cpus = \"any\"\nsnapshot.mode = \"yes\"\n"
        "files.\"solution.py\".text = " +
        toml_string(code) +
        "\ntests = { language = \"python\", mode = \"in-process\", entry = [\"f\"], text = \"assert f() == 4\" }\n");
  };
  const PlanRun right = run("def f(): return 4\n");
  EXPECT_EQ(right.verdict(), "AC") << right.command.output << right.command.error_output;
  EXPECT_EQ(starts_of(right.result), std::set<std::string>{"snapshot"});
  EXPECT_EQ(run("def f(): return 5\n").verdict(), "WA");
  EXPECT_EQ(run("import os\nos._exit(0)\n").verdict(), "RE");
}

}  // namespace
}  // namespace evalrun::test
