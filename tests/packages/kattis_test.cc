// Packages of the problem package format: what they become, and what is said of those that are wrong.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/packages/support.h"

namespace evalrun::test {
namespace {

using Lines = std::vector<std::string>;
using problem::AfterRejection;
using problem::Problem;
using problem::ScoreRule;
using problem::VerdictRule;

const problem::Group& group_named(const Problem& problem, const std::string& name) {
  for (const problem::Group& group : problem.groups) {
    if (group.name == name) return group;
  }
  throw std::runtime_error("no group " + name);
}

const problem::Submission& submission_named(const Problem& problem, const std::string& name) {
  for (const problem::Submission& submission : problem.submissions) {
    if (submission.name == name) return submission;
  }
  throw std::runtime_error("no submission " + name);
}

const problem::Case& case_named(const Problem& problem, const std::string& name) {
  for (const problem::Case& one : problem.cases) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("no case " + name);
}

TEST(kattis, a_legacy_package_becomes_a_problem) {
  const packages::Package package = read_files(kattis_legacy());
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_EQ(is.format, problem::Format::KattisLegacy);
  EXPECT_EQ(is.name, "Sum");
  EXPECT_TRUE(is.types.scoring);
  EXPECT_TRUE(is.validator_scores);
  EXPECT_EQ(is.limits.memory, 512_MiB);
  EXPECT_EQ(is.limits.accepted_to_limit, 5);
  EXPECT_EQ(is.limits.limit_to_too_slow, 2);
  EXPECT_FALSE(is.limits.time.has_value());

  Lines names;
  for (const problem::Group& group : is.groups) names.push_back(group.name);
  EXPECT_EQ(names, (Lines{"", "sample", "secret", "secret/g1", "secret/g2"}));
  EXPECT_TRUE(is.groups[0].scoring.ignore_sample);
  EXPECT_EQ(is.groups[0].scoring.most, 100);
  const problem::Scoring& g1 = group_named(is, "secret/g1").scoring;
  EXPECT_EQ(g1.score, ScoreRule::Minimum);
  EXPECT_EQ(g1.after_rejection, AfterRejection::Stop);
  EXPECT_EQ(std::get<problem::AcceptReject>(g1.case_score).accept, 40);
  EXPECT_FALSE(g1.accept_if_any_accepted) << "flags are replaced, not appended";
  EXPECT_TRUE(group_named(is, "secret").scoring.accept_if_any_accepted);
  EXPECT_EQ(group_named(is, "secret").scoring.after_rejection, AfterRejection::GoOn) << "inherited from data/";

  ASSERT_EQ(is.cases.size(), 4u);
  EXPECT_EQ(case_named(is, "sample/1").validator_args, (Lines{"a", "b"}));
  EXPECT_EQ(case_named(is, "secret/g1/1").validator_args, (Lines{"a", "b", "x"}));
  EXPECT_EQ(case_named(is, "secret/g1/1").key, case_named(is, "secret/g2/1").key) << "equal bytes and flags";
  EXPECT_NE(case_named(is, "secret/g1/1").key, case_named(is, "sample/1").key) << "other flags";
  EXPECT_EQ(problem::distinct_cases(is), 3u);

  ASSERT_EQ(is.programs.size(), 2u);
  EXPECT_EQ(is.programs[0].role, problem::Role::OutputValidator);
  EXPECT_EQ(is.programs[0].language, "cpp");
  EXPECT_EQ(is.programs[0].entry, "check.cc");
  EXPECT_EQ(is.programs[1].role, problem::Role::InputValidator);
  EXPECT_EQ(is.programs[1].language, "python3");
  EXPECT_EQ(is.include.at("cpp").at(0).name, "grader.cpp");

  using enum problem::Result;
  using Results = std::vector<problem::Result>;
  EXPECT_EQ(submission_named(is, "accepted/a.cpp").expected.final_results, Results{Accepted});
  EXPECT_EQ(submission_named(is, "wrong_answer/b.py").expected.final_results, Results{WrongAnswer});
  const problem::Expectation& partial = submission_named(is, "partially_accepted/c.py").expected;
  EXPECT_TRUE(partial.not_full_score);
  EXPECT_EQ(partial.score, (std::pair{40.0, 40.0}));
  EXPECT_EQ(partial.group_results, (Results{Accepted, WrongAnswer}));
  EXPECT_EQ(submission_named(is, "mixed/d.java").expected.final_results, (Results{WrongAnswer, RunTimeError}));
}

TEST(kattis, a_package_of_2025_becomes_a_problem) {
  const packages::Package package = read_files(kattis_2025());
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_EQ(is.format, problem::Format::Kattis2025);
  EXPECT_EQ(is.name, "Sum");
  EXPECT_EQ(is.limits.time, std::chrono::seconds(3));
  EXPECT_EQ(is.limits.accepted_to_limit, 2);
  EXPECT_EQ(is.limits.limit_to_too_slow, 1.5);
  const problem::Group& g1 = group_named(is, "secret/g1");
  EXPECT_EQ(g1.scoring.score, ScoreRule::AllOrNothing);
  EXPECT_EQ(g1.scoring.most, 40);
  const problem::Group& g2 = group_named(is, "secret/g2");
  EXPECT_EQ(g2.scoring.score, ScoreRule::Sum);
  EXPECT_EQ(std::get<problem::BoundedScore>(g2.scoring.case_score).most, 30);
  EXPECT_EQ(g2.requires_groups, (std::vector<problem::GroupIndex>{1, 3}));
  EXPECT_EQ(group_named(is, "secret").scoring.most, 100);
  EXPECT_EQ(case_named(is, "secret/g1/1").args, Lines{"--fast"});
  EXPECT_EQ(case_named(is, "secret/g2/1").validator_args, (Lines{"float_tolerance", "1e-6"}));
  EXPECT_EQ(case_named(is, "secret/g2/1").args, Lines{}) << "groups inherit nothing from each other";
  EXPECT_EQ(case_named(is, "secret/g2/2").args, (Lines{"one", "two"}));
  EXPECT_EQ(case_named(is, "secret/g2/2").validator_args, Lines{"case_sensitive"});
  EXPECT_TRUE(case_named(is, "sample/1").full_feedback);
  EXPECT_FALSE(case_named(is, "secret/g1/1").full_feedback);
  ASSERT_EQ(is.validator_cases.size(), 1u);

  using enum problem::Result;
  using Results = std::vector<problem::Result>;
  const problem::Expectation& brute = submission_named(is, "brute_force/b.py").expected;
  ASSERT_EQ(brute.rules.size(), 3u);
  EXPECT_EQ(brute.rules[0].permitted, (Results{Accepted, RunTimeError, TimeLimit}));
  EXPECT_EQ(brute.rules[1].pattern, "secret/g1");
  EXPECT_EQ(brute.rules[2].score, (std::pair{0.0, 40.0}));
}

TEST(kattis, an_entry_of_a_folders_own_name_changes_its_rule_key_by_key) {
  const packages::Package package = read_files(with(
      kattis_2025(),
      {{"submissions/submissions.yaml", "brute_force:\n  permitted: [AC, WA, TLE]\naccepted/*:\n  required: [AC]\n"}}));
  ASSERT_EQ(errors_of(package), Lines{});
  using enum problem::Result;
  using Results = std::vector<problem::Result>;
  const problem::Expectation& brute = submission_named(package.problem, "brute_force/b.py").expected;
  ASSERT_EQ(brute.rules.size(), 1u);
  EXPECT_EQ(brute.rules[0].permitted, (Results{Accepted, WrongAnswer, TimeLimit}));
  EXPECT_EQ(brute.rules[0].required, (Results{RunTimeError, TimeLimit})) << "the key that the entry lacks stays";
  const problem::Expectation& accepted = submission_named(package.problem, "accepted/a.py").expected;
  ASSERT_EQ(accepted.rules.size(), 2u) << "a pattern adds a rule";
  EXPECT_EQ(accepted.rules[0].permitted, Results{Accepted});
  EXPECT_EQ(accepted.rules[1].required, Results{Accepted});
}

TEST(kattis, the_mixture_of_2023_takes_the_groups_that_it_has) {
  const Files newer = {{"problem.yaml", "problem_format_version: 2023-07-draft\nname: A\nuuid: 0\ntype: scoring\n"},
                       {"data/secret/a/1.in", ""},
                       {"data/secret/a/1.ans", ""}};
  const packages::Package flags =
      read_files(with(newer, {{"data/secret/a/testdata.yaml", "accept_score: 50\ngrader_flags: min\nrange: 0 50\n"}}));
  ASSERT_EQ(errors_of(flags), Lines{});
  EXPECT_EQ(std::get<problem::AcceptReject>(group_named(flags.problem, "secret/a").scoring.case_score).accept, 50);
  const packages::Package mixed = read_files(
      with(newer, {{"problem.yaml",
                    "problem_format_version: 2023-07\nname: A\nuuid: 0\ntype: scoring\ngrading:\n  objective: min\n"
                    "limits:\n  time_multiplier: 3\n  time_multipliers:\n    time_limit_to_tle: 4\n"}}));
  ASSERT_EQ(errors_of(mixed), Lines{});
  EXPECT_EQ(mixed.problem.objective, Problem::Objective::Minimize);
  EXPECT_EQ(mixed.problem.limits.accepted_to_limit, 3);
  EXPECT_EQ(mixed.problem.limits.limit_to_too_slow, 4);
  const packages::Package maximum =
      read_files(with(newer, {{"data/secret/a/testdata.yaml", "scoring:\n  score: 30\n  aggregation: min\n"}}));
  ASSERT_EQ(errors_of(maximum), Lines{});
  EXPECT_EQ(std::get<problem::BoundedScore>(group_named(maximum.problem, "secret/a").scoring.case_score).most, 30);
}

TEST(kattis, domjudges_files_are_part_of_the_package) {
  const Files base = {{"data/secret/1.in", ""}, {"data/secret/1.ans", ""}};
  const packages::Package ini = read_files(
      with(base, {{"domjudge-problem.ini", "name = \"Two\nlines\"\ntimelimit='1.5'\ncolor = #ff0000\n; a comment\n"}}));
  ASSERT_EQ(errors_of(ini), Lines{});
  EXPECT_EQ(ini.problem.limits.time, std::chrono::milliseconds(1500));
  EXPECT_EQ(ini.problem.name, "Two\nlines");
  const packages::Package dot = read_files(with(base, {{"problem.yaml", "name: A\n"}, {".timelimit", "3\n"}}));
  ASSERT_EQ(errors_of(dot), Lines{});
  EXPECT_EQ(dot.problem.limits.time, std::chrono::seconds(3));
  EXPECT_EQ(errors_of(read_files(with(base, {{"problem.yaml", "name: A\n"},
                                             {".timelimit", "3"},
                                             {"domjudge-problem.ini", "timelimit = 2\nspeed = 1\n"}}))),
            (Lines{"domjudge-problem.ini:1:1: says a time limit of 2s, and another file says 3s; remove one of them",
                   "domjudge-problem.ini:2:1: speed: is no key of this file; remove it"}));
  const packages::Package types = read_files(
      with(base, {{"problem.yaml", "type: pass-fail interactive multi-pass\n"}, {"output_validators/a.py", ""}}));
  ASSERT_EQ(errors_of(types), Lines{});
  EXPECT_EQ(types.problem.passes, 2u);
  EXPECT_TRUE(types.problem.interaction.has_value());
}

TEST(kattis, what_is_wrong_with_a_legacy_package_is_told_with_its_place_and_its_remedy) {
  // What follows where the validator is no more the package's own.
  const std::string unknown_flag =
      "data/secret/g1/testdata.yaml:5:1: the default validator does not know \"x\"; it knows case_sensitive, "
      "space_change_sensitive, float_tolerance E, float_absolute_tolerance E and float_relative_tolerance E";
  expect_errors(
      kattis_legacy(),
      {
          {"an unknown key",
           {{"problem.yaml", "name: A\nvalidatoin: custom\nzzz: 1\n"}},
           {"data/testdata.yaml"},
           {"problem.yaml:2:1: validatoin: is no key of this file; did you mean validation?",
            "problem.yaml:3:1: zzz: is no key of this file; remove it", unknown_flag}},
          {"no validator",
           {},
           {"output_validators/check/check.cc", "output_validators/check/validate.h"},
           {"problem.yaml: validation: custom needs an output validator, and there is none; add output_validators/ "
            "with "
            "its sources"}},
          {"a validator in no language",
           {},
           {"output_validators/check/check.cc"},
           {"output_validators/check: this output validator has no source in a known language; add one, or the scripts "
            "build and run"}},
          {"a case without an answer",
           {},
           {"data/secret/g1/2.ans"},
           {"data/secret/g1/2.in: this case has no answer; add data/secret/g1/2.ans"}},
          {"an answer without an input",
           {},
           {"data/secret/g1/2.in"},
           {"data/secret/g1/2.ans: this answer has no input; add data/secret/g1/2.in"}},
          {"no grader",
           {{"data/secret/testdata.yaml", "grading: custom\n"}},
           {},
           {"data/secret/testdata.yaml:1:1: grading: custom needs a program in graders/, and there is none; add it"}},
          {"an unknown flag",
           {{"data/secret/testdata.yaml", "grader_flags: mim\n"}},
           {},
           {"data/secret/testdata.yaml:1:1: grader_flags: the default grader does not know \"mim\"; did you mean "
            "min?"}},
          {"a range",
           {{"data/secret/testdata.yaml", "range: 5 1\n"}},
           {},
           {"data/secret/testdata.yaml:1:1: range: expected two numbers, the smaller first, as in \"0 100\" or \"-inf "
            "+inf\""}},
          {"values",
           {{"problem.yaml",
             "type: scoring\nvalidation: custom score\nlimits:\n  memory: lots\n  time_multiplier: 0\n"}},
           {},
           {"problem.yaml:5:3: limits.time_multiplier: expected a number from 0.001 to 1000, not \"0\"",
            "problem.yaml:4:3: limits.memory: expected a whole number from 1 to 1048576, not \"lots\""}},
          {"no YAML",
           {{"data/secret/testdata.yaml", "a: [1\n"}},
           {},
           {"data/secret/testdata.yaml:2:1: this is no YAML: end of sequence flow not found"}},
          {"a key twice",
           {{"data/secret/testdata.yaml", "on_reject: break\non_reject: continue\n"}},
           {},
           {"data/secret/testdata.yaml:2:1: the key \"on_reject\" is given twice; remove one of them"}},
          {"several programs",
           {{"graders/a.py", ""}, {"graders/b.py", ""}},
           {},
           {"graders: has 2 programs; a problem has at most one grader"}},
          {"an unknown include",
           {{"include/c++/a.h", ""}, {"include/cplusplus/a.h", ""}},
           {},
           {"include/cplusplus: \"cplusplus\" is no code of a language, such as cpp, java or python3; rename it"}},
          {"a tag",
           {{"submissions/mixed/d.java", "// @EXPECTED_RESULTS@: WRONG\n"}},
           {},
           {"submissions/mixed/d.java: @EXPECTED_RESULTS@ names \"WRONG\", which is no result; see DOMjudge's names, "
            "such "
            "as WRONG-ANSWER"}},
          {"everything at once",
           {{"problem.yaml", "type: scorin\n"}},
           {"data/secret/g1/2.ans"},
           {"problem.yaml:1:1: type: \"scorin\" is not known; did you mean scoring?", unknown_flag,
            "data/secret/g1/2.in: this case has no answer; add data/secret/g1/2.ans"}},
          {"a version",
           {{"problem.yaml", "problem_format_version: 2024-01\n"}},
           {},
           {"problem.yaml:1:1: problem_format_version: \"2024-01\" is not known; use legacy, legacy-icpc, 2023-07 or "
            "2025-09",
            unknown_flag}},
          {"scores of a validator",
           {{"problem.yaml", "validation: custom score\n"}},
           {},
           {"problem.yaml:1:1: validation: score is for scoring problems; write type: scoring"}},
          {"icpc",
           {{"problem.yaml", "problem_format_version: legacy-icpc\ntype: scoring\nvalidation: custom\n"}},
           {},
           {"problem.yaml:2:1: type: legacy-icpc has only pass-fail problems; use legacy",
            "include: legacy-icpc has no include folder; use legacy"}},
      });
}

TEST(kattis, what_is_wrong_with_a_package_of_2025_is_told_with_its_place_and_its_remedy) {
  const std::string head = "problem_format_version: 2025-09\nname: A\nuuid: 0\n";
  expect_errors(
      kattis_2025(),
      {
          {"missing keys",
           {{"problem.yaml", "problem_format_version: 2025-09\ntype: scoring\n"}},
           {},
           {"problem.yaml:1:1: name: is missing; this version requires it",
            "problem.yaml:1:1: uuid: is missing; this version requires it"}},
          {"a group without a maximum",
           {{"data/secret/g1/test_group.yaml", ""}},
           {},
           {"data/secret/g1/test_group.yaml:1:1: max_score: this group needs one, because data/secret is bounded; add "
            "it, or make secret unbounded",
            "data/secret/g1/test_group.yaml:1:1: max_score: a pass-fail group needs one; add it, or set "
            "score_aggregation"}},
          {"a group that does not exist",
           {{"data/secret/g1/test_group.yaml", "max_score: 40\nrequire_pass: secret/g2\n"}},
           {},
           {"data/secret/g1/test_group.yaml:2:1: require_pass: \"secret/g2\" is no group before this one; name sample "
            "or an "
            "earlier group, such as secret/group1"}},
          {"a group that is not pass-fail",
           {{"data/secret/g1/test_group.yaml", "max_score: 40\nscore_aggregation: min\n"}},
           {},
           {"data/secret/g2/test_group.yaml:3:1: require_pass: \"secret/g1\" is no pass-fail group; only such a group "
            "is passed "
            "or not"}},
          {"cases beside groups",
           {{"data/secret/1.in", ""}, {"data/secret/1.ans", ""}},
           {},
           {"data/secret/1.in: stands beside groups; data/secret has cases or groups, so move it into a group"}},
          {"a folder without a configuration",
           {{"data/secret/g3/1.in", ""}, {"data/secret/g3/1.ans", ""}},
           {},
           {"data/secret/g3: has no test_group.yaml, but other folders of data/secret have; add one, which may be "
            "empty"}},
          {"a score of the samples",
           {{"data/sample/test_group.yaml", "max_score: 1\n"}},
           {},
           {"data/sample/test_group.yaml:1:1: max_score: is not permitted in data/sample, which has no score; remove "
            "it"}},
          {"scores of a pass-fail problem",
           {{"problem.yaml", head}, {"data/secret/g2/test_group.yaml", ""}},
           {},
           {"data/secret/g1/test_group.yaml:1:1: max_score: is for scoring problems; write type: scoring or remove "
            "it"}},
          {"an unknown key of a case",
           {{"data/secret/g2/2.yaml", "arg: []\n"}},
           {},
           {"data/secret/g2/2.yaml:1:1: arg: is no key of this file; did you mean args?"}},
          {"flags of the comparison",
           {{"data/secret/g2/2.yaml", "output_validator_args: [float_tolerance, 1, float_tolerance, 2]\n"}},
           {},
           {"data/secret/g2/2.yaml:1:1: float_tolerance sets a tolerance that is set before; give each tolerance "
            "once"}},
          {"types",
           {{"problem.yaml", head + "type: [scoring, pass-fail, submit-answer, multi-pass]\n"}},
           {},
           {"problem.yaml:4:1: type: is pass-fail and scoring at once; keep one of them",
            "problem.yaml:4:1: type: a submit-answer problem has no program, so it cannot be interactive or multi-pass",
            "problem.yaml: a multi-pass problem needs an output validator, and there is none; add output_validator/ "
            "with its "
            "sources"}},
          {"a time limit",
           {{"problem.yaml", head + "type: scoring\nlimits:\n  time_limit: 1.5\n  validation_passes: 3\n"}},
           {},
           {"problem.yaml:6:3: limits.time_limit: is no multiple of time_resolution, which is 1s; set time_resolution",
            "problem.yaml:7:3: limits.validation_passes: is for multi-pass problems; add multi-pass to type"}},
          {"a static score",
           {{"data/secret/g1/test_group.yaml", "max_score: 40\nstatic_validation_score: 10\n"}},
           {},
           {"data/secret/g1/test_group.yaml:1:1: static_validation_score needs a program in static_validator/, and "
            "there is "
            "none; add it"}},
          {"static validation of a group without scores",
           {{"static_validator/v.py", ""},
            {"data/secret/g1/test_group.yaml", "max_score: 40\nstatic_validation_score: 10\n"},
            {"data/secret/g2/test_group.yaml", "max_score: 60\nscore_aggregation: sum\nstatic_validator_args: [a]\n"}},
           {},
           {"data/secret/g1/test_group.yaml:1:1: static_validation_score: is a number, and the group has no scores; "
            "say "
            "pass-fail",
            "data/secret/g2/test_group.yaml:1:1: static_validator_args: static_validation_score is missing; add it"}},
          {"static validation of a group with scores",
           {{"static_validator/v.py", ""},
            {"data/secret/g2/test_group.yaml",
             "max_score: 60\nscore_aggregation: min\nstatic_validation_score: pass-fail\n"},
            {"data/secret/g1/static_validation.in", "1 2\n"},
            {"data/secret/g1/static_validation.ans", "3\n"},
            {"data/secret/g1/test_group.yaml", "max_score: 40\nstatic_validation_score: pass-fail\n"}},
           {},
           {"data/secret/g1/static_validation.in: has the name of the static validation; rename it",
            "data/secret/g2/test_group.yaml:1:1: static_validation_score: is pass-fail, so score_aggregation is "
            "pass-fail too"}},
          {"rules",
           {{"submissions/submissions.yaml", "a**: {}\naccepted/*:\n  permitted: [OK]\n  permited: []\n"}},
           {},
           {"submissions/submissions.yaml:1:1: \"a**\" is no pattern: \"**\" is not known; write one \"*\" for each "
            "folder",
            "submissions/submissions.yaml:3:3: accepted/*.permitted: \"OK\" is no verdict of a case; use AC, WA, TLE "
            "or RTE",
            "submissions/submissions.yaml:4:3: accepted/*.permited: is no key of this file; did you mean permitted?"}},
          {"an entry point",
           {{"submissions/submissions.yaml", "accepted/*:\n  entrypoint: b.py\n"}},
           {},
           {"submissions/accepted/a.py: entrypoint: there is no file \"b.py\" in this submission"}},
      });
}

TEST(kattis, the_old_spelling_of_a_result_is_a_result) {
  const packages::Package package = read_files(
      with(kattis_legacy(),
           {{"submissions/mixed/d.java", "// @EXPECTED_SCORE@: WRONG-ANSWER, CORRECT\n"},
            {"submissions/mixed/e.java", "// @EXPECTED_SCORE@: CORRECT\n// @EXPECTED_RESULTS@: TIMELIMIT\n"}}));
  ASSERT_EQ(errors_of(package), Lines{});
  using enum problem::Result;
  const problem::Expectation& d = submission_named(package.problem, "mixed/d.java").expected;
  EXPECT_EQ(d.final_results, (std::vector<problem::Result>{WrongAnswer, Accepted}));
  EXPECT_FALSE(d.score.has_value());
  EXPECT_TRUE(submission_named(package.problem, "mixed/e.java").expected.final_results.empty()) << "two are as none";
}

TEST(kattis, only_links_out_that_judging_needs_are_errors) {
  const TemporaryFolder folder;
  write_files(folder, kattis_legacy());
  const std::string why =
      " is a link that leads out of the package; put the file itself there, or name a folder around both by --root";
  std::filesystem::create_symlink("/etc/passwd", folder.path() / "problem.pdf");
  const packages::Package harmless = packages::read_package(folder.path().string());
  EXPECT_EQ(errors_of(harmless), Lines{});
  EXPECT_EQ(notes_of(harmless), Lines{"problem.pdf:" + why});
  std::filesystem::create_symlink("/etc/passwd", folder.path() / "data/secret/g1/3.in");
  folder.write("data/secret/g1/3.ans", "");
  const packages::Package needed = packages::read_package(folder.path().string());
  EXPECT_EQ(errors_of(needed), (Lines{"data/secret/g1/3.in:" + why,
                                      "data/secret/g1/3.ans: this answer has no input; add data/secret/g1/3.in"}));
}

TEST(kattis, links_out_of_a_zip_that_has_one_folder_are_told_by_their_paths_in_the_package) {
  const TemporaryFolder folder;
  std::vector<ZipEntry> entries = {{"sum/problem.pdf", "", "/etc/passwd"},
                                   {"sum/submissions/accepted/x.py", "", "../../../y"}};
  for (const auto& [path, text] : kattis_legacy()) entries.push_back({"sum/" + path, text, ""});
  write_zip(folder.path() / "sum.zip", entries);
  const packages::Package package = packages::read_package((folder.path() / "sum.zip").string());
  EXPECT_EQ(notes_of(package),
            Lines{"problem.pdf: is a link that leads out of the package; put the file itself there"});
  // It leads to the zip's root, beside the package's folder.
  EXPECT_EQ(errors_of(package), Lines{"submissions/accepted/x.py: is a link to nothing"});
}

TEST(kattis, a_validator_is_a_file_with_the_headers_beside_it_a_folder_or_scripts) {
  const Files base = {{"problem.yaml", "validation: custom\n"}, {"data/secret/1.in", ""}, {"data/secret/1.ans", ""}};
  struct Row {
    Files files;
    const char* path;
    const char* entry;
    Lines names;
    problem::Build build;
  };
  using enum problem::Build;
  const Row rows[] = {
      {{{"output_validators/v.cc", ""}, {"output_validators/v.h", ""}, {"output_validators/README", ""}},
       "output_validators/v.cc",
       "v.cc",
       {"v.cc", "v.h"},
       ByLanguage},
      {{{"output_validators/v/a.py", ""}, {"output_validators/v/.hidden", ""}},
       "output_validators/v",
       "a.py",
       {"a.py"},
       ByLanguage},
      {{{"output_validators/v/build", ""}, {"output_validators/v/x.d", ""}},
       "output_validators/v",
       "run",
       {"build", "x.d"},
       ByScripts},
      {{{"output_validators/run", ""}, {"output_validators/x", ""}},
       "output_validators",
       "run",
       {"run", "x"},
       ByScripts},
      {{{"output_validator/a.cpp", ""}, {"output_validator/lib/b.h", ""}},
       "output_validator",
       "a.cpp",
       {"a.cpp", "lib/b.h"},
       ByLanguage},
  };
  for (const Row& row : rows) {
    const packages::Package package = read_files(with(base, row.files));
    EXPECT_EQ(errors_of(package), Lines{}) << row.path;
    ASSERT_EQ(package.problem.programs.size(), 1u) << row.path;
    const problem::Program& program = package.problem.programs[0];
    Lines names;
    for (const problem::PlacedFile& placed : program.files) names.push_back(placed.name);
    EXPECT_EQ(program.path, row.path);
    EXPECT_EQ(program.entry, row.entry);
    EXPECT_EQ(names, row.names) << row.path;
    EXPECT_EQ(program.build, row.build) << row.path;
  }
}

TEST(kattis, a_label_that_contradicts_its_folder_is_noted) {
  const packages::Package package =
      read_files(with(kattis_legacy(), {{"submissions/wrong_answer/b.py", "# @EXPECTED_RESULTS@: TIMELIMIT\n"},
                                        {"submissions/slow_accepted/s.py", ""},
                                        {"submissions/accepted/x.zzz", ""}}));
  ASSERT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(
      notes_of(package),
      (Lines{"submissions/accepted/x.zzz: no file of this submission has the ending of a known language; it is not "
             "judged without --language",
             "submissions/slow_accepted/s.py: nothing says what this submission should get; it is not checked",
             "submissions/wrong_answer/b.py: its @EXPECTED_RESULTS@ and its folder contradict each other; the folder, "
             "wrong_answer, counts"}));
}

Files domjudge_scoring() {
  return {
      {"problem.yaml", "name: Add\ntype: scoring\n"},
      {"data/testdata.yaml", "on_reject: continue\ngrader_flags: sum\n"},
      {"data/sample/1.in", "1\n"},
      {"data/sample/1.ans", "2\n"},
      {"data/secret/testdata.yaml", "on_reject: continue\ngrader_flags: min\n"},
      {"data/secret/small/testdata.yaml", "accept_score: 10\n"},
      {"data/secret/small/1.in", "2\n"},
      {"data/secret/small/1.ans", "3\n"},
      {"data/secret/small/2.in", "4\n"},
      {"data/secret/small/2.ans", "5\n"},
      {"submissions/accepted/a.py", "# @EXPECTED_SCORE@: 10\n"},
  };
}

TEST(kattis, domjudges_groups_get_their_score_once_and_inherit_nothing) {
  const packages::Package package = read_files(domjudge_scoring());
  ASSERT_EQ(errors_of(package), Lines{});
  const problem::Scoring& root = package.problem.groups[0].scoring;
  EXPECT_EQ(root.score, ScoreRule::Sum);
  EXPECT_EQ(root.verdict, VerdictRule::FirstError);
  EXPECT_TRUE(root.ignore_sample) << "without testdata.yaml the sample is no group";
  EXPECT_TRUE(root.rejected_counts);
  EXPECT_EQ(group_named(package.problem, "secret").scoring.score, ScoreRule::Minimum);
  const problem::Scoring& small = group_named(package.problem, "secret/small").scoring;
  EXPECT_EQ(small.score, ScoreRule::AllOrNothing);
  EXPECT_EQ(small.most, 10);
  EXPECT_EQ(small.after_rejection, AfterRejection::Stop) << "secret's continue is not inherited";
  EXPECT_TRUE(small.rejected_counts);
}

TEST(kattis, a_validator_of_domjudges_scores_the_cases_if_it_writes_score_txt) {
  const Files custom = with(domjudge_scoring(), {{"problem.yaml", "name: Add\ntype: scoring\nvalidation: custom\n"},
                                                 {"output_validators/v/v.py", "open('x/score.txt')\n"}});
  const packages::Package scored = read_files(custom);
  EXPECT_TRUE(scored.problem.validator_scores);
  EXPECT_EQ(group_named(scored.problem, "secret/small").scoring.score, ScoreRule::Sum);
  const packages::Package plain = read_files(with(custom, {{"output_validators/v/v.py", "exit(42)\n"}}));
  EXPECT_FALSE(plain.problem.validator_scores);
  EXPECT_EQ(group_named(plain.problem, "secret/small").scoring.score, ScoreRule::AllOrNothing);
}

TEST(kattis, groups_are_domjudges_by_its_file_or_label_and_never_with_what_only_kattis_knows) {
  struct Row {
    const char* what;
    Files changes;
    bool is_domjudges;
  };
  const Row rows[] = {
      {"its label", {}, true},
      {"neither", {{"submissions/accepted/a.py", "print(1)\n"}}, false},
      {"the old spelling of a result", {{"submissions/accepted/a.py", "# @EXPECTED_SCORE@: CORRECT\n"}}, false},
      {"its file", {{"submissions/accepted/a.py", "1\n"}, {"domjudge-problem.ini", "name = a\n"}}, true},
      {"a flag of Kattis's", {{"data/secret/testdata.yaml", "grader_flags: min first_error\n"}}, false},
  };
  for (const Row& row : rows) {
    const packages::Package package = read_files(with(domjudge_scoring(), row.changes));
    EXPECT_EQ(errors_of(package), Lines{}) << row.what;
    EXPECT_EQ(package.problem.groups[0].scoring.rejected_counts, row.is_domjudges) << row.what;
  }
  const packages::Package rootless = read_files(without(domjudge_scoring(), "data/testdata.yaml"));
  EXPECT_FALSE(rootless.problem.groups[0].scoring.rejected_counts);
}

TEST(kattis, what_is_put_aside_is_no_submission) {
  const packages::Package package =
      read_files(with(kattis_legacy(), {{"submissions/accepted/old.py.disabled", "1\n"}}));
  EXPECT_EQ(package.problem.submissions.size(), read_files(kattis_legacy()).problem.submissions.size());
}

TEST(kattis, what_the_oldest_packages_say_of_grading_holds_for_every_group) {
  const std::string head = "type: scoring\nvalidation: custom score\ngrading:\n  ";
  const auto group_of = [&](const std::string& grading) {
    const packages::Package package = read_files(with(kattis_legacy(), {{"problem.yaml", head + grading}}));
    EXPECT_EQ(errors_of(package), Lines{});
    return group_named(package.problem, "secret/g1").scoring;
  };
  const problem::Scoring old = group_of("on_reject: grade\n  accept_score: 7\n  reject_score: -1\n  range: -1 9\n");
  EXPECT_EQ(old.after_rejection, AfterRejection::GoOn) << "over the group's own break";
  EXPECT_EQ(std::get<problem::AcceptReject>(old.case_score).accept, 7);
  EXPECT_EQ(std::get<problem::AcceptReject>(old.case_score).reject, -1);
  EXPECT_EQ(old.least, -1);
  EXPECT_EQ(old.most, 9);
  EXPECT_EQ(group_of("on_reject: first_error\n").after_rejection, AfterRejection::Stop);
  const problem::Scoring own = group_of("objective: max\n");
  EXPECT_EQ(std::get<problem::AcceptReject>(own.case_score).accept, 40);
  EXPECT_EQ(own.most, 40);

  expect_errors(
      kattis_legacy(),
      {{"a range that is none",
        {{"problem.yaml", head + "range: 9\n  on_reject: stop\n"}},
        {},
        {"problem.yaml:4:3: grading.range: expected two numbers, the smaller first, as in \"0 100\" or \"-inf "
         "+inf\"",
         "problem.yaml:5:3: grading.on_reject: \"stop\" is not known; use first_error, worst_error or grade"}}});
}

TEST(kattis, what_tools_pass_over_in_old_packages_is_noted) {
  const Files files =
      with(kattis_legacy(), {{"problem.yaml", kattis_legacy().at("problem.yaml") + "  time_multipliers: 1\n"},
                             {"data/secret/g1/testdata.yaml",
                              "accept_score: 40\nrange: 0 40\ngrader_flags: min\n"
                              "input_validator_flags: a=1\ninput_validator_flags: b=2\n"}});
  const packages::Package package = read_files(files);
  EXPECT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(
      notes_of(package),
      (Lines{"problem.yaml:7:3: limits.time_multipliers: is a key of later versions and not looked at in this one; "
             "here it is time_multiplier, which is 5 unless it is given",
             "data/secret/g1/testdata.yaml:5:1: the key \"input_validator_flags\" is given twice; the last of them "
             "counts"}));
  EXPECT_EQ(package.problem.limits.accepted_to_limit, 5);
  EXPECT_EQ(case_named(package.problem, "secret/g1/1").input_validator_args.at(""), Lines{"b=2"});
}

TEST(kattis, submissions_of_submit_answer_are_outputs_of_cases) {
  const Files files = {{"problem.yaml", "problem_format_version: 2025-09\nname: A\nuuid: 0\ntype: submit-answer\n"},
                       {"data/secret/1.in", "1\n"},
                       {"data/secret/1.ans", "1\n"},
                       {"submissions/accepted/a/1.out", "1\n"},
                       {"submissions/wrong_answer/b.py", "print(2)\n"}};
  const packages::Package one = read_files(files);
  ASSERT_EQ(errors_of(one), Lines{});
  EXPECT_EQ(notes_of(one), Lines{}) << "a submission needs no language";
  EXPECT_TRUE(one.problem.types.submit_answer);
  EXPECT_EQ(case_named(one.problem, "secret/1").submitted_name, "");
  EXPECT_EQ(submission_named(one.problem, "accepted/a").language, "");
  EXPECT_EQ(submission_named(one.problem, "accepted/a").files.at(0).name, "1.out");
  EXPECT_EQ(submission_named(one.problem, "wrong_answer/b.py").language, "python3");
  const packages::Package two =
      read_files(with(files, {{"data/secret/x/2.in", "2\n"}, {"data/secret/x/2.ans", "2\n"}}));
  ASSERT_EQ(errors_of(two), Lines{});
  EXPECT_EQ(case_named(two.problem, "secret/1").submitted_name, "1.out");
  EXPECT_EQ(case_named(two.problem, "secret/x/2").submitted_name, "2.out");
}

// BAPCtools generates data/test_group.yaml, and its repositories hold generators.yaml alone.
TEST(kattis, what_generators_yaml_says_of_all_cases_holds_where_data_says_nothing) {
  const Files plain = {
      {"problem.yaml", "problem_format_version: 2025-09\nname: Sum\nuuid: 0\nlimits:\n  time_limit: 1\n"},
      {"data/secret/1.in", "1 2\n"},
      {"data/secret/1.ans", "3\n"}};
  const auto args_of = [](const Files& files) {
    const packages::Package package = read_files(files);
    EXPECT_FALSE(package.findings.has_errors());
    return package.problem.cases.at(0).validator_args;
  };
  const Files generated = with(plain, {{"generators/generators.yaml",
                                        "solution: /submissions/accepted/a.py\ntest_group.yaml:\n  "
                                        "output_validator_args: [case_sensitive]\ndata: {}\n"}});
  EXPECT_EQ(args_of(generated), (std::vector<std::string>{"case_sensitive"}));
  EXPECT_EQ(args_of(with(generated, {{"data/test_group.yaml", "output_validator_args: [space_change_sensitive]\n"}})),
            (std::vector<std::string>{"space_change_sensitive"}));
  EXPECT_EQ(args_of(with(plain, {{"generators/generators.yaml", "test_group.yaml: [\n"}})),
            (std::vector<std::string>{}))
      << "the file is no part of the format";
}

}  // namespace
}  // namespace evalrun::test
