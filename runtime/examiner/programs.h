// The programs of an examination, as what is placed in sandboxes: each is one file of Python, put together from the
// files of this folder when evalrun is built. docs/examiner.md is what the two sides say to each other.
#pragma once

#include <string_view>

namespace evalrun::examiner {

// What is run: it starts the program beside it, in the file of its own name and ".code" or ".text", with the words of
// the file "words" beside it.
std::string_view starter();

struct Program {
  std::string_view text;  // compressed with zlib, or as it is
  // For the Python that evalrun was built with; of another one it is not used: what its files of code begin with, and
  // the code, compressed with zlib.
  std::string_view code;
};

// Words: the submission's file. Standard input and output are the examiner's questions and its own answers.
Program candidate_program();

// Words: the test file, the submission's module name, the entries, "--", the trusted classes. Standard input and output
// lead to the candidate; the record of the tests goes to standard error.
Program examiner_program();

// Words: the test file, the submission's file, the entries. Standard input is the token that the last line of the
// record must have; the record goes to standard output.
Program in_process_program();

}  // namespace evalrun::examiner
