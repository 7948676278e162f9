#include "runtime/snapshot/python_hook.h"

#include <array>
#include <string_view>

#include "runtime/examiner/programs.h"
#include "runtime/snapshot/symbols.h"

namespace evalrun::snapshot {
namespace {

constexpr std::string_view kText =
#include "runtime/snapshot/python_hook.inc"
    ;

// As a literal of Python's, whatever is in it.
std::string python_bytes(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string literal = "b'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f && c != '\'' && c != '\\') {
      literal += c;
    } else {
      literal += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return literal + "'";
}

// Its code and its text.
std::string pair_of(const examiner::Program& program) {
  return "(" + python_bytes(program.code) + "," + python_bytes(program.text) + ")";
}

std::string side_of(LoadedAhead side) {
  switch (side) {
    case LoadedAhead::Nothing: break;
    case LoadedAhead::Candidate: return pair_of(examiner::candidate_program());
    case LoadedAhead::Examiner: return pair_of(examiner::examiner_program());
    case LoadedAhead::InProcess: return pair_of(examiner::in_process_program());
  }
  return "None";
}

}  // namespace

std::optional<PythonFunctions> find_python(pid_t pid) {
  constexpr std::array<std::string_view, 8> kNames = {"PyMem_RawMalloc",    "PyGILState_Ensure",   "PyGILState_Release",
                                                      "PyRun_SimpleString", "PyObject_CallNoArgs", "PyObject_IsTrue",
                                                      "PyErr_Clear",        "Py_FinalizeEx"};
  const auto found = find_functions(pid, kNames);
  if (found.size() != kNames.size()) return std::nullopt;
  const auto at = [&](std::size_t i) { return found.at(std::string(kNames[i])); };
  return PythonFunctions{at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)};
}

std::optional<Word> word_of(std::uint64_t word) noexcept {
  for (const Word one : {Word::Place, Word::WantsFalse, Word::WantsTrue, Word::NotImported, Word::NotLoaded}) {
    if (word == static_cast<std::uint64_t>(one)) return one;
  }
  return std::nullopt;
}

std::string text_of_hook(const SnapshotUse& use) {
  std::string names = "[";
  for (const std::string& name : use.preload) names += python_bytes(name) + ".decode(),";
  names += "]";
  return "exec(compile(" + python_bytes(kText) + ", '<evalrun>', 'exec', dont_inherit=True), {'NAMES': " + names +
         ", 'SIDE': " + side_of(use.loaded_ahead) + "})\n";
}

}  // namespace evalrun::snapshot
