// What is wrong with a first word that is neither a verb nor a plan.
#pragma once

#include <string>

#include "runtime/core/error.h"
#include "runtime/usage/options.h"

namespace evalrun::cli {

// One sentence for an error at `position` that comes from the argument itself: there is no such file, it is a folder,
// it is a program's source, or it is a misspelt verb. Empty where the error's own message says best what is wrong.
std::string why_no_plan(const Options& options, const SourcePosition& position);

// The verb that `word` is a misspelling of; empty where it looks like none.
std::string nearest_verb(const std::string& word);
// "unknown verb "dotor"; did you mean doctor?".
std::string unknown_verb(const std::string& word);

}  // namespace evalrun::cli
