// The checkers that come with DMOJ's judge, by their rules there: bytes, C's white space, Python's numbers.
#include <array>
#include <cmath>

#include "runtime/checkers/excerpt.h"
#include "runtime/checkers/item_checker.h"
#include "runtime/checkers/line_checker.h"
#include "runtime/core/text.h"

namespace evalrun::judge {
namespace {

// Words in order; between two of them both texts have an end of a line, or neither has.
class DmojStandard final : public ItemChecker {
 public:
  explicit DmojStandard(Expected expected, CheckerKind kind = CheckerKind::DmojStandard)
      : ItemChecker(kind, std::move(expected), {.cut = Cut::Words}) {}

 private:
  void on_item(const Item& found) override {
    const Item* wanted = expected();
    if (wanted == nullptr || !equal(found, *wanted, LetterCase::Counts)) return reject_difference(&found);
    if (found.place.item > 1 && found.after_line_end != wanted->after_line_end) {
      return reject_difference(
          &found, found.after_line_end ? "it is on a line of its own" : "it is on the same line as the word before it");
    }
    pass_expected();
  }

  void on_end() override {
    if (expected() != nullptr) reject_difference(nullptr);
  }
};

// Bytes; where only white space differs, as the standard checker has it, the feedback says so.
class DmojIdentical final : public OutputChecker {
 public:
  DmojIdentical(Expected expected, const DmojRules& rules)
      : standard_(expected.again()), exact_(std::move(expected), WhiteSpace::Counts), rules_(rules) {}

  void feed(std::string_view piece) override {
    exact_.feed(piece);
    if (rules_.pe_allowed) standard_.feed(piece);
  }

  Judgement finish() override {
    Judgement judgement = exact_.finish();
    if (!judgement.accepted && rules_.pe_allowed && standard_.finish().accepted) {
      judgement.feedback = "Presentation Error, check your whitespace: " + judgement.feedback;
    }
    return judgement;
  }

 private:
  DmojStandard standard_;
  LineChecker exact_;
  DmojRules rules_;
};

// How often each byte occurs, but for white space and case.
class DmojEasy final : public OutputChecker {
 public:
  explicit DmojEasy(Expected expected) : expected_(std::move(expected)) {}

  void feed(std::string_view piece) override {
    count(piece, 1);
    // As much of what is expected, so that the end of a long output brings little work.
    for (std::size_t taken = 0; taken < piece.size();) {
      const std::string_view rest = expected_.rest().substr(0, piece.size() - taken);
      if (rest.empty()) break;
      taken += take(rest);
    }
  }

  Judgement finish() override {
    while (!expected_.rest().empty()) take(expected_.rest());
    for (std::size_t i = 0; i < surplus_.size(); ++i) {
      if (surplus_[i] == 0) continue;
      const char c = static_cast<char>(i);
      Judgement judgement;
      judgement.feedback = excerpt({&c, 1}) + " occurs " +
                           std::to_string(surplus_[i] > 0 ? surplus_[i] : -surplus_[i]) + " times too " +
                           (surplus_[i] > 0 ? "often" : "few");
      return judgement;
    }
    return {.accepted = true, .feedback = ""};
  }

 private:
  std::size_t take(std::string_view bytes) {
    const std::size_t size = bytes.size();
    count(bytes, -1);
    expected_.skip(size);
    return size;
  }

  void count(std::string_view bytes, std::int64_t by) {
    for (const char c : bytes) {
      if (is_space(c)) continue;
      surplus_[static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c)] += by;
    }
  }

  Expected expected_;
  std::array<std::int64_t, 256> surplus_{};  // of the output over what is expected
};

// Lines that are not empty, their words one by one; numbers of the answer need only be near.
class DmojFloats final : public ItemChecker {
 public:
  DmojFloats(CheckerKind kind, Expected expected, const DmojRules& rules)
      : ItemChecker(kind, std::move(expected), {.cut = Cut::WordsInLines, .numbers = NumberSyntax::Python}),
        mode_(kind == CheckerKind::DmojFloatsAbs   ? ErrorMode::Absolute
              : kind == CheckerKind::DmojFloatsRel ? ErrorMode::Relative
                                                   : rules.error_mode),
        epsilon_(std::pow(10.0, -static_cast<double>(rules.precision))) {
    // As Python has it: the double nearest to the decimal number.
    if (const std::optional<Number> exact =
            scan_number("1e-" + std::to_string(rules.precision), NumberSyntax::Python)) {
      epsilon_ = exact->to_double();
    }
  }

 private:
  void on_item(const Item& found) override {
    const Item* wanted = expected();
    if (wanted == nullptr || wanted->kind != found.kind) return reject_difference(&found);
    if (found.kind == ItemKind::Word) compare(found, *wanted);
    if (!has_decided()) pass_expected();
  }

  void on_end() override {
    if (expected() != nullptr) reject_difference(nullptr);
  }

  void compare(const Item& found, const Item& wanted) {
    const std::optional<Number> answer = number_of(wanted, NumberSyntax::Python);
    if (!answer) {
      if (!equal(found, wanted, LetterCase::Counts)) reject_difference(&found);
      return;
    }
    const std::optional<Number> number = number_of(found, NumberSyntax::Python);
    if (!number) return reject_difference(&found, "a number was expected");
    if (!is_near(number->to_double(), answer->to_double())) {
      reject_difference(&found, "the numbers are too far apart");
    }
  }

  // The order of the operations is DMOJ's: it decides at the edge, and no comparison with a NaN holds.
  [[nodiscard]] bool is_near(double found, double answer) const {
    switch (mode_) {
      case ErrorMode::Absolute: return std::abs(found - answer) <= epsilon_;
      case ErrorMode::Relative: {
        const double low = answer * (1 - epsilon_), high = answer * (1 + epsilon_);
        return std::min(low, high) <= found && found <= std::max(low, high);
      }
      case ErrorMode::Default:
        return std::abs(found - answer) <= epsilon_ ||
               (std::abs(answer) >= epsilon_ && std::abs(1.0 - found / answer) <= epsilon_);
    }
    return false;
  }

  ErrorMode mode_;
  double epsilon_;
};

// Lines that are not empty, without white space at their ends; each right one earns its share.
class DmojLinecount final : public ItemChecker {
 public:
  explicit DmojLinecount(Expected expected)
      : ItemChecker(CheckerKind::DmojLinecount, std::move(expected), {.cut = Cut::Lines, .trim = Trim::Both}) {}

 private:
  void on_item(const Item& found) override {
    const Item* wanted = expected();
    if (wanted == nullptr) {
      judgement().share = 0;
      return reject_difference(&found, "there are more lines than in the answer");
    }
    ++lines_;
    if (equal(found, *wanted, LetterCase::Counts)) {
      ++right_;
    } else if (first_.empty()) {
      first_ = "the first wrong one is line " + std::to_string(found.place.item);
    }
    pass_expected();
  }

  void on_end() override {
    for (; expected() != nullptr; pass_expected()) ++lines_;
    if (lines_ == 0 || right_ == lines_) return accept();
    judgement().share = static_cast<double>(right_) / static_cast<double>(lines_);
    reject(Rejection::WrongAnswer, std::to_string(right_) + " of " + std::to_string(lines_) + " lines are right" +
                                       (first_.empty() ? "" : "; " + first_));
  }

  std::uint64_t lines_ = 0, right_ = 0;
  std::string first_;
};

// Lines that are not empty; a right one earns what it weighs.
class DmojLinematches final : public ItemChecker {
 public:
  DmojLinematches(Expected expected, const DmojRules& rules)
      : ItemChecker(CheckerKind::DmojLinematches, std::move(expected), {.cut = Cut::Lines}), rules_(rules) {}

 private:
  void on_item(const Item& found) override {
    ++found_lines_;
    const Item* wanted = expected();
    if (wanted == nullptr) return;
    if (lines_ < rules_.point_distribution.size() && equal(found, *wanted, LetterCase::Counts)) {
      points_ += rules_.point_distribution[lines_];
    }
    ++lines_;
    pass_expected();
  }

  void on_end() override {
    for (; expected() != nullptr; pass_expected()) ++lines_;
    if (lines_ != rules_.point_distribution.size()) {
      refuse_answer("expected as many lines as point_distribution has weights, " +
                    std::to_string(rules_.point_distribution.size()) + ", found " + std::to_string(lines_));
    }
    std::uint64_t all = 0;
    for (const std::uint64_t weight : rules_.point_distribution) all += weight;
    if (all == 0) refuse_answer("expected a weight above 0 in point_distribution");
    judgement().share = 0;
    if (rules_.filler_lines_required && found_lines_ != lines_) {
      return reject(Rejection::WrongAnswer, "expected " + std::to_string(lines_) + " lines that are not empty, found " +
                                                std::to_string(found_lines_));
    }
    judgement().share = static_cast<double>(points_) / static_cast<double>(all);
    if (points_ > 0) return accept();
    reject(Rejection::WrongAnswer, "no line that counts is right");
  }

  DmojRules rules_;
  std::uint64_t lines_ = 0, found_lines_ = 0, points_ = 0;
};

// Lines, without white space at their ends.
class DmojRstripped final : public ItemChecker {
 public:
  DmojRstripped(Expected expected, const DmojRules& rules)
      : ItemChecker(CheckerKind::DmojRstripped, std::move(expected),
                    {.cut = Cut::Lines,
                     .trim = Trim::Right,
                     .empty_lines = rules.filter_new_line ? EmptyLines::Dropped : EmptyLines::Kept}) {}

 private:
  void on_item(const Item& found) override {
    const Item* wanted = expected();
    if (wanted == nullptr || !equal(found, *wanted, LetterCase::Counts)) return reject_difference(&found);
    pass_expected();
  }

  void on_end() override {
    if (expected() != nullptr) reject_difference(nullptr);
  }
};

// Lines as lists of words, or words, in any order. Two multisets are equal if the sums of their hashes are: that takes
// no memory, whatever their size.
class DmojSorted final : public ItemChecker {
 public:
  DmojSorted(CheckerKind kind, Expected expected, SplitOn split_on)
      : ItemChecker(kind, std::move(expected), {.cut = split_on == SplitOn::Lines ? Cut::WordsInLines : Cut::Words}) {}

 private:
  struct Side {
    MultisetHash items;
    std::optional<Hasher128> line;

    void add(const Item& item, Cut cut) {
      if (cut == Cut::Words) return items.add(hash_of(item));
      if (!line) line.emplace();
      if (item.kind == ItemKind::LineEnd) {
        items.add(line->value());
        line.reset();
        return;
      }
      const Hash128 word = hash_of(item);
      line->update({reinterpret_cast<const char*>(&word), sizeof word});
    }
  };

  void on_item(const Item& found) override {
    found_.add(found, rules().cut);
    take_expected();
  }

  void on_end() override {
    while (take_expected()) {
    }
    if (found_.items == wanted_.items) return accept();
    const std::string what = rules().cut == Cut::Words ? "words" : "lines";
    const std::uint64_t wanted = wanted_.items.size(), found = found_.items.size();
    reject(Rejection::WrongAnswer,
           wanted == found
               ? "the " + std::to_string(found) + " " + what + " are not those of the answer in another order"
               : "expected " + std::to_string(wanted) + " " + what + ", found " + std::to_string(found));
  }

  bool take_expected() {
    const Item* wanted = expected();
    if (wanted == nullptr) return false;
    wanted_.add(*wanted, rules().cut);
    pass_expected();
    return true;
  }

  Side found_, wanted_;
};

}  // namespace

std::unique_ptr<OutputChecker> make_dmoj_checker(const Checker& checker, Expected expected) {
  const DmojRules& rules = checker.dmoj;
  if (!rules.binary_data) expected.unify_line_ends();
  switch (checker.kind) {
    case CheckerKind::DmojIdentical: return std::make_unique<DmojIdentical>(std::move(expected), rules);
    case CheckerKind::DmojEasy: return std::make_unique<DmojEasy>(std::move(expected));
    case CheckerKind::DmojFloats:
    case CheckerKind::DmojFloatsAbs:
    case CheckerKind::DmojFloatsRel: return std::make_unique<DmojFloats>(checker.kind, std::move(expected), rules);
    case CheckerKind::DmojLinecount: return std::make_unique<DmojLinecount>(std::move(expected));
    case CheckerKind::DmojLinematches: return std::make_unique<DmojLinematches>(std::move(expected), rules);
    case CheckerKind::DmojRstripped: return std::make_unique<DmojRstripped>(std::move(expected), rules);
    case CheckerKind::DmojSorted:
      return std::make_unique<DmojSorted>(checker.kind, std::move(expected), rules.split_on);
    case CheckerKind::DmojUnordered:
      return std::make_unique<DmojSorted>(checker.kind, std::move(expected), SplitOn::WhiteSpace);
    default: return std::make_unique<DmojStandard>(std::move(expected));
  }
}

}  // namespace evalrun::judge
