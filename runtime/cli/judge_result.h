// What has become of one submission, as JSON: what a journal keeps and `--format json` prints, and what tables and
// reports are made of. So a result that comes from a journal looks like one of this run.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtime/contest/judging.h"
#include "runtime/contest/tasks.h"
#include "runtime/core/units.h"
#include "runtime/report/board.h"

namespace evalrun::cli {

// One object. What the label says of it is in it where the package labels it.
nlohmann::ordered_json to_result(const contest::Judged& judged, const problem::Problem& problem);

// The board's columns and facts, without rows. Cases that a student may not see are secret columns.
report::Board judge_board(const contest::Tasks& tasks, Duration limit);

// Adds what to_result() made.
void add_result(report::Board& board, const nlohmann::ordered_json& result);

// 0: accepted; 1: not; 3: it could not be judged, which is the jury's or the sandbox's fault.
int exit_status_of(const nlohmann::ordered_json& result);

// Of all of them: {"problem": …, "submissions": […]}.
std::string to_json(const problem::Problem& problem, Duration limit,
                    const std::vector<nlohmann::ordered_json>& results);

// The line above a table.
std::string heading(const problem::Problem& problem, Duration limit);

// One line of a table for each row, and one that counts the verdicts.
std::string class_table(const report::Board& board);

}  // namespace evalrun::cli
