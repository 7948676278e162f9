// What is done inside Python before it is recorded, by its own functions.
//
// Theory of operation. The interpreter has started and is about to look at its script. There the recorder lets it call
// the C interface of Python: a text is run (python_hook.py), which imports modules, looks at what a run must leave for
// its end to be left out, and then stands still at a place of its own; that is what is recorded. Each restored run
// comes back from the text and goes on with the look at its script, as if nothing had been: no frame of the text is on
// the stack, and Python itself reads the script, runs it and tells its exit status. Only a program of evalrun's own
// that was loaded ahead is run by the text, and ends the process: no submission is its script.
//
// Only its end is changed: Py_FinalizeEx begins with a jump to the restorer (restorer_hook.cc). There the text's
// functions are asked whether anything is left that could notice that the interpreter is not taken down; where
// something is, it is taken down.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/plan/snapshot.h"

namespace evalrun::snapshot {

// Addresses of the C interface.
struct PythonFunctions {
  std::uint64_t allocate, ensure, release, run_text, call, is_true, clear_error, finalize;
};
// None where the program is no Python that gives all of them.
std::optional<PythonFunctions> find_python(pid_t pid);

// Words that the text says to its recorder: calls of lseek(2) on no descriptor, which have no other effect. The first
// operand is the word's value.
enum class Word : std::uint32_t {
  Place = 0x65767200,  // here it is recorded
  WantsFalse,          // the object at this address, called at a run's end, must answer so
  WantsTrue,
  NotImported,  // the module of this number
  NotLoaded     // the program that is loaded ahead
};
std::optional<Word> word_of(std::uint64_t word) noexcept;

// What PyRun_SimpleString is given.
std::string text_of_hook(const SnapshotUse& use);

}  // namespace evalrun::snapshot
