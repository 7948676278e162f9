#include "runtime/checkers/number_scanner.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace evalrun::judge {
namespace {

// Any exponent this far from zero is as good as infinite; sums of two stay within an int64.
constexpr std::int64_t kMostExponent = 1'000'000'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The value of a hexadecimal digit; -1: it is none.
int hexadecimal(char c) {
  if (is_digit(c)) return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// "-123e-7" or "-0x1fp-7": no point, so that it reads the same in every locale.
std::string as_text(const Number& number) {
  std::string text = number.is_negative ? "-" : "";
  if (number.is_hexadecimal) text += "0x";
  text += number.digits;
  text += number.is_hexadecimal ? "p" : "e";
  return text + std::to_string(std::clamp<std::int64_t>(number.exponent, -1'000'000, 1'000'000));
}

// The number is finite, and not 0, but has left the range of doubles: whether upwards.
bool is_above_range(const Number& number) {
  return number.exponent + static_cast<std::int64_t>(number.digits.size()) > 0;
}

}  // namespace

double Number::to_double() const {
  const double sign = is_negative ? -1 : 1;
  if (kind == Kind::Nan) return std::numeric_limits<double>::quiet_NaN();
  if (kind == Kind::Infinite) return sign * std::numeric_limits<double>::infinity();
  if (digits.empty()) return sign * 0.0;
  if (is_hexadecimal) return std::strtod(as_text(*this).c_str(), nullptr);
  char text[48];
  std::string long_text;
  std::string_view written;
  // Most numbers are short.
  if (digits.size() <= 20) {
    char* end = std::copy(digits.begin(), digits.end(), text);
    *end++ = 'e';
    end = std::to_chars(end, text + sizeof text, std::clamp<std::int64_t>(exponent, -1'000'000, 1'000'000)).ptr;
    written = {text, static_cast<std::size_t>(end - text)};
  } else {
    Number positive = *this;
    positive.is_negative = false;
    long_text = as_text(positive);
    written = long_text;
  }
  double value = 0;
  if (std::from_chars(written.data(), written.data() + written.size(), value).ec == std::errc::result_out_of_range) {
    value = is_above_range(*this) ? std::numeric_limits<double>::infinity() : 0;
  }
  return sign * value;
}

long double Number::to_long_double() const {
  const long double sign = is_negative ? -1 : 1;
  if (kind == Kind::Nan) return std::numeric_limits<long double>::quiet_NaN();
  if (kind == Kind::Infinite) return sign * std::numeric_limits<long double>::infinity();
  if (digits.empty()) return sign * 0.0L;
  return std::strtold(as_text(*this).c_str(), nullptr);
}

void NumberScanner::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (state_ == State::NoNumber || state_ == State::Ended) return;
    take(c);
  }
}

bool NumberScanner::allows_words() const {
  return syntax_ == NumberSyntax::Scanf || syntax_ == NumberSyntax::Python;
}

void NumberScanner::take_digit(unsigned value) {
  const bool after_point = state_ == State::Point;
  const std::int64_t step = number_.is_hexadecimal ? 4 : 1;
  has_digit_ = true;
  if (number_.digits.empty() && value == 0) {
    if (after_point) number_.exponent -= step;
  } else if (number_.digits.size() < kMostDigits) {
    number_.digits += static_cast<char>(value < 10 ? '0' + value : 'a' + value - 10);
    if (after_point) number_.exponent -= step;
  } else {
    is_inexact_ = is_inexact_ || value != 0;
    if (!after_point) number_.exponent += step;
  }
}

void NumberScanner::take(char c) {
  if (c == '\0' && syntax_ == NumberSyntax::Scanf) {
    before_end_ = state_;
    state_ = State::Ended;
    return;
  }
  if (c == '_' && syntax_ == NumberSyntax::Python) {
    // Between two digits only.
    state_ = is_digit(previous_) ? state_ : State::NoNumber;
    after_underscore_ = true;
    previous_ = c;
    return;
  }
  if (after_underscore_ && !is_digit(c)) {
    state_ = State::NoNumber;
    return;
  }
  after_underscore_ = false;
  switch (state_) {
    case State::Start:
      if (c == '+' || c == '-') {
        number_.is_negative = c == '-';
        state_ = State::Sign;
        break;
      }
      [[fallthrough]];
    case State::Sign:
      if (allows_words() && (lower(c) == 'i' || lower(c) == 'n')) {
        word_ = lower(c);
        state_ = State::Word;
      } else if (c == '0') {
        take_digit(0);
        state_ = State::LeadingZero;
      } else {
        state_ = State::Whole;
        take_in_mantissa(c);
      }
      break;
    case State::LeadingZero:
      state_ = State::Whole;
      if (syntax_ == NumberSyntax::Scanf && lower(c) == 'x') {
        number_.is_hexadecimal = true;
        has_digit_ = false;
      } else {
        take_in_mantissa(c);
      }
      break;
    case State::Whole:
    case State::Point: take_in_mantissa(c); break;
    case State::ExponentMark:
      if (c == '+' || c == '-') {
        is_negative_exponent_ = c == '-';
        state_ = State::ExponentSign;
        break;
      }
      [[fallthrough]];
    case State::ExponentSign:
    case State::Exponent:
      state_ = is_digit(c) ? State::Exponent : State::NoNumber;
      written_exponent_ = std::min(written_exponent_ * 10 + (c - '0'), kMostExponent);
      break;
    case State::Word: take_in_word(c); break;
    case State::Ended:
    case State::NoNumber: break;
  }
  previous_ = c;
}

void NumberScanner::take_in_mantissa(char c) {
  const int value = number_.is_hexadecimal ? hexadecimal(c) : (is_digit(c) ? c - '0' : -1);
  if (value >= 0) {
    take_digit(static_cast<unsigned>(value));
  } else if (c == '.' && state_ == State::Whole) {
    state_ = State::Point;
    number_.is_plain = false;
  } else if (has_digit_ && lower(c) == (number_.is_hexadecimal ? 'p' : 'e')) {
    state_ = State::ExponentMark;
    number_.is_plain = false;
  } else {
    state_ = State::NoNumber;
  }
}

void NumberScanner::take_in_word(char c) {
  word_ += lower(c);
  if (!std::string_view("infinity").starts_with(word_) && !std::string_view("nan").starts_with(word_)) {
    state_ = State::NoNumber;
  }
}

// Whether the word may end here.
bool NumberScanner::is_whole(State state) const {
  const bool is_scanf = syntax_ == NumberSyntax::Scanf || syntax_ == NumberSyntax::Testlib;
  switch (state) {
    case State::LeadingZero: return true;
    case State::Whole: return has_digit_;
    // glibc's scanf takes "0x." for 0.
    case State::Point: return has_digit_ || number_.is_hexadecimal;
    // glibc's scanf takes the mark of the exponent without the exponent.
    case State::ExponentMark:
    case State::ExponentSign: return is_scanf;
    case State::Exponent: return true;
    case State::Word: return word_ == "inf" || word_ == "infinity" || word_ == "nan";
    case State::Start:
    case State::Sign:
    case State::Ended:
    case State::NoNumber: return false;
  }
  return false;
}

std::optional<Number> NumberScanner::finish() const {
  if (after_underscore_ || !is_whole(state_ == State::Ended ? before_end_ : state_)) return std::nullopt;
  Number number = number_;
  if (!word_.empty()) {
    number.kind = word_ == "nan" ? Number::Kind::Nan : Number::Kind::Infinite;
    return number;
  }
  if (is_inexact_) {
    // Any digit but 0: which one makes no difference after so many.
    number.digits += '1';
    number.exponent -= number.is_hexadecimal ? 4 : 1;
  }
  number.exponent += is_negative_exponent_ ? -written_exponent_ : written_exponent_;
  return number;
}

std::optional<Number> scan_number(std::string_view word, NumberSyntax syntax) {
  NumberScanner scanner(syntax);
  scanner.feed(word);
  return scanner.finish();
}

}  // namespace evalrun::judge
