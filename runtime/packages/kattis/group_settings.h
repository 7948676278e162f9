// testdata.yaml and test_group.yaml: what a folder of cases says of its group and its cases.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/packages/kattis/data_reading.h"

namespace evalrun::packages::kattis {

constexpr double kMostScore = 1e15;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Words and where they were written.
struct Placed {
  Words words;
  SourcePosition where;
};

// What a folder of cases says, with what it inherits.
struct Settings {
  std::string on_reject = "break";
  bool custom_grading = false;
  std::string grader_flags;
  double accept_score = 1;
  double reject_score = 0;
  double least = -kInfinity;
  double most = kInfinity;
  Words args;
  std::map<std::string, Words> input_validator_args;
  Placed output_validator_args;
  std::optional<bool> full_feedback;
  // Of the newer groups; never inherited.
  std::optional<std::string> aggregation;
  std::optional<std::optional<double>> max_score;  // the inner one is absent for "unbounded"
  std::vector<std::pair<std::string, SourcePosition>> require_pass;
  std::optional<std::optional<double>> static_score;  // the inner one is absent for "pass-fail"
  Words static_args;
  SourcePosition where;
};

// "0 100", "-inf +inf"; nothing for other words.
std::optional<std::pair<double, double>> range_of(const std::vector<std::string>& words);

// The file of the folder that says it; "" if there is none.
std::string config_of(const Reading& reading, const std::string& folder);

// Reads the folder's file over what it inherits.
void read_settings(const DataReading& data, const std::string& folder, Settings& settings);

// Reads the file beside a case, whose path is without its ending, over what its folder says.
void read_case_yaml(const DataReading& data, const std::string& path, Settings& settings);

// Arguments of data/ itself are defaults; the rest is each group's own.
Settings arguments_of(const Settings& root);

}  // namespace evalrun::packages::kattis
