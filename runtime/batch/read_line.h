// One line of the input as a job, or why it is none. What is wrong with a line is the same for a batch and for what is
// submitted to a fleet.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "runtime/batch/line_reader.h"
#include "runtime/batch/seen_ids.h"
#include "runtime/jobs/job.h"

namespace evalrun::batch {

// The place of a line of the input, for messages.
SourcePosition position_of(const InputLine& line, const std::string& input_name);

// Its id, where the line has one, is noted in `seen`; a line whose id was there already is none.
std::variant<jobs::JobLine, jobs::BadLine> read_line(const InputLine& line, const std::string& input_name,
                                                     SeenIds& seen);

}  // namespace evalrun::batch
