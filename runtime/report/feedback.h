// Feedback: one text for each submission's author. It holds what failed, the first difference and standard error, of
// those cases that are not secret. Of secret cases it tells how many passed, and neither names nor texts. What the jury
// alone is to know (jury_feedback, facts) is never in it.
#pragma once

#include <string>
#include <vector>

#include "runtime/report/board.h"

namespace evalrun::report {

// One submission's text. Lines of a program's output begin with "    ", so that none of them looks like a line of ours.
std::string feedback_text(const Board& board, const Row& row);

// A name for each row's file, in the rows' order: letters, digits, "." "_" "-" of the submission's own name and ".txt".
// No two are equal, also where the file system ignores case.
std::vector<std::string> feedback_names(const Board& board);

// Writes each into `folder`, borrowed. A file or link of that name is replaced, never followed. Mode 0600. Throws
// SystemError.
void write_feedback(int folder, const Board& board);

}  // namespace evalrun::report
