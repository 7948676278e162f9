// checker_pairs [COUNT [SEED]]: that many generated pairs of an answer and an output, each judged by several checkers
// and held against checker_reference.h. Prints the first pairs that are judged otherwise, and fails if there is any.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

#include "checker_reference.h"
#include "runtime/checkers/checker.h"
#include "runtime/core/text.h"

namespace evalrun {
namespace {

using Random = std::mt19937_64;
using Strings = std::vector<std::string>;

std::size_t below(Random& random, std::size_t most) {
  return random() % most;
}

const std::string& pick(Random& random, const Strings& from) {
  return from[below(random, from.size())];
}

std::string with_nul(const char* before, const char* after) {
  return std::string(before) + '\0' + after;
}

const std::vector<Strings>& kinds_of_words() {
  static const std::vector<Strings> kinds = {
      {"0", "1", "-1", "5", "007", "-0", "+3", "12", "x", "-", "1.0", "2147483647", "2147483648", "-2147483648",
       "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
       "123456789012345678901"},
      {"0",
       "-0",
       "1",
       "1.0",
       "1.000001",
       "1.0000011",
       "1.0000015",
       "0.9999985",
       "1e5",
       "100000",
       "100000.1",
       "1e400",
       "-1e400",
       "1e-400",
       "1e301",
       "2e301",
       "0x1p0",
       "0x10",
       "0x.",
       "0x1p",
       "1e",
       "1e+",
       ".5",
       "5.",
       ".",
       "+1",
       "+.5e-1",
       "1_0",
       "1__0",
       "10",
       "1.2.3",
       "--1",
       "0.1",
       "0.100001",
       "9007199254740993",
       "9007199254740992",
       "1.0000000000000000001",
       "1e-4000",
       "1e-20000",
       "1e5000",
       with_nul("1.0", "junk"),
       "0.000000001",
       "1e-6",
       "1.0000001e-6"},
      {"inf", "-inf", "INF", "nan", "NaN", "-nan", "infinity", "Infinity", "infinit", "nan(1)", "1e308", "1e309", "0"},
      {"YES", "yes", "No", "NO", "yEs", "maybe", "N", "YESS"},
      {"a", "A", "b", "ab", "abc", "Case", "case", "1:", with_nul("a", "b"), with_nul("a", "c"), "\xc3\xa9", "\xff",
       "\xef\xbb\xbf"
       "a",
       "\xc2\xa0"},
      {"1", "2", "3", "12", "21"},
  };
  return kinds;
}

std::string gap(Random& random) {
  static const Strings gaps = {" ",  " ",    " ",   " ",  "\n", "\n", "\n",    "\n",     "\r\n", "  ",
                               "\t", "\n\n", " \n", "\r", "\f", "\v", "\n \n", "\r\r\n", ""};
  return pick(random, gaps);
}

std::string text_of_cases(Random& random) {
  std::string text;
  const std::size_t cases = below(random, 4);
  for (std::size_t i = 1; i <= cases; ++i) {
    text += below(random, 20) == 0 ? "case" : "Case";
    text += gap(random) + std::to_string(below(random, 20) == 0 ? i + 1 : i) + ":";
    const std::size_t values = below(random, 3) + (below(random, 4) == 0 ? 0 : 1);
    for (std::size_t k = 0; k < values; ++k) text += gap(random) + pick(random, {"1", "2", "-5", "1", "2", "3", "x"});
    text += gap(random);
  }
  return text + (below(random, 10) == 0 ? "Case" : "");
}

std::string text_of_words(Random& random, const Strings& words) {
  std::string text = below(random, 4) == 0 ? gap(random) : "";
  const std::size_t count = below(random, 5);
  for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? gap(random) : "") + pick(random, words);
  return text + (below(random, 2) == 0 ? "\n" : gap(random));
}

std::string changed(Random& random, std::string text, const Strings& words) {
  for (std::size_t changes = below(random, 3); changes > 0; --changes) {
    const std::size_t at = below(random, text.size() + 1);
    switch (below(random, 5)) {
      case 0:
        if (at < text.size()) text.erase(at, 1);
        break;
      case 1: text.insert(at, gap(random)); break;
      case 2: text.insert(at, 1, "01a \n.eA\r-"[below(random, 10)]); break;
      case 3: text.insert(at, pick(random, words)); break;
      default:
        if (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0) text[at] ^= 0x20;
    }
  }
  return text;
}

std::vector<Checker> checkers() {
  std::vector<Checker> all;
  for (const CheckerRow& row : kCheckers) {
    if (row.kind > CheckerKind::Kattis) all.push_back({.kind = row.kind});
  }
  for (const Compat compat : {Compat::Spec, Compat::Kattis, Compat::Domjudge}) {
    for (int flags = 0; flags < 4; ++flags) {
      KattisRules rules;
      rules.compat = compat;
      rules.case_sensitive = (flags & 1) != 0;
      rules.space_change_sensitive = (flags & 2) != 0;
      all.push_back({.kind = CheckerKind::Kattis, .kattis = rules});
      for (const double tolerance : {0.0, 1e-6, 0.5}) {
        rules.absolute = tolerance;
        rules.relative = std::nullopt;
        all.push_back({.kind = CheckerKind::Kattis, .kattis = rules});
        rules.relative = tolerance;
        all.push_back({.kind = CheckerKind::Kattis, .kattis = rules});
        rules.absolute = std::nullopt;
        all.push_back({.kind = CheckerKind::Kattis, .kattis = rules});
      }
    }
  }
  for (const ErrorMode mode : {ErrorMode::Default, ErrorMode::Absolute, ErrorMode::Relative}) {
    for (const unsigned precision : {0U, 1U, 9U, 300U}) {
      all.push_back({.kind = CheckerKind::DmojFloats, .dmoj = {.precision = precision, .error_mode = mode}});
    }
  }
  all.push_back({.kind = CheckerKind::DmojIdentical, .dmoj = {.pe_allowed = false, .binary_data = true}});
  all.push_back({.kind = CheckerKind::DmojLinematches, .dmoj = {.point_distribution = {1, 2}}});
  all.push_back({.kind = CheckerKind::DmojLinematches,
                 .dmoj = {.point_distribution = {3, 0, 4}, .filler_lines_required = false}});
  all.push_back({.kind = CheckerKind::DmojRstripped, .dmoj = {.filter_new_line = true}});
  all.push_back({.kind = CheckerKind::DmojRstripped, .dmoj = {.binary_data = true}});
  all.push_back({.kind = CheckerKind::DmojSorted, .dmoj = {.split_on = SplitOn::WhiteSpace}});
  return all;
}

reference::Outcome judged(Random& random, const Checker& checker, const std::string& answer,
                          const std::string& output) {
  try {
    const auto one = judge::make_checker(checker, judge::Expected(answer));
    for (std::string_view rest = output; !rest.empty();) {
      const std::size_t size = 1 + below(random, rest.size());
      one->feed(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    const judge::Judgement judgement = one->finish();
    const auto verdict = judgement.accepted                                      ? reference::Verdict::Accepted
                         : judgement.rejection == judge::Rejection::Presentation ? reference::Verdict::Presentation
                                                                                 : reference::Verdict::WrongAnswer;
    return {verdict, judgement.share.value_or(-1)};
  } catch (const judge::AnswerError&) {
    return {reference::Verdict::AnswerIsWrong};
  }
}

int run(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  const std::vector<Checker> all = checkers();
  std::map<reference::Verdict, std::size_t> verdicts;
  std::size_t different = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t kind = below(random, kinds_of_words().size() + 1);
    const Strings& words = kinds_of_words()[kind % kinds_of_words().size()];
    const auto text = [&] {
      return kind == kinds_of_words().size() ? text_of_cases(random) : text_of_words(random, words);
    };
    const std::string answer = text();
    const std::string output = below(random, 5) < 3 ? changed(random, answer, words) : text();
    for (int round = 0; round < 3; ++round) {
      const Checker& checker = all[below(random, all.size())];
      const reference::Outcome right = reference::judge(checker, answer, output);
      const reference::Outcome found = judged(random, checker, answer, output);
      ++verdicts[right.verdict];
      if (found == right || ++different > 10) continue;
      std::printf("%s (compat %d): expected verdict %d, share %g; found %d, share %g; answer %s output %s\n",
                  std::string(name_of(checker.kind)).c_str(), static_cast<int>(checker.kattis.compat),
                  static_cast<int>(right.verdict), right.share, static_cast<int>(found.verdict), found.share,
                  in_quotes(answer).c_str(), in_quotes(output).c_str());
    }
  }
  std::printf(
      "%zu pairs; accepted %zu, wrong answer %zu, presentation %zu, wrong answer file %zu; judged otherwise: %zu\n",
      count, verdicts[reference::Verdict::Accepted], verdicts[reference::Verdict::WrongAnswer],
      verdicts[reference::Verdict::Presentation], verdicts[reference::Verdict::AnswerIsWrong], different);
  // Pairs that are all judged alike would show nothing.
  const bool is_rich = verdicts[reference::Verdict::Accepted] > count / 10 &&
                       verdicts[reference::Verdict::WrongAnswer] > count / 10 &&
                       verdicts[reference::Verdict::Presentation] > count / 100;
  return different == 0 && is_rich ? 0 : 1;
}

}  // namespace
}  // namespace evalrun

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000;
  return evalrun::run(count, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'260'101);
}
