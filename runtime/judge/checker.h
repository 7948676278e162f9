// Checkers: is this output the expected one?
//
// Theory of operation. The output comes in pieces, as the program writes it; what is expected is read along with it.
// Both are walked once, side by side, so that a checker needs a few kilobytes whatever their sizes and the answer is
// there when the last piece is. The walk stops at the first difference, which is described for people: where, what was
// expected, what was found, both cut short and escaped. Pure but for reading the expected file. Checkers run in the
// supervisor; nothing of what is expected ever gets into a sandbox.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/judge/expected.h"
#include "runtime/plan/plan.h"

namespace evalrun::judge {

struct Judgement {
  bool accepted = false;
  std::string feedback;  // where the first difference is; "" where accepted
};

class OutputChecker {
 public:
  OutputChecker() = default;
  virtual ~OutputChecker() = default;
  OutputChecker(const OutputChecker&) = delete;
  OutputChecker& operator=(const OutputChecker&) = delete;

  // The next bytes of the output; what it is cut into makes no difference. Throws SystemError where the expected file
  // cannot be read.
  virtual void feed(std::string_view piece) = 0;
  // The output has ended. Once; throws as feed() does.
  virtual Judgement finish() = 0;
};

std::unique_ptr<OutputChecker> make_checker(const Checker& checker, Expected expected);

}  // namespace evalrun::judge
