// What all that reads data/ of a package goes by.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::kattis {

using Words = std::vector<std::string>;

// What problem.yaml of the oldest packages says for all groups, over what each says.
struct OldGrading {
  std::optional<double> accept_score, reject_score;
  std::optional<std::pair<double, double>> range;
  std::optional<std::string> on_reject;  // "break" or "continue"
};

// By whose rules the older groups are scored.
enum class OlderGroups { Kattis, Domjudge };

// The older groups by Kattis's rules or by DOMjudge's, or the newer ones, which have a maximum.
enum class GroupSystem { GraderFlags, MaximumScores, Domjudge };

struct DataReading {
  Reading& reading;
  const Words& validator_flags;  // of problem.yaml
  const OldGrading& grading;
  GroupSystem system;
  std::set<Words> checked = {};  // arguments of the default comparison that were looked at
};

inline bool is_legacy(const Reading& reading) {
  return reading.problem.format == problem::Format::KattisLegacy;
}

}  // namespace evalrun::packages::kattis
