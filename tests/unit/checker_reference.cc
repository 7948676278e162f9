#include "checker_reference.h"

#include <strings.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

namespace evalrun::reference {
namespace {

using Strings = std::vector<std::string>;
constexpr const char* kSpaces = " \t\n\v\f\r";

Strings split(const std::string& text, const std::string& at) {
  Strings parts(1);
  for (const char c : text) {
    if (at.find(c) != at.npos) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Strings without_empty(Strings parts) {
  std::erase(parts, "");
  return parts;
}

Strings words(const std::string& text, const std::string& spaces = kSpaces) {
  return without_empty(split(text, spaces));
}

Strings lines(const std::string& text) {
  return split(text, "\r\n");
}

std::string stripped(std::string text, bool left) {
  while (!text.empty() && std::strchr(kSpaces, text.back()) != nullptr && text.back() != '\0') text.pop_back();
  while (left && !text.empty() && std::strchr(kSpaces, text.front()) != nullptr && text.front() != '\0') {
    text.erase(0, 1);
  }
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Verdict accepted_if(bool condition) {
  return condition ? Verdict::Accepted : Verdict::WrongAnswer;
}

// --- the problem package format ---

// [+-]? ( digits* . digits+ | digits+ . | digits+ ) ( [eE] [+-]? digits+ )?
bool is_package_number(const std::string& text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - from;
  };
  const auto one_of = [&](const char* which) {
    const bool is = i < text.size() && text[i] != '\0' && std::strchr(which, text[i]) != nullptr;
    i += is ? 1 : 0;
    return is;
  };
  one_of("+-");
  std::size_t mantissa = digits();
  if (one_of(".")) mantissa += digits();
  if (mantissa == 0) return false;
  if (one_of("eE")) {
    one_of("+-");
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// Nothing if it is no number, or too large.
std::optional<long double> package_number(const std::string& text) {
  if (!is_package_number(text)) return std::nullopt;
  const long double value = std::strtold(text.c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  const std::string mantissa = text.substr(0, text.find_first_of("eE"));
  if (value == 0 && mantissa.find_first_of("123456789") != mantissa.npos) {
    return std::copysign(std::numeric_limits<long double>::denorm_min(), text[0] == '-' ? -1.0L : 1.0L);
  }
  return value;
}

template <typename Float>
std::optional<Float> scanned(const std::string& text, const char* format) {
  char rest[20];
  Float value = 0;
  if (std::sscanf(text.c_str(), format, &value, rest) != 1) return std::nullopt;
  return value;
}

long double as_written(double value) {
  char text[64];
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return std::strtold(text, nullptr);
}

bool same_kattis_word(const KattisRules& rules, const std::string& answer, const std::string& output) {
  const bool has_tolerance = rules.absolute || rules.relative;
  if (rules.compat == Compat::Kattis) {
    const auto a = scanned<double>(answer, "%lf%10s");
    if (has_tolerance && a && std::isfinite(*a)) {
      const auto b = scanned<double>(output, "%lf%10s");
      if (!b || !std::isfinite(*b)) return false;
      return std::fabs(*a - *b) <= rules.absolute.value_or(-1) ||
             (rules.relative && std::fabs(*a - *b) <= *rules.relative * std::fabs(*a));
    }
    return (rules.case_sensitive ? std::strcmp : ::strcasecmp)(answer.c_str(), output.c_str()) == 0;
  }
  if (has_tolerance && rules.compat == Compat::Domjudge) {
    if (const auto a = scanned<long double>(answer, "%Lf%10s")) {
      const auto b = scanned<long double>(output, "%Lf%10s");
      if (!b) return false;
      if (std::isnan(*a) && std::isnan(*b)) return true;
      if (!std::isfinite(*a) || !std::isfinite(*b)) return *a == *b;
      bool is_wrong = true;
      if (rules.absolute) is_wrong = is_wrong && std::fabs(*b - *a) > as_written(*rules.absolute);
      if (rules.relative) is_wrong = is_wrong && std::fabs((*b - *a) / *a) > as_written(*rules.relative);
      return !is_wrong;
    }
  }
  if (has_tolerance && rules.compat == Compat::Spec) {
    if (const auto a = package_number(answer)) {
      const auto b = package_number(output);
      if (!b) return false;
      const long double off = std::fabs(*b - *a);
      if (rules.absolute && off <= as_written(*rules.absolute)) return true;
      return rules.relative && off <= as_written(*rules.relative) * std::fabs(*a);
    }
  }
  return rules.case_sensitive ? answer == output : lower(answer) == lower(output);
}

// Words and the white space around them, in turn: white space, word, white space, ..., white space.
Strings words_and_spaces(const std::string& text) {
  Strings parts(1);
  bool in_word = false;
  for (const char c : text) {
    const bool is_word = std::string(kSpaces).find(c) == std::string::npos;
    if (is_word != in_word) parts.emplace_back();
    in_word = is_word;
    parts.back() += c;
  }
  if (in_word) parts.emplace_back();
  return parts;
}

Verdict kattis(const KattisRules& rules, const std::string& answer, const std::string& output) {
  const Strings a = words_and_spaces(answer), b = words_and_spaces(output);
  if (rules.space_change_sensitive) {
    if (a.size() != b.size()) return Verdict::WrongAnswer;
    for (std::size_t i = 0; i < a.size(); i += 2) {
      if (a[i] != b[i]) return Verdict::WrongAnswer;
    }
  }
  const Strings x = words(answer), y = words(output);
  if (x.size() != y.size()) return Verdict::WrongAnswer;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!same_kattis_word(rules, x[i], y[i])) return Verdict::WrongAnswer;
  }
  return Verdict::Accepted;
}

// --- DMOJ ---

std::string normalised(const std::string& data) {
  std::string text;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\r' && i + 1 < data.size() && data[i + 1] == '\n') continue;
    text += data[i] == '\r' ? '\n' : data[i];
  }
  return text.empty() || text.back() == '\n' ? text : text + "\n";
}

std::optional<double> python_number(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto is_digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) {
      return std::nullopt;
    }
  }
  const std::string word = lower(plain.substr(plain.find_first_not_of("+-") == 1 ? 1 : 0));
  if (word != "inf" && word != "infinity" && word != "nan" && !is_package_number(plain)) return std::nullopt;
  return std::strtod(plain.c_str(), nullptr);
}

bool near_for_dmoj(ErrorMode mode, double epsilon, double out, double ans) {
  if (mode == ErrorMode::Absolute) return std::fabs(out - ans) <= epsilon;
  if (mode == ErrorMode::Relative) {
    const double p = ans * (1 - epsilon), q = ans * (1 + epsilon);
    return (p <= q ? p : q) <= out && out <= (p <= q ? q : p);
  }
  return std::fabs(out - ans) <= epsilon || (std::fabs(ans) >= epsilon && std::fabs(1.0 - out / ans) <= epsilon);
}

Verdict dmoj_floats(unsigned precision, ErrorMode mode, const std::string& answer, const std::string& output) {
  const Strings a = without_empty(lines(answer)), b = without_empty(lines(output));
  const double epsilon = std::strtod(("1e-" + std::to_string(precision)).c_str(), nullptr);
  if (a.size() != b.size()) return Verdict::WrongAnswer;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Strings x = words(a[i]), y = words(b[i]);
    if (x.size() != y.size()) return Verdict::WrongAnswer;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const auto wanted = python_number(x[k]), found = python_number(y[k]);
      if (wanted ? !found || !near_for_dmoj(mode, epsilon, *found, *wanted) : x[k] != y[k]) return Verdict::WrongAnswer;
    }
  }
  return Verdict::Accepted;
}

bool dmoj_standard(const std::string& answer, const std::string& output) {
  // Each word with what stands before it: "\n" or " ".
  const auto marked = [](const std::string& text) {
    Strings all;
    const Strings parts = words_and_spaces(text);
    for (std::size_t i = 1; i < parts.size(); i += 2) {
      const bool has_line_end = parts[i - 1].find_first_of("\r\n") != std::string::npos;
      all.push_back((i > 1 && has_line_end ? "\n" : " ") + parts[i]);
    }
    return all;
  };
  return marked(answer) == marked(output);
}

Outcome dmoj_linecount(const std::string& answer, const std::string& output) {
  const Strings a = without_empty(lines(answer)), b = without_empty(lines(output));
  if (b.size() > a.size()) return {Verdict::WrongAnswer, 0};
  std::size_t right = 0;
  for (std::size_t i = 0; i < b.size(); ++i) right += stripped(a[i], true) == stripped(b[i], true) ? 1U : 0U;
  if (right == a.size()) return {Verdict::Accepted};
  return {Verdict::WrongAnswer, static_cast<double>(right) / static_cast<double>(a.size())};
}

Outcome dmoj_linematches(const DmojRules& rules, const std::string& answer, const std::string& output) {
  const Strings a = without_empty(lines(answer)), b = without_empty(lines(output));
  if (a.size() != rules.point_distribution.size()) return {Verdict::AnswerIsWrong};
  if (rules.filler_lines_required && a.size() != b.size()) return {Verdict::WrongAnswer, 0};
  std::uint64_t points = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    all += rules.point_distribution[i];
    if (i < b.size() && a[i] == b[i]) points += rules.point_distribution[i];
  }
  return {accepted_if(points > 0), static_cast<double>(points) / static_cast<double>(all)};
}

Verdict dmoj_rstripped(bool filter, const std::string& answer, const std::string& output) {
  const auto all = [&](const std::string& text) {
    Strings each = filter ? without_empty(lines(text)) : lines(text);
    for (std::string& line : each) line = stripped(line, false);
    return each;
  };
  return accepted_if(all(answer) == all(output));
}

Verdict dmoj_sorted(SplitOn split_on, const std::string& answer, const std::string& output) {
  const auto all = [&](const std::string& text) {
    std::vector<Strings> items;
    for (const std::string& part : split_on == SplitOn::Lines ? without_empty(lines(text)) : words(text)) {
      items.push_back(words(part));
    }
    std::ranges::sort(items);
    return items;
  };
  return accepted_if(all(answer) == all(output));
}

Verdict dmoj_easy(const std::string& answer, const std::string& output) {
  const auto counted = [](const std::string& text) {
    std::map<char, int> counts;
    for (const std::string& word : words(lower(text))) {
      for (const char c : word) ++counts[c];
    }
    return counts;
  };
  return accepted_if(counted(answer) == counted(output));
}

// --- testlib ---

// A file as testlib reads it. What cannot be read is thrown as a verdict.
class Stream {
 public:
  Stream(std::string text, Verdict fault) : text_(std::move(text)), fault_(fault) {}

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  bool at_end_but_for_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
    return at_end();
  }
  std::string word() {
    if (at_end_but_for_blanks()) throw fault_;
    std::string word;
    while (!at_end() && !is_blank(text_[at_])) word += text_[at_++];
    return word;
  }
  long long integer() { return integer_of(word()); }
  [[nodiscard]] long long integer_of(const std::string& text) const {
    errno = 0;
    const long long value = std::strtoll(text.c_str(), nullptr, 10);
    if (errno != 0 || std::to_string(value) != text) throw fault_;
    return value;
  }
  double number() {
    const std::string text = word();
    if (text.find_first_not_of("0123456789.eE+-") != text.npos) throw fault_;
    const auto value = scanned<double>(text, "%lf%10s");
    if (!value) throw fault_;
    return *value;
  }
  // A "\r" that is not before a "\n" is lost, and the byte after it is taken whatever it is; the end is byte 255.
  std::string line() {
    std::string line;
    while (!at_end() && text_[at_] != '\n') {
      if (text_[at_] == '\r') {
        ++at_;
        if (!at_end() && text_[at_] == '\n') break;
        line += at_end() ? '\xff' : text_[at_];
        at_ += at_end() ? 0U : 1U;
        continue;
      }
      line += text_[at_++];
    }
    if (!at_end()) ++at_;
    return line;
  }

 private:
  std::string text_;
  Verdict fault_;
  std::size_t at_ = 0;
};

struct Files {
  Stream ans, ouf;
};

bool double_compare(double expected, double result, double error) {
  error += 1e-15;
  const auto is_infinite = [](double x) { return std::fabs(x) > 1e300; };
  if (is_infinite(expected)) return is_infinite(result) && std::signbit(expected) == std::signbit(result);
  if (is_infinite(result)) return false;
  if (std::fabs(result - expected) <= error) return true;
  const double p = expected * (1.0 - error), q = expected * (1.0 + error);
  return result >= (p < q ? p : q) && result <= (p < q ? q : p);
}

void refuse_unless(bool condition, Verdict verdict = Verdict::WrongAnswer) {
  if (!condition) throw verdict;
}

void one_number(Files& f, bool absolute, double epsilon) {
  const double a = f.ans.number(), b = f.ouf.number();
  refuse_unless(absolute ? !(std::fabs(a - b) > epsilon + 1e-15) : double_compare(a, b, epsilon));
}

void many_numbers(Files& f, bool absolute, double epsilon) {
  while (!f.ans.at_end_but_for_blanks()) one_number(f, absolute, epsilon);
}

bool is_huge_integer(const std::string& text) {
  if (text == "0") return true;
  const std::string digits = text.substr(text.starts_with("-") ? 1 : 0);
  return !digits.empty() && digits[0] != '0' && digits.find_first_not_of("0123456789") == digits.npos;
}

bool is_yes_or_no(const std::string& text) {
  return text == "YES" || text == "NO";
}

void ncmp(Files& f) {
  while (!f.ans.at_end_but_for_blanks() && !f.ouf.at_end_but_for_blanks()) {
    const long long a = f.ans.integer(), b = f.ouf.integer();
    refuse_unless(a == b);
  }
  int extra = 0;
  for (; !f.ans.at_end_but_for_blanks(); ++extra) f.ans.integer();
  for (; !f.ouf.at_end_but_for_blanks(); ++extra) f.ouf.integer();
  refuse_unless(extra == 0);
}

void nyesno(Files& f) {
  while (!f.ans.at_end_but_for_blanks() && !f.ouf.at_end_but_for_blanks()) {
    const std::string a = upper(f.ans.word()), b = upper(f.ouf.word());
    refuse_unless(is_yes_or_no(a), Verdict::AnswerIsWrong);
    refuse_unless(is_yes_or_no(b), Verdict::Presentation);
    refuse_unless(a == b);
  }
  refuse_unless(f.ans.at_end_but_for_blanks() && f.ouf.at_end_but_for_blanks());
}

void hcmp(Files& f) {
  const std::string a = f.ans.word(), b = f.ouf.word();
  refuse_unless(is_huge_integer(a) && f.ans.at_end_but_for_blanks(), Verdict::AnswerIsWrong);
  refuse_unless(is_huge_integer(b), Verdict::Presentation);
  refuse_unless(a == b);
}

void uncmp(Files& f) {
  const auto all = [](Stream& stream) {
    std::vector<long long> numbers;
    while (!stream.at_end_but_for_blanks()) numbers.push_back(stream.integer());
    std::ranges::sort(numbers);
    return numbers;
  };
  const std::vector<long long> a = all(f.ans), b = all(f.ouf);
  refuse_unless(a == b);
}

void caseicmp(Files& f) {
  const auto all = [](Stream& stream, Verdict fault) {
    std::vector<long long> numbers;
    while (!stream.at_end_but_for_blanks()) {
      refuse_unless(stream.word() == "Case", fault);
      refuse_unless(stream.word() == std::to_string(numbers.size() + 1) + ":", fault);
      numbers.push_back(stream.integer());
    }
    return numbers;
  };
  const std::vector<long long> a = all(f.ans, Verdict::AnswerIsWrong), b = all(f.ouf, Verdict::Presentation);
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) refuse_unless(a[i] == b[i]);
  refuse_unless(a.size() == b.size(), Verdict::Presentation);
}

void case_sequences(Files& f, bool integers) {
  bool ans_read = false, ouf_read = false;
  const auto one = [&](Stream& stream, Verdict fault, int number, bool& was_read) {
    if (!was_read) refuse_unless(stream.word() == "Case", fault);
    refuse_unless(stream.word() == std::to_string(number) + ":", fault);
    Strings values;
    while (!stream.at_end_but_for_blanks()) {
      const std::string word = stream.word();
      if (word == "Case") {
        was_read = true;
        break;
      }
      if (integers) static_cast<void>(stream.integer_of(word));
      values.push_back(word);
    }
    return values;
  };
  for (int number = 1; !f.ans.at_end_but_for_blanks(); ++number) {
    const Strings a = one(f.ans, Verdict::AnswerIsWrong, number, ans_read);
    const Strings b = one(f.ouf, Verdict::Presentation, number, ouf_read);
    refuse_unless(a == b);
  }
}

void line_by_line(Files& f, bool by_words) {
  while (!f.ans.at_end()) {
    const std::string a = f.ans.line();
    if (a.empty() && f.ans.at_end()) break;
    const std::string b = f.ouf.line();
    refuse_unless(by_words ? words(a) == words(b) : a == b);
  }
}

void run_testlib(CheckerKind kind, Files& f) {
  switch (kind) {
    case CheckerKind::TestlibAcmp:
    case CheckerKind::TestlibRcmp: return one_number(f, true, 1.5e-6);
    case CheckerKind::TestlibDcmp: return one_number(f, false, 1e-6);
    case CheckerKind::TestlibRcmp4: return many_numbers(f, false, 1e-4);
    case CheckerKind::TestlibRcmp6: return many_numbers(f, false, 1e-6);
    case CheckerKind::TestlibRcmp9: return many_numbers(f, false, 1e-9);
    case CheckerKind::TestlibRncmp: return many_numbers(f, true, 1.5e-5);
    case CheckerKind::TestlibCaseicmp: return caseicmp(f);
    case CheckerKind::TestlibCasencmp: return case_sequences(f, true);
    case CheckerKind::TestlibCasewcmp: return case_sequences(f, false);
    case CheckerKind::TestlibFcmp: return line_by_line(f, false);
    case CheckerKind::TestlibLcmp: return line_by_line(f, true);
    case CheckerKind::TestlibHcmp: return hcmp(f);
    case CheckerKind::TestlibIcmp: {
      const auto one = [](Stream& stream, Verdict fault) {
        const long long value = stream.integer();
        refuse_unless(value >= -2147483648LL && value <= 2147483647LL, fault);
        return value;
      };
      const long long a = one(f.ans, Verdict::AnswerIsWrong), b = one(f.ouf, Verdict::Presentation);
      return refuse_unless(a == b);
    }
    case CheckerKind::TestlibNcmp: return ncmp(f);
    case CheckerKind::TestlibNyesno: return nyesno(f);
    case CheckerKind::TestlibUncmp: return uncmp(f);
    case CheckerKind::TestlibYesno: {
      const std::string a = upper(f.ans.word()), b = upper(f.ouf.word());
      refuse_unless(is_yes_or_no(a), Verdict::AnswerIsWrong);
      refuse_unless(is_yes_or_no(b), Verdict::Presentation);
      return refuse_unless(a == b);
    }
    case CheckerKind::TestlibWcmp:
      while (!f.ans.at_end_but_for_blanks() && !f.ouf.at_end_but_for_blanks()) {
        refuse_unless(f.ans.word() == f.ouf.word());
      }
      return refuse_unless(f.ans.at_end_but_for_blanks() && f.ouf.at_end_but_for_blanks());
    default: throw std::logic_error("no checker of testlib's");
  }
}

Verdict testlib(CheckerKind kind, const std::string& answer, const std::string& output) {
  const std::size_t mark = output.starts_with("\xef\xbb\xbf") ? 3 : 0;
  Files f{Stream(answer, Verdict::AnswerIsWrong), Stream(output.substr(mark), Verdict::Presentation)};
  try {
    run_testlib(kind, f);
  } catch (const Verdict verdict) {
    return verdict;
  }
  return f.ouf.at_end_but_for_blanks() ? Verdict::Accepted : Verdict::Presentation;
}

bool white_diff(const std::string& answer, const std::string& output) {
  const auto canonical = [](const std::string& text) {
    std::vector<Strings> lines;
    for (const std::string& line : split(text, "\n")) lines.push_back(words(line));
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  };
  return canonical(answer) == canonical(output);
}

}  // namespace

Outcome judge(const Checker& checker, const std::string& raw_answer, const std::string& output) {
  const std::string answer =
      checker.dmoj.binary_data || !name_of(checker.kind).starts_with("dmoj/") ? raw_answer : normalised(raw_answer);
  switch (checker.kind) {
    case CheckerKind::Kattis: return {kattis(checker.kattis, answer, output)};
    case CheckerKind::DmojStandard: return {accepted_if(dmoj_standard(answer, output))};
    case CheckerKind::DmojIdentical: return {accepted_if(answer == output)};
    case CheckerKind::DmojEasy: return {dmoj_easy(answer, output)};
    case CheckerKind::DmojFloats: return {dmoj_floats(checker.dmoj.precision, checker.dmoj.error_mode, answer, output)};
    case CheckerKind::DmojFloatsAbs: return {dmoj_floats(checker.dmoj.precision, ErrorMode::Absolute, answer, output)};
    case CheckerKind::DmojFloatsRel: return {dmoj_floats(checker.dmoj.precision, ErrorMode::Relative, answer, output)};
    case CheckerKind::DmojLinecount: return dmoj_linecount(answer, output);
    case CheckerKind::DmojLinematches: return dmoj_linematches(checker.dmoj, answer, output);
    case CheckerKind::DmojRstripped: return {dmoj_rstripped(checker.dmoj.filter_new_line, answer, output)};
    case CheckerKind::DmojSorted: return {dmoj_sorted(checker.dmoj.split_on, answer, output)};
    case CheckerKind::DmojUnordered: return {dmoj_sorted(SplitOn::WhiteSpace, answer, output)};
    case CheckerKind::CmsWhiteDiff: return {accepted_if(white_diff(answer, output))};
    case CheckerKind::Exact:
    case CheckerKind::Lines:
    case CheckerKind::Tokens:
    case CheckerKind::Floats: throw std::logic_error("checkers_test.cc has these");
    default: return {testlib(checker.kind, answer, output)};
  }
}

}  // namespace evalrun::reference
