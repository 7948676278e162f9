// The checkers of testlib that compare words or numbers, in order or as a multiset.

#include <algorithm>
#include <cmath>
#include <string>

#include "runtime/checkers/excerpt.h"
#include "runtime/checkers/hash128.h"
#include "runtime/checkers/testlib_checker.h"

namespace evalrun::judge {
namespace {

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
  Hcmp(const Checker& checker, Expected expected) : TestlibChecker(checker, std::move(expected), kTestlibNumbers) {}

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
      : TestlibChecker(checker, std::move(expected), kTestlibNumbers), many_(many), error_(error), epsilon_(epsilon) {}

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

}  // namespace

std::unique_ptr<OutputChecker> make_testlib_word_checker(const Checker& checker, Expected expected) {
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
