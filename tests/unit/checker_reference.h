// The checkers once more, slow and plain: whole texts, lists of strings, the C library's scanf. What the fast ones of
// runtime/judge say is held against this.
#pragma once

#include <string>

#include "runtime/plan/checker.h"

namespace evalrun::reference {

enum class Verdict { Accepted, WrongAnswer, Presentation, AnswerIsWrong };

struct Outcome {
  friend bool operator==(const Outcome&, const Outcome&) = default;
  Verdict verdict = Verdict::WrongAnswer;
  double share = -1;  // of the points; -1: all or nothing
};

Outcome judge(const Checker& checker, const std::string& answer, const std::string& output);

}  // namespace evalrun::reference
