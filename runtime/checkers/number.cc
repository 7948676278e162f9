#include "runtime/checkers/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace evalrun::judge {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes digits off the front; how many of them there were.
std::size_t take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

// Digits with a point and an exponent, no sign: what strtod would take too, but neither hexadecimal nor words.
bool is_decimal(std::string_view text) {
  std::size_t digits = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits(text);
  }
  if (digits == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (take_digits(text) == 0) return false;
  }
  return text.empty();
}

bool is_word(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower_case[i]) return false;
  }
  return true;
}

// Whether a decimal that does not fit a double is too large, rather than too near to zero.
bool is_huge(std::string_view text) {
  const std::size_t exponent_at = text.find_first_of("eE");
  // The place of the first digit that counts: 1 for "5", 0 for ".5", 3 for "500".
  const std::string_view digits = text.substr(0, exponent_at);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (first == digits.npos) return false;
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + (first < point ? 0 : 1);
  if (exponent_at == text.npos) return place > 0;
  std::string_view written = text.substr(exponent_at + 1);
  const bool is_negative = written.starts_with('-');
  if (is_negative || written.starts_with('+')) written.remove_prefix(1);
  std::int64_t exponent = 0;
  for (const char digit : written) exponent = std::min<std::int64_t>(exponent * 10 + (digit - '0'), 1'000'000'000);
  return place + (is_negative ? -exponent : exponent) > 0;
}

// Empty where the text is no number, or one that no double can hold.
std::optional<double> parse(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const double sign = is_negative ? -1 : 1;
  if (is_word(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (is_word(text, "inf") || is_word(text, "infinity")) return sign * std::numeric_limits<double>::infinity();
  if (!is_decimal(text)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (is_huge(text)) return std::nullopt;
    value = 0;
  }
  return sign * value;
}

}  // namespace

bool is_near(std::string_view found, std::string_view expected, const Tolerance& tolerance) {
  const std::optional<double> a = parse(found);
  const std::optional<double> b = parse(expected);
  if (!a || !b) return false;
  if (std::isnan(*a) || std::isnan(*b)) return std::isnan(*a) && std::isnan(*b);
  if (std::isinf(*a) || std::isinf(*b)) return *a == *b;
  const double off = std::abs(*a - *b);
  return off <= tolerance.absolute || off <= tolerance.relative * std::abs(*b);
}

}  // namespace evalrun::judge
