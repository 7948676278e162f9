// Documents and scripts that are made from command_table.h: `evalrun --generate WHAT`, which `./dev docs` calls.
#pragma once

#include <string>

namespace evalrun::cli {

// "man": the sections of the manual page that list verbs, options and exit statuses, in roff.
// "complete-bash": the completion script.
// "exit-statuses": the table of the README, in Markdown.
// Throws UsageError for any other word.
std::string generated(const std::string& what);

}  // namespace evalrun::cli
