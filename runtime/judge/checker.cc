#include "runtime/judge/checker.h"

#include "runtime/judge/line_checker.h"
#include "runtime/judge/token_checker.h"

namespace evalrun::judge {

std::unique_ptr<OutputChecker> make_checker(const Checker& checker, Expected expected) {
  switch (checker.kind) {
    case CheckerKind::Exact: return std::make_unique<LineChecker>(std::move(expected), WhiteSpace::Counts);
    case CheckerKind::Lines: return std::make_unique<LineChecker>(std::move(expected), WhiteSpace::IgnoredAtEnds);
    case CheckerKind::Tokens: return std::make_unique<TokenChecker>(std::move(expected), std::nullopt);
    case CheckerKind::Floats:
      return std::make_unique<TokenChecker>(std::move(expected), Tolerance{checker.absolute, checker.relative});
  }
  return nullptr;
}

}  // namespace evalrun::judge
