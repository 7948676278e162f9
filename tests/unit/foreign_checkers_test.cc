// "kattis", "dmoj/…" and "testlib/…": what each accepts at its edges, and that neither cuts nor sizes matter.
// checker_pairs holds them against a second implementation on random pairs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "runtime/checkers/checker.h"
#include "runtime/checkers/hash128.h"
#include "runtime/checkers/number_scanner.h"

namespace evalrun::judge {
namespace {

using namespace std::string_literals;

// 'A': accepted, 'W': wrong answer, 'P': presentation error, 'F': the answer is wrong.
struct Said {
  char verdict = '?';
  Judgement judgement;
  std::string fault;
};

Said judge(const Checker& how, const std::string& answer, const std::vector<std::string_view>& pieces) {
  Said said;
  try {
    const auto checker = make_checker(how, Expected(answer));
    for (const std::string_view piece : pieces) checker->feed(piece);
    said.judgement = checker->finish();
    said.verdict = said.judgement.accepted ? 'A' : said.judgement.rejection == Rejection::Presentation ? 'P' : 'W';
    EXPECT_EQ(said.judgement.feedback.empty(), said.judgement.accepted);
  } catch (const AnswerError& error) {
    said.verdict = 'F';
    said.fault = error.what();
  }
  return said;
}

char verdict(const Checker& how, const std::string& answer, const std::string& output) {
  return judge(how, answer, {output}).verdict;
}

char verdict(CheckerKind kind, const std::string& answer, const std::string& output) {
  return verdict(Checker{.kind = kind}, answer, output);
}

enum class Floats { None, Relative, Absolute, Both };

Checker kattis(Compat compat, Floats floats = Floats::None, double tolerance = 1e-6) {
  Checker checker{.kind = CheckerKind::Kattis};
  checker.kattis.compat = compat;
  if (floats == Floats::Relative || floats == Floats::Both) checker.kattis.relative = tolerance;
  if (floats == Floats::Absolute || floats == Floats::Both) checker.kattis.absolute = tolerance;
  return checker;
}

// What the validators of problemtools and DOMjudge were seen to say, and what the format's text has.
TEST(KattisChecker, says_what_was_measured_of_problemtools_and_domjudge) {
  struct Row {
    std::string answer, output;
    Floats floats;
    double tolerance;
    char problemtools, domjudge, text;
    bool case_sensitive = false, space_change_sensitive = false;
  };
  const Row rows[] = {
      {"1.0", "0x1p0", Floats::Both, 1e-6, 'A', 'A', 'W'},
      {"a", "a\0b"s, Floats::None, 0, 'A', 'W', 'W'},
      {"1.0", "1.0\0junk"s, Floats::Both, 1e-6, 'A', 'A', 'W'},
      {"inf", "infinity", Floats::Both, 1e-6, 'W', 'A', 'W'},
      {"nan", "NaN", Floats::Both, 1e-6, 'W', 'A', 'W', true},
      {"1", "1.0000000000000000001", Floats::Both, 0, 'A', 'W', 'W'},
      {"9007199254740993", "9007199254740992", Floats::Both, 0, 'A', 'W', 'W'},
      {"0.1", "0.100001", Floats::Absolute, 1e-6, 'W', 'A', 'A'},
      {"0", "1e-9", Floats::Relative, 1e-6, 'W', 'W', 'W'},
      {"0", "-0", Floats::None, 0, 'W', 'W', 'W'},
      {"0", "-0", Floats::Both, 1e-6, 'A', 'A', 'A'},
      {"Yes", "YES", Floats::None, 0, 'A', 'A', 'A'},
      {"a",
       "\xef\xbb\xbf"
       "a",
       Floats::None, 0, 'W', 'W', 'W'},
      {"\xc2\xa0"
       "a",
       "a", Floats::None, 0, 'W', 'W', 'W'},
      {"", "\n\n", Floats::None, 0, 'A', 'A', 'A'},
      {"a b\n", "a b", Floats::None, 0, 'W', 'W', 'W', false, true},
  };
  for (const Row& row : rows) {
    for (const auto& [compat, right] : {std::pair{Compat::Kattis, row.problemtools},
                                        std::pair{Compat::Domjudge, row.domjudge}, std::pair{Compat::Spec, row.text}}) {
      Checker checker = kattis(compat, row.floats, row.tolerance);
      checker.kattis.case_sensitive = row.case_sensitive;
      checker.kattis.space_change_sensitive = row.space_change_sensitive;
      EXPECT_EQ(verdict(checker, row.answer, row.output), right)
          << row.answer << " / " << row.output << " compat " << static_cast<int>(compat);
    }
  }
}

TEST(KattisChecker, takes_the_numbers_of_the_formats_grammar_and_no_others) {
  const Checker checker = kattis(Compat::Spec, Floats::Both, 0);
  for (const char* same : {"100", "+100", "100.", "100.0", "1e2", "1E+2", ".1e3", "0100", "1000e-1", "100e0", "1.e2",
                           "100.00000000000000000000000000000000000000000001"}) {
    EXPECT_EQ(verdict(checker, "100", same), 'A') << same;
  }
  for (const char* other : {"100e", "100.e", "1e2.", "1e2.0", "100..", "e2", ".e2", "0x64", "1_00", "--100", "+-100",
                            "100f", "", "inf", "nan", "1e9999", "100.0000000000000001"}) {
    EXPECT_EQ(verdict(checker, "100", other), 'W') << other;
  }
  // Not 0, however near.
  EXPECT_EQ(verdict(checker, "0", "1e-4000"), 'W');
  EXPECT_EQ(verdict(checker, "0", "1e-20000"), 'W');
  EXPECT_EQ(verdict(checker, "0", "0e-20000"), 'A');
  EXPECT_EQ(verdict(kattis(Compat::Spec, Floats::Both), "0", "1e-20000"), 'A');
  // Too large for a number: words.
  EXPECT_EQ(verdict(checker, "1e9999", "1E9999"), 'A');
  EXPECT_EQ(verdict(checker, "1e9999", "10e9998"), 'W');
  EXPECT_EQ(verdict(kattis(Compat::Spec), "1", "1.0"), 'W');
}

TEST(KattisChecker, tolerances_hold_at_the_edge_and_not_beyond) {
  const auto one = [](Floats floats, const char* answer, const char* output) {
    return verdict(kattis(Compat::Spec, floats, 0.5), answer, output);
  };
  EXPECT_EQ(one(Floats::Absolute, "10", "10.5"), 'A');
  EXPECT_EQ(one(Floats::Absolute, "10", "10.51"), 'W');
  EXPECT_EQ(one(Floats::Relative, "10", "5"), 'A');
  EXPECT_EQ(one(Floats::Relative, "-10", "-15"), 'A');
  EXPECT_EQ(one(Floats::Relative, "10", "4.999"), 'W');
  EXPECT_EQ(one(Floats::Relative, "0", "0.0"), 'A');
  EXPECT_EQ(one(Floats::Relative, "0", "1e-300"), 'W');
  EXPECT_EQ(one(Floats::Both, "1000 0.001", "1500 0.501"), 'A');
  EXPECT_EQ(one(Floats::Both, "1000 0.001", "1501 0.501"), 'W');
  EXPECT_EQ(one(Floats::Both, "a 1000", "A 999.5"), 'A');
  EXPECT_EQ(one(Floats::Both, "1000A", "1000.0a"), 'W');
}

TEST(KattisChecker, white_space_and_case_count_if_that_is_said) {
  Checker spaces = kattis(Compat::Spec);
  spaces.kattis.space_change_sensitive = true;
  EXPECT_EQ(verdict(spaces, "a \tb\n", "A \tB\n"), 'A');
  for (const char* other : {"a\t b\n", "a \tb", "a \tb\n\n", " a \tb\n", "a b\n", "a \tb\r\n"}) {
    EXPECT_EQ(verdict(spaces, "a \tb\n", other), 'W') << other;
  }
  Checker letters = kattis(Compat::Spec);
  letters.kattis.case_sensitive = true;
  EXPECT_EQ(verdict(letters, "a B", "a\n\vB\f\r"), 'A');
  EXPECT_EQ(verdict(letters, "a B", "a b"), 'W');
  // ASCII letters only.
  EXPECT_EQ(verdict(kattis(Compat::Spec), "\xc3\xa4", "\xc3\x84"), 'W');
  EXPECT_EQ(verdict(kattis(Compat::Spec), "@[", "`{"), 'W');
}

struct Row {
  CheckerKind kind;
  std::string answer, output;
  char right;
};

TEST(DmojCheckers, say_what_dmoj_says_at_the_edges) {
  using enum CheckerKind;
  const Row rows[] = {
      {DmojStandard, "a b\n", "a  b   \n\n", 'A'},
      {DmojStandard, "a\n\n\nb", "a\nb", 'A'},
      {DmojStandard, "a\nb", "a\rb", 'A'},
      {DmojStandard, "a\nb", "a b", 'W'},
      {DmojStandard, "a b", "a\n b", 'W'},
      {DmojStandard, "ab", "a b", 'W'},
      {DmojStandard, "", " \n", 'A'},
      {DmojStandard, "a", "", 'W'},
      {DmojStandard, "a\0b"s, "a\0c"s, 'W'},
      {DmojIdentical, "a\nb", "a\nb\n", 'A'},  // the answer's last line gets its end
      {DmojIdentical, "a\r\nb\r", "a\nb\n", 'A'},
      {DmojIdentical, "a\n", "a", 'W'},
      {DmojIdentical, "", "", 'A'},
      {DmojEasy, "Ab c", "C\nBA", 'A'},
      {DmojEasy, "aab", "abb", 'W'},
      {DmojEasy, "a", "aa", 'W'},
      {DmojEasy, "\xff\0"s, "\0\xff"s, 'A'},
      {DmojFloats, "1.0 x\n", "1.0000009 x", 'A'},
      {DmojFloats, "1.0 x\n", "1.000002 x", 'W'},
      {DmojFloats, "1.0\n", "1.0\n \n", 'W'},  // a line of a blank is a line
      {DmojFloats, "1.0\n", "\n\n1.0\r\n", 'A'},
      {DmojFloats, "1000", "1_000", 'A'},
      {DmojFloats, "1000", "1__000", 'W'},
      {DmojFloats, "nan", "nan", 'W'},
      {DmojFloats, "inf", "inf", 'W'},
      {DmojFloats, "1e400", "1e400", 'W'},
      {DmojFloats, "0x10", "0x10", 'A'},  // no number: the same word
      {DmojFloats, "16", "0x10", 'W'},
      {DmojFloats, "0", "-0", 'A'},
      {DmojFloatsAbs, "1000000", "1000000.5", 'W'},
      {DmojFloatsRel, "1000000", "1000000.5", 'A'},
      {DmojFloatsRel, "0", "1e-9", 'W'},
      {DmojFloatsRel, "inf", "inf", 'A'},
      {DmojRstripped, "a\nb\n", "a  \nb\t\n", 'A'},
      {DmojRstripped, "a\n", "a", 'W'},
      {DmojRstripped, "a\nb\n", "a\n\nb\n", 'W'},
      {DmojRstripped, "a\n", " a\n", 'W'},
      {DmojRstripped, "a\n", "a\r\n", 'W'},  // "\r" and "\n" are two ends of lines
      {DmojSorted, "1 2\n3\n", "3\n1  2", 'A'},
      {DmojSorted, "1 2\n3\n", "3\n2 1", 'W'},
      {DmojSorted, "1\n1\n2\n", "1\n2\n2\n", 'W'},
      {DmojSorted, "12\n", "1 2\n", 'W'},
      {DmojUnordered, "1 2\n3\n", "3\n2 1", 'A'},
      {DmojUnordered, "1 1 2", "1 2 2", 'W'},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(verdict(row.kind, row.answer, row.output), row.right)
        << name_of(row.kind) << ": " << row.answer << " / " << row.output;
  }
}

TEST(DmojCheckers, give_the_share_of_the_points_that_is_earned) {
  const auto lines = judge({.kind = CheckerKind::DmojLinecount}, "a\n b \n\nc\nd\n", {"a\nb\nx\n"});
  EXPECT_EQ(lines.verdict, 'W');
  EXPECT_EQ(lines.judgement.share, 0.5);
  EXPECT_EQ(lines.judgement.feedback, "2 of 4 lines are right; the first wrong one is line 3");
  EXPECT_EQ(judge({.kind = CheckerKind::DmojLinecount}, "a\n", {"a\nb\n"}).judgement.share, 0);
  EXPECT_EQ(judge({.kind = CheckerKind::DmojLinecount}, "", {"\n"}).verdict, 'A');
  Checker weighed{.kind = CheckerKind::DmojLinematches};
  weighed.dmoj.point_distribution = {4, 6};
  const auto some = judge(weighed, "1\n2\n", {"1\n3\n"});
  EXPECT_EQ(some.verdict, 'A');
  EXPECT_EQ(some.judgement.share, 0.4);
  EXPECT_EQ(judge(weighed, "1\n2\n", {"3\n2 \n"}).verdict, 'W');
  EXPECT_EQ(judge(weighed, "1\n2\n", {"1\n"}).verdict, 'W');
  weighed.dmoj.filler_lines_required = false;
  EXPECT_EQ(judge(weighed, "1\n2\n", {"1\n"}).judgement.share, 0.4);
  EXPECT_EQ(judge(weighed, "1\n", {"1\n"}).verdict, 'F');
}

TEST(DmojCheckers, take_their_options) {
  Checker identical{.kind = CheckerKind::DmojIdentical};
  EXPECT_NE(judge(identical, "a b\n", {"a  b\n"}).judgement.feedback.find("Presentation Error, check your whitespace"),
            std::string::npos);
  EXPECT_EQ(judge(identical, "a b\n", {"a  c\n"}).judgement.feedback.find("Presentation"), std::string::npos);
  identical.dmoj.pe_allowed = false;
  EXPECT_EQ(judge(identical, "a b\n", {"a  b\n"}).judgement.feedback.find("Presentation"), std::string::npos);
  identical.dmoj.binary_data = true;
  EXPECT_EQ(verdict(identical, "a\r\nb", "a\r\nb"), 'A');
  EXPECT_EQ(verdict(identical, "a\r\nb", "a\nb\n"), 'W');
  Checker floats{.kind = CheckerKind::DmojFloats};
  floats.dmoj.precision = 1;
  EXPECT_EQ(verdict(floats, "1", "1.05"), 'A');
  EXPECT_EQ(verdict(floats, "1", "1.2"), 'W');
  Checker rstripped{.kind = CheckerKind::DmojRstripped};
  rstripped.dmoj.filter_new_line = true;
  EXPECT_EQ(verdict(rstripped, "a\nb\n", "a\r\n\n\nb"), 'A');
  Checker sorted{.kind = CheckerKind::DmojSorted};
  sorted.dmoj.split_on = SplitOn::WhiteSpace;
  EXPECT_EQ(verdict(sorted, "1 2\n3\n", "3\n2 1"), 'A');
}

TEST(TestlibCheckers, say_what_testlib_says_at_the_edges) {
  using enum CheckerKind;
  const Row rows[] = {
      {TestlibNcmp, "1 2", "1\n2\n", 'A'},
      {TestlibNcmp, "1 2", "1 3", 'W'},
      {TestlibNcmp, "1 2", "1", 'W'},
      {TestlibNcmp, "1", "1 2", 'W'},
      {TestlibNcmp, "1", "1 x", 'P'},
      {TestlibNcmp, "1 x", "1", 'F'},
      {TestlibNcmp, "1 x", "2", 'W'},  // before the answer's fault is read
      {TestlibNcmp, "0", "-0", 'P'},
      {TestlibNcmp, "7", "07", 'P'},
      {TestlibNcmp, "7", "+7", 'P'},
      {TestlibNcmp, "9223372036854775807", "9223372036854775807", 'A'},
      {TestlibNcmp, "9223372036854775807", "9223372036854775808", 'P'},
      {TestlibNcmp, "-9223372036854775808", "-9223372036854775808", 'A'},
      {TestlibNcmp, "1",
       "\xef\xbb\xbf"
       "1",
       'A'},
      {TestlibNcmp, "1", "1\v", 'P'},  // no white space to testlib
      {TestlibNcmp, "1", "1\0"s, 'P'},
      {TestlibIcmp, "2147483647", "2147483647", 'A'},
      {TestlibIcmp, "2147483647", "2147483648", 'P'},
      {TestlibIcmp, "1", "1 1", 'P'},
      {TestlibIcmp, "1 1", "1", 'A'},
      {TestlibIcmp, "", "1", 'F'},
      {TestlibIcmp, "1", "", 'P'},
      {TestlibHcmp, "-12345678901234567890123", "-12345678901234567890123", 'A'},
      {TestlibHcmp, "1", "01", 'P'},
      {TestlibHcmp, "1", "2", 'W'},
      {TestlibHcmp, "1 1", "2", 'F'},
      {TestlibHcmp, "x", "", 'P'},  // the output is read before the answer's number
      {TestlibUncmp, "3 1 2 2", "2 3\n2 1", 'A'},
      {TestlibUncmp, "3 1 2 2", "2 3 1 1", 'W'},
      {TestlibUncmp, "1 x", "y", 'F'},
      {TestlibUncmp, "1 2", "1 y", 'P'},
      {TestlibYesno, "YES", "yEs", 'A'},
      {TestlibYesno, "YES", "NO", 'W'},
      {TestlibYesno, "YES", "Y", 'P'},
      {TestlibYesno, "YES", "YES YES", 'P'},
      {TestlibYesno, "maybe", "YES", 'F'},
      {TestlibNyesno, "YES no", "yes NO", 'A'},
      {TestlibNyesno, "YES", "yes x", 'W'},
      {TestlibNyesno, "", "", 'A'},
      {TestlibWcmp, "a b", "a\tb\r\n", 'A'},
      {TestlibWcmp, "a b", "a\vb", 'W'},
      {TestlibWcmp, "a", "A", 'W'},
      {TestlibWcmp, "a\0b"s, "a\0c"s, 'W'},
      {TestlibFcmp, "a\nb\n", "a\r\nb", 'A'},
      {TestlibFcmp, "a \n", "a\n", 'W'},
      {TestlibFcmp, "a\n\n", "a\n", 'A'},
      {TestlibFcmp, "a\n\n\n", "a", 'A'},
      {TestlibFcmp, "a\n", "a\n\n \n", 'A'},
      {TestlibFcmp, "a\n", "a\nb", 'P'},
      {TestlibFcmp,
       "\xef\xbb\xbf"
       "a",
       "\xef\xbb\xbf"
       "a",
       'W'},  // the output's mark is left out, the answer's is not
      {TestlibFcmp, "ab\n", "a\rb\n", 'A'},
      {TestlibLcmp, "a  b\nc\n", " a b \nc", 'A'},
      {TestlibLcmp, "a b\nc\n", "a\nb c\n", 'W'},
      {TestlibLcmp, "a\n \n", "a", 'A'},
      {TestlibDcmp, "1", "1.000001", 'A'},
      {TestlibDcmp, "1", "1.0000021", 'W'},
      {TestlibDcmp, "1", "nan", 'P'},
      {TestlibDcmp, "1", "0x1", 'P'},
      {TestlibDcmp, "1", "1e", 'A'},         // as scanf reads it
      {TestlibDcmp, "1e301", "2e301", 'A'},  // both are infinite to testlib
      {TestlibDcmp, "1e400", "-1e400", 'W'},
      {TestlibAcmp, "100", "100.0000015", 'A'},
      {TestlibAcmp, "100", "100.000002", 'W'},
      {TestlibAcmp, "1e400", "1e400", 'A'},
      {TestlibRcmp, "0", "-0", 'A'},
      {TestlibRcmp4, "1 2", "1.00005 2", 'A'},
      {TestlibRcmp4, "1 2", "1", 'P'},
      {TestlibRcmp4, "1", "1 2", 'P'},
      {TestlibRcmp6, "1000000", "1000000.5", 'A'},
      {TestlibRcmp9, "1000000", "1000000.5", 'W'},
      {TestlibRncmp, "1 2", "1.00001 2", 'A'},
      {TestlibRncmp, "1 2", "1.00002 2", 'W'},
      {TestlibCaseicmp, "Case 1: 5\nCase 2: 6", "Case 1: 5 Case 2: 6", 'A'},
      {TestlibCaseicmp, "Case 1: 5\nCase 2: 6", "Case 1: 5 Case 2: 7", 'W'},
      {TestlibCaseicmp, "Case 1: 5\nCase 2: 6", "Case 1: 5", 'P'},
      {TestlibCaseicmp, "Case 1: 5", "Case 2: 5", 'P'},
      {TestlibCaseicmp, "Case 1: 5\nCase 2: x", "Case 1: y", 'F'},
      {TestlibCasencmp, "Case 1: 1 2\nCase 2:", "Case 1: 1 2\nCase 2:", 'A'},
      {TestlibCasencmp, "Case 1: 1 2", "Case 1: 1", 'W'},
      {TestlibCasencmp, "Case 1: 1", "Case 1: 2 x", 'P'},
      {TestlibCasencmp, "Case 1: 1", "Case 1: 1 Case", 'A'},  // as testlib's source has it
      {TestlibCasencmp, "Case 1: 1", "Case 1: 1 Case 2:", 'P'},
      {TestlibCasewcmp, "Case 1: a b", "Case 1: a\nb", 'A'},
      {TestlibCasewcmp, "Case 1: a b", "Case 1: a c", 'W'},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(verdict(row.kind, row.answer, row.output), row.right)
        << name_of(row.kind) << ": " << row.answer << " / " << row.output;
  }
}

TEST(CmsCheckers, white_diff_says_what_cms_says_at_the_edges) {
  using enum CheckerKind;
  const std::tuple<const char*, const char*, char> rows[] = {
      {"a b\n", "a b\n", 'A'}, {"a b\n", "a  \tb", 'A'},    {"a\n", "  a \r\n\n \n", 'A'}, {"a\n\n\n", "a", 'A'},
      {"", " \n\n", 'A'},      {"a\n\nb\n", "a\nb\n", 'W'}, {"a b\n", "a\nb\n", 'W'},      {"ab\n", "a b\n", 'W'},
      {"a b\n", "ab\n", 'W'},  {"a\n", "a\nb\n", 'W'},      {"a\nb\n", "a\n", 'W'},        {"\na\n", "a\n", 'W'},
  };
  for (const auto& [answer, output, wanted] : rows)
    EXPECT_EQ(verdict(CmsWhiteDiff, answer, output), wanted) << answer << "|" << output;
}

TEST(ForeignCheckers, say_where_the_first_difference_is) {
  const Said said = judge(kattis(Compat::Spec), "1 2\n3 4\n", {"1 2\n\n3 5\n"});
  EXPECT_EQ(said.judgement.feedback, "line 3, token 4, byte 7 (answer: line 2, byte 6): expected \"4\", found \"5\"");
  ASSERT_TRUE(said.judgement.difference);
  EXPECT_EQ(said.judgement.difference->found, (Place{7, 3, 4}));
  EXPECT_EQ(said.judgement.difference->expected, (Place{6, 2, 4}));
  EXPECT_EQ(judge(kattis(Compat::Spec), "a b", {"a\n"}).judgement.feedback,
            "line 2, token 2, byte 2 (answer: line 1, byte 2): expected \"b\", found the end");
  EXPECT_EQ(judge({.kind = CheckerKind::DmojRstripped}, "abc\nabd\n", {"abc\nabe\n"}).judgement.feedback,
            "line 2, byte 6 (answer: line 2, byte 6): expected \"abd\", found \"abe\"");
  EXPECT_EQ(judge({.kind = CheckerKind::TestlibNcmp}, "1", {" x"}).judgement.feedback,
            "presentation error: line 1, token 1, byte 1: expected an integer of 64 bits, found \"x\"");
  EXPECT_NE(
      judge({.kind = CheckerKind::TestlibNcmp}, "1\ny", {"1 2"})
          .fault.find(
              "testlib/ncmp: expected an integer of 64 bits in line 2, token 2, byte 2 of the answer, found \"y\""),
      std::string::npos);
}

std::vector<Checker> all_checkers() {
  std::vector<Checker> all;
  for (const CheckerRow& row : kCheckers) {
    if (row.kind > CheckerKind::Kattis) all.push_back({.kind = row.kind});
  }
  for (const Compat compat : {Compat::Spec, Compat::Kattis, Compat::Domjudge}) {
    all.push_back(kattis(compat));
    all.push_back(kattis(compat, Floats::Both));
    all.push_back(kattis(compat, Floats::Both));
    all.back().kattis.space_change_sensitive = true;
  }
  return all;
}

TEST(ForeignCheckers, it_makes_no_difference_where_the_output_is_cut) {
  const std::pair<std::string, std::string> pairs[] = {
      {"1.5 abc  \n\n2e3 nan\n", "1.50 abc\n \n2000 NaN\n\n"},
      {"Case 1: 1 2\r\nCase 2: 3\n", "Case 1: 1 2\nCase 2: 4"},
      {"1 2\n3\n",
       "\xef\xbb\xbf"
       "1 2\r\n3\r"},
      {"1 2",
       "\xef\xbb"
       "1 2"},
      {"a\r\rb\n \nc", "a\rb\n\n c\r"},
      {std::string(600, '7') + " 1\n", std::string(600, '7') + "\n1"},
      {"YES\n", "yes \n\n"},
  };
  for (const Checker& checker : all_checkers()) {
    for (const auto& [answer, output] : pairs) {
      const Said whole = judge(checker, answer, {output});
      const std::string_view text = output;
      for (std::size_t i = 0; i <= text.size(); ++i) {
        for (std::size_t j = i; j <= text.size(); j += text.size() > 100 ? 97 : 1) {
          const Said cut = judge(checker, answer, {text.substr(0, i), text.substr(i, j - i), text.substr(j)});
          ASSERT_EQ(cut.verdict, whole.verdict) << name_of(checker.kind) << " " << i << " " << j;
          ASSERT_EQ(cut.judgement.feedback, whole.judgement.feedback) << name_of(checker.kind) << " " << i << " " << j;
        }
      }
    }
  }
}

TEST(ForeignCheckers, tokens_of_ten_megabytes_are_compared_to_their_last_byte) {
  const std::string zeros(10'000'000, '0');
  const std::string word(10'000'000, '7');
  using enum CheckerKind;
  const std::string other = word.substr(1) + "8";
  for (const CheckerKind kind :
       {DmojStandard, DmojSorted, DmojRstripped, DmojEasy, TestlibWcmp, TestlibFcmp, TestlibLcmp, TestlibHcmp}) {
    EXPECT_EQ(verdict(kind, word, word + "\n"), 'A') << name_of(kind);
    EXPECT_EQ(verdict(kind, word, other + "\n"), 'W') << name_of(kind);
  }
  EXPECT_EQ(verdict(TestlibHcmp, word, word.substr(1) + "x"), 'P');
  EXPECT_EQ(verdict(TestlibNcmp, "7", word), 'P');
  for (const Compat compat : {Compat::Spec, Compat::Kattis, Compat::Domjudge}) {
    EXPECT_EQ(verdict(kattis(compat), word + "a", word + "A"), 'A');
    EXPECT_EQ(verdict(kattis(compat), word + "a", word + "b"), 'W');
    EXPECT_EQ(verdict(kattis(compat, Floats::Both), "1.5", "1.5" + zeros), 'A');
  }
  EXPECT_EQ(verdict(kattis(Compat::Spec, Floats::Both), "1.5", "1.5" + zeros + "x"), 'W');
  EXPECT_EQ(verdict(kattis(Compat::Domjudge, Floats::Both), "1.5", "0." + zeros + "15e10000001"), 'A');
  EXPECT_EQ(verdict(kattis(Compat::Kattis, Floats::Both), "1.5", "15" + zeros + "e-10000001"), 'A');
  EXPECT_EQ(verdict(TestlibRcmp9, "1.5", "1.5" + zeros), 'A');
  EXPECT_EQ(verdict(DmojFloats, "1.5", "1.5" + zeros), 'A');
  // testlib takes no word of more than 32 MiB.
  const std::string longest(std::size_t{32} << 20, 'k');
  EXPECT_EQ(verdict(TestlibWcmp, longest, longest), 'A');
  EXPECT_EQ(verdict(TestlibWcmp, longest, longest + "k"), 'P');
  EXPECT_EQ(verdict(TestlibWcmp, longest + "k", longest), 'F');
}

TEST(ForeignCheckers, an_expected_file_that_cannot_be_read_is_an_error) {
  for (const Checker& checker : all_checkers()) {
    Fd write_only(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const auto one = make_checker(checker, Expected(std::move(write_only), "1.ans"));
    EXPECT_THROW(
        {
          one->feed("1\n");
          static_cast<void>(one->finish());
        },
        SystemError)
        << name_of(checker.kind);
  }
}

long peak_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(ForeignCheckers, large_outputs_take_no_memory) {
  const std::string endless(1 << 20, 'k'), blank(1 << 20, ' ');
  std::string block;
  while (block.size() < 60'000)
    block += std::to_string(block.size() * 7919 % 100'003) + (block.size() % 7 == 0 ? "\n" : " ");
  for (const Checker& checker : all_checkers()) {
    Fd file(::memfd_create("expected", MFD_CLOEXEC));
    for (int i = 0; i < 80; ++i)
      ASSERT_EQ(::write(file.get(), block.data(), block.size()), static_cast<ssize_t>(block.size()));
    const long before = peak_kib();
    try {
      const auto one = make_checker(checker, Expected(std::move(file), "expected"));
      for (int i = 0; i < 80; ++i) one->feed(block);
      static_cast<void>(one->finish());
      for (const std::string* each : {&endless, &blank}) {
        const auto other = make_checker(checker, Expected("k"));
        for (int i = 0; i < 6; ++i) other->feed(*each);
        static_cast<void>(other->finish());
      }
    } catch (const AnswerError&) {
      // Not every checker's answer: what was read until then took no memory either.
    }
    EXPECT_LT(peak_kib() - before, 4096) << name_of(checker.kind);
  }
}

TEST(NumberScanner, reads_what_scanf_reads) {
  const std::string letters = "01.exXpP+-infaty_E9";
  std::size_t numbers = 0;
  for (int length = 0; length <= 4; ++length) {
    std::size_t count = 1;
    for (int i = 0; i < length; ++i) count *= letters.size();
    for (std::size_t k = 0; k < count; ++k) {
      std::string word;
      for (std::size_t rest = k; word.size() < static_cast<std::size_t>(length); rest /= letters.size()) {
        word += letters[rest % letters.size()];
      }
      char after[20];
      double narrow = 0;
      long double wide = 0;
      const bool is_number = std::sscanf(word.c_str(), "%lf%10s", &narrow, after) == 1 &&
                             std::sscanf(word.c_str(), "%Lf%10s", &wide, after) == 1;
      const std::optional<Number> number = scan_number(word, NumberSyntax::Scanf);
      ASSERT_EQ(number.has_value(), is_number) << word;
      if (!is_number) continue;
      ++numbers;
      ASSERT_TRUE(std::isnan(narrow) ? std::isnan(number->to_double()) : number->to_double() == narrow) << word;
      ASSERT_TRUE(std::isnan(wide) ? std::isnan(number->to_long_double()) : number->to_long_double() == wide) << word;
    }
  }
  EXPECT_GT(numbers, 500U);
}

TEST(NumberScanner, rounds_long_numbers_as_if_all_digits_were_kept) {
  const auto value = [](const std::string& text) { return scan_number(text, NumberSyntax::Package)->to_double(); };
  // Half-way between 1 and the next double, and the least bit more: 53 digits after the point, then zeros.
  const std::string half = "1.00000000000000011102230246251565404236316680908203125";
  const std::string zeros(20'000, '0');
  EXPECT_EQ(value(half + zeros), 1.0);
  EXPECT_EQ(value(half + zeros + "1"), std::nextafter(1.0, 2.0));
  EXPECT_EQ(value("0." + zeros + "25e20000"), 0.25);
  EXPECT_EQ(value("25" + zeros + "e-20002"), 0.25);
  EXPECT_EQ(value("1" + zeros), HUGE_VAL);
  EXPECT_EQ(value("1e999999999999999999999"), HUGE_VAL);
  EXPECT_EQ(value("-1e-999999999999999999999"), 0);
  EXPECT_EQ(value("5e-324"), 5e-324);
  EXPECT_EQ(value("1.7976931348623157e308"), 1.7976931348623157e308);
}

TEST(Hasher128, gives_the_published_values) {
  // The test vectors of SipHash-2-4-128: the key 00 01 .. 0f, the first bytes of 00 01 02 ...
  const std::array<std::uint64_t, 2> key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  const auto of = [&](std::size_t size) {
    Hasher128 hasher(key);
    for (std::size_t i = 0; i < size; ++i) {
      const char byte = static_cast<char>(i);
      hasher.update({&byte, 1});
    }
    return hasher.value();
  };
  EXPECT_EQ(of(0), (Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  EXPECT_EQ(of(1), (Hash128{0x44af996bd8c187da, 0x45fc229b11597634}));
  std::string bytes;
  for (char c = 0; c < 63; ++c) bytes += c;
  Hasher128 at_once(key);
  at_once.update(bytes);
  EXPECT_EQ(at_once.value(), of(63));
}

}  // namespace
}  // namespace evalrun::judge
