// What `evalrun judge` prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/contest/judging.h"
#include "runtime/problem/problem.h"

namespace evalrun::cli {

// Submissions that a user has named.
struct JudgeReport {
  const problem::Problem& problem;
  const std::vector<contest::Judged>& judged;
  Duration limit;
};
std::string to_text(const JudgeReport& report);
// 0: all are accepted; 1: one is not; 3: one could not be judged.
int exit_status_of(const std::vector<contest::Judged>& judged);

// The package's own submissions against their labels.
struct SelfTestReport {
  const problem::Problem& problem;
  const std::vector<contest::Judged>& judged;
  Duration limit;
  std::optional<Duration> slowest_accepted;  // where the limit was found from it
  std::string slowest_name;
};
std::string to_text(const SelfTestReport& report);
// 0: none is otherwise than labelled; 1: one is; 3: one could not be judged.
int exit_status_of(const SelfTestReport& report);

// One line while it works: "AC  accepted/a.cpp  0.12 s".
std::string progress_of(const contest::Judged& one);

}  // namespace evalrun::cli
