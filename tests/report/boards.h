// Boards that tests of reports are made with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/report/board.h"

namespace evalrun::test {

// Three submissions, four cases: groups, points, labels, a secret case, an exchange with an interactor.
report::Board small_board();

// One submission and one case that failed, with `text` in every place that takes a string.
report::Board board_with(const std::string& text);

// Submissions whose cases have texts as long as any: every third fails.
report::Board large_board(std::size_t rows, std::size_t columns);

// Markup, script, bytes that are no text, a megabyte on one line and the like.
std::vector<std::string> hostile_texts();

}  // namespace evalrun::test
