// "kattis": the default output validator of the problem package format, and the two tools that came before its text.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "runtime/checkers/item_checker.h"

namespace evalrun::judge {
namespace {

ItemRules rules_of(const KattisRules& kattis) {
  ItemRules rules;
  rules.cut = kattis.space_change_sensitive ? Cut::WordsAndGaps : Cut::Words;
  rules.letters = kattis.case_sensitive ? LetterCase::Counts : LetterCase::Ignored;
  // problemtools compares C strings; DOMjudge reads numbers from C strings, and compares words whole.
  if (kattis.compat == Compat::Kattis) rules.nul = NulByte::EndsTheWord;
  if (kattis.absolute || kattis.relative) {
    rules.numbers = kattis.compat == Compat::Spec ? NumberSyntax::Package : NumberSyntax::Scanf;
  }
  return rules;
}

// The tools read a tolerance from its text. The shortest text of a double is what its author wrote, up to 15 digits.
long double as_written(double value) {
  char text[64];
  *std::to_chars(text, text + sizeof text - 1, value, std::chars_format::scientific).ptr = '\0';
  const std::optional<Number> number = scan_number(text, NumberSyntax::Package);
  return number ? number->to_long_double() : static_cast<long double>(value);
}

class KattisChecker final : public ItemChecker {
 public:
  KattisChecker(const Checker& checker, Expected expected)
      : ItemChecker(checker.kind, std::move(expected), rules_of(checker.kattis)), kattis_(checker.kattis) {
    if (kattis_.absolute) absolute_ = as_written(*kattis_.absolute);
    if (kattis_.relative) relative_ = as_written(*kattis_.relative);
  }

 private:
  void on_item(const Item& found) override {
    const Item* wanted = expected();
    if (wanted == nullptr) return reject_difference(&found);
    // A word is as near to itself as can be, whether it is a number or not.
    if (!equal(found, *wanted, LetterCase::Counts)) compare(found, *wanted);
    if (!has_decided()) pass_expected();
  }

  void on_end() override {
    if (expected() != nullptr) reject_difference(nullptr);
  }

  void compare(const Item& found, const Item& wanted) {
    if (rules().numbers && found.kind == ItemKind::Word && wanted.kind == ItemKind::Word) {
      const std::optional<Number> number = number_of(wanted, *rules().numbers);
      if (number && counts_as_number(*number)) return compare_numbers(found, *number);
    }
    if (!equal(found, wanted, rules().letters)) reject_difference(&found);
  }

  [[nodiscard]] bool counts_as_number(const Number& number) const {
    switch (kattis_.compat) {
      case Compat::Spec: return std::isfinite(number.to_long_double());
      case Compat::Kattis: return std::isfinite(number.to_double());
      case Compat::Domjudge: return true;
    }
    return false;
  }

  void compare_numbers(const Item& found, const Number& wanted) {
    const std::optional<Number> number = number_of(found, *rules().numbers);
    if (!number || !counts_as_number(*number)) return reject_difference(&found, "a number was expected");
    bool is_near = false;
    switch (kattis_.compat) {
      case Compat::Spec: is_near = is_near_by_text(*number, wanted); break;
      case Compat::Kattis: is_near = is_near_for_problemtools(number->to_double(), wanted.to_double()); break;
      case Compat::Domjudge: is_near = is_near_for_domjudge(number->to_long_double(), wanted.to_long_double()); break;
    }
    if (!is_near) reject_difference(&found, "the numbers are too far apart");
  }

  // A number that is too near to zero for a long double is the smallest there is: it is not 0.
  static long double value_of(const Number& number) {
    const long double value = number.to_long_double();
    if (value != 0 || number.digits.empty()) return value;
    return number.is_negative ? -std::numeric_limits<long double>::denorm_min()
                              : std::numeric_limits<long double>::denorm_min();
  }

  [[nodiscard]] bool is_near_by_text(const Number& found, const Number& wanted) const {
    const long double answer = value_of(wanted);
    const long double off = std::abs(value_of(found) - answer);
    return (absolute_ && off <= *absolute_) || (relative_ && off <= *relative_ * std::abs(answer));
  }

  [[nodiscard]] bool is_near_for_problemtools(double found, double wanted) const {
    const double off = std::abs(wanted - found);
    return (kattis_.absolute && off <= *kattis_.absolute) ||
           (kattis_.relative && off <= *kattis_.relative * std::abs(wanted));
  }

  [[nodiscard]] bool is_near_for_domjudge(long double found, long double wanted) const {
    if (std::isnan(found) || std::isnan(wanted)) return std::isnan(found) && std::isnan(wanted);
    if (std::isinf(found) || std::isinf(wanted)) return found == wanted;
    const long double absolute = std::abs(found - wanted);
    // 0 of 0 is not a number, which is not more than anything.
    const long double relative = std::abs((found - wanted) / wanted);
    const bool absolute_is_off = !absolute_ || absolute > *absolute_;
    const bool relative_is_off = !relative_ || relative > *relative_;
    return !(absolute_is_off && relative_is_off);
  }

  KattisRules kattis_;
  std::optional<long double> absolute_, relative_;
};

}  // namespace

std::unique_ptr<OutputChecker> make_kattis_checker(const Checker& checker, Expected expected) {
  return std::make_unique<KattisChecker>(checker, std::move(expected));
}

}  // namespace evalrun::judge
