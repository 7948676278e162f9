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
  Cms           // INPUT ANSWER OUTPUT; the outcome on standard output
};
const char* name_of(Convention convention);

}  // namespace evalrun::problem
