// Evaluates arithmetic: numbers, + - * /, unary minus and parentheses.
#pragma once

#include <stdexcept>
#include <string_view>

struct SyntaxError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws SyntaxError where `text` is no expression, std::domain_error where it divides by zero.
double evaluate(std::string_view text);
