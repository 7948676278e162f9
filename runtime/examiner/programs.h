// The programs of an examination, as the texts that are placed in sandboxes: each is one file of Python, put together
// from the files of this folder when evalrun is built. docs/examiner.md is what the two sides say to each other.
#pragma once

#include <string_view>

namespace evalrun::examiner {

// argv: the submission's file. Standard input and output are the examiner's questions and its own answers.
std::string_view candidate_program();

// argv: the test file, the submission's module name, the entries, "--", the trusted classes. Standard input and output
// lead to the candidate; the record of the tests goes to standard error.
std::string_view examiner_program();

// argv: the test file, the submission's file, the entries. Standard input is the token that the last line of the record
// must have; the record goes to standard output.
std::string_view in_process_program();

}  // namespace evalrun::examiner
