// fcmp and lcmp, which compare lines, and the choice among all checkers of testlib.

#include "runtime/checkers/testlib_checker.h"

namespace evalrun::judge {
namespace {

// fcmp, lcmp: the answer's lines, one by one, but for an empty one at its end. After the output's end its lines are
// empty; what is left of it after the answer's end must be blank.
class LineSequences final : public ItemChecker {
 public:
  LineSequences(const Checker& checker, Expected expected, Cut cut)
      : ItemChecker(checker.kind, std::move(expected), {.cut = cut, .line_ends = LineEnds::Testlib},
                    ByteOrderMark::IsLeftOut) {}

 private:
  // Whether the answer has no line that is still to be compared.
  bool answer_has_ended() {
    const Item* wanted = expected();
    if (wanted == nullptr) return true;
    const bool is_empty = wanted->kind == ItemKind::Line ? wanted->size == 0
                                                         : wanted->kind == ItemKind::LineEnd && wanted->line_size == 0;
    return is_empty && is_last_expected();
  }

  void on_start() override {
    if (answer_has_ended()) expect_blank_rest();
  }

  void on_item(const Item& found) override {
    if (!equal_kinds(found, *expected())) return reject_difference(&found);
    pass_expected();
    if (found.kind != ItemKind::Word && answer_has_ended()) expect_blank_rest();
  }

  static bool equal_kinds(const Item& found, const Item& wanted) {
    return found.kind == ItemKind::LineEnd ? wanted.kind == ItemKind::LineEnd
                                           : equal(found, wanted, LetterCase::Counts);
  }

  void on_end() override {
    for (; !answer_has_ended(); pass_expected()) {
      const bool is_blank =
          expected()->kind == ItemKind::LineEnd || (expected()->kind == ItemKind::Line && expected()->size == 0);
      if (!is_blank) return reject_difference(nullptr);
    }
  }
};

}  // namespace

std::unique_ptr<OutputChecker> make_testlib_checker(const Checker& checker, Expected expected) {
  switch (checker.kind) {
    case CheckerKind::TestlibCaseicmp:
    case CheckerKind::TestlibCasencmp:
    case CheckerKind::TestlibCasewcmp: return make_testlib_case_checker(checker, std::move(expected));
    case CheckerKind::TestlibFcmp: return std::make_unique<LineSequences>(checker, std::move(expected), Cut::Lines);
    case CheckerKind::TestlibLcmp:
      return std::make_unique<LineSequences>(checker, std::move(expected), Cut::WordsInLines);
    default: return make_testlib_word_checker(checker, std::move(expected));
  }
}

}  // namespace evalrun::judge
