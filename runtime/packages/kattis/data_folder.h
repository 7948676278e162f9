// The problem package format: data/ with its cases and groups, by testdata.yaml and by test_group.yaml.
//
// The older groups nest, inherit key by key, and score what is in them by grader flags. The newer ones are direct
// folders of secret, inherit nothing, and have a maximum. Both become problem::Group. Which of the two a package means
// is decided by the files that it has.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {

// What problem.yaml of the oldest packages says for all groups, over what each says.
struct OldGrading {
  std::optional<double> accept_score, reject_score;
  std::optional<std::pair<double, double>> range;
  std::optional<std::string> on_reject;  // "break" or "continue"
};
// "0 100", "-inf +inf"; nothing for other words.
std::optional<std::pair<double, double>> range_of(const std::vector<std::string>& words);
// By whose rules the older groups are scored.
enum class OlderGroups { Kattis, Domjudge };
void read_kattis_data(Reading& reading, const std::vector<std::string>& validator_flags, const OldGrading& grading,
                      OlderGroups older_groups);

}  // namespace evalrun::packages
