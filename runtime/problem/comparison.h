// The default output validator's flags.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace evalrun::problem {

struct Comparison {
  bool case_sensitive = false;
  bool space_change_sensitive = false;
  std::optional<double> absolute;  // tolerance of numbers; absent: they are text
  std::optional<double> relative;
};

// What the words mean, or why they mean nothing.
std::variant<Comparison, std::string> comparison_of(const std::vector<std::string>& words);

// The whole of the text as a finite decimal number.
std::optional<double> decimal_number(const std::string& text);

}  // namespace evalrun::problem
