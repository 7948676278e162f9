// Numbers as the tools of problem packages read them, of any length, in constant memory.
//
// A number's value hangs on its first digits, on whether any digit after them is not 0, and on its exponent. So a word
// of ten million digits is read like one of ten. number.h is the plain "floats" checker's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evalrun::judge {

// What is a number.
enum class NumberSyntax {
  Package,  // the problem package format: [+-] digits, a point, an exponent; nothing else
  Scanf,    // what sscanf("%lf") takes whole: also hexadecimal numbers, "inf", "nan" and "1e+"; it ends at a NUL byte
  Testlib,  // the same without hexadecimal numbers and words; a NUL byte is no part of a number
  Python,   // what Python's float() takes: also "inf", "infinity", "nan" and "1_000"
};

// A number before it is rounded.
struct Number {
  enum class Kind { Finite, Infinite, Nan };
  Kind kind = Kind::Finite;
  bool is_negative = false;
  bool is_hexadecimal = false;
  bool is_plain = true;       // written without a point and an exponent
  std::string digits;         // without leading zeros; "": zero
  std::int64_t exponent = 0;  // of the last digit: a power of 10, or of 2 if it is hexadecimal

  // Rounded to nearest. A number that is too large is infinite; one that is too near to zero is 0.
  [[nodiscard]] double to_double() const;
  [[nodiscard]] long double to_long_double() const;
};

class NumberScanner {
 public:
  explicit NumberScanner(NumberSyntax syntax) : syntax_(syntax) {}

  // More of the word.
  void feed(std::string_view bytes);
  // The word has ended. Nothing if it is no number.
  [[nodiscard]] std::optional<Number> finish() const;

  // Digits that are kept. The half-way point between two neighbouring numbers of x87's long double has at most 11,515
  // decimal digits; what comes after that many only matters by not being 0.
  static constexpr std::size_t kMostDigits = 11'600;

 private:
  enum class State {
    Start,
    Sign,
    LeadingZero,  // "0": an "x" may follow
    Whole,        // digits before the point
    Point,        // and after it
    ExponentMark,
    ExponentSign,
    Exponent,
    Word,   // of "inf", "infinity", "nan"
    Ended,  // a NUL byte ended it
    NoNumber,
  };

  void take(char c);
  void take_digit(unsigned value);
  void take_in_mantissa(char c);
  void take_in_word(char c);
  [[nodiscard]] bool allows_words() const;
  [[nodiscard]] bool is_whole(State state) const;

  NumberSyntax syntax_;
  State state_ = State::Start;
  State before_end_ = State::Start;  // of Ended
  Number number_;
  bool has_digit_ = false;   // in the mantissa
  bool is_inexact_ = false;  // a digit that is not 0 was not kept
  bool after_underscore_ = false;
  bool is_negative_exponent_ = false;
  std::int64_t written_exponent_ = 0;
  std::string word_;
  char previous_ = 0;
};

// The same of a whole word.
std::optional<Number> scan_number(std::string_view word, NumberSyntax syntax);

}  // namespace evalrun::judge
