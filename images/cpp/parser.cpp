// Recursive descent: one function for each level of precedence.
#include "parser.h"

#include <cctype>
#include <string>

namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  double whole() {
    const double value = sum();
    if (peek() != '\0') fail("unexpected '" + std::string(1, peek()) + "'");
    return value;
  }

 private:
  double sum() {
    double value = product();
    for (;;) {
      if (accept('+')) {
        value += product();
      } else if (accept('-')) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  double product() {
    double value = factor();
    for (;;) {
      if (accept('*')) {
        value *= factor();
      } else if (accept('/')) {
        const double divisor = factor();
        if (divisor == 0) throw std::domain_error("division by zero");
        value /= divisor;
      } else {
        return value;
      }
    }
  }

  double factor() {
    if (accept('-')) return -factor();
    if (accept('(')) {
      const double value = sum();
      if (!accept(')')) fail("expected ')'");
      return value;
    }
    if (std::isdigit(static_cast<unsigned char>(peek())) == 0) fail("expected a number");
    std::size_t length = 0;
    const double value = std::stod(std::string(text_.substr(position_)), &length);
    position_ += length;
    return value;
  }

  char peek() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  bool accept(char expected) {
    if (peek() != expected) return false;
    ++position_;
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw SyntaxError("column " + std::to_string(position_ + 1) + ": " + what);
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

double evaluate(std::string_view text) {
  return Parser(text).whole();
}
