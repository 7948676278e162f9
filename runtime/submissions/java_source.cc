#include "runtime/submissions/java_source.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace evalrun::contest {
namespace {

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Identifiers, and every other character that is no white space by itself; without comments and literals.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  // "" at the end.
  std::string_view next() {
    for (;;) {
      while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) rest_.remove_prefix(1);
      if (rest_.empty()) return "";
      if (rest_.starts_with("//")) {
        skip_past("\n");
      } else if (rest_.starts_with("/*")) {
        rest_.remove_prefix(2);
        skip_past("*/");
      } else if (rest_.starts_with("\"\"\"")) {
        skip_literal("\"\"\"");
      } else if (rest_.front() == '"') {
        skip_literal("\"");
      } else if (rest_.front() == '\'') {
        skip_literal("'");
      } else {
        break;
      }
    }
    std::size_t length = 1;
    if (is_letter(rest_.front()) || is_digit(rest_.front())) {
      while (length < rest_.size() && (is_letter(rest_[length]) || is_digit(rest_[length]))) ++length;
    }
    const std::string_view token = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return token;
  }

 private:
  void skip_past(std::string_view end) {
    const std::size_t found = rest_.find(end);
    rest_.remove_prefix(found == rest_.npos ? rest_.size() : found + end.size());
  }

  // A literal of one line ends with its line, whatever is missing.
  void skip_literal(std::string_view quote) {
    rest_.remove_prefix(quote.size());
    while (!rest_.empty() && !rest_.starts_with(quote)) {
      if (quote.size() == 1 && rest_.front() == '\n') return;
      rest_.remove_prefix(rest_.front() == '\\' && rest_.size() > 1 ? 2 : 1);
    }
    rest_.remove_prefix(std::min(quote.size(), rest_.size()));
  }

  std::string_view rest_;
};

bool begins_type(std::string_view token) {
  return token == "class" || token == "interface" || token == "enum" || token == "record";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : tokens_(text) {}

  JavaSource read() {
    for (std::string_view token = tokens_.next(); !token.empty(); token = tokens_.next()) take(token);
    return source_;
  }

 private:
  void take(std::string_view token) {
    if (token == "{") {
      ++depth_;
      begin_member();
    } else if (token == "}") {
      if (depth_ > 0) --depth_;
      begin_member();
    } else if (token == ";") {
      begin_member();
    } else if (depth_ == 0) {
      take_at_top(token);
    } else if (depth_ == 1) {
      take_in_type(token);
    }
    before_ = token;
  }

  void take_at_top(std::string_view token) {
    if (token == "package" && !seen_type_ && source_.package.empty() && before_ != ".") return read_package();
    if (token == "public") is_public_ = true;
    if (!begins_type(before_) || !is_letter(token.front()) || is_named_) return;
    type_ = token;
    is_named_ = seen_type_ = true;
    if (source_.first_type.empty()) source_.first_type = token;
    if (is_public_ && source_.public_type.empty()) source_.public_type = token;
  }

  void take_in_type(std::string_view token) {
    if (token == "static") is_static_ = true;
    if (token == "main" && before_ == "void") names_main_ = true;
    if (token == "(" && before_ == "main" && names_main_ && is_static_ && source_.main_type.empty()) {
      source_.main_type = type_;
    }
  }

  void read_package() {
    std::string name;
    for (std::string_view token = tokens_.next(); !token.empty() && token != ";"; token = tokens_.next()) name += token;
    source_.package = name;
    begin_member();
  }

  void begin_member() {
    is_public_ = is_static_ = names_main_ = is_named_ = false;
    if (depth_ == 0) type_.clear();
  }

  Tokens tokens_;
  JavaSource source_;
  std::size_t depth_ = 0;
  std::string_view before_;
  std::string type_;  // the top-level type that is being read
  bool seen_type_ = false;
  bool is_named_ = false;  // the declaration that is being read has its name
  bool is_public_ = false, is_static_ = false, names_main_ = false;
};

}  // namespace

JavaSource read_java(std::string_view text) {
  return Reader(text).read();
}

}  // namespace evalrun::contest
