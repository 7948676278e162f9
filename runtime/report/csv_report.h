// A board as CSV (RFC 4180) for a spreadsheet: one line for each submission, one column for each case with its verdict.
#pragma once

#include <string>

#include "runtime/report/board.h"

namespace evalrun::report {

// UTF-8 without a byte order mark, lines ended by CR LF. No field is a formula (core/text.h, csv_field()). Times are in
// microseconds and sizes in bytes: the most that any case took.
std::string csv_report(const Board& board);

}  // namespace evalrun::report
