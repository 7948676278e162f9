#include "runtime/checkers/checker.h"

#include "runtime/checkers/item_checker.h"
#include "runtime/checkers/line_checker.h"
#include "runtime/checkers/token_checker.h"
#include "runtime/checkers/white_diff_checker.h"

namespace evalrun::judge {

AnswerError::AnswerError(CheckerKind kind, std::string_view what)
    : SystemError("read the answer for " + std::string(name_of(kind)) + ":", what, EINVAL) {}

std::unique_ptr<OutputChecker> make_checker(const Checker& checker, Expected expected) {
  switch (checker.kind) {
    case CheckerKind::Exact: return std::make_unique<LineChecker>(std::move(expected), WhiteSpace::Counts);
    case CheckerKind::Lines: return std::make_unique<LineChecker>(std::move(expected), WhiteSpace::IgnoredAtEnds);
    case CheckerKind::Tokens: return std::make_unique<TokenChecker>(std::move(expected), std::nullopt);
    case CheckerKind::Floats:
      return std::make_unique<TokenChecker>(std::move(expected), Tolerance{checker.absolute, checker.relative});
    case CheckerKind::Kattis: return make_kattis_checker(checker, std::move(expected));
    case CheckerKind::DmojStandard:
    case CheckerKind::DmojIdentical:
    case CheckerKind::DmojEasy:
    case CheckerKind::DmojFloats:
    case CheckerKind::DmojFloatsAbs:
    case CheckerKind::DmojFloatsRel:
    case CheckerKind::DmojLinecount:
    case CheckerKind::DmojLinematches:
    case CheckerKind::DmojRstripped:
    case CheckerKind::DmojSorted:
    case CheckerKind::DmojUnordered: return make_dmoj_checker(checker, std::move(expected));
    case CheckerKind::TestlibAcmp:
    case CheckerKind::TestlibCaseicmp:
    case CheckerKind::TestlibCasencmp:
    case CheckerKind::TestlibCasewcmp:
    case CheckerKind::TestlibDcmp:
    case CheckerKind::TestlibFcmp:
    case CheckerKind::TestlibHcmp:
    case CheckerKind::TestlibIcmp:
    case CheckerKind::TestlibLcmp:
    case CheckerKind::TestlibNcmp:
    case CheckerKind::TestlibNyesno:
    case CheckerKind::TestlibRcmp:
    case CheckerKind::TestlibRcmp4:
    case CheckerKind::TestlibRcmp6:
    case CheckerKind::TestlibRcmp9:
    case CheckerKind::TestlibRncmp:
    case CheckerKind::TestlibUncmp:
    case CheckerKind::TestlibWcmp:
    case CheckerKind::TestlibYesno: return make_testlib_checker(checker, std::move(expected));
    case CheckerKind::CmsWhiteDiff: return std::make_unique<WhiteDiffChecker>(std::move(expected));
  }
  return nullptr;
}

}  // namespace evalrun::judge
