// Checkers: is this output the expected one?
//
// Theory of operation. The output comes in pieces, as the program writes it; what is expected is read along with it.
// Both are walked once, side by side, so that a checker needs a few kilobytes whatever their sizes and the answer is
// there when the last piece is. The walk stops at the first difference, which is described for people: where, what was
// expected, what was found, both cut short and escaped. Pure but for reading the expected file. Checkers run in the
// supervisor; nothing of what is expected ever gets into a sandbox.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/checkers/expected.h"
#include "runtime/core/error.h"
#include "runtime/plan/plan.h"

namespace evalrun::judge {

// Where something stands in a text.
struct Place {
  friend bool operator==(const Place&, const Place&) = default;
  std::uint64_t byte = 0;  // from 0 on
  std::uint64_t line = 1;  // after so many "\n", from 1 on
  std::uint64_t item = 1;  // the word or the line that is compared, from 1 on
};

// The first difference; both texts are cut short and escaped.
struct Difference {
  Place found, expected;
  std::string found_text, expected_text;
};

// How an output that is not accepted is wrong. testlib's checkers tell output that cannot be read from a wrong answer.
enum class Rejection { WrongAnswer, Presentation };

struct Judgement {
  bool accepted = false;
  std::string feedback;  // where the first difference is; "" where accepted
  Rejection rejection = Rejection::WrongAnswer;
  // The part of the case's points that is earned, from 0 to 1; none: all of them if accepted, else nothing.
  std::optional<double> share = {};
  // Of the checkers that compare items, if there is a first difference: a multiset has none.
  std::optional<Difference> difference = {};
};

class OutputChecker {
 public:
  OutputChecker() = default;
  virtual ~OutputChecker() = default;
  OutputChecker(const OutputChecker&) = delete;
  OutputChecker& operator=(const OutputChecker&) = delete;

  // The next bytes of the output; what it is cut into makes no difference. Throws SystemError where the expected file
  // cannot be read, and AnswerError where the checker cannot use what it holds.
  virtual void feed(std::string_view piece) = 0;
  // The output has ended. Once; throws as feed() does.
  virtual Judgement finish() = 0;
};

// What is expected cannot be what the checker's name says: a word that is no integer for "testlib/ncmp". Nothing of
// this is the program's fault. It goes the way of an expected file that cannot be read.
class AnswerError : public SystemError {
 public:
  AnswerError(CheckerKind kind, std::string_view what);
};

std::unique_ptr<OutputChecker> make_checker(const Checker& checker, Expected expected);

}  // namespace evalrun::judge
