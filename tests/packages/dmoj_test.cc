// DMOJ's packages: what they become, and what is said of those that are wrong.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/packages/support.h"

namespace evalrun::test {
namespace {

using Lines = std::vector<std::string>;
using problem::Child;
using problem::Problem;

Files batched() {
  return {
      {"init.yml",
       "points: 2\nchecker: {name: floats, args: {precision: 2}}\ntest_cases:\n- {in: 1.in, out: 1.out, points: 5}\n- "
       "points: "
       "10\n  checker: standard\n  batched:\n  - {in: 2.in, out: 2.out}\n  - {in: 3.in, out: 3.out, binary_data: "
       "true}\n- "
       "batched:\n  - {in: 2.in, out: 2.out}\n  dependencies: [1]\n"},
      {"1.in", "1\n"},
      {"1.out", "1\n"},
      {"2.in", "2\n"},
      {"2.out", "2\n"},
      {"3.in", "3\n"},
      {"3.out", "3\n"},
      {"tests/ac/test.yml", "language: PY3\ntime: 2\nmemory: 65536\nsource: a.py\nexpect: AC\n"},
      {"tests/ac/a.py", "print(1)\n"},
      {"tests/wa/test.yml",
       "language: CPP17\nsource: [b.cpp, b.h]\nexpect: [WA, RTE]\ncases: {2: WA, 3: [AC, SC]}\nscore: 5\n"},
      {"tests/wa/b.cpp", ""},
      {"tests/wa/b.h", ""},
  };
}

TEST(dmoj, a_package_becomes_a_problem_and_keys_inherit) {
  const packages::Package package = read_files(batched());
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_EQ(is.format, problem::Format::Dmoj);
  ASSERT_EQ(is.cases.size(), 4u);
  ASSERT_EQ(is.groups.size(), 3u);
  EXPECT_EQ(is.groups[0].children.size(), 3u);
  EXPECT_EQ(is.groups[0].scoring.after_rejection, problem::AfterRejection::StopTheRest);
  EXPECT_EQ(is.groups[1].scoring.score, problem::ScoreRule::Minimum);
  EXPECT_EQ(is.groups[2].requires_groups, std::vector<problem::GroupIndex>{1});
  EXPECT_EQ(is.cases[0].points, 5);
  EXPECT_EQ(is.cases[1].points, 10) << "the batch's";
  EXPECT_EQ(is.cases[3].points, 2) << "the file's";
  const auto& floats = std::get<problem::BuiltInChecker>(is.checkers.at(is.cases[0].checker));
  EXPECT_EQ(floats.name, "floats");
  EXPECT_EQ(floats.arguments.at("precision"), "2");
  EXPECT_EQ(std::get<problem::BuiltInChecker>(is.checkers.at(is.cases[1].checker)).name, "standard");
  EXPECT_TRUE(is.cases[1].normal_newlines);
  EXPECT_FALSE(is.cases[2].normal_newlines);
  EXPECT_EQ(problem::distinct_cases(is), 4u) << "case 4 has case 2's files and another checker";

  using enum problem::Result;
  using Results = std::vector<problem::Result>;
  ASSERT_EQ(is.submissions.size(), 3u) << "each source is one";
  EXPECT_EQ(is.submissions[0].language, "python3");
  EXPECT_EQ(is.submissions[0].time_limit, std::chrono::seconds(2));
  EXPECT_EQ(is.submissions[0].memory_limit, 64_MiB);
  EXPECT_EQ(is.submissions[0].expected.final_results, Results{Accepted});
  const problem::Expectation& wrong = is.submissions[1].expected;
  EXPECT_EQ(wrong.final_results, (Results{WrongAnswer, RunTimeError}));
  EXPECT_EQ(wrong.case_results.at("3"), (Results{Accepted, Skipped}));
  EXPECT_EQ(wrong.score, (std::pair{5.0, 5.0}));
}

TEST(dmoj, data_lies_in_the_archive_and_files_beside_it_win) {
  const TemporaryFolder folder;
  folder.write("init.yml", "archive: data.zip\ntest_cases:\n- {in: 1.in, out: 1.out}\n- {in: 2.in, out: 2.out}\n");
  folder.write("2.in", "beside");
  write_zip(folder.path() / "data.zip",
            {{"1.in", "1", ""}, {"1.out", "1", ""}, {"2.in", "zipped", ""}, {"2.out", "2", ""}});
  const packages::Package package = packages::read_package(folder.path().string());
  ASSERT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(package.tree.read("1.in", 100), "1");
  EXPECT_EQ(package.tree.read("2.in", 100), "beside");
  EXPECT_EQ(package.problem.cases.size(), 2u);
}

TEST(dmoj, cases_that_are_not_listed_are_found_by_the_numbers_in_their_names) {
  Files files = {{"init.yml", "checker: standard\n"}};
  for (const char* name : {"a.1", "a.2", "b1.3", "x.4.1", "x.4.2", "x.10.1"}) {
    files[std::string(name) + ".in"] = "";
    files[std::string(name) + ".out"] = "";
  }
  const packages::Package package = read_files(files);
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  Lines inputs;
  for (const problem::Case& one : is.cases) inputs.push_back(one.input->path);
  EXPECT_EQ(inputs, (Lines{"a.1.in", "a.2.in", "b1.3.in", "x.4.1.in", "x.4.2.in", "x.10.1.in"}));
  ASSERT_EQ(is.groups.size(), 3u);
  EXPECT_EQ(is.groups[1].children.size(), 2u);
  EXPECT_EQ(errors_of(read_files(without(files, "a.2.out"))),
            Lines{"a.2.in: this input has no answer; add a file of the same numbers, as in 1.in and 1.out"});
}

TEST(dmoj, expressions_of_the_packages_own_name_batches_and_cases) {
  const std::string head = "test_cases:\n  input_format: ((?P<batch>\\w+)\\.)?(?P<case>\\d+)\\.in\n  output_format: ";
  Files files = {{"init.yml", head + "((?P<batch>\\w+)\\.)?(?P<case>\\d+)\\.out\n  case_points: [5, 7]\n"}};
  for (const char* name : {"1", "dummy.2", "dummy.1"}) {
    files[std::string(name) + ".in"] = name;
    files[std::string(name) + ".out"] = "";
  }
  const packages::Package package = read_files(files);
  ASSERT_EQ(errors_of(package), Lines{});
  Lines inputs;
  for (const problem::Case& one : package.problem.cases) inputs.push_back(one.input->path);
  EXPECT_EQ(inputs, (Lines{"dummy.1.in", "dummy.2.in", "1.in"})) << "words come before numbers";
  EXPECT_EQ(package.problem.cases[1].points, 5);
  EXPECT_EQ(package.problem.cases[2].points, 7);
  const std::pair<std::string, std::string> wrong[] = {
      {"(?P<case>", "is no regular expression: missing closing parenthesis"},
      {".*", "names no part \"case\"; write (?P<case>\\d+)"},
      {"(?P<case>(a|aa)+)b", "takes too long: match limit exceeded"},
  };
  for (const auto& [expression, message] : wrong) {
    const Files broken = with(files, {{"init.yml", head + expression + "\n"}, {std::string(60, 'a') + "cb", ""}});
    const Lines errors = errors_of(read_files(broken));
    ASSERT_FALSE(errors.empty()) << expression;
    EXPECT_EQ(errors[0], "init.yml:3:3: test_cases.output_format: " + message);
  }
}

TEST(dmoj, generators_checkers_and_interactors_are_programs) {
  const packages::Package package = read_files({
      {"init.yml",
       "generator: {source: [gen.cpp, testlib.h], time_limit: 5, memory_limit: 65536}\nchecker:\n  name: bridged\n  "
       "args: {files: "
       "c.cpp, type: testlib, lang: CPP17, flags: [-DX]}\ninteractive: {files: i.py, lang: PY3}\ntest_cases:\n- "
       "{generator_args: [1, false, 'x']}\n- {generator_in: seed}\n- {generator_args: [2], out: seed}\n"},
      {"gen.cpp", ""},
      {"testlib.h", ""},
      {"c.cpp", ""},
      {"i.py", ""},
      {"seed", "7"},
  });
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  ASSERT_EQ(is.programs.size(), 3u);
  EXPECT_EQ(is.programs[0].role, problem::Role::Generator);
  EXPECT_EQ(is.programs[0].time_limit, std::chrono::seconds(5));
  EXPECT_EQ(is.programs[0].memory_limit, 64_MiB);
  EXPECT_EQ(is.programs[0].files.size(), 2u);
  EXPECT_EQ(is.programs[1].convention, problem::Convention::DmojTestlib);
  EXPECT_EQ(is.programs[1].compile_flags, Lines{"-DX"});
  EXPECT_EQ(is.programs[2].role, problem::Role::Interactor);
  EXPECT_EQ(is.interaction->more_time, std::chrono::seconds(2));
  EXPECT_EQ(is.cases[0].generated->arguments, (Lines{"1", "False", "x"}));
  EXPECT_EQ(is.cases[0].generated->makes, problem::Generated::Makes::InputAndAnswer);
  EXPECT_EQ(is.cases[1].generated->input->path, "seed");
  EXPECT_EQ(is.cases[2].generated->makes, problem::Generated::Makes::Input);
  EXPECT_EQ(problem::distinct_cases(is), 3u);
}

TEST(dmoj, what_is_wrong_is_told_with_its_place_and_its_remedy) {
  const std::string one = "test_cases:\n- {in: 1.in, out: 1.out}\n";
  expect_errors(
      batched(),
      {
          {"an unknown key",
           {{"init.yml", "chekcer: standard\nzzz: 1\n" + one}},
           {},
           {"init.yml:1:1: chekcer: is no key of this file; did you mean checker?",
            "init.yml:2:1: zzz: is no key of this file; remove it"}},
          {"a missing file",
           {},
           {"3.in"},
           {"init.yml:9:5: in: there is no file \"3.in\" in the package or its archive; add it"}},
          {"a missing archive",
           {{"init.yml", "archive: x.zip\n" + one}},
           {},
           {"init.yml:1:1: archive: there is no file \"x.zip\" in the package; add it"}},
          {"an archive that is none",
           {{"init.yml", "archive: 1.in\n" + one}},
           {},
           {"init.yml:1:1: archive: 1.in: it is no zip: Unrecognized archive format"}},
          {"an unknown checker",
           {{"init.yml", "checker: float\n" + one}},
           {},
           {"init.yml:1:1: checker: \"float\" is no checker of DMOJ's; did you mean floats?"}},
          {"an unknown argument",
           {{"init.yml", "checker: {name: floats, args: {precisoin: 3}}\n" + one}},
           {},
           {"init.yml:1:32: checker.args.precisoin: is no key of this file; did you mean precision?"}},
          {"what is not supported",
           {{"init.yml", "custom_judge: a.py\nchecker++: x\n" + one}},
           {},
           {"init.yml:2:1: checker++: dynamic keys are not supported; write the value out",
            "init.yml:1:1: custom_judge: a Python class that runs inside DMOJ's judge is not supported; use "
            "interactive or a "
            "checker",
            "init.yml:2:1: checker++: is no key of this file; did you mean checker?"}},
          {"a later batch",
           {{"init.yml", "test_cases:\n- batched: [{in: 1.in, out: 1.out}]\n  dependencies: [1]\n"}},
           {},
           {"init.yml:3:3: dependencies: \"1\" is no batch before this one, which is batch 1; batches are numbered "
            "from 1"}},
          {"a batch in a batch",
           {{"init.yml", "test_cases:\n- batched: [{batched: [{in: 1.in}]}]\n"}},
           {},
           {"init.yml:2:14: batched: a batch cannot lie in a batch; move it out"}},
          {"an input twice",
           {{"init.yml", "generator: tests/wa/b.cpp\ntest_cases:\n- {in: 1.in, generator_args: [1]}\n"}},
           {},
           {"init.yml:3:3: this case has in and generator_args; keep one of them"}},
          {"no generator",
           {{"init.yml", "test_cases:\n- {generator_args: [1]}\n"}},
           {},
           {"init.yml:2:3: this case has words for a generator, and no generator; add generator"}},
          {"a type",
           {{"init.yml", "interactive: {files: tests/wa/b.cpp, type: testlip}\n" + one}},
           {},
           {"init.yml:1:38: interactive.type: \"testlip\" is not known; did you mean testlib?"}},
          {"a label",
           {{"tests/ac/test.yml", "language: PY3\nsource: none.py\nexpect: OK\n"}},
           {},
           {"tests/ac/test.yml:3:1: expect: \"OK\" is no result; use AC, WA, TLE, MLE, OLE, RTE, IR, CE, SC or IE",
            "tests/ac/test.yml:2:1: source: there is no file \"tests/ac/none.py\"; add it"}},
      });
}

}  // namespace
}  // namespace evalrun::test
