// What the hostile tests share: one run of the hostile probe, and looking for what a run left behind.
#pragma once

#include <string>
#include <vector>

#include "tests/support/command.h"

namespace evalrun::test {

// A plan that runs tests/probes/hostile.cc with these words.
inline std::string hostile_plan(const std::vector<std::string>& words, const std::string& more = "") {
  return probe_plan("hostile", words, more);
}

inline PlanRun run_hostile(const std::vector<std::string>& words, const std::string& more = "") {
  return run_plan(hostile_plan(words, more));
}

// Everything that a failed expectation needs to be understood.
inline std::string shown(const PlanRun& run) {
  return run.command.output + run.command.error_output;
}

inline std::string limit_of(const PlanRun& run) {
  return run.result.at("outcome").value("limit", "no limit");
}

// A TOML basic string: JSON's escapes are a part of TOML's.
inline std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

}  // namespace evalrun::test
