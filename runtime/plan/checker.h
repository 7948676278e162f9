// How a case's output is held against what is expected: which checker, and its options. judge/checker.h does the work.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace evalrun {

enum class CheckerKind {
  Exact,   // byte by byte
  Lines,   // but for white space at the ends of lines and empty lines at the end
  Tokens,  // the words between white space
  Floats,  // the same, and numbers may differ by the tolerances
  Kattis,  // the default output validator of the problem package format
  // The checkers that come with DMOJ's judge.
  DmojStandard,
  DmojIdentical,
  DmojEasy,
  DmojFloats,
  DmojFloatsAbs,
  DmojFloatsRel,
  DmojLinecount,
  DmojLinematches,
  DmojRstripped,
  DmojSorted,
  DmojUnordered,
  // The standard checkers of testlib, which Polygon's packages name.
  TestlibAcmp,
  TestlibCaseicmp,
  TestlibCasencmp,
  TestlibCasewcmp,
  TestlibDcmp,
  TestlibFcmp,
  TestlibHcmp,
  TestlibIcmp,
  TestlibLcmp,
  TestlibNcmp,
  TestlibNyesno,
  TestlibRcmp,
  TestlibRcmp4,
  TestlibRcmp6,
  TestlibRcmp9,
  TestlibRncmp,
  TestlibUncmp,
  TestlibWcmp,
  TestlibYesno,
  CmsWhiteDiff,
};

struct CheckerRow {
  CheckerKind kind;
  const char* name;     // in a plan
  const char* summary;  // what it accepts
};

inline constexpr CheckerRow kCheckers[] = {
    {CheckerKind::Exact, "exact", "the same bytes"},
    {CheckerKind::Lines, "lines", "the same lines, but for white space at their ends and empty lines at the end"},
    {CheckerKind::Tokens, "tokens", "the same words between white space"},
    {CheckerKind::Floats, "floats", "the same words, or decimal numbers that are near enough"},
    {CheckerKind::Kattis, "kattis", "what the default output validator of the problem package format accepts"},
    {CheckerKind::DmojStandard, "dmoj/standard", "the same words, on the same lines; empty lines do not count"},
    {CheckerKind::DmojIdentical, "dmoj/identical", "the same bytes; feedback if only white space differs"},
    {CheckerKind::DmojEasy, "dmoj/easy", "the same letters in any order; neither case nor white space counts"},
    {CheckerKind::DmojFloats, "dmoj/floats", "the same words on the same lines, or numbers that are near enough"},
    {CheckerKind::DmojFloatsAbs, "dmoj/floatsabs", "dmoj/floats with error_mode = \"absolute\""},
    {CheckerKind::DmojFloatsRel, "dmoj/floatsrel", "dmoj/floats with error_mode = \"relative\""},
    {CheckerKind::DmojLinecount, "dmoj/linecount", "the same lines; each right one earns its share of the points"},
    {CheckerKind::DmojLinematches, "dmoj/linematches", "some right line; right lines earn what they weigh"},
    {CheckerKind::DmojRstripped, "dmoj/rstripped", "the same lines, but for white space at their ends"},
    {CheckerKind::DmojSorted, "dmoj/sorted", "the same lines in any order, or the same words"},
    {CheckerKind::DmojUnordered, "dmoj/unordered", "the same words in any order"},
    {CheckerKind::TestlibAcmp, "testlib/acmp", "one number that is off by at most 1.5e-6"},
    {CheckerKind::TestlibCaseicmp, "testlib/caseicmp", "\"Case N:\" and an integer, for each case"},
    {CheckerKind::TestlibCasencmp, "testlib/casencmp", "\"Case N:\" and integers, for each case"},
    {CheckerKind::TestlibCasewcmp, "testlib/casewcmp", "\"Case N:\" and words, for each case"},
    {CheckerKind::TestlibDcmp, "testlib/dcmp", "one number, absolute or relative error at most 1e-6"},
    {CheckerKind::TestlibFcmp, "testlib/fcmp", "the same lines"},
    {CheckerKind::TestlibHcmp, "testlib/hcmp", "one integer of any size"},
    {CheckerKind::TestlibIcmp, "testlib/icmp", "one integer of 32 bits"},
    {CheckerKind::TestlibLcmp, "testlib/lcmp", "the same words on the same lines"},
    {CheckerKind::TestlibNcmp, "testlib/ncmp", "the same integers of 64 bits"},
    {CheckerKind::TestlibNyesno, "testlib/nyesno", "the same YES and NO in any case"},
    {CheckerKind::TestlibRcmp, "testlib/rcmp", "one number that is off by at most 1.5e-6"},
    {CheckerKind::TestlibRcmp4, "testlib/rcmp4", "numbers, absolute or relative error at most 1e-4"},
    {CheckerKind::TestlibRcmp6, "testlib/rcmp6", "numbers, absolute or relative error at most 1e-6"},
    {CheckerKind::TestlibRcmp9, "testlib/rcmp9", "numbers, absolute or relative error at most 1e-9"},
    {CheckerKind::TestlibRncmp, "testlib/rncmp", "numbers that are off by at most 1.5e-5"},
    {CheckerKind::TestlibUncmp, "testlib/uncmp", "the same integers of 64 bits in any order"},
    {CheckerKind::TestlibWcmp, "testlib/wcmp", "the same words"},
    {CheckerKind::TestlibYesno, "testlib/yesno", "one YES or NO in any case"},
    {CheckerKind::CmsWhiteDiff, "cms/white-diff", "the same words on the same lines, but for empty lines at the end"},
};

// "dmoj/standard".
constexpr std::string_view name_of(CheckerKind kind) {
  for (const CheckerRow& row : kCheckers) {
    if (row.kind == kind) return row.name;
  }
  return "?";
}

// What a number is to "kattis", where the format's text and the tools differ (docs/checkers.md has the table).
enum class Compat { Spec, Kattis, Domjudge };

// The arguments of the default output validator.
struct KattisRules {
  friend bool operator==(const KattisRules&, const KattisRules&) = default;
  Compat compat = Compat::Spec;
  bool case_sensitive = false;
  bool space_change_sensitive = false;
  // Neither: numbers are words like any other.
  std::optional<double> absolute, relative;
};

enum class ErrorMode { Default, Absolute, Relative };
enum class SplitOn { Lines, WhiteSpace };

// The arguments of DMOJ's checkers, by their names there.
struct DmojRules {
  friend bool operator==(const DmojRules&, const DmojRules&) = default;
  unsigned precision = 6;  // of floats: decimal places
  ErrorMode error_mode = ErrorMode::Default;
  bool pe_allowed = true;                               // of identical
  std::vector<std::uint64_t> point_distribution = {1};  // of linematches: the weight of each line
  bool filler_lines_required = true;                    // of linematches: whether there must be as many lines
  bool filter_new_line = false;                         // of rstripped: whether empty lines do not count
  SplitOn split_on = SplitOn::Lines;                    // of sorted
  bool binary_data = false;  // else ends of lines of what is expected become "\n", and the last line gets one
};

struct Checker {
  friend bool operator==(const Checker&, const Checker&) = default;
  CheckerKind kind = CheckerKind::Tokens;
  // Of Floats: a number is accepted if it is off by no more than `absolute`, or by no more than `relative` times the
  // expected.
  double absolute = 1e-6;
  double relative = 1e-6;
  KattisRules kattis = {};
  DmojRules dmoj = {};
};

}  // namespace evalrun
