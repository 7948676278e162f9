// The standard checkers of testlib, by their rules there.
//
// They read their files in a fixed order, and the first thing that is wrong decides. What the answer cannot be is the
// jury's fault (AnswerError), what the output cannot be is a presentation error, and the rest is a wrong answer. Where
// a checker reads all of the answer before the output, as "uncmp" does, that order is kept: a fault of the answer
// outranks whatever the output holds. White space is " ", "\t", "\r" and "\n", and a word has at most 32 MiB. A UTF-8
// byte order mark is left out at the beginning of the output, not of the answer.
//
// This is what they have in common; testlib_words.cc, testlib_cases.cc and testlib_checkers.cc have the checkers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/checkers/item_checker.h"

namespace evalrun::judge {

inline constexpr std::uint64_t kLongestWord = std::uint64_t{32} << 20;
inline constexpr std::string_view kInt64 = "an integer of 64 bits";

inline constexpr ItemRules kTestlibWords{.cut = Cut::Words, .white = WhiteSet::Testlib};
inline constexpr ItemRules kTestlibNumbers{
    .cut = Cut::Words, .white = WhiteSet::Testlib, .numbers = NumberSyntax::Testlib};

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

inline bool is_word(const Item& item) {
  return item.size <= kLongestWord;
}

// The checks that take both files word by word.
class TestlibChecker : public ItemChecker {
 protected:
  TestlibChecker(const Checker& checker, Expected expected, const ItemRules& rules = kTestlibWords)
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

// The checkers of words and numbers: wcmp, ncmp, nyesno, yesno, icmp, hcmp, acmp, rcmp, dcmp and their like, uncmp.
std::unique_ptr<OutputChecker> make_testlib_word_checker(const Checker& checker, Expected expected);
// The checkers of numbered cases: caseicmp, casencmp, casewcmp.
std::unique_ptr<OutputChecker> make_testlib_case_checker(const Checker& checker, Expected expected);

}  // namespace evalrun::judge
