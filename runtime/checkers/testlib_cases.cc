// The checkers of testlib that read "Case 1:", "Case 2:" and so on.

#include <string>

#include "runtime/checkers/excerpt.h"
#include "runtime/checkers/testlib_checker.h"

namespace evalrun::judge {
namespace {

std::string case_mark(std::uint64_t number) {
  return std::to_string(number) + ":";
}

// caseicmp: "Case N: integer", again and again. All of the answer is read first, then all of the output; then the
// integers are compared, then their numbers.
class Caseicmp final : public TestlibChecker {
 public:
  Caseicmp(const Checker& checker, Expected expected) : TestlibChecker(checker, std::move(expected)) {}

 private:
  // The words of one file, of which every third is a value.
  struct Side {
    std::uint64_t words = 0;

    // What the next word must be; "": a value.
    [[nodiscard]] std::string wanted() const {
      return words % 3 == 0 ? "Case" : words % 3 == 1 ? case_mark(words / 3 + 1) : "";
    }
    [[nodiscard]] bool fits(const Item& item) const {
      const std::string text = wanted();
      return text.empty() ? integer_of<std::int64_t>(item).has_value() : item.front == text && !item.is_cut();
    }
    [[nodiscard]] std::string wanted_for_people() const { return wanted().empty() ? std::string(kInt64) : wanted(); }
  };

  const Item* checked_answer_word() {
    const Item* item = expected();
    if (item == nullptr ? answer_.words % 3 != 0 : !answer_.fits(*item)) {
      refuse_answer(item, answer_.wanted_for_people());
    }
    return item;
  }

  void drain_answer() {
    for (; checked_answer_word() != nullptr; pass_expected()) ++answer_.words;
  }

  void on_word(const Item* found) override {
    if (found == nullptr) return finish_both();
    const Item* wanted = checked_answer_word();
    if (!output_.fits(*found)) {
      drain_answer();
      return reject_format(found, output_.wanted_for_people());
    }
    if (wanted != nullptr) {
      // Both are at the same word of the same case, so only values can differ.
      if (first_wrong_.empty() && !equal(*found, *wanted, LetterCase::Counts)) {
        first_wrong_ = "case " + std::to_string(output_.words / 3 + 1) + ", line " + std::to_string(found->place.line) +
                       ", byte " + std::to_string(found->place.byte) + ": expected " + excerpt(wanted->front) +
                       ", found " + excerpt(found->front);
      }
      ++answer_.words;
      pass_expected();
    }
    ++output_.words;
  }

  void finish_both() {
    drain_answer();
    if (output_.words % 3 != 0) return reject_format(nullptr, output_.wanted_for_people());
    if (!first_wrong_.empty()) return reject(Rejection::WrongAnswer, first_wrong_);
    if (output_.words != answer_.words) {
      reject(Rejection::Presentation,
             "expected " + std::to_string(answer_.words / 3) + " cases, found " + std::to_string(output_.words / 3));
    }
  }

  Side answer_, output_;
  std::string first_wrong_;
};

// casencmp, casewcmp: "Case N:" and any number of values. Case by case, the answer's is read, then the output's; then
// they are compared.
class CaseSequences final : public TestlibChecker {
 public:
  enum class Values { Integers, Words };

  CaseSequences(const Checker& checker, Expected expected, Values values)
      : TestlibChecker(checker, std::move(expected)), values_(values) {}

 private:
  enum class Next { Case, Mark, Value, BlankRest };
  static constexpr const char* kEndOfCase = "the end of the case";

  [[nodiscard]] bool is_value(const Item& item) const {
    return values_ == Values::Words ? is_word(item) : integer_of<std::int64_t>(item).has_value();
  }
  [[nodiscard]] std::string_view value_name() const {
    return values_ == Values::Words ? std::string_view("a word") : kInt64;
  }

  static bool is(const Item& item, std::string_view text) { return !item.is_cut() && item.front == text; }

  // Begins the answer's next case; false at its end.
  bool begin_case() {
    if (expected() == nullptr) return false;
    ++case_;
    differs_.clear();
    answer_has_more_ = true;
    if (!answer_case_read_) {
      if (!is(answer_word("Case"), "Case")) refuse_answer(expected(), "Case");
      pass_expected();
    }
    if (!is(answer_word(case_mark(case_)), case_mark(case_))) refuse_answer(expected(), case_mark(case_));
    pass_expected();
    next_ = output_case_read_ ? Next::Mark : Next::Case;
    return true;
  }

  // The answer's next value in this case; null where there is none. It stays until pass_expected().
  const Item* answer_value() {
    if (!answer_has_more_) return nullptr;
    const Item* item = expected();
    if (item != nullptr && is(*item, "Case")) {
      answer_case_read_ = true;
      pass_expected();
      item = nullptr;
    }
    if (item == nullptr) {
      answer_has_more_ = false;
      return nullptr;
    }
    if (!is_value(*item)) refuse_answer(item, value_name());
    return item;
  }

  // Both as they are shown.
  void note_difference(std::string_view wanted, std::string_view found) {
    if (!differs_.empty()) return;
    differs_ = "case " + std::to_string(case_) + ": expected " + std::string(wanted) + ", found " + std::string(found);
  }

  void reject_in_case(const Item* found, std::string_view wanted) {
    for (; answer_value() != nullptr; pass_expected()) {
    }
    reject_format(found, wanted);
  }

  void end_case() {
    for (const Item* wanted = answer_value(); wanted != nullptr; wanted = answer_value()) {
      note_difference(excerpt(wanted->front), kEndOfCase);
      pass_expected();
    }
    if (!differs_.empty()) return reject(Rejection::WrongAnswer, differs_);
    if (!begin_case()) next_ = Next::BlankRest;
  }

  void on_start() override {
    if (!begin_case()) next_ = Next::BlankRest;
  }

  void on_word(const Item* found) override {
    switch (next_) {
      case Next::BlankRest:
        if (found != nullptr) reject_extra(found);
        return;
      case Next::Case:
        if (found == nullptr || !is(*found, "Case")) return reject_in_case(found, "Case");
        next_ = Next::Mark;
        return;
      case Next::Mark:
        if (found == nullptr || !is(*found, case_mark(case_))) return reject_in_case(found, case_mark(case_));
        next_ = Next::Value;
        return;
      case Next::Value: take_value(found); return;
    }
  }

  void take_value(const Item* found) {
    if (found == nullptr || is(*found, "Case")) {
      output_case_read_ = output_case_read_ || found != nullptr;
      end_case();
      // The output has ended, and the answer's next case is still to be read.
      if (found == nullptr && !has_decided() && next_ != Next::BlankRest) on_word(nullptr);
      return;
    }
    if (!is_value(*found)) return reject_in_case(found, value_name());
    const Item* wanted = answer_value();
    if (wanted == nullptr || !equal(*found, *wanted, LetterCase::Counts)) {
      note_difference(wanted != nullptr ? excerpt(wanted->front) : kEndOfCase, excerpt(found->front));
    }
    if (wanted != nullptr) pass_expected();
  }

  Values values_;
  Next next_ = Next::Case;
  std::uint64_t case_ = 0;
  // Once a case has ended with the word "Case", it is taken as read before each further one, as testlib has it.
  bool answer_case_read_ = false, output_case_read_ = false;
  bool answer_has_more_ = false;  // in this case
  std::string differs_;
};

}  // namespace

std::unique_ptr<OutputChecker> make_testlib_case_checker(const Checker& checker, Expected expected) {
  switch (checker.kind) {
    case CheckerKind::TestlibCasencmp:
      return std::make_unique<CaseSequences>(checker, std::move(expected), CaseSequences::Values::Integers);
    case CheckerKind::TestlibCasewcmp:
      return std::make_unique<CaseSequences>(checker, std::move(expected), CaseSequences::Values::Words);
    default: return std::make_unique<Caseicmp>(checker, std::move(expected));
  }
}

}  // namespace evalrun::judge
