// Submissions that try to pass without doing what is asked: tricks.txt and more_tricks.txt. None of them passes
// two-sided, each fails by name and never as the sandbox's failure, and the honest twin of each is accepted.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

struct Task {
  json entry = json::array();
  std::string tests;
};

struct Trick {
  std::string name, task, code, honest;
};

struct Tricks {
  std::map<std::string, Task> tasks;
  std::vector<Trick> tricks;
};

// Tasks are of one file.
void read_file(Tricks& all, const std::string& name_of_file) {
  std::ifstream file(source_dir() / "tests/examiner" / name_of_file);
  std::string* kept = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("*** ")) {
      std::istringstream words(line.substr(4));
      std::string name, entry;
      words >> name;
      Task& task = all.tasks[name_of_file + name];
      while (words >> entry) {
        if (entry.ends_with(',')) entry.pop_back();
        task.entry.push_back(entry);
      }
      kept = &task.tests;
    } else if (line.starts_with("=== ")) {
      const std::size_t open = line.rfind(" (");
      all.tricks.push_back(
          {line.substr(4, open - 4), name_of_file + line.substr(open + 2, line.size() - open - 3), "", ""});
      kept = &all.tricks.back().code;
    } else if (line == "--- honest") {
      kept = &all.tricks.back().honest;
    } else if (kept != nullptr) {
      *kept += line + "\n";
    }
  }
}

Tricks read_tricks() {
  Tricks all;
  for (const char* file : {"tricks.txt", "more_tricks.txt"}) read_file(all, file);
  return all;
}

constexpr const char* kPlan = R"(image = "python"
source = "solution.py"
[tests]
language = "python"
text = ""
[limits]
cpu = "2s"
wall = "6s"
memory = "256MiB"
output = "1MiB"
)";

// The results by the tricks' names.
std::map<std::string, json> run_all(const Tricks& all, std::string Trick::*code) {
  const TemporaryFolder folder;
  folder.write("plan.toml", kPlan);
  std::string jobs;
  for (const Trick& trick : all.tricks) {
    const Task& task = all.tasks.at(trick.task);
    jobs += json{{"id", trick.name},
                 {"files", {{"solution.py", {{"text", trick.*code}}}}},
                 {"tests", {{"text", task.tests}, {"entry", task.entry}}}}
                .dump() +
            "\n";
  }
  folder.write("jobs.jsonl", jobs);
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", (folder.path() / "plan.toml").string(),
                                      (folder.path() / "jobs.jsonl").string()});
  std::map<std::string, json> results;
  std::istringstream lines(batch.output);
  for (std::string line; std::getline(lines, line);) {
    const json one = json::parse(line);
    EXPECT_TRUE(one.contains("result")) << line;
    if (one.contains("result")) results[one.at("id")] = one.at("result");
  }
  EXPECT_EQ(results.size(), all.tricks.size()) << batch.error_output;
  return results;
}

bool has_python() {
  return run_command({evalrun().string(), "image", "list"}).output.find("python: ") != std::string::npos;
}

TEST(tricks, there_are_at_least_a_hundred_and_thirty_of_names_of_their_own) {
  const Tricks all = read_tricks();
  std::map<std::string, int> names;
  for (const Trick& trick : all.tricks) {
    EXPECT_EQ(++names[trick.name], 1) << trick.name;
    EXPECT_TRUE(all.tasks.contains(trick.task)) << trick.name;
    EXPECT_FALSE(trick.code.empty() || trick.honest.empty()) << trick.name;
  }
  EXPECT_GE(names.size(), 130U);
}

// Row 136.
TEST(tricks, none_passes_and_each_fails_as_the_submissions_own_failure) {
  if (!has_python()) EVALRUN_SKIP("python3");
  for (const auto& [name, result] : run_all(read_tricks(), &Trick::code)) {
    const std::string verdict = result.at("verdict");
    EXPECT_TRUE(verdict == "WA" || verdict == "RE" || verdict == "TLE" || verdict == "MLE" || verdict == "OLE" ||
                verdict == "SV")
        << name << ": " << verdict << ": " << result.at("message");
    EXPECT_FALSE(result.at("message").get<std::string>().empty()) << name;
    EXPECT_EQ(result.at("forgeable"), false);
    EXPECT_EQ(result.at("score"), 0) << name;
  }
}

TEST(tricks, the_honest_twin_of_each_is_accepted) {
  if (!has_python()) EVALRUN_SKIP("python3");
  for (const auto& [name, result] : run_all(read_tricks(), &Trick::honest)) {
    EXPECT_EQ(result.at("verdict"), "AC") << name << ": " << result.at("message") << result.at("tests");
    for (const json& test : result.at("tests")) EXPECT_EQ(test.at("passed"), true) << name << test;
  }
}

}  // namespace
}  // namespace evalrun::test
