// How a refusal leaves the functions that make sources: sources_at() and its like catch it and return it.
#pragma once

#include <string>

#include "runtime/core/text.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

struct Refused {
  Refusal refusal;
};

[[noreturn]] inline void refuse(Refusal::Cause cause, const std::string& message) {
  throw Refused{{cause, one_line(message)}};
}

}  // namespace evalrun::contest
