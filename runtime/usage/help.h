// The help as text, made from command_table.h.
#pragma once

#include <string>
#include <vector>

#include "runtime/usage/command_table.h"

namespace evalrun::cli {

// `evalrun --help`: what it is, the verbs, one example.
std::string help_of_all();
// `evalrun VERB --help`.
std::string help_of(const VerbRow& row);
// `evalrun image --help`: the verbs that begin with this word.
std::string help_of_group(const std::string& word);

// "-i, --image IMAGE".
std::string label_of(const FlagRow& row);
// The sentences of a flag, with its default: "Limit the elapsed time. Default: 10s."
std::string sentences_of(const FlagRow& row);
// "evalrun run [OPTIONS] PLAN"; a verb that has a short form gives both.
std::vector<std::string> usages_of(const VerbRow& row);

}  // namespace evalrun::cli
