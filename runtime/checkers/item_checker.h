// What checkers that compare items have in common: both texts cut by the same rules, walked side by side.
//
// The output is pushed, as the program writes it; what is expected is pulled when it is needed. A checker says what it
// makes of each item of the output, and of its end.
#pragma once

#include "runtime/checkers/checker.h"
#include "runtime/checkers/item_reader.h"

namespace evalrun::judge {

class ItemChecker : public OutputChecker {
 public:
  void feed(std::string_view piece) final;
  Judgement finish() final;

 protected:
  // Whether a UTF-8 byte order mark at the beginning of the output is left out.
  enum class ByteOrderMark { IsText, IsLeftOut };
  ItemChecker(CheckerKind kind, Expected expected, const ItemRules& rules, ByteOrderMark mark = ByteOrderMark::IsText);

  // Before the first item.
  virtual void on_start() {}
  virtual void on_item(const Item& found) = 0;
  // No item is left; not called once the checker has decided.
  virtual void on_end() = 0;

  // The next item of what is expected, null at its end. It stays until pass_expected().
  const Item* expected();
  void pass_expected();
  // Whether no byte of what is expected follows the item that expected() gives.
  bool is_last_expected();

  // The first decision counts.
  void accept();
  // Of the item that the checker got, null: the end of the output; against expected().
  void reject_difference(const Item* found, std::string_view why = "");
  void reject(Rejection rejection, std::string_view what);
  // From here on the output may only hold white space, as testlib has it.
  void expect_blank_rest();
  [[nodiscard]] bool has_decided() const { return has_decided_; }
  Judgement& judgement() { return judgement_; }

  // "line 2, word 7, byte 31: an integer of 64 bits was expected, found \"x\"".
  void reject_format(const Item* found, std::string_view wanted);
  [[noreturn]] void refuse_answer(const Item* item, std::string_view wanted);
  [[noreturn]] void refuse_answer(std::string_view what);

  [[nodiscard]] CheckerKind kind() const { return kind_; }
  [[nodiscard]] const ItemRules& rules() const { return rules_; }

 private:
  void start();
  void take(std::string_view piece);
  void take_mark(std::string_view& piece);
  void take_rest(std::string_view piece);
  [[nodiscard]] std::string at(const Item* found) const;

  CheckerKind kind_;
  ItemRules rules_;
  Expected expected_;
  ItemReader found_reader_, expected_reader_;
  bool has_started_ = false;
  std::size_t mark_size_;      // of the byte order mark so far; kNoMark: there is none any more
  bool has_expected_ = false;  // expected_reader_.item() is the next item
  bool is_at_expected_end_ = false;
  bool has_decided_ = false;
  bool takes_blank_rest_ = false;
  Judgement judgement_;
};

// One checker for each family; checker.cc says which checker is of which.
std::unique_ptr<OutputChecker> make_kattis_checker(const Checker& checker, Expected expected);
std::unique_ptr<OutputChecker> make_dmoj_checker(const Checker& checker, Expected expected);
std::unique_ptr<OutputChecker> make_testlib_checker(const Checker& checker, Expected expected);

}  // namespace evalrun::judge
