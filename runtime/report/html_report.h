// A board as one HTML page that needs no network and no other file: submissions and cases as a table, time and memory
// beside their limits, and what each case wrote.
//
// Hostile by assumption is everything that the board holds. In markup it stands as html_text() made it; what is shown
// on demand is JSON (html_data.h) that the page's script places as text. The page's policy lets no other style or
// script work, and nothing be loaded.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/report/board.h"

namespace evalrun::report {

// Of a larger board the first cells are shown; its counts are of all.
inline constexpr std::size_t kMostCellsOfPage = 40'000;
// Of the texts of cases, which are cut shorter until they fit.
inline constexpr std::size_t kMostTextOfPage = 12 << 20;

std::string html_report(const Board& board);

}  // namespace evalrun::report
