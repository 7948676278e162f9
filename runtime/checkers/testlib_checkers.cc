// The standard checkers of testlib, by their rules there.
//
// They read their files in a fixed order, and the first thing that is wrong decides. What the answer cannot be is the
// jury's fault (AnswerError), what the output cannot be is a presentation error, and the rest is a wrong answer. Where
// a checker reads all of the answer before the output, as "uncmp" does, that order is kept: a fault of the answer
// outranks whatever the output holds. White space is " ", "\t", "\r" and "\n", and a word has at most 32 MiB. A UTF-8
// byte order mark is left out at the beginning of the output, not of the answer.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "runtime/checkers/excerpt.h"
#include "runtime/checkers/item_checker.h"

namespace evalrun::judge {
namespace {

constexpr std::uint64_t kLongestWord = std::uint64_t{32} << 20;

constexpr ItemRules kWords{.cut = Cut::Words, .white = WhiteSet::Testlib};
constexpr ItemRules kNumbers{.cut = Cut::Words, .white = WhiteSet::Testlib, .numbers = NumberSyntax::Testlib};

// An integer as programs print it: no "+", no leading zeros, no "-0".
template <typename Integer>
std::optional<Integer> integer_of(const Item& item) {
  const std::string_view text = item.front;
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  const bool has_extra_zero = digits.starts_with('0') && text != "0";
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (item.is_cut() || has_extra_zero || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_word(const Item& item) {
  return item.size <= kLongestWord;
}

// The checks that take both files word by word.
class TestlibChecker : public ItemChecker {
 protected:
  TestlibChecker(const Checker& checker, Expected expected, const ItemRules& rules = kWords)
      : ItemChecker(checker.kind, std::move(expected), rules, ByteOrderMark::IsLeftOut) {}

  // The next word of the answer or of the output; what is no word at all decides.
  const Item& answer_word(std::string_view wanted) {
    const Item* item = expected();
    if (item == nullptr || !is_word(*item)) refuse_answer(item, wanted);
    return *item;
  }
  bool has_word(const Item* found, std::string_view wanted) {
    if (found != nullptr && is_word(*found)) return true;
    reject_format(found, wanted);
    return false;
  }

  void on_item(const Item& found) final { on_word(&found); }
  void on_end() final { on_word(nullptr); }
  // Each word of the output, then null once.
  virtual void on_word(const Item* found) = 0;

  void reject_extra(const Item* found) { reject_format(found, "the end"); }
};

// wcmp, ncmp, nyesno: two sequences; the longer one is told after what is left of both has been read.
class Sequences : public TestlibChecker {
 protected:
  using TestlibChecker::TestlibChecker;

  // Throws or rejects what the words cannot be.
  virtual void compare(const Item& found, const Item& wanted) = 0;
  virtual void check_extra_answer(const Item& item) = 0;
  virtual void check_extra_output(const Item& item) = 0;

 private:
  void on_word(const Item* found) override {
    const Item* wanted = expected();
    if (found != nullptr && wanted != nullptr) {
      if (!is_word(*wanted)) refuse_answer(wanted, "a word of at most 32 MiB");
      if (!has_word(found, "a word of at most 32 MiB")) return;
      compare(*found, *wanted);
      if (!has_decided()) pass_expected();
      return;
    }
    if (found == nullptr) {
      if (wanted == nullptr) return finish_extra();
      if (!has_extra_) {
        reject_difference(nullptr);
        // What is left of the answer outranks that.
        for (; expected() != nullptr; pass_expected()) check_extra_answer(*expected());
      }
      return;
    }
    if (!has_extra_) {
      has_extra_ = true;
      Item first = *found;
      first_extra_ = first.place;
      first_extra_text_ = excerpt(first.front);
    }
    check_extra_output(*found);
  }

  void finish_extra() {
    if (!has_extra_) return;
    reject(Rejection::WrongAnswer,
           "line " + std::to_string(first_extra_.line) + ", token " + std::to_string(first_extra_.item) + ", byte " +
               std::to_string(first_extra_.byte) + ": expected the end, found " + first_extra_text_);
  }

  bool has_extra_ = false;
  Place first_extra_;
  std::string first_extra_text_;
};

class Wcmp final : public Sequences {
 public:
  Wcmp(const Checker& checker, Expected expected) : Sequences(checker, std::move(expected)) {}

 private:
  void compare(const Item& found, const Item& wanted) override {
    if (!equal(found, wanted, LetterCase::Counts)) reject_difference(&found);
  }
  // It reads no further.
  void check_extra_answer(const Item&) override {}
  void check_extra_output(const Item& item) override { reject_difference(&item); }
};

constexpr std::string_view kInt64 = "an integer of 64 bits";

class Ncmp final : public Sequences {
 public:
  Ncmp(const Checker& checker, Expected expected) : Sequences(checker, std::move(expected)) {}

 private:
  void compare(const Item& found, const Item& wanted) override {
    const auto answer = integer_of<std::int64_t>(wanted);
    if (!answer) refuse_answer(&wanted, kInt64);
    const auto value = integer_of<std::int64_t>(found);
    if (!value) return reject_format(&found, kInt64);
    if (*value != *answer) reject_difference(&found);
  }
  void check_extra_answer(const Item& item) override {
    if (!integer_of<std::int64_t>(item)) refuse_answer(&item, kInt64);
  }
  void check_extra_output(const Item& item) override {
    if (!integer_of<std::int64_t>(item)) reject_format(&item, kInt64);
  }
};

bool is_upper_case(const Item& item, std::string_view word) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; };
  return item.size == word.size() &&
         std::equal(word.begin(), word.end(), item.front.begin(), [&](char a, char b) { return a == upper(b); });
}

enum class YesOrNo { Yes, No, Neither };

YesOrNo yes_or_no(const Item& item) {
  if (is_upper_case(item, "YES")) return YesOrNo::Yes;
  return is_upper_case(item, "NO") ? YesOrNo::No : YesOrNo::Neither;
}

constexpr std::string_view kYesOrNo = "YES or NO";

class Nyesno final : public Sequences {
 public:
  Nyesno(const Checker& checker, Expected expected) : Sequences(checker, std::move(expected)) {}

 private:
  void compare(const Item& found, const Item& wanted) override {
    const YesOrNo answer = yes_or_no(wanted);
    if (answer == YesOrNo::Neither) refuse_answer(&wanted, kYesOrNo);
    const YesOrNo value = yes_or_no(found);
    if (value == YesOrNo::Neither) return reject_format(&found, kYesOrNo);
    if (value != answer) reject_difference(&found);
  }
  void check_extra_answer(const Item& item) override {
    if (!is_word(item)) refuse_answer(&item, "a word of at most 32 MiB");
  }
  void check_extra_output(const Item& item) override { has_word(&item, "a word of at most 32 MiB"); }
};

class Yesno final : public TestlibChecker {
 public:
  Yesno(const Checker& checker, Expected expected) : TestlibChecker(checker, std::move(expected)) {}

 private:
  void on_word(const Item* found) override {
    if (is_answered_) {
      if (found != nullptr) reject_extra(found);
      return;
    }
    const Item& wanted = answer_word(kYesOrNo);
    if (!has_word(found, kYesOrNo)) return;
    const YesOrNo answer = yes_or_no(wanted);
    if (answer == YesOrNo::Neither) refuse_answer(&wanted, kYesOrNo);
    const YesOrNo value = yes_or_no(*found);
    if (value == YesOrNo::Neither) return reject_format(found, kYesOrNo);
    if (value != answer) return reject_difference(found);
    is_answered_ = true;
  }

  bool is_answered_ = false;
};

class Icmp final : public TestlibChecker {
 public:
  Icmp(const Checker& checker, Expected expected) : TestlibChecker(checker, std::move(expected)) {}

 private:
  void on_word(const Item* found) override {
    constexpr std::string_view kInt32 = "an integer of 32 bits";
    if (is_answered_) {
      if (found != nullptr) reject_extra(found);
      return;
    }
    const Item& wanted = answer_word(kInt32);
    const auto answer = integer_of<std::int32_t>(wanted);
    if (!answer) refuse_answer(&wanted, kInt32);
    if (!has_word(found, kInt32)) return;
    const auto value = integer_of<std::int32_t>(*found);
    if (!value) return reject_format(found, kInt32);
    if (*value != *answer) return reject_difference(found);
    is_answered_ = true;
  }

  bool is_answered_ = false;
};

// "0" or "-12", of any length up to a word's: what is compared is the text. A word that is longer than what is kept of
// it is watched as it comes.
class Hcmp final : public TestlibChecker {
 public:
  Hcmp(const Checker& checker, Expected expected) : TestlibChecker(checker, std::move(expected), kNumbers) {}

 private:
  static bool is_integer(const Item& item) {
    std::string_view digits = item.front;
    if (digits == "0") return true;
    if (digits.starts_with('-')) digits.remove_prefix(1);
    if (digits.empty() || digits.front() == '0') return false;
    for (const char c : digits) {
      if (c < '0' || c > '9') return false;
    }
    // The front of a long word is an integer; so is the rest, if the whole is a number without a point and an exponent.
    return !item.is_cut() || (item.number && item.number->is_plain);
  }

  void on_word(const Item* found) override {
    constexpr std::string_view kInteger = "an integer";
    if (is_answered_) {
      if (found != nullptr) reject_extra(found);
      return;
    }
    const Item& wanted = answer_word(kInteger);
    if (!has_word(found, kInteger)) return;
    if (!is_integer(wanted)) refuse_answer(&wanted, kInteger);
    const bool is_right = equal(*found, wanted, LetterCase::Counts);
    if (is_integer(*found) && !is_right) reject_difference(found);
    pass_expected();
    if (const Item* extra = expected()) refuse_answer(extra, "the end");
    if (!is_integer(*found)) return reject_format(found, kInteger);
    is_answered_ = is_right;
  }

  bool is_answered_ = false;
};

// acmp, rcmp, dcmp: one number. rcmp4, rcmp6, rcmp9, rncmp: as many as the answer has.
class Numbers final : public TestlibChecker {
 public:
  enum class Many { One, AsInAnswer };
  enum class Error { Absolute, AbsoluteOrRelative };

  Numbers(const Checker& checker, Expected expected, Many many, Error error, double epsilon)
      : TestlibChecker(checker, std::move(expected), kNumbers), many_(many), error_(error), epsilon_(epsilon) {}

 private:
  void on_word(const Item* found) override {
    constexpr std::string_view kNumber = "a number";
    const bool is_done = many_ == Many::One ? is_answered_ : expected() == nullptr;
    if (is_done) {
      if (found != nullptr) reject_extra(found);
      return;
    }
    const Item& wanted = answer_word(kNumber);
    const std::optional<Number> answer = number_of(wanted, NumberSyntax::Testlib);
    if (!answer) refuse_answer(&wanted, kNumber);
    if (!has_word(found, kNumber)) return;
    const std::optional<Number> value = number_of(*found, NumberSyntax::Testlib);
    if (!value) return reject_format(found, kNumber);
    if (!is_near(answer->to_double(), value->to_double())) {
      return reject_difference(found, "the numbers are too far apart");
    }
    pass_expected();
    is_answered_ = true;
  }

  // The order of the operations is testlib's; it decides at the edge. No number is a NaN.
  [[nodiscard]] bool is_near(double answer, double value) const {
    if (error_ == Error::Absolute) return !(std::abs(answer - value) > epsilon_ + 1e-15);
    const auto is_infinite = [](double x) { return x > 1e300 || x < -1e300; };
    const double epsilon = epsilon_ + 1e-15;
    if (is_infinite(answer)) return is_infinite(value) && (answer > 0) == (value > 0);
    if (is_infinite(value)) return false;
    if (std::abs(value - answer) <= epsilon) return true;
    const double a = answer * (1.0 - epsilon), b = answer * (1.0 + epsilon);
    return value >= std::min(a, b) && value <= std::max(a, b);
  }

  Many many_;
  Error error_;
  double epsilon_;
  bool is_answered_ = false;
};

// Integers in any order. All of the answer is read before the output, all of the output before they are compared.
class Uncmp final : public TestlibChecker {
 public:
  Uncmp(const Checker& checker, Expected expected) : TestlibChecker(checker, std::move(expected)) {}

 private:
  static Hash128 hash_of_integer(std::int64_t value) {
    Hasher128 hasher;
    hasher.update({reinterpret_cast<const char*>(&value), sizeof value});
    return hasher.value();
  }

  bool take_answer() {
    const Item* wanted = expected();
    if (wanted == nullptr) return false;
    const auto answer = integer_of<std::int64_t>(*wanted);
    if (!answer) refuse_answer(wanted, kInt64);
    wanted_.add(hash_of_integer(*answer));
    pass_expected();
    return true;
  }

  void on_word(const Item* found) override {
    if (found == nullptr) return finish_both();
    take_answer();
    const auto value = integer_of<std::int64_t>(*found);
    if (value) return found_.add(hash_of_integer(*value));
    while (take_answer()) {
    }
    reject_format(found, kInt64);
  }

  void finish_both() {
    while (take_answer()) {
    }
    if (found_ == wanted_) return accept();
    const std::uint64_t wanted = wanted_.size(), found = found_.size();
    reject(Rejection::WrongAnswer,
           wanted == found ? "the " + std::to_string(found) + " integers are not those of the answer in another order"
                           : "expected " + std::to_string(wanted) + " integers, found " + std::to_string(found));
  }

  MultisetHash found_, wanted_;
};

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
  using Many = Numbers::Many;
  using Error = Numbers::Error;
  const auto numbers = [&](Many many, Error error, double epsilon) {
    return std::make_unique<Numbers>(checker, std::move(expected), many, error, epsilon);
  };
  switch (checker.kind) {
    case CheckerKind::TestlibAcmp:
    case CheckerKind::TestlibRcmp: return numbers(Many::One, Error::Absolute, 1.5e-6);
    case CheckerKind::TestlibDcmp: return numbers(Many::One, Error::AbsoluteOrRelative, 1e-6);
    case CheckerKind::TestlibRcmp4: return numbers(Many::AsInAnswer, Error::AbsoluteOrRelative, 1e-4);
    case CheckerKind::TestlibRcmp6: return numbers(Many::AsInAnswer, Error::AbsoluteOrRelative, 1e-6);
    case CheckerKind::TestlibRcmp9: return numbers(Many::AsInAnswer, Error::AbsoluteOrRelative, 1e-9);
    case CheckerKind::TestlibRncmp: return numbers(Many::AsInAnswer, Error::Absolute, 1.5e-5);
    case CheckerKind::TestlibCaseicmp: return std::make_unique<Caseicmp>(checker, std::move(expected));
    case CheckerKind::TestlibCasencmp:
      return std::make_unique<CaseSequences>(checker, std::move(expected), CaseSequences::Values::Integers);
    case CheckerKind::TestlibCasewcmp:
      return std::make_unique<CaseSequences>(checker, std::move(expected), CaseSequences::Values::Words);
    case CheckerKind::TestlibFcmp: return std::make_unique<LineSequences>(checker, std::move(expected), Cut::Lines);
    case CheckerKind::TestlibLcmp:
      return std::make_unique<LineSequences>(checker, std::move(expected), Cut::WordsInLines);
    case CheckerKind::TestlibHcmp: return std::make_unique<Hcmp>(checker, std::move(expected));
    case CheckerKind::TestlibIcmp: return std::make_unique<Icmp>(checker, std::move(expected));
    case CheckerKind::TestlibNcmp: return std::make_unique<Ncmp>(checker, std::move(expected));
    case CheckerKind::TestlibNyesno: return std::make_unique<Nyesno>(checker, std::move(expected));
    case CheckerKind::TestlibUncmp: return std::make_unique<Uncmp>(checker, std::move(expected));
    case CheckerKind::TestlibYesno: return std::make_unique<Yesno>(checker, std::move(expected));
    default: return std::make_unique<Wcmp>(checker, std::move(expected));
  }
}

}  // namespace evalrun::judge
