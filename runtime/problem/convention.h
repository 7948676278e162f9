// What the programs of a jury are for, and how they are called.
#pragma once

#include <cstddef>

namespace evalrun::problem {

enum class Role {
  OutputValidator,
  Interactor,
  Checker,
  InputValidator,
  StaticValidator,
  Grader,
  Generator,
  Manager,
  Solution
};
const char* name_of(Role role);

// How a jury program is called and how its end is understood.
enum class Convention {
  Kattis,       // INPUT ANSWER FEEDBACK/ [flags] < output; 42 accepts, 43 rejects
  Testlib,      // INPUT OUTPUT ANSWER, 0 1 2 3 7; an interactor: INPUT TOUT [ANSWER]
  DmojDefault,  // INPUT OUTPUT ANSWER, an interactor INPUT ANSWER; 0 accepts, 1 rejects
  DmojTestlib,  // testlib as DMOJ calls it
  DmojCoci,     // testlib with "partial X/Y"
  DmojPeg,      // ANSWER OUTPUT INPUT, two lines of numbers
  DmojPython,   // a function check() of a Python module
  // CMS. A checker: INPUT ANSWER OUTPUT; it exits with 0, the outcome (1 is all, 0 is none) is the first line of its
  // standard output and the message that of its standard error.
  // A manager: for each process of the submission the FIFO from it and the FIFO to it; the input is its standard input
  // and "input.txt" in its folder, where it may write "output.txt"; it ends as a checker does.
  // An input validator: INPUT [SUBTASK], 0 accepts. A generator: its words; the input is its standard output.
  Cms
};
const char* name_of(Convention convention);

}  // namespace evalrun::problem
