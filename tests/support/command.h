// Running commands from tests, and a folder that goes away.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace evalrun::test {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Writes a file below, making folders as needed; returns its path.
  std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);

struct Finished {
  int exit_code = -1;  // -1: ended by `signal`
  int signal = 0;
  std::string output;
  std::string error_output;
};

// Runs to the end, with `input` on standard input. Environment as ours.
Finished run_command(const std::vector<std::string>& argv, const std::string& input = "");

// One run of evalrun on a plan given as text.
struct PlanRun {
  Finished command;
  nlohmann::json result;  // null where there was none

  [[nodiscard]] std::string verdict() const { return result.is_object() ? result.value("verdict", "") : ""; }
  [[nodiscard]] std::string kind() const { return result.at("outcome").value("kind", ""); }
  [[nodiscard]] std::string output() const { return result.at("stdout").value("text", ""); }
  [[nodiscard]] std::string error_output() const { return result.at("stderr").value("text", ""); }
};

PlanRun run_plan(const std::string& toml, const std::vector<std::string>& arguments = {},
                 const std::string& input = "");
PlanRun run_plan_in(const TemporaryFolder& folder, const std::string& toml,
                    const std::vector<std::string>& arguments = {}, const std::string& input = "");

// A plan that runs a probe (a small static program of tests/probes) with these words, followed by `more` lines of TOML.
// Top-level keys first: `more` may open tables.
std::string probe_plan(const std::string& probe, const std::vector<std::string>& words, const std::string& more = "");

// The same with the probe on a mount: nothing is in the workspace, and in the run's memory, but what it puts there.
std::string mounted_probe_plan(const std::string& probe, const std::vector<std::string>& words,
                               const std::string& more = "");

// The message for a test that this host cannot run; with EVALRUN_MUST_WORK=1 the caller must fail instead of skipping.
bool must_work();

}  // namespace evalrun::test

// Skips with the missing feature's name, or fails where everything must work.
#define EVALRUN_SKIP(feature)                                             \
  do {                                                                    \
    if (::evalrun::test::must_work()) FAIL() << "missing: " << (feature); \
    GTEST_SKIP() << "missing: " << (feature);                             \
  } while (false)
