// The keys of grading: what they mean, and what is refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/reader/parse.h"
#include "tests/support/command.h"

namespace evalrun {
namespace {

using namespace std::chrono_literals;

Task parse(const std::string& text, const std::vector<std::filesystem::path>& images = {}) {
  return parse_task({text, "plan.toml", "plan", "/plans"}, {}, images);
}

void expect_refusal(const std::string& text, const std::string& key, const std::string& says) {
  try {
    parse("argv = [\"a\"]\n" + text);
    ADD_FAILURE() << "accepted: " << text;
  } catch (const PlanError& error) {
    EXPECT_EQ(error.key(), key) << text << error.what();
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << text << error.what();
    EXPECT_GT(error.position().line, 0U) << text;
  }
}

TEST(GradingPlan, a_case_has_a_name_and_takes_the_limits_of_the_plan_wherever_they_stand) {
  const Task task = parse(R"(argv = ["a"]
[[case]]
expect.text = "1"
[[case]]
name = "large"
stdin.file = "2.in"
expect.file = "2.out"
points = 5
group = "g"
limits = { cpu = "7s", output = { stdout = "1KiB" } }
[limits]
wall = "3s"
memory = "99MiB"
)");
  ASSERT_EQ(task.cases.size(), 2U);
  EXPECT_EQ(task.cases[0].name, "1");
  EXPECT_EQ(task.cases[0].points, 1U);
  EXPECT_EQ(std::get<std::string>(task.cases[0].expected), "1");
  EXPECT_TRUE(std::holds_alternative<InputNull>(task.cases[0].input));
  EXPECT_EQ(task.cases[0].limits.wall, 3s);
  EXPECT_EQ(task.cases[0].limits.cpu, 2s);
  EXPECT_EQ(task.cases[1].name, "large");
  EXPECT_EQ(task.cases[1].points, 5U);
  EXPECT_EQ(task.cases[1].group, "g");
  EXPECT_EQ(std::get<InputFile>(task.cases[1].input).path, "/plans/2.in");
  EXPECT_EQ(std::get<std::filesystem::path>(task.cases[1].expected), "/plans/2.out");
  EXPECT_EQ(task.cases[1].limits.cpu, 7s);
  EXPECT_EQ(task.cases[1].limits.wall, 3s);
  EXPECT_EQ(task.cases[1].limits.memory, 99_MiB);
  EXPECT_EQ(task.cases[1].limits.output.standard_output, 1_KiB);
  EXPECT_EQ(task.plan.kind.limits.cpu, 2s);
  EXPECT_EQ(task.checker.kind, CheckerKind::Tokens);
}

TEST(GradingPlan, compilation_has_limits_of_its_own) {
  const Task task = parse("argv = [\"a\"]\n[compile]\nargv = [\"cc\"]\nlimits.cpu = \"5s\"\n[limits]\nwall = \"3s\"\n");
  ASSERT_TRUE(task.compile.has_value());
  EXPECT_EQ(task.compile->argv, std::vector<std::string>{"cc"});
  EXPECT_EQ(task.compile->limits.cpu, 5s);
  EXPECT_EQ(task.compile->limits.wall, 40s);
  EXPECT_EQ(task.compile->limits.memory, 1_GiB);
  EXPECT_EQ(task.compile->limits.output.both, 1_MiB);
  EXPECT_FALSE(parse("argv = [\"a\"]\n").compile.has_value());
}

TEST(GradingPlan, tolerances_of_a_checker) {
  const auto checker = [](const std::string& keys) {
    return parse("argv = [\"a\"]\ncase = [{ expect.text = '' }]\n[checker]\nkind = \"floats\"\n" + keys).checker;
  };
  EXPECT_EQ(checker("").absolute, 1e-6);
  EXPECT_EQ(checker("").relative, 1e-6);
  EXPECT_EQ(checker("tolerance = 0.5").absolute, 0.5);
  EXPECT_EQ(checker("tolerance = 1").relative, 1);
  EXPECT_EQ(checker("absolute = 1e-3").absolute, 1e-3);
  EXPECT_EQ(checker("absolute = 1e-3").relative, 0);
  EXPECT_EQ(checker("relative = 1e-3").absolute, 0);
}

TEST(GradingPlan, a_case_has_files_and_an_output_file_of_its_own_or_the_plans) {
  const Task task = parse(R"(argv = ["a"]
output_file = "out.txt"
files."a.txt".text = "plan"
[[case]]
expect.text = ""
files."a.txt".text = "case"
files."b.txt" = { from = "b", mode = "0600" }
secret = true
[[case]]
expect.text = ""
output_file = "d/./own.txt"
)");
  ASSERT_EQ(task.cases.size(), 2U);
  EXPECT_EQ(task.cases[0].output_file, "out.txt");
  EXPECT_EQ(task.cases[0].disclosure, Disclosure::Secret);
  EXPECT_EQ(task.cases[1].output_file, "d/own.txt");
  EXPECT_EQ(task.cases[1].disclosure, Disclosure::Shown);
  ASSERT_EQ(task.cases[0].files.size(), 2U);
  const std::vector<WorkFile> merged = with_files(task.plan.job.files, task.cases[0].files);
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(std::get<std::string>(merged[0].source), "case");
  EXPECT_EQ(std::get<std::filesystem::path>(merged[1].source), "/plans/b");
  EXPECT_EQ(merged[1].mode, 0600U);
}

TEST(GradingPlan, a_stack_is_a_size_or_unlimited) {
  EXPECT_EQ(parse("argv = [\"a\"]\nlimits.stack = \"unlimited\"\n").plan.kind.limits.stack, kUnlimited);
  EXPECT_EQ(parse("argv = [\"a\"]\nlimits.stack = \"8MiB\"\n").plan.kind.limits.stack, 8_MiB);
  expect_refusal("limits.stack = \"unlimitd\"\n", "limits.stack", "expected ");
  expect_refusal("output_file = \"o\"\n", "output_file", "expected with [[case]]");
}

TEST(GradingPlan, what_cannot_be_is_refused) {
  const std::string one = "case = [{ expect.text = '' }]\n";
  expect_refusal("[[case]]\nname = 'x'\n", "case[0].expect", "missing");
  expect_refusal("[[case]]\nexpect = {}\n", "case[0].expect", "found none of these keys");
  expect_refusal("[[case]]\nexpect = { text = '', file = 'a' }\n", "case[0].expect", "found 2");
  expect_refusal("[[case]]\nexpect.text = ''\nstdin = 'inherit'\n", "case[0].stdin", "expected \"null\"");
  expect_refusal("[[case]]\nexpect.text = ''\nname = 'x'\n[[case]]\nexpect.text = ''\nname = 'x'\n", "case[1].name",
                 "a second \"x\"");
  expect_refusal("[[case]]\nexpect.text = ''\nname = '2'\n[[case]]\nexpect.text = ''\n", "case[1].name",
                 "a second \"2\"");
  expect_refusal("[[case]]\nexpect.text = ''\npoints = -1\n", "case[0].points", "from 0");
  expect_refusal("[[case]]\nexpect.text = ''\nlimits.cpus = [1, 1]\n", "case[0].limits.cpus", "listed twice");
  expect_refusal("[[case]]\nexpect.text = ''\nlimits.cpu = '0s'\n", "case[0].limits.cpu", "1ms");
  expect_refusal(one + "stdin = 'null'\n", "stdin", "in each [[case]]");
  expect_refusal(one + "stdout = 'inherit'\n", "stdout", "checker");
  expect_refusal(one + "stderr = { file = 'x' }\n", "stderr", "many cases");
  expect_refusal(one + "collect = ['x']\n", "collect", "without [[case]]");
  expect_refusal("[checker]\nkind = 'lines'\n", "checker", "with [[case]]");
  expect_refusal(one + "[checker]\nkind = 'line'\n", "checker.kind", "did you mean \"lines\"?");
  expect_refusal(one + "[checker]\nkind = 'kattsi'\n", "checker.kind", "did you mean \"kattis\"?");
  expect_refusal(one + "[checker]\nkind = 'dmoj/standrad'\n", "checker.kind", "did you mean \"dmoj/standard\"?");
  expect_refusal(one + "[checker]\nkind = 'testlib/nncmp'\n", "checker.kind", "did you mean \"testlib/ncmp\"?");
  expect_refusal(one + "[checker]\nkind = 'kattis'\ncompat = 'domjugde'\n", "checker.compat",
                 "did you mean \"domjudge\"?");
  expect_refusal(one + "[checker]\nkind = 'kattis'\ncase_sensitiv = true\n", "checker.case_sensitiv",
                 "did you mean \"checker.case_sensitive\"?");
  expect_refusal(one + "[checker]\nkind = 'tokens'\ncase_sensitive = true\n", "checker.case_sensitive",
                 "with kind = \"kattis\" only");
  expect_refusal(one + "[checker]\nkind = 'testlib/ncmp'\nbinary_data = true\n", "checker.binary_data", "DMOJ");
  expect_refusal(one + "[checker]\nkind = 'dmoj/floatsabs'\nerror_mode = 'relative'\n", "checker.error_mode",
                 "with kind = \"dmoj/floats\" only");
  expect_refusal(one + "[checker]\nkind = 'kattis'\nfloat_tolerance = 1e-6\nfloat_relative_tolerance = 1e-6\n",
                 "checker.float_tolerance", "without checker.float_absolute_tolerance");
  expect_refusal(one + "[checker]\nkind = 'kattis'\nfloat_tolerance = -1\n", "checker.float_tolerance",
                 "a number from 0");
  expect_refusal(one + "[checker]\ntolerance = 0.1\n", "checker.tolerance", "floats");
  expect_refusal(one + "[checker]\nkind = 'lines'\nabsolute = 0.1\n", "checker.absolute", "floats");
  expect_refusal(one + "[checker]\nkind = 'floats'\ntolerance = 0.1\nrelative = 0.1\n", "checker.tolerance",
                 "without checker.absolute");
  expect_refusal(one + "[checker]\nkind = 'floats'\ntolerance = -1\n", "checker.tolerance", "a number from 0 to 1");
  expect_refusal(one + "[checker]\nkind = 'floats'\ntolerance = nan\n", "checker.tolerance", "a number from 0 to 1");
  expect_refusal("[compile]\n", "compile.argv", "compile line");
  expect_refusal("[compile]\nargv = []\n", "compile.argv", "an empty one");
  expect_refusal("[compile]\nargv = ['']\n", "compile.argv", "a program as the first word");
}

TEST(GradingPlan, checkers_that_give_a_part_of_the_points_are_there) {
  for (const std::string name : {"dmoj/linecount", "dmoj/linematches"}) {
    EXPECT_EQ(
        name_of(parse("argv = [\"a\"]\ncase = [{ expect.text = '' }]\nchecker.kind = '" + name + "'\n").checker.kind),
        name);
  }
}

// What a plan has of a jury: its programs by name, and the case's arguments.
TEST(GradingPlan, a_checker_and_an_interactor_are_programs_with_limits_of_their_own) {
  const Task task = parse(R"(argv = ["a"]
passes = 3
[limits]
wall = "7s"
memory = "64MiB"
[checker]
kind = "program"
argv = ["./check"]
args = ["-v"]
files."check" = { from = "check", mode = "0755" }
limits.memory = "128MiB"
[interactor]
argv = ["./talk"]
then_check = true
[[case]]
args = ["--fast"]
checker_args = ["5"]
points = 4
)");
  ASSERT_EQ(task.jury.size(), 2U);
  const JuryProgram& checker = *task.jury[0];
  EXPECT_EQ(checker.name, "checker");
  EXPECT_EQ(checker.convention, problem::Convention::Kattis);
  EXPECT_EQ(checker.plan.job.argv, std::vector<std::string>{"./check"});
  EXPECT_EQ(checker.flags, std::vector<std::string>{"-v"});
  ASSERT_EQ(checker.plan.job.files.size(), 1U);
  EXPECT_EQ(std::get<std::filesystem::path>(checker.plan.job.files[0].source), "/plans/check");
  EXPECT_EQ(checker.plan.kind.limits.memory, 128_MiB);
  EXPECT_EQ(checker.plan.kind.limits.cpu, 60s) << "what it does not say is no plan's limit";
  EXPECT_FALSE(checker.compile.has_value());
  EXPECT_EQ(task.judged_by->programs, std::vector<std::size_t>{0});
  EXPECT_EQ(task.interaction->program, 1U);
  EXPECT_TRUE(task.interaction->judged_afterwards);
  EXPECT_EQ(task.jury[1]->plan.kind.limits.wall, 17s) << "the pair's, and what it does afterwards";
  EXPECT_EQ(task.passes, 3U);
  EXPECT_EQ(task.cases[0].args, std::vector<std::string>{"--fast"});
  EXPECT_EQ(task.cases[0].judging_args, std::vector<std::string>{"5"});
  EXPECT_EQ(task.cases[0].own_points, 4);
  EXPECT_EQ(std::get<std::string>(task.cases[0].expected), "") << "its answer may be empty";
  EXPECT_TRUE(task.groups.empty());
}

TEST(GradingPlan, a_jurys_source_is_compiled_as_a_submission_of_its_image) {
  const test::TemporaryFolder folder;
  folder.write("lang.toml",
               "name = \"lang\"\nrun = [\"run\", \"{source}\"]\ncompile = [\"cc\", \"{source}\"]\n"
               "compiled_run = [\"./{stem}\"]\n");
  folder.write("script.toml", "name = \"script\"\nrun = [\"run\", \"{source}\"]\n");
  const auto jury = [&](const std::string& image) {
    return *parse("argv = [\"a\"]\n[[case]]\n[checker]\nkind = \"program\"\nconvention = \"testlib\"\nimage = \"" +
                      image + "\"\nsource = \"check.x\"\nfiles.\"check.x\".text = \"\"\n",
                  {folder.path()})
                .jury.at(0);
  };
  EXPECT_EQ(jury("lang").compile->argv, (std::vector<std::string>{"cc", "check.x"}));
  EXPECT_EQ(jury("lang").plan.job.argv, std::vector<std::string>{"./check"});
  EXPECT_EQ(jury("lang").convention, problem::Convention::Testlib);
  EXPECT_FALSE(jury("script").compile.has_value());
  EXPECT_EQ(jury("script").plan.job.argv, (std::vector<std::string>{"run", "check.x"}));
}

TEST(GradingPlan, groups_of_scoring_stand_after_those_that_they_require_and_know_what_they_are_worth) {
  const Task task = parse(R"(argv = ["a"]
[[case]]
expect.text = ""
group = "large"
points = 2
[[case]]
expect.text = ""
points = 5
[[case]]
expect.text = ""
group = "small"
points = 2
[[case]]
expect.text = ""
group = "large"
points = 2
[scoring]
[[scoring.group]]
name = "large"
aggregate = "min"
points = 60
requires = ["small"]
stop = true
[[scoring.group]]
name = "small"
)");
  ASSERT_EQ(task.groups.size(), 3U);
  const problem::Group& root = task.groups[0];
  ASSERT_EQ(root.children.size(), 3U);
  EXPECT_EQ(task.groups[root.children[0].index].name, "small") << "before the one that requires it";
  EXPECT_EQ(task.groups[root.children[1].index].name, "large");
  EXPECT_EQ(root.children[2], (problem::Child{problem::Child::Kind::Case, 1}));
  EXPECT_EQ(root.scoring.most, 60 + 5 + 2);
  const problem::Group& large = task.groups[root.children[1].index];
  EXPECT_EQ(large.children.size(), 2U);
  EXPECT_EQ(large.requires_groups, std::vector<std::size_t>{root.children[0].index});
  EXPECT_EQ(large.scoring.score, problem::ScoreRule::Minimum);
  EXPECT_EQ(large.scoring.factor, 30);
  EXPECT_EQ(large.scoring.most, 60);
  EXPECT_EQ(large.scoring.after_rejection, problem::AfterRejection::Stop);
  EXPECT_EQ(task.groups[root.children[0].index].scoring.after_rejection, problem::AfterRejection::GoOn);
}

TEST(GradingPlan, what_a_jury_cannot_do_is_refused) {
  const std::string one = "case = [{ expect.text = '', group = 'g' }]\n";
  const std::string bare = "case = [{}]\n";
  const std::string program = "[checker]\nkind = 'program'\n";
  expect_refusal(bare, "case[0].expect", "missing");
  expect_refusal(bare + program, "checker.argv", "image and source");
  expect_refusal(bare + program + "source = 'c'\n", "checker.image", "missing");
  expect_refusal(bare + program + "argv = ['']\n", "checker.argv", "a program as the first word");
  expect_refusal(bare + program + "argv = ['c']\nlimits.cpu = '0s'\n", "checker.limits.cpu", "1ms");
  expect_refusal(bare + program + "argv = ['c']\nconvention = 'testlb'\n", "checker.convention",
                 "did you mean \"testlib\"?");
  expect_refusal(bare + program + "argv = ['c', '{source}']\nsource = 'x'\n", "checker.source", "[files] places none");
  expect_refusal(bare + program + "argv = ['c']\ntolerance = 0.5\n", "checker.tolerance", "floats");
  expect_refusal(bare + program + "argv = ['c']\ncwd = '/'\n", "checker.cwd", "");
  expect_refusal(one + "[checker]\nargv = ['c']\n", "checker.argv", "with kind = \"program\" only");
  expect_refusal(one + "[checker]\nlimits.cpu = '1s'\n", "checker.limits", "with kind = \"program\" only");
  expect_refusal(bare + "[interactor]\n", "interactor.argv", "missing");
  expect_refusal("[interactor]\nargv = ['i']\n", "interactor", "with [[case]]");
  expect_refusal("scoring.aggregate = 'sum'\n", "scoring", "with [[case]]");
  expect_refusal("passes = 2\n", "passes", "with [[case]]");
  expect_refusal(bare + "[interactor]\nargv = ['i']\n[checker]\nkind = 'lines'\n", "checker", "then_check = true");
  expect_refusal(bare + "[interactor]\nargv = ['i']\nthen_check = true\n", "case[0].expect", "missing");
  expect_refusal("output_file = 'o'\n" + bare + "[interactor]\nargv = ['i']\n", "output_file", "without [interactor]");
  expect_refusal("case = [{ output_file = 'o' }]\n[interactor]\nargv = ['i']\n", "case[0].output_file",
                 "without [interactor]");
  expect_refusal("limits.idle = '1s'\n" + bare + "[interactor]\nargv = ['i']\n", "limits.idle", "uses no CPU");
  expect_refusal(bare + "[interactor]\nargv = ['i']\nlimits.idle = '1s'\n", "interactor.limits.idle", "unknown");
  expect_refusal("stdout = 'null'\n" + bare + "[interactor]\nargv = ['i']\n", "stdout", "interactor");
  expect_refusal("passes = 2\n" + one, "passes", "[interactor] or checker.kind");
  expect_refusal("passes = 2\n" + bare + program + "argv = ['c']\nconvention = 'testlib'\n", "passes", "kattis");
  expect_refusal("passes = 0\n" + one, "passes", "from 1");
  expect_refusal("case = [{ expect.text = '', checker_args = ['x'] }]\n", "case[0].checker_args", "nothing else");
  expect_refusal(one + "[scoring]\n", "case[0].group", "expected a group of [scoring], found \"g\"");
  expect_refusal(one + "scoring.group = [{ name = 'gg' }]\n", "case[0].group", "did you mean \"gg\"?");
  expect_refusal(one + "scoring.group = [{ name = 'g' }, { name = 'g' }]\n", "scoring.group[1].name", "a second \"g\"");
  expect_refusal(one + "scoring.group = [{ name = 'g' }, { name = 'h' }]\n", "scoring.group[1].name",
                 "no [[case]] has the group \"h\"");
  expect_refusal(one + "scoring.group = [{ name = 'g', requires = ['h'] }]\n", "scoring.group[0].requires",
                 "expected groups of [scoring], found \"h\"");
  expect_refusal(one + "scoring.group = [{ name = 'g', requires = ['g'] }]\n", "scoring.group[0].requires",
                 "in a circle: g -> g");
  expect_refusal(
      "case = [{ expect.text = '', group = 'a' }, { expect.text = '', group = 'b' }]\n"
      "scoring.group = [{ name = 'a', requires = ['b'] }, { name = 'b', requires = ['a'] }]\n",
      "scoring.group[0].requires", "in a circle: a -> b -> a");
  expect_refusal(
      "case = [{ expect.text = '', group = 'a' }, { expect.text = '', group = 'a', points = 2 }]\n"
      "scoring.group = [{ name = 'a', aggregate = 'min' }]\n",
      "scoring.group[0].aggregate", "worth the same");
  expect_refusal(
      "case = [{ expect.text = '', group = 'a', points = 0 }]\nscoring.group = [{ name = 'a', points = 5 }]\n",
      "scoring.group[0].points", "worth nothing");
}

TEST(GradingPlan, an_image_brings_the_compile_line_and_the_run_line_of_what_it_makes) {
  const test::TemporaryFolder folder;
  folder.write("lang.toml",
               "name = \"lang\"\nrun = [\"run\", \"{source}\"]\ncompile = [\"cc\", \"{source}\", \"-o{stem}\"]\n"
               "compiled_run = [\"./{stem}\"]\n");
  folder.write("script.toml", "name = \"script\"\nrun = [\"run\", \"{source}\"]\ncompile = [\"lint\", \"{source}\"]\n");
  folder.write("bare.toml", "name = \"bare\"\nrun = [\"run\"]\n");
  const std::vector<std::filesystem::path> images = {folder.path()};
  const Task compiled =
      parse("image = \"lang\"\nsource = \"a/Main.x\"\n[compile]\n[files]\n\"a/Main.x\".text = \"\"\n", images);
  EXPECT_EQ(compiled.compile->argv, (std::vector<std::string>{"cc", "a/Main.x", "-oMain"}));
  EXPECT_EQ(compiled.plan.job.argv, std::vector<std::string>{"./Main"});
  const Task plain = parse("image = \"lang\"\nsource = \"m\"\nfiles.m.text = \"\"\n", images);
  EXPECT_EQ(plain.plan.job.argv, (std::vector<std::string>{"run", "m"}));
  const Task script = parse("image = \"script\"\nsource = \"m.s\"\n[compile]\n[files]\n\"m.s\".text = \"\"\n", images);
  EXPECT_EQ(script.compile->argv, (std::vector<std::string>{"lint", "m.s"}));
  EXPECT_EQ(script.plan.job.argv, (std::vector<std::string>{"run", "m.s"}));
  const Task own = parse("image = \"lang\"\nsource = \"m\"\nargv = [\"x\"]\n[compile]\nargv = [\"make\"]\n", images);
  EXPECT_EQ(own.compile->argv, std::vector<std::string>{"make"});
  EXPECT_EQ(own.plan.job.argv, std::vector<std::string>{"x"});
  EXPECT_THROW(parse("image = \"lang\"\n[compile]\n", images), PlanError) << "no source";
  EXPECT_THROW(parse("image = \"bare\"\n[compile]\n", images), PlanError) << "no compile line";
}

class ManySources : public testing::Test {
 protected:
  ManySources() {
    folder_.write("lang.toml",
                  "name = \"lang\"\nrun = [\"run\"]\nendings = [\".cc\", \".c++\"]\n"
                  "compile = [\"cc\", \"{sources}\", \"-o\", \"{stem}\"]\n"
                  "[compile_limits]\ncpu = \"33s\"\nprocesses = 77\n");
  }
  std::vector<std::string> line(const std::string& source, const std::vector<std::string>& files) {
    std::string text = "image = \"lang\"\nsource = \"" + source + "\"\n[compile]\n[files]\n";
    for (const std::string& file : files) text += "\"" + file + "\".text = \"\"\n";
    return parse(text, {folder_.path()}).compile->argv;
  }
  using Words = std::vector<std::string>;
  test::TemporaryFolder folder_;
};

TEST_F(ManySources, one_source_is_one_word) {
  EXPECT_EQ(line("main.cc", {"main.cc"}), (Words{"cc", "main.cc", "-o", "main"}));
  EXPECT_EQ(line("main", {"main"}), (Words{"cc", "main", "-o", "main"})) << "its ending does not matter";
}

TEST_F(ManySources, all_files_with_an_ending_of_the_image_follow_the_source_by_name_at_any_depth) {
  EXPECT_EQ(line("m.cc", {"z.cc", "m.cc", "a/b/x.c++", "B.cc"}),
            (Words{"cc", "m.cc", "B.cc", "a/b/x.c++", "z.cc", "-o", "m"}));
}

TEST_F(ManySources, headers_and_other_files_are_placed_and_not_compiled) {
  EXPECT_EQ(line("m.cc", {"m.cc", "m.h", "data.txt", "cc", "x.cc.bak", "y.CC", "a.cc/readme"}),
            (Words{"cc", "m.cc", "-o", "m"}));
}

TEST_F(ManySources, no_name_is_an_option_a_file_of_arguments_or_a_placeholder) {
  EXPECT_EQ(line("-v.cc", {"-v.cc", "@x.cc", "-o.cc", "+RTS.cc", "a b.cc", "a/-v.cc", "{stem}.cc", "{sources}.cc"}),
            (Words{"cc", "./-v.cc", "./+RTS.cc", "./-o.cc", "./@x.cc", "a b.cc", "a/-v.cc", "{sources}.cc", "{stem}.cc",
                   "-o", "-v"}));
}

TEST_F(ManySources, it_needs_a_source_and_stands_for_whole_words) {
  EXPECT_THROW(parse("image = \"lang\"\n[compile]\n", {folder_.path()}), PlanError);
  folder_.write("bad.toml", "name = \"bad\"\nrun = [\"run\"]\ncompile = [\"cc\", \"-x{sources}\"]\n");
  try {
    parse("image = \"bad\"\nsource = \"x\"\nfiles.x.text = \"\"\n", {folder_.path()});
    ADD_FAILURE() << "accepted";
  } catch (const PlanError& error) {
    EXPECT_EQ(error.key(), "compile");
    EXPECT_NE(std::string(error.what()).find("a word of its own, found \"-x{sources}\""), std::string::npos);
  }
}

TEST_F(ManySources, an_image_says_the_limits_of_its_compiler_and_the_plan_goes_over_them) {
  const std::string plan = "image = \"lang\"\nsource = \"x\"\nfiles.x.text = \"\"\n[compile]\n";
  const Limits of_image = parse(plan, {folder_.path()}).compile->limits;
  EXPECT_EQ(of_image.cpu, std::chrono::seconds(33));
  EXPECT_EQ(of_image.processes, 77U);
  EXPECT_EQ(of_image.memory, CompileStep::compile_limits().memory);
  const Limits of_plan = parse(plan + "limits.cpu = \"2s\"\n", {folder_.path()}).compile->limits;
  EXPECT_EQ(of_plan.cpu, std::chrono::seconds(2));
  EXPECT_EQ(of_plan.processes, 77U);
  EXPECT_EQ(parse(plan, {folder_.path()}).plan.kind.limits, Limits{}) << "the program's are its own";
}

TEST(GradingPlan, a_step_has_what_it_does_not_say_of_the_plan_wherever_it_stands) {
  const Task task = parse(R"(argv = ["run", "{memory_mib}"]
[[step]]
[[step]]
name = "second"
argv = ["b", "{memory_mib}"]
stdin = "null"
limits = { memory = "7MiB" }
on_failure = "go-on"
files = { "x" = { text = "1" } }
[limits]
memory = "99MiB"
wall = "3s"
[stdin]
text = "words"
)");
  ASSERT_EQ(task.steps.size(), 2U);
  EXPECT_TRUE(task.is_graded());
  EXPECT_EQ(task.steps[0].name, "1");
  EXPECT_EQ(task.steps[0].argv, (std::vector<std::string>{"run", "99"}));
  EXPECT_EQ(std::get<InputText>(task.steps[0].input).text, "words");
  EXPECT_EQ(task.steps[0].limits.memory, 99_MiB);
  EXPECT_EQ(task.steps[0].on_failure, OnFailure::Stop);
  EXPECT_EQ(task.steps[1].name, "second");
  EXPECT_EQ(task.steps[1].argv, (std::vector<std::string>{"b", "7"}));
  EXPECT_TRUE(std::holds_alternative<InputNull>(task.steps[1].input));
  EXPECT_EQ(task.steps[1].limits.memory, 7_MiB);
  EXPECT_EQ(task.steps[1].limits.wall, 3s);
  EXPECT_EQ(task.steps[1].on_failure, OnFailure::GoOn);
  EXPECT_EQ(task.steps[1].files.at(0).path, "x");
}

TEST(GradingPlan, a_plan_whose_steps_all_have_argv_needs_none_of_its_own) {
  const Task task = parse("[[step]]\nargv = [\"a\"]\n[[step]]\nargv = [\"b\"]\n");
  EXPECT_EQ(task.plan.job.argv, std::vector<std::string>{"a"});
  EXPECT_EQ(task.steps[1].argv, std::vector<std::string>{"b"});
  EXPECT_THROW(parse("[[step]]\nargv = [\"a\"]\n[[step]]\n"), PlanError);
}

TEST(GradingPlan, steps_are_refused_beside_what_is_one_run_or_many) {
  expect_refusal("[[step]]\n[[case]]\nexpect.text = \"\"\n", "case[0]", "a plan has cases or steps");
  expect_refusal("[[step]]\nname = \"a\"\n[[step]]\nname = \"a\"\n", "step[1].name", "a second \"a\"");
  expect_refusal("stdin = \"inherit\"\n[[step]]\n", "stdin", "several programs read it");
  expect_refusal("stdout = { file = \"out\" }\n[[step]]\n", "stdout", "each step would write it anew");
  expect_refusal("stderr = { file = \"out\" }\n[[step]]\n", "stderr", "each step would write it anew");
  expect_refusal("[checker]\nkind = \"tokens\"\n[[step]]\n", "checker", "expected with [[case]]");
  expect_refusal("[[step]]\nlimits = { cpu = \"2s\", cpu_hard = \"1s\" }\n", "step[0].limits.cpu_hard",
                 "expected more than limits.cpu");
  expect_refusal("[[step]]\nfiles = { \"a\" = { text = \"\" }, \"a/b\" = { text = \"\" } }\n", "step[0].files",
                 "which is a file");
  expect_refusal("tests = { report = \"tap\" }\n[[step]]\n", "tests", "one run");
  EXPECT_THROW(parse_plan({"argv = [\"a\"]\n[[step]]\n", "plan.toml", "plan", "/plans"}, {}, {}), PlanError);
}

}  // namespace
}  // namespace evalrun
