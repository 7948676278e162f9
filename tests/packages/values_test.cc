// What packages are read by: YAML that is bounded, patterns, languages, the default comparison's flags.

#include <gtest/gtest.h>

#include "runtime/packages/reading/yaml.h"
#include "runtime/problem/comparison.h"
#include "runtime/problem/language.h"
#include "runtime/problem/pattern.h"

namespace evalrun::test {
namespace {

using Lines = std::vector<std::string>;

Lines errors_of_yaml(const std::string& text, const packages::YamlBounds& bounds = {}) {
  problem::Findings findings;
  packages::parse_yaml(text, "f", findings, bounds);
  Lines lines;
  for (const problem::Finding& finding : findings.list()) lines.push_back(problem::to_string(finding));
  return lines;
}

std::string bomb(int levels) {
  std::string text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < levels; ++i) {
    const std::string name = "l" + std::to_string(i);
    const std::string alias = "*l" + std::to_string(i - 1);
    text += name + ": &" + name + " [" + alias;
    for (int j = 1; j < 10; ++j) text += ", " + alias;
    text += "]\n";
  }
  return text;
}

TEST(yaml, aliases_count_with_all_that_they_stand_for) {
  EXPECT_EQ(errors_of_yaml(bomb(3)), Lines{});
  EXPECT_EQ(errors_of_yaml(bomb(40)), Lines{"f:7:20: there are more than 4000000 values with aliases followed"});
  EXPECT_EQ(errors_of_yaml("a: &a [*a]\n"), Lines{"f:1:8: an alias stands in what it names"});
}

TEST(yaml, depth_and_length_are_bounded) {
  EXPECT_EQ(errors_of_yaml(std::string(48, '[') + std::string(48, ']')), Lines{});
  EXPECT_EQ(errors_of_yaml(std::string(49, '[') + std::string(49, ']')), Lines{"f:1:49: values are more than 48 deep"});
  EXPECT_EQ(errors_of_yaml(std::string(100'000, '[')), Lines{"f:1:25: values are more than 48 deep"});
  EXPECT_EQ(errors_of_yaml("abcd", {.bytes = 4}), Lines{});
  EXPECT_EQ(errors_of_yaml("abcde", {.bytes = 4}), Lines{"f: is longer than 4 bytes"});
}

TEST(yaml, what_yaml_leaves_open_is_refused) {
  EXPECT_EQ(errors_of_yaml("a: 1\nb: 2\n"), Lines{});
  EXPECT_EQ(errors_of_yaml("a: 1\na: 2\n"), Lines{"f:2:1: the key \"a\" is given twice; remove one of them"});
  EXPECT_EQ(errors_of_yaml("a: &x {b: 1}\nc: {<<: *x}\n"),
            Lines{"f:2:5: merge keys (\"<<\") are not supported; write the keys out"});
  EXPECT_EQ(errors_of_yaml("a: 1\n---\nb: 1\n"), Lines{"f: has more than one document; remove what follows \"---\""});
  EXPECT_EQ(errors_of_yaml("a: \xff\n"), Lines{"f: is not UTF-8; save it as UTF-8"});
}

TEST(findings, a_message_is_cut_however_long_the_packages_words_are) {
  problem::Findings findings;
  findings.error({"f", 1, 1}, std::string(1000, 'x'));
  findings.note({"f", 1, 1}, std::string(1'000'000, 'x'));
  EXPECT_EQ(findings.list()[0].message.size(), 1000u);
  EXPECT_EQ(findings.list()[1].message, std::string(1000, 'x') + "...");
}

TEST(pattern, a_star_stops_at_a_slash_and_braces_are_alternatives) {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const Row rows[] = {
      {"accepted/*", "accepted/a.cpp", true},
      {"accepted/*", "wrong/a.cpp", false},
      {"accepted", "accepted/a.cpp", true},
      {"acc", "accepted/a.cpp", false},
      {"*/a.cpp", "x/a.cpp", true},
      {"*/a.cpp", "x/y/a.cpp", false},
      {"a.{py,cpp}", "a.cpp", true},
      {"a.{py,cpp}", "a.c", false},
      {"x{,1,2}{a,b}", "xb", true},
      {"x{,1,2}{a,b}", "x1a", true},
      {"x{,1,2}{a,b}", "x", false},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"*", "a", true},
      {"a*b*c", "aXbXbc", true},
      {"{a{b,c},d}", "ac", true},
      {"secret/*{ 4 }{ 2, 3 }", "secret/x42", true},
      {"secret/*{ 4 }{ 2, 3 }", "secret/x43", true},
      {"secret/*{ 4 }", "secret/x 4 ", false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(problem::Pattern(row.pattern).matches(row.path), row.matches) << row.pattern << " " << row.path;
  for (const char* wrong : {"**", "[ab]", "{a", "a}", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"}) {
    EXPECT_THROW(problem::Pattern{wrong}, std::invalid_argument) << wrong;
  }
  EXPECT_NO_THROW(problem::Pattern("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"));
  std::string stars;
  for (int i = 0; i < 500; ++i) stars += "*a";
  EXPECT_FALSE(problem::Pattern(stars + "b").matches(std::string(5000, 'a'))) << "and it takes no long time";
}

TEST(language, files_tell_their_language_and_where_it_begins) {
  struct Row {
    Lines files;
    const char* shebang;
    const char* language;
    const char* entry;
  };
  const Row rows[] = {
      {{"a.cpp"}, "", "cpp", "a.cpp"},
      {{"a.C"}, "", "cpp", "a.C"},
      {{"a.c"}, "", "c", "a.c"},
      {{"a.c", "b.cc"}, "", "cpp", "b.cc"},
      {{"a.py", "b.py", "c.cc"}, "", "python3", "a.py"},
      {{"b.py", "main.py"}, "", "python3", "main.py"},
      {{"a.py", "__main__.py"}, "", "python3", "__main__.py"},
      {{"a.py"}, "#!/usr/bin/env python2", "python2", "a.py"},
      {{"a.pl"}, "", "prolog", "a.pl"},
      {{"a.pl"}, "#!/usr/bin/perl", "perl", "a.pl"},
      {{"Other.java", "Main.java"}, "", "java", "Main.java"},
      {{"b.cc", "Main.cc"}, "", "cpp", "Main.cc"},
      {{"a.txt"}, "", "", ""},
      {{"py"}, "", "", ""},
  };
  for (const Row& row : rows) {
    const problem::Language* found = problem::language_of(row.files, row.shebang);
    ASSERT_EQ(found == nullptr ? "" : std::string(found->code), row.language) << row.files[0];
    if (found != nullptr) {
      EXPECT_EQ(problem::entry_of(*found, row.files), row.entry) << row.files[0];
    }
  }
}

TEST(comparison, flags_are_read_and_wrong_ones_are_named) {
  const auto read = [](const Lines& words) { return problem::comparison_of(words); };
  const auto both = std::get<problem::Comparison>(read({"case_sensitive", "float_tolerance", "1e-6"}));
  EXPECT_TRUE(both.case_sensitive);
  EXPECT_FALSE(both.space_change_sensitive);
  EXPECT_EQ(both.absolute, 1e-6);
  EXPECT_EQ(both.relative, 1e-6);
  EXPECT_EQ(std::get<std::string>(read({"case_sensitiv"})),
            "the default validator does not know \"case_sensitiv\"; did you mean case_sensitive?");
  EXPECT_EQ(std::get<std::string>(read({"float_tolerance"})),
            "float_tolerance needs a number of 0 or more, as in \"float_tolerance 1e-6\"");
  EXPECT_EQ(std::get<std::string>(read({"float_relative_tolerance", "-1"})),
            "float_relative_tolerance needs a number of 0 or more, as in \"float_relative_tolerance 1e-6\"");
  EXPECT_EQ(std::get<std::string>(read({"float_tolerance", "1", "float_absolute_tolerance", "2"})),
            "float_absolute_tolerance sets a tolerance that is set before; give each tolerance once");
}

}  // namespace
}  // namespace evalrun::test
