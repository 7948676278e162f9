// What an HTML report shows of a case when it is asked for: JSON that its script reads. The texts are fit to be looked
// at (core/text.h, printable()) and cut at the first difference, so that the script only places them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/report/board.h"

namespace evalrun::report {

// The first rows and columns of a board.
struct Extent {
  std::size_t rows = 0, columns = 0;
};

// A name or a fact, and a message, short enough for a page whatever a program or its author made of it.
std::string short_name(std::string_view bytes);
std::string short_message(std::string_view bytes);

// For a script element (core/text.h, script_json()). Texts are cut shorter until all of it is at most `most` bytes;
// those of cases that passed are cut first.
std::string html_data(const Board& board, Extent extent, std::size_t most);

}  // namespace evalrun::report
