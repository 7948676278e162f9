// What `evalrun trace --suggest` prints.
#pragma once

#include <string>

#include "runtime/reader/parse.h"
#include "runtime/trace/suggest.h"

namespace evalrun::cli {

// TOML to be appended to the plan, the words in comments. Of a section that the plan has already, the comment says
// where the lines go.
std::string suggestion_to_text(const PlanText& plan, const trace::Suggestion& suggestion);
std::string suggestion_to_json(const PlanText& plan, const trace::Suggestion& suggestion);

}  // namespace evalrun::cli
