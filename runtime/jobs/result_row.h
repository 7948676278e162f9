// A line of a batch's output as a row of a table: for people, or for a spreadsheet. Pure.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::jobs {

// How a batch writes its results.
enum class ResultForm { JsonLines, Text, Csv };

// The line above the rows, with a newline; "" for JSON.
std::string header_of(ResultForm form);

// What result_line() or error_line() made, in that form, with a newline. A row shows the longest of a submission's
// cases: CPU time, wall clock and memory. A text row is one line whatever the job is called.
std::string row_of(std::string line, ResultForm form);

}  // namespace evalrun::jobs
