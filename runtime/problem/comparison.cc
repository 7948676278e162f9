#include "runtime/problem/comparison.h"

#include <charconv>
#include <cmath>

#include "runtime/core/text.h"

namespace evalrun::problem {

std::optional<double> decimal_number(const std::string& text) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value) || text.starts_with("+-")) return std::nullopt;
  return value;
}

std::variant<Comparison, std::string> comparison_of(const std::vector<std::string>& words) {
  Comparison comparison;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "case_sensitive") {
      comparison.case_sensitive = true;
      continue;
    }
    if (word == "space_change_sensitive") {
      comparison.space_change_sensitive = true;
      continue;
    }
    const bool absolute = word == "float_absolute_tolerance" || word == "float_tolerance";
    const bool relative = word == "float_relative_tolerance" || word == "float_tolerance";
    if (!absolute && !relative) {
      const std::string near = nearest(word, {"case_sensitive", "space_change_sensitive", "float_tolerance",
                                              "float_absolute_tolerance", "float_relative_tolerance"});
      return "the default validator does not know " + in_quotes(word) +
             (near.empty() ? "; it knows case_sensitive, space_change_sensitive, float_tolerance E, "
                             "float_absolute_tolerance E and float_relative_tolerance E"
                           : "; did you mean " + near + "?");
    }
    const std::optional<double> value = i + 1 < words.size() ? decimal_number(words[i + 1]) : std::nullopt;
    if (!value || *value < 0) return word + " needs a number of 0 or more, as in \"" + word + " 1e-6\"";
    if ((absolute && comparison.absolute) || (relative && comparison.relative)) {
      return word + " sets a tolerance that is set before; give each tolerance once";
    }
    if (absolute) comparison.absolute = value;
    if (relative) comparison.relative = value;
    ++i;
  }
  return comparison;
}

}  // namespace evalrun::problem
