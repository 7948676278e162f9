// Boards out of what `evalrun run` and `evalrun batch` print: a plan gives the columns, a result's JSON gives a row. So
// a report shows nothing that is not in the results, and what comes from a journal looks like what has just run.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/plan/plan.h"
#include "runtime/report/board.h"

namespace evalrun::report {

// The columns of a task, one for each case; for a task without cases, one called "run". Reads the beginnings of the
// files that cases name, and leaves out what cannot be read. Nothing of a secret case is read.
Board board_of(const Task& task);

// What the task's submission is called: its source, else the plan's name.
std::string submission_of(const Task& task);

// Adds a row: what to_json() of a Report or a GradeReport made. Cases that have no column yet get one, where `board`
// has fewer than kMostColumns.
inline constexpr std::size_t kMostColumns = 1000;
void add_result(Board& board, Row row, const nlohmann::json& result);

}  // namespace evalrun::report
