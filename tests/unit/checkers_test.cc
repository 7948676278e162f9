// The checkers: what each accepts, that it makes no difference how the output is cut, and that memory does not grow.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <random>
#include <sstream>

#include "runtime/checkers/checker.h"

namespace evalrun::judge {
namespace {

constexpr CheckerKind kKinds[] = {CheckerKind::Exact, CheckerKind::Lines, CheckerKind::Tokens, CheckerKind::Floats};

Judgement judge_pieces(const Checker& how, const std::string& expected, const std::vector<std::string_view>& pieces) {
  const auto checker = make_checker(how, Expected(expected));
  for (const std::string_view piece : pieces) checker->feed(piece);
  return checker->finish();
}

Judgement judge(CheckerKind kind, const std::string& expected, const std::string& found) {
  return judge_pieces({.kind = kind}, expected, {found});
}

struct Row {
  std::string expected, found;
  bool exact, lines, tokens, floats;
};

TEST(Checkers, accept_what_the_table_says) {
  const std::string long_word(2000, 'x');
  const Row rows[] = {
      {"", "", true, true, true, true},
      {"a\n", "a\n", true, true, true, true},
      {"a\n", "a", false, true, true, true},
      {"a", "a\n", false, true, true, true},
      {"a", "a\n \n\n\t\n", false, true, true, true},
      {"a\n\n\n", "a", false, true, true, true},
      {"a\n", "a  \n", false, true, true, true},
      {"a \t\nb\n", "a\nb\n", false, true, true, true},
      {"a\nb\n", "a\r\nb\r\n", false, true, true, true},
      {"a  \nb", "a\t\nb", false, true, true, true},
      {"a\nb", "a b", false, false, true, true},
      {"a\nb", "a\n\nb", false, false, true, true},
      {"a b", "a  b", false, false, true, true},
      {"a b", " a b", false, false, true, true},
      {"a b", "ab", false, false, false, false},
      {"ab", "a b", false, false, false, false},
      {"a", "", false, false, false, false},
      {"", "a", false, false, false, false},
      {"", " \n", false, true, true, true},
      {" \n", "", false, true, true, true},
      {"a", "a\n\nb", false, false, false, false},
      {"a\n\nb", "a", false, false, false, false},
      {"a   x", "a  ", false, false, false, false},
      {"a  ", "a   x", false, false, false, false},
      {"a \n", "a  b\n", false, false, false, false},
      {"A", "a", false, false, false, false},
      {std::string("a\0b", 3), std::string("a\0b", 3), true, true, true, true},
      {std::string("a\0b", 3), "a", false, false, false, false},
      {long_word + "y z", long_word + "y\nz", false, false, true, true},
      {long_word + "y", long_word + "z", false, false, false, false},
      {long_word, long_word + "z", false, false, false, false},
      {long_word + "z", long_word, false, false, false, false},
      {"1", "1.0", false, false, false, true},
      {"1.0", "1.0000005", false, false, false, true},
      {"1.0", "1.00001", false, false, false, false},
      {"1000000", "1000000.5", false, false, false, true},
      {"1000000", "1000002", false, false, false, false},
      {"0", "0.0000005", false, false, false, true},
      {"0", "-0", false, false, false, true},
      {"1e3", "1000", false, false, false, true},
      {"+.5", "0.5", false, false, false, true},
      {"5.", "5", false, false, false, true},
      {"16", "0x10", false, false, false, false},
      {"0x10", "0x10", true, true, true, true},
      {"0x1p4", "16", false, false, false, false},
      {"nan", "NaN", false, false, false, true},
      {"nan", "0", false, false, false, false},
      {"0", "nan", false, false, false, false},
      {"inf", "Infinity", false, false, false, true},
      {"inf", "-inf", false, false, false, false},
      {"1", "inf", false, false, false, false},
      {"1e300", "1e999999999999999999999", false, false, false, false},
      {"1e9999", "2e9999", false, false, false, false},
      {"1e9999", "1e9999", true, true, true, true},
      {"0", "1e-99999999999999999999", false, false, false, true},
      {"1", "1e", false, false, false, false},
      {"1", "1 .", false, false, false, false},
      {"1", "1,0", false, false, false, false},
      {".", "0", false, false, false, false},
      {"x 1.5", "x 1.50", false, false, false, true},
      // Longer than what is kept of a token, whose front alone is as near as can be.
      {"1." + std::string(600, '0') + "e9", "1.0", false, false, false, false},
      {"1." + std::string(510, '0') + "e9", "1.0", false, false, false, false},
      {"1." + std::string(510, '0'), "1.0", false, false, false, true},
      // One number, whose front and rest would be two.
      {"1." + std::string(600, '0'), "1.0 0", false, false, false, false},
      {"y" + long_word, "x" + long_word, false, false, false, false},
      {"x 1.5", "y 1.5", false, false, false, false},
  };
  for (const Row& row : rows) {
    const bool wanted[] = {row.exact, row.lines, row.tokens, row.floats};
    for (const CheckerKind kind : kKinds) {
      const Judgement judgement = judge(kind, row.expected, row.found);
      EXPECT_EQ(judgement.accepted, wanted[static_cast<int>(kind)])
          << static_cast<int>(kind) << " of \"" << row.expected << "\" and \"" << row.found << "\" "
          << judgement.feedback;
      EXPECT_EQ(judgement.feedback.empty(), judgement.accepted);
    }
  }
}

TEST(Checkers, tolerances_can_be_set_apart) {
  const auto accepts = [](double absolute, double relative, const char* expected, const char* found) {
    return judge_pieces({CheckerKind::Floats, absolute, relative}, expected, {found}).accepted;
  };
  EXPECT_TRUE(accepts(0.5, 0, "100", "100.5"));
  EXPECT_FALSE(accepts(0.5, 0, "100", "100.51"));
  EXPECT_FALSE(accepts(0, 0.1, "0", "0.01"));
  EXPECT_TRUE(accepts(0, 0.1, "100", "110"));
  EXPECT_FALSE(accepts(0, 0.1, "100", "111"));
  EXPECT_TRUE(accepts(0, 0, "1.50", "1.5"));
  EXPECT_FALSE(accepts(0, 0, "1.5", "1.5000001"));
}

TEST(Checkers, say_where_the_first_difference_is) {
  EXPECT_EQ(judge(CheckerKind::Exact, "one\ntwo\n", "one\ntwx\n").feedback,
            "line 2, byte 3: expected \"o\", found \"x\"");
  EXPECT_EQ(judge(CheckerKind::Exact, "one\n", "one").feedback, "line 1, byte 4: expected \"\\n\", found the end");
  EXPECT_EQ(judge(CheckerKind::Lines, "a\nb\n", "a\nb\n\n  c").feedback,
            "line 4, byte 3: expected the end, found \"c\"");
  EXPECT_EQ(judge(CheckerKind::Lines, "a\nb", "a  \nb").feedback, "");
  EXPECT_EQ(judge(CheckerKind::Lines, "a \nb", "a  c").feedback,
            "line 1, byte 4: expected the end of the line, found \"c\"");
  EXPECT_EQ(judge(CheckerKind::Tokens, "1 2 3", "1\n2\n4").feedback, "line 3, token 3: expected \"3\", found \"4\"");
  EXPECT_EQ(judge(CheckerKind::Tokens, "1 2 3", "1\n2\n").feedback, "line 3, token 3: expected \"3\", found the end");
  EXPECT_EQ(judge(CheckerKind::Tokens, "1", "1 2").feedback, "line 1, token 2: expected the end, found \"2\"");
}

TEST(Checkers, say_at_which_bytes_the_first_difference_is) {
  struct Differing {
    CheckerKind kind;
    const char *expected, *found;
    std::uint64_t expected_byte, expected_line, found_byte, found_line;
  };
  for (const Differing& row :
       {Differing{CheckerKind::Exact, "one\ntwo\n", "one\ntwx\n", 6, 2, 6, 2},
        Differing{CheckerKind::Exact, "one\n", "one", 3, 1, 3, 1}, Differing{CheckerKind::Exact, "", "x", 0, 1, 0, 1},
        Differing{CheckerKind::Lines, "a\nb\n", "a\nb\n\n  c", 4, 4, 7, 4},
        Differing{CheckerKind::Lines, "a \nb", "a  c", 2, 1, 3, 1},
        Differing{CheckerKind::Lines, "a  \nb", "a\nc", 4, 2, 2, 2},
        Differing{CheckerKind::Tokens, "1 2 3", "1\n2\n\n4", 4, 1, 5, 4},
        Differing{CheckerKind::Tokens, "1\n2\n3", "1 2", 4, 3, 3, 1},
        Differing{CheckerKind::Tokens, "1", "1 2", 1, 1, 2, 1}}) {
    SCOPED_TRACE(std::string(row.expected) + " | " + row.found);
    const auto difference = judge(row.kind, row.expected, row.found).difference;
    ASSERT_TRUE(difference);
    EXPECT_EQ(difference->expected.byte, row.expected_byte);
    EXPECT_EQ(difference->expected.line, row.expected_line);
    EXPECT_EQ(difference->found.byte, row.found_byte);
    EXPECT_EQ(difference->found.line, row.found_line);
    EXPECT_FALSE(judge(row.kind, row.expected, row.expected).difference);
  }
  const std::string front(5000, 'x');
  const auto difference = judge(CheckerKind::Tokens, "a " + front + "1", "a  " + front + "2").difference;
  ASSERT_TRUE(difference) << "a token that is longer than what is kept: its beginning";
  EXPECT_EQ(difference->expected.byte, 2U);
  EXPECT_EQ(difference->found.byte, 3U);
}

TEST(Checkers, messages_are_short_and_hold_no_control_characters) {
  for (const CheckerKind kind : kKinds) {
    const std::string feedback =
        judge(kind, std::string(100'000, 'y'), "\x1b[31m\"\x9b" + std::string(100'000, 'x')).feedback;
    EXPECT_LT(feedback.size(), 250U);
    EXPECT_EQ(feedback.find('\x1b'), std::string::npos);
    EXPECT_NE(feedback.find("\\x1b[31m\\\"\\x9b"), std::string::npos) << feedback;
  }
}

TEST(Checkers, it_makes_no_difference_where_the_output_is_cut) {
  const std::pair<std::string, std::string> pairs[] = {
      {"1.5 abc  \n\n2e3 nan\n", "1.50 abc\n \n2000 NaN\n\n"},
      {"one two\nthree\n", "one two \nthrex\n"},
      {"a  b\n", "a \t\nb"},
      {std::string(600, 'k') + " end", std::string(600, 'k') + "\nend\n"},
      {"x\n\n\ny", "x\n \n\t\ny "},
      {"abc def", "abc def ghi"},
  };
  for (const auto& [expected, found] : pairs) {
    for (const CheckerKind kind : kKinds) {
      const Judgement whole = judge(kind, expected, found);
      const std::string_view text = found;
      for (std::size_t i = 0; i <= text.size(); ++i) {
        for (std::size_t j = i; j <= text.size(); j += text.size() > 100 ? 37 : 1) {
          const Judgement cut =
              judge_pieces({.kind = kind}, expected, {text.substr(0, i), text.substr(i, j - i), text.substr(j)});
          ASSERT_EQ(cut.accepted, whole.accepted) << static_cast<int>(kind) << " " << i << " " << j;
          ASSERT_EQ(cut.feedback, whole.feedback) << static_cast<int>(kind) << " " << i << " " << j;
          ASSERT_EQ(cut.difference.has_value(), whole.difference.has_value());
          if (cut.difference) {
            ASSERT_EQ(cut.difference->found, whole.difference->found);
            ASSERT_EQ(cut.difference->expected, whole.difference->expected);
          }
        }
      }
    }
  }
}

// The same by whole strings: slow, large and plain.

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string without_blank_ends(const std::string& text) {
  std::istringstream stream(text);
  std::string kept;
  for (std::string line; std::getline(stream, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.pop_back();
    kept += line + "\n";
  }
  while (kept.ends_with('\n')) kept.pop_back();
  return kept;
}

bool naive(CheckerKind kind, const std::string& expected, const std::string& found) {
  switch (kind) {
    case CheckerKind::Exact: return expected == found;
    case CheckerKind::Lines: return without_blank_ends(expected) == without_blank_ends(found);
    case CheckerKind::Tokens: return words_of(expected) == words_of(found);
    default: break;  // Floats; foreign_checkers_test has the other judges'
  }
  const auto a = words_of(found);
  const auto b = words_of(expected);
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool numbers = a[i].find_first_not_of("0123456789.") == a[i].npos &&
                         b[i].find_first_not_of("0123456789.") == b[i].npos &&
                         std::count(a[i].begin(), a[i].end(), '.') < 2 &&
                         std::count(b[i].begin(), b[i].end(), '.') < 2 && a[i] != "." && b[i] != ".";
    const bool near = numbers && std::abs(std::stod(a[i]) - std::stod(b[i])) <= 1e-6 * std::max(1.0, std::stod(b[i]));
    if (a[i] != b[i] && !near) return false;
  }
  return true;
}

TEST(Checkers, agree_with_a_plain_implementation_on_random_texts) {
  std::mt19937 random(20240101);
  const auto pick = [&](std::size_t below) { return random() % below; };
  const std::string_view letters = "ab1.0 \n\t\r  \n";
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string expected;
    for (std::size_t length = pick(14); length > 0; --length) expected += letters[pick(letters.size())];
    std::string found = expected;
    for (std::size_t edits = pick(4); edits > 0; --edits) {
      const std::size_t at = pick(found.size() + 1);
      if (pick(2) == 0 && at < found.size()) {
        found.erase(at, 1);
      } else {
        found.insert(at, 1, letters[pick(letters.size())]);
      }
    }
    const std::size_t cut = pick(found.size() + 1);
    const std::string_view text = found;
    for (const CheckerKind kind : kKinds) {
      const bool right = naive(kind, expected, found);
      accepted += right ? 1 : 0;
      ASSERT_EQ(judge_pieces({.kind = kind}, expected, {text.substr(0, cut), text.substr(cut)}).accepted, right)
          << static_cast<int>(kind) << " expected " << testing::PrintToString(expected) << " found "
          << testing::PrintToString(found);
    }
  }
  EXPECT_GT(accepted, 10'000);
}

long peak_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// A file of so many copies of `block`, in memory that is nobody's heap.
Fd file_of(const std::string& block, std::size_t copies) {
  Fd file(::memfd_create("expected", MFD_CLOEXEC));
  for (std::size_t i = 0; i < copies; ++i) {
    if (::write(file.get(), block.data(), block.size()) != static_cast<ssize_t>(block.size())) return {};
  }
  return file;
}

// Of CPU time.
#ifdef __SANITIZE_ADDRESS__
constexpr double kMostSeconds = 60;
#else
constexpr double kMostSeconds = 10;
#endif

TEST(Checkers, two_hundred_mebibytes_take_seconds_and_no_memory) {
  std::string block;
  for (int i = 0; block.size() < 60'000; ++i) block += std::to_string(i * 7919) + (i % 10 == 9 ? "\n" : " ");
  const std::size_t copies = (std::size_t{200} << 20) / block.size() + 1;
  for (const CheckerKind kind : kKinds) {
    Fd file = file_of(block, copies);
    ASSERT_TRUE(file);
    const long before = peak_kib();
    const std::clock_t began = std::clock();
    const auto checker = make_checker({.kind = kind}, Expected(std::move(file), "expected"));
    for (std::size_t i = 0; i < copies; ++i) checker->feed(block);
    EXPECT_TRUE(checker->finish().accepted);
    const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    EXPECT_LT(took, kMostSeconds) << static_cast<int>(kind);
    EXPECT_LT(peak_kib() - before, 4096) << static_cast<int>(kind);
    RecordProperty("seconds_of_" + std::to_string(static_cast<int>(kind)), std::to_string(took));
  }
}

TEST(Checkers, endless_white_space_and_endless_words_take_no_memory) {
  const std::string spaces(1 << 20, ' ');
  const std::string letters(1 << 20, 'k');
  for (const CheckerKind kind : {CheckerKind::Lines, CheckerKind::Tokens, CheckerKind::Floats}) {
    const long before = peak_kib();
    const auto checker = make_checker({.kind = kind}, Expected("a"));
    checker->feed("a");
    for (int i = 0; i < 64; ++i) checker->feed(spaces);
    EXPECT_TRUE(checker->finish().accepted);
    const auto other = make_checker({.kind = kind}, Expected("a"));
    for (int i = 0; i < 64; ++i) other->feed(letters);
    EXPECT_FALSE(other->finish().accepted);
    EXPECT_LT(peak_kib() - before, 4096);
  }
}

TEST(Checkers, an_expected_file_that_cannot_be_read_is_an_error) {
  Case one;
  one.expected = std::filesystem::path("/nonexistent/expected");
  EXPECT_THROW(Expected::of(one), SystemError);
  one.expected = std::filesystem::path("/dev/null");
  EXPECT_THROW(Expected::of(one), SystemError);
}

}  // namespace
}  // namespace evalrun::judge
