// Cuts a text that comes in pieces into items: words, the white space between them, or lines.
//
// An item of any length takes a few kilobytes: its first bytes are kept, and of what follows a hash and, where numbers
// count, the number that is read so far. So two items can be compared though neither is in memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/checkers/checker.h"
#include "runtime/checkers/hash128.h"
#include "runtime/checkers/number_scanner.h"

namespace evalrun::judge {

enum class Cut {
  Words,
  WordsAndGaps,  // also the white space between words, before the first and after the last
  WordsInLines,  // words, and an item at the end of each line
  Lines,
};
// testlib has neither form feed nor vertical tab.
enum class WhiteSet { C, Testlib };
enum class LineEnds {
  Dmoj,     // each "\r" and each "\n" ends a line
  Testlib,  // "\n" or "\r\n" does; any other "\r" is left out and the byte after it is taken as it is
};
enum class Trim { Nothing, Right, Both };
enum class EmptyLines { Kept, Dropped };
enum class LetterCase { Counts, Ignored };
enum class NulByte { IsAByte, EndsTheWord };

struct ItemRules {
  Cut cut = Cut::Words;
  WhiteSet white = WhiteSet::C;
  LineEnds line_ends = LineEnds::Dmoj;
  Trim trim = Trim::Nothing;                     // of Cut::Lines
  EmptyLines empty_lines = EmptyLines::Dropped;  // lines without any byte; only of LineEnds::Dmoj
  LetterCase letters = LetterCase::Counts;       // for equal(); ASCII only
  NulByte nul = NulByte::IsAByte;                // whether it and what follows it in a word counts
  std::optional<NumberSyntax> numbers = {};      // for number_of()
};

enum class ItemKind { Word, Gap, Line, LineEnd };

struct Item {
  ItemKind kind = ItemKind::Word;
  std::string_view front;        // its first bytes, borrowed from the reader until it goes on
  std::uint64_t size = 0;        // of all of it
  Hash128 hash;                  // only where it is longer than `front`
  std::optional<Number> number;  // the same, if numbers count
  std::uint64_t line_size = 0;   // of a LineEnd: of the line that ends
  bool after_line_end = false;   // of a word: whether a "\r" or "\n" is in the white space before it
  Place place;

  [[nodiscard]] bool is_cut() const { return size > front.size(); }
};

bool equal(const Item& a, const Item& b, LetterCase letters);
std::optional<Number> number_of(const Item& item, NumberSyntax syntax);
// Of the whole item.
Hash128 hash_of(const Item& item);

class ItemReader {
 public:
  explicit ItemReader(const ItemRules& rules) : rules_(rules) {}

  // Takes bytes off the front until an item is complete; whether one is.
  bool take(std::string_view& bytes);
  // So many bytes at the beginning are no part of the text.
  void pass_mark(std::size_t size) { place_.byte += size; }
  // After the last byte, again and again: whether there is one more item.
  bool take_end();
  // The complete item; until the next take().
  [[nodiscard]] const Item& item() const { return item_; }
  // Where the next byte is.
  [[nodiscard]] Place place() const { return {place_.byte, place_.line, items_ + 1}; }

  // What is kept of an item. A longer one is compared by its hash.
  static constexpr std::size_t kKept = 4096;

 private:
  bool take_words(std::string_view& bytes);
  bool take_lines(std::string_view& bytes);
  bool take_content(std::string_view& bytes);
  bool end_line();
  void begin(ItemKind kind);
  void append(std::string_view bytes);
  void append_line(std::string_view bytes);
  bool complete();
  void step_over(std::string_view& bytes, std::size_t count);
  [[nodiscard]] bool is_white(char c) const;
  void hash(std::string_view bytes);

  ItemRules rules_;
  Item item_;
  Place place_;
  std::array<char, kKept> front_{};
  std::uint64_t size_ = 0;  // of the open item
  std::optional<Hasher128> hasher_;
  std::optional<NumberScanner> scanner_;
  bool is_open_ = false;
  bool is_after_nul_ = false;
  // The open item up to its last byte that is no white space.
  std::uint64_t trimmed_size_ = 0;
  std::optional<Hasher128> trimmed_hasher_;
  std::uint64_t items_ = 0;
  std::uint64_t line_size_ = 0;   // of the line so far
  bool line_has_begun_ = false;   // with any byte, a "\r" too
  bool is_after_return_ = false;  // of LineEnds::Testlib
  bool was_last_line_taken_ = false;
  bool saw_line_end_ = false;  // since the last word
};

}  // namespace evalrun::judge
