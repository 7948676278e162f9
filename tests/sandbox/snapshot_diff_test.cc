// The same programs by execve and from a snapshot: standard output, standard error, the way they end and the verdict
// are equal. What may differ is written in docs/decisions/120; of it only addresses, and the numbers of threads that
// are addresses, show here.
//
// tests/snapshots/programs/ holds them. A first line that begins with "#:" is a part of the batch's job. ctest runs
// every fifth; `./dev snapshot-diff` sets EVALRUN_ALL_PROGRAMS, which runs all, and all once more with modules loaded
// ahead.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "runtime/core/text.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

constexpr char kPython[] = "/usr/bin/python3";
constexpr std::size_t kEveryFifth = 5;
constexpr std::size_t kLeast = 150;
// A recording takes as long as some of these: the first jobs of a batch start by execve.
constexpr int kWarmUps = 30;
constexpr int kMostRounds = 5;

bool wants_all() {
  return std::getenv("EVALRUN_ALL_PROGRAMS") != nullptr;
}

// By name.
std::map<std::string, json> all_programs() {
  std::map<std::string, json> jobs;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "tests/snapshots/programs")) {
    const std::string text = read_file(entry.path());
    json job = text.starts_with("#:") ? json::parse(text.substr(2, text.find('\n') - 2)) : json::object();
    job["id"] = entry.path().stem().string();
    job["files"]["main.py"]["text"] = text;
    jobs.emplace(job["id"], std::move(job));
  }
  return jobs;
}

std::map<std::string, json> programs_to_run() {
  std::map<std::string, json> jobs = all_programs();
  if (wants_all()) return jobs;
  std::size_t number = 0;
  std::erase_if(jobs, [&](const auto&) { return number++ % kEveryFifth != 0; });
  return jobs;
}

// Results by the names of their programs.
std::map<std::string, json> run_batch(const std::map<std::string, json>& jobs, const std::string& keys, int warm_ups) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", "image = \"python\"\nsource = \"main.py\"\nlimits.cpus = \"any\"\n" + keys).string();
  std::string lines;
  for (int i = 0; i < warm_ups; ++i) {
    lines += json{{"id", i}, {"files", {{"main.py", {{"text", "import time\ntime.sleep(0.02)\n"}}}}}}.dump() + "\n";
  }
  for (const auto& [name, job] : jobs) lines += job.dump() + "\n";
  const Finished batch =
      run_command({evalrun().string(), "batch", "--plan", plan, "--jobs", "2", folder.write("jobs", lines).string()});
  std::map<std::string, json> results;
  std::size_t at = 0;
  while (at < batch.output.size()) {
    const std::size_t end = batch.output.find('\n', at);
    json line = json::parse(batch.output.substr(at, end - at));
    at = end == std::string::npos ? batch.output.size() : end + 1;
    if (line.at("id").is_string()) results.emplace(line.at("id"), std::move(line.at("result")));
  }
  EXPECT_EQ(results.size(), jobs.size()) << batch.error_output;
  return results;
}

std::string stream_of(const json& stream) {
  return stream.contains("text") ? stream.at("text") : stream.at("base64");
}

// What a run says of its program. Addresses differ between two runs by execve, too.
std::string said_by(const json& result) {
  json outcome = result.at("outcome");
  for (const char* figure : {"reached_us", "reached_bytes"}) outcome.erase(figure);
  const std::string all = result.at("verdict").get<std::string>() + " " + outcome.dump() +
                          "\nstdout: " + stream_of(result.at("stdout")) + "\nstderr: " + stream_of(result.at("stderr"));
  static const std::regex address("0x[0-9a-f]{6,16}|started [0-9]+|0\\.0[0-9]{8,}");
  return std::regex_replace(all, address, "ADDRESS");
}

// Until each of them has begun with a snapshot.
std::map<std::string, json> run_from_snapshot(std::map<std::string, json> jobs, const std::string& keys) {
  std::map<std::string, json> done;
  for (int round = 0; round < kMostRounds && !jobs.empty(); ++round) {
    for (auto& [name, result] : run_batch(jobs, "snapshot.mode = \"auto\"\n" + keys, kWarmUps << round)) {
      if (result.at("start").at("kind") != "snapshot") continue;
      jobs.erase(name);
      done.emplace(name, std::move(result));
    }
  }
  for (const auto& [name, job] : jobs) ADD_FAILURE() << name << " never began with a snapshot";
  return done;
}

void expect_the_same(const std::map<std::string, json>& jobs, const std::map<std::string, json>& by_execve,
                     const std::string& keys) {
  for (const auto& [name, result] : run_from_snapshot(jobs, keys)) {
    EXPECT_EQ(said_by(result), said_by(by_execve.at(name))) << name << " " << keys;
  }
}

TEST(snapshot_diff, programs_say_and_end_the_same_however_they_began) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  ASSERT_GE(all_programs().size(), kLeast);
  std::map<std::string, json> jobs = programs_to_run();
  const std::map<std::string, json> by_execve = run_batch(jobs, "snapshot.mode = \"off\"\n", 0);
  expect_the_same(jobs, by_execve, "");
  if (!wants_all()) return;
  // What tells which modules there are tells it of these, and so does what follows each step of their ends.
  for (const char* name : {"system_modules", "system_hooks", "modules_cleared", "library_import_shadow",
                           "trace_function_left", "profile_function_left", "trace_with_atexit"}) {
    jobs.erase(name);
  }
  expect_the_same(jobs, by_execve,
                  "snapshot.preload = [\"typing\", \"random\", \"json\", \"logging\", \"asyncio\", \"dataclasses\", "
                  "\"unittest\", \"multiprocessing\"]\n");
}

}  // namespace
}  // namespace evalrun::test
