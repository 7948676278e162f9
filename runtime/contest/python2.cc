#include "runtime/contest/python2.h"

#include <algorithm>
#include <string_view>

namespace evalrun::contest {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// `>>file, values`, `values,` or `values`, as arguments.
std::string arguments_of(std::string values) {
  std::string file;
  if (values.starts_with(">>")) {
    const std::size_t comma = values.find(',');
    file = "file=" + trimmed(values.substr(2, comma == values.npos ? comma : comma - 2));
    values = comma == values.npos ? "" : trimmed(values.substr(comma + 1));
  }
  std::string end;
  if (values.ends_with(',')) {
    values.pop_back();
    end = "end=\" \"";
  }
  for (const std::string& more : {end, file}) {
    if (!more.empty()) values += (values.empty() ? "" : ", ") + more;
  }
  return values;
}

std::string with_print_call(const std::string& line) {
  constexpr std::string_view kPrint = "print";
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == line.npos || line.compare(begin, kPrint.size(), kPrint) != 0) return line;
  const std::string rest = line.substr(begin + kPrint.size());
  const std::string values = trimmed(rest);
  if (values.empty()) return line.substr(0, begin) + "print()";
  const bool is_word_of_its_own = rest[0] == ' ' || rest[0] == '\t' || rest[0] == '"' || rest[0] == '\'';
  constexpr std::string_view kOfExpressions = "(=.,:)";
  if (!is_word_of_its_own || kOfExpressions.find(values[0]) != kOfExpressions.npos || values.ends_with('\\'))
    return line;
  return line.substr(0, begin) + "print(" + arguments_of(values) + ")";
}

}  // namespace

std::string with_print_calls(const std::string& source) {
  std::string made;
  for (std::size_t begin = 0; begin < source.size();) {
    const std::size_t end = std::min(source.find('\n', begin), source.size());
    made += with_print_call(source.substr(begin, end - begin));
    if (end < source.size()) made += '\n';
    begin = end + 1;
  }
  return made;
}

}  // namespace evalrun::contest
