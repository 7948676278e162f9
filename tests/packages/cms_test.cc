// CMS's tasks in the Italian format: what the reader makes of them, and what it says of wrong ones.

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/packages/support.h"

namespace evalrun::test {
namespace {

using Lines = std::vector<std::string>;
using problem::Problem;
using problem::ScoreRule;
using Results = std::vector<problem::Result>;
using enum problem::Result;

// A batch task with two subtasks and four cases.
Files cms_batch() {
  return {
      {"task.yaml",
       "name: sum\ntitle: A sum\ntime_limit: 0.5\nmemory_limit: 64\nn_input: 4\ninfile: \"\"\noutfile: \"\"\n"
       "public_testcases: 0, 2\ntoken_mode: disabled\n"},
      {"gen/GEN",
       "# the samples\n# ST: 40\n1 2   # small\n#COPY: gen/second.txt\n\n#ST:60\n# STNAME: large\n3 4\n5 6\n"},
      {"gen/second.txt", "2\n"},
      {"input/input0.txt", "1\n"},
      {"input/input1.txt", "2\n"},
      {"input/input2.txt", "3\n"},
      {"input/input3.txt", "4\n"},
      {"output/output0.txt", "1\n"},
      {"output/output1.txt", "2\n"},
      {"output/output2.txt", "3\n"},
      {"output/output3.txt", "4\n"},
      {"sol/solution.cpp", "int main() {}\n"},
      {"sol/slow.py", "# @check-accepted: small\n# @check-time-limit-exceeded: large\n"},
      {"sol/notes.txt", "no submission\n"},
      {"statement/statement.pdf", "%PDF\n"},
      {"att/template.c", "int main() {}\n"},
  };
}

Files cms_communication() {
  Files files = without(without(cms_batch(), "sol/slow.py"), "output/output3.txt");
  return with(files, {{"task.yaml", "name: talk\ntime_limit: 2\nnum_processes: 3\n"},
                      {"check/manager.cpp", "int main() {}\n"},
                      {"sol/stub.cpp", "int main() {}\n"},
                      {"sol/stub.java", "class stub {}\n"},
                      {"sol/talk.h", "int talk();\n"},
                      {"sol/solution.java", "class talk {}\n"}});
}

const problem::Submission& submission_named(const Problem& problem, const std::string& name) {
  for (const problem::Submission& submission : problem.submissions) {
    if (submission.name == name) return submission;
  }
  throw std::runtime_error("no submission " + name);
}

Lines names_of(const std::vector<problem::PlacedFile>& files) {
  Lines names;
  for (const problem::PlacedFile& placed : files) names.push_back(placed.name);
  return names;
}

Lines names_of_cases(const Problem& problem, std::size_t group) {
  Lines names;
  for (const problem::Child& child : problem.groups[group].children) {
    if (child.kind == problem::Child::Kind::Case) names.push_back(problem.cases[child.index].name);
  }
  return names;
}

TEST(cms, a_batch_task_with_subtasks_becomes_a_problem) {
  const packages::Package package = read_files(cms_batch());
  ASSERT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(notes_of(package), Lines{"sol/slow.py:1:1: \"small\" is the name of no subtask of gen/GEN (# STNAME:)"});
  const Problem& is = package.problem;
  EXPECT_EQ(is.format, problem::Format::Cms);
  EXPECT_EQ(is.name, "A sum");
  EXPECT_EQ(is.submission_name, "sum");
  EXPECT_TRUE(is.types.scoring);
  EXPECT_FALSE(is.types.interactive);
  EXPECT_EQ(is.limits.time, std::chrono::milliseconds(500));
  EXPECT_EQ(is.limits.memory, 64_MiB);
  EXPECT_EQ(is.compile_flags.at("cpp"), Lines{"-DEVAL"});

  ASSERT_EQ(is.groups.size(), 3u);
  EXPECT_EQ(is.groups[0].scoring.most, 100);
  EXPECT_EQ(is.groups[1].name, "subtask 0");
  EXPECT_EQ(is.groups[1].scoring.score, ScoreRule::Minimum);
  EXPECT_EQ(is.groups[1].scoring.most, 40);
  EXPECT_TRUE(is.groups[1].scoring.rejected_counts) << "CMS has no verdict of a group";
  EXPECT_EQ(names_of_cases(is, 1), (Lines{"subtask 0/000", "subtask 0/001"}));
  EXPECT_EQ(names_of_cases(is, 2), (Lines{"subtask 1/002", "subtask 1/003"}));
  EXPECT_EQ(is.cases[0].points, 40);
  EXPECT_EQ(is.cases[2].points, 60);
  EXPECT_TRUE(is.cases[0].full_feedback);
  EXPECT_FALSE(is.cases[1].full_feedback);
  EXPECT_EQ(is.cases[1].input->path, "input/input1.txt");
  EXPECT_EQ(is.cases[3].answer->path, "output/output3.txt");
  EXPECT_EQ(is.cases[0].input_name, "") << "infile is empty: standard input";
  const auto& checker = std::get<problem::BuiltInChecker>(is.checkers.at(0));
  EXPECT_EQ(checker.family, "cms");
  EXPECT_EQ(checker.name, "white-diff");

  ASSERT_EQ(is.submissions.size(), 2u);
  EXPECT_EQ(submission_named(is, "solution.cpp").expected.final_results, Results{Accepted});
  const problem::Expectation& slow = submission_named(is, "slow.py").expected;
  EXPECT_EQ(slow.final_results, Results{});
  ASSERT_EQ(slow.rules.size(), 1u);
  EXPECT_EQ(slow.rules[0].pattern, "subtask 1");
  EXPECT_EQ(slow.rules[0].required, Results{TimeLimit});
}

TEST(cms, without_subtasks_the_total_is_shared_out) {
  const packages::Package package =
      read_files(without(with(cms_batch(), {{"task.yaml",
                                             "nome_breve: sum\nnome: Somma\ntimeout: 1\nmemlimit: 1.5\nn_input: 4\n"
                                             "total_value: 200\nrisultati: all\n"}}),
                         "gen/GEN"));
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_EQ(is.name, "Somma");
  EXPECT_EQ(is.limits.memory, 1536_KiB);
  EXPECT_EQ(is.groups.size(), 1u);
  EXPECT_EQ(is.groups[0].scoring.score, ScoreRule::Sum);
  EXPECT_EQ(is.groups[0].scoring.most, 200);
  EXPECT_EQ(names_of_cases(is, 0), (Lines{"000", "001", "002", "003"}));
  EXPECT_EQ(is.cases[0].points, 50);
  EXPECT_TRUE(is.cases[3].full_feedback);
  EXPECT_EQ(is.cases[0].input_name, "input.txt") << "what CMS takes where task.yaml says nothing";
  EXPECT_EQ(is.cases[0].output_name, "output.txt");
}

TEST(cms, every_score_type_has_its_rule) {
  const auto read = [](const std::string& scores) {
    return read_files(with(cms_batch(), {{"task.yaml", "name: sum\nn_input: 4\n" + scores}}));
  };
  const packages::Package sum = read("score_type: Sum\nscore_type_parameters: 2.5\n");
  ASSERT_EQ(errors_of(sum), Lines{});
  EXPECT_EQ(sum.problem.groups.size(), 1u) << "gen/GEN says nothing of scores then";
  EXPECT_EQ(sum.problem.cases[3].points, 2.5);
  EXPECT_EQ(sum.problem.groups[0].scoring.most, 10);

  const packages::Package product = read("score_type: GroupMul\nscore_type_parameters: [[30, 1], [70, 3]]\n");
  ASSERT_EQ(errors_of(product), Lines{});
  EXPECT_EQ(product.problem.groups[2].scoring.score, ScoreRule::Product);
  EXPECT_EQ(product.problem.groups[2].scoring.factor, 70);
  EXPECT_EQ(product.problem.cases[1].points, 1);
  EXPECT_EQ(names_of_cases(product.problem, 2), (Lines{"subtask 1/001", "subtask 1/002", "subtask 1/003"}));

  const packages::Package within =
      read("score_type: GroupThreshold\nscore_type_parameters: [[100, \"00[0-2]\", 12.5], [10, '003', 3]]\n");
  ASSERT_EQ(errors_of(within), Lines{});
  EXPECT_EQ(within.problem.groups[1].scoring.score, ScoreRule::AllWithin);
  EXPECT_EQ(within.problem.groups[1].scoring.within, 12.5);
  EXPECT_EQ(within.problem.groups[1].scoring.factor, 100);
  EXPECT_EQ(names_of_cases(within.problem, 1), (Lines{"subtask 0/000", "subtask 0/001", "subtask 0/002"}));
  EXPECT_EQ(names_of_cases(within.problem, 2), (Lines{"subtask 1/003"}));

  const packages::Package named = read(
      "score_type: GroupMin\nscore_type_parameters:\n"
      "- {max_score: 10, testcases: ['000', '003'], always_show_testcases: true}\n"
      "- {max_score: 90, testcases: ['003', '001', '002']}\n");
  ASSERT_EQ(errors_of(named), Lines{});
  EXPECT_EQ(names_of_cases(named.problem, 1), (Lines{"subtask 0/000", "subtask 0/003"}));
  EXPECT_EQ(named.problem.cases.size(), 5u) << "a case may be in several subtasks";
  EXPECT_EQ(problem::distinct_cases(named.problem), 4u) << "and is run once";

  const packages::Package part = read("score_type: GroupMin\nscore_type_parameters: [[100, 3]]\n");
  ASSERT_EQ(errors_of(part), Lines{});
  EXPECT_EQ(notes_of(part).front(),
            "task.yaml:4:1: score_type_parameters: case 003 is in no subtask; it is not judged");
}

TEST(cms, cases_are_counted_out_in_the_order_of_their_names) {
  Files files = {{"task.yaml",
                  "name: many\nn_input: 1002\nscore_type: GroupMin\nscore_type_parameters: [[50, 102], [50, 900]]\n"}};
  for (int i = 0; i < 1002; ++i) {
    files["input/input" + std::to_string(i) + ".txt"] = std::to_string(i);
    files["output/output" + std::to_string(i) + ".txt"] = "";
  }
  const packages::Package package = read_files(files);
  ASSERT_EQ(errors_of(package), Lines{});
  const Lines first = names_of_cases(package.problem, 1);
  ASSERT_EQ(first.size(), 102u);
  EXPECT_EQ(first[100], "subtask 0/100");
  EXPECT_EQ(first[101], "subtask 0/1000") << "as CMS sorts them, by their letters";
}

TEST(cms, a_task_with_a_grader_names_what_submissions_are_compiled_with) {
  const packages::Package package = read_files(with(cms_batch(), {{"sol/grader.cpp", "int main() {}\n"},
                                                                  {"sol/grader.pas", "begin end.\n"},
                                                                  {"sol/sum.h", "int sum();\n"},
                                                                  {"sol/sumlib.pas", "unit sumlib;\n"},
                                                                  {"sol/solution.pas", "unit sum;\n"},
                                                                  {"sol/slow.py", "print(1)\n"}}));
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_EQ(is.included_entry, "grader");
  EXPECT_EQ(is.languages, (Lines{"cpp", "pascal"}));
  EXPECT_EQ(names_of(is.include.at("cpp")), (Lines{"grader.cpp", "sum.h"}));
  EXPECT_EQ(names_of(is.include.at("pascal")), (Lines{"grader.pas", "sumlib.pas"}));
  EXPECT_EQ(is.submissions.size(), 3u) << "graders and their headers are no submissions";
  EXPECT_TRUE(submission_named(is, "slow.py").expected.do_not_run);
  EXPECT_EQ(notes_of(package), Lines{"sol/slow.py: is not judged, because there is no sol/grader in its language"});
}

TEST(cms, several_processes_talk_to_one_manager_by_fifos) {
  const packages::Package package = read_files(cms_communication());
  ASSERT_EQ(errors_of(package), Lines{}) << "answers are not needed";
  const Problem& is = package.problem;
  EXPECT_TRUE(is.types.interactive);
  ASSERT_TRUE(is.interaction.has_value());
  using Ends = problem::Interaction::SubmissionEnds;
  EXPECT_EQ(is.interaction->processes, 3u);
  EXPECT_EQ(is.interaction->submission_ends, Ends::FifosAsArguments);
  EXPECT_EQ(is.interaction->more_time, std::chrono::seconds(8)) << "10 s in all, as CMS has it at least";
  const problem::Program& manager = is.programs[is.interaction->interactor];
  EXPECT_EQ(manager.role, problem::Role::Manager);
  EXPECT_EQ(manager.convention, problem::Convention::Cms);
  EXPECT_EQ(is.included_entry, "stub");
  EXPECT_EQ(names_of(is.include.at("cpp")), (Lines{"stub.cpp", "talk.h"}));
  EXPECT_EQ(names_of(is.include.at("java")), Lines{"stub.java"});
  EXPECT_EQ(is.cases[0].input_name, "");

  const auto ends_of = [](const Files& files) {
    const packages::Package other = read_files(files);
    EXPECT_EQ(errors_of(other), Lines{});
    return other.problem.interaction->submission_ends;
  };
  Files alone = cms_communication();
  for (const char* stub : {"sol/stub.cpp", "sol/stub.java"}) alone.erase(stub);
  EXPECT_EQ(ends_of(alone), Ends::StandardStreams) << "without a stub";
  EXPECT_EQ(ends_of(with(cms_communication(), {{"task.yaml", "name: talk\nuser_io: std_io\n"}})),
            Ends::StandardStreams);
  EXPECT_EQ(ends_of(with(alone, {{"task.yaml", "name: talk\nuser_io: fifo_io\n"}})), Ends::FifosAsArguments);
}

TEST(cms, the_outputs_of_an_output_only_task_are_named) {
  const packages::Package package =
      read_files(with(cms_batch(), {{"task.yaml", "name: out\noutput_only: True\nn_input: 4\n"},
                                    {"check/checker.py", "print(1.0)\n"},
                                    {"check/helper.py", "\n"}}));
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_TRUE(is.types.submit_answer);
  EXPECT_FALSE(is.limits.time.has_value());
  EXPECT_EQ(is.cases[3].submitted_name, "output_003.txt");
  EXPECT_EQ(is.submissions.size(), 0u);
  const auto& checker = std::get<problem::ProgramChecker>(is.checkers.at(0));
  const problem::Program& program = is.programs[checker.programs.at(0)];
  EXPECT_EQ(program.convention, problem::Convention::Cms);
  EXPECT_EQ(program.entry, "checker.py");
  EXPECT_EQ(names_of(program.files), (Lines{"checker.py", "helper.py"})) << "a script may import what lies beside it";
}

TEST(cms, a_checker_is_its_source_or_what_it_was_built_to) {
  const auto checker_of = [](const Files& files) {
    const packages::Package package = read_files(with(cms_batch(), files));
    EXPECT_EQ(errors_of(package), Lines{});
    return package.problem.programs.at(0);
  };
  const std::string elf =
      "\x7f"
      "ELF rest";
  const problem::Program source = checker_of({{"cor/correttore", elf}, {"cor/correttore.cpp", "int main() {}\n"}});
  EXPECT_EQ(source.build, problem::Build::ByLanguage);
  EXPECT_EQ(source.entry, "correttore.cpp");
  const problem::Program built = checker_of({{"check/checker", elf}});
  EXPECT_EQ(built.build, problem::Build::IsBuilt);
  EXPECT_EQ(built.entry, "checker");
  const problem::Program python = checker_of({{"check/checker", "#!/usr/bin/env python3\nprint(1)\n"}});
  EXPECT_EQ(python.build, problem::Build::ByLanguage);
  EXPECT_EQ(python.language, "python3");
  const problem::Program script = checker_of({{"check/checker", "#!/bin/sh\necho 1\n"}});
  EXPECT_EQ(script.build, problem::Build::IsBuilt);
}

TEST(cms, what_is_missing_is_made_as_cms_make_makes_it) {
  Files files = cms_batch();
  for (int i = 0; i < 4; ++i) {
    files.erase("input/input" + std::to_string(i) + ".txt");
    files.erase("output/output" + std::to_string(i) + ".txt");
  }
  files = with(files, {{"gen/generatore.py", "import limits\n"},
                       {"gen/limits.py", "\n"},
                       {"gen/valida.py", "import limits\n"},
                       {"sol/grader.cpp", "int main() {}\n"}});
  const packages::Package package = read_files(files);
  ASSERT_EQ(errors_of(package), Lines{});
  const Problem& is = package.problem;
  ASSERT_TRUE(is.cases[0].generated.has_value());
  const problem::Program& generator = is.programs[is.cases[0].generated->generator];
  EXPECT_EQ(generator.role, problem::Role::Generator);
  EXPECT_EQ(names_of(generator.files), (Lines{"generatore.py", "GEN", "limits.py", "second.txt", "valida.py"}));
  EXPECT_EQ(is.cases[0].generated->arguments, (Lines{"1", "2"}));
  EXPECT_EQ(is.cases[1].input->path, "gen/second.txt") << "COPY:";
  EXPECT_EQ(is.cases[2].input_validator_args.at(""), Lines{"2"}) << "the number of its subtask, from 1";
  const problem::Program& solution = is.programs[*is.cases[3].answer_by];
  EXPECT_EQ(solution.role, problem::Role::Solution);
  EXPECT_EQ(solution.entry, "grader.cpp");
  EXPECT_EQ(names_of(solution.files), (Lines{"solution.cpp", "grader.cpp"}));
  EXPECT_EQ(solution.compile_flags, Lines{"-DEVAL"});
}

TEST(cms, what_is_wrong_with_a_task_is_told_with_its_place_and_its_remedy) {
  const std::string yaml = cms_batch().at("task.yaml");
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = yaml;
    return text.replace(text.find(from), from.size(), to);
  };
  Files right = with(cms_batch(), {{"sol/slow.py", "print(1)\n"}});
  expect_errors(
      right,
      {
          {"no name",
           {{"task.yaml", changed("name: sum\n", "")}},
           {},
           {"task.yaml:1:1: name: is missing; CMS names submissions by it"}},
          {"a name that leads out",
           {{"task.yaml", changed("name: sum", "name: ../sum")}},
           {},
           {"task.yaml:1:1: name: \"../sum\" is no name of a file; use letters, digits, '_', '-' and '.'"}},
          {"two names of one key",
           {{"task.yaml", yaml + "timeout: 1\n"}},
           {},
           {"task.yaml:10:1: timeout: stands beside time_limit, which means the same; remove one of them"}},
          {"a misspelt key",
           {{"task.yaml", changed("time_limit", "time_limits")}},
           {},
           {"task.yaml:3:1: time_limits: is no key of CMS's and is not looked at; did you mean time_limit?"}},
          {"another number of cases",
           {{"task.yaml", changed("n_input: 4", "n_input: 5")}},
           {},
           {"task.yaml:5:1: n_input: is 5, and gen/GEN has 4 cases; correct one of them"}},
          {"no number of cases",
           {{"task.yaml", changed("n_input: 4\n", "")}},
           {"gen/GEN"},
           {"task.yaml:1:1: n_input: is missing, and there is no gen/GEN; write n_input: 4"}},
          {"a number of cases without a value",
           {{"task.yaml", changed("n_input: 4", "n_input: ~")}},
           {"gen/GEN"},
           {"task.yaml:1:1: n_input: is missing, and there is no gen/GEN; write n_input: 4"}},
          {"no GEN but that of task-maker",
           {{"task.yaml", changed("n_input: 4\n", "")}, {"gen/cases.gen", ""}},
           {"gen/GEN"},
           {"gen/cases.gen: is of task-maker's own and not supported; let task-maker write gen/GEN"}},
          {"points that are not 100",
           {{"gen/GEN", "# ST: 40\n1\n2\n# ST: 50\n3\n4\n"}},
           {},
           {"gen/GEN: the points of its subtasks come to 90, and CMS wants 100; correct them, or write score_type, "
            "score_type_parameters and n_input into task.yaml"}},
          {"points that are no number",
           {{"gen/GEN", "# ST: all\n1\n2\n# ST: 100\n3\n4\n"}},
           {},
           {"gen/GEN:1:1: ST: expected a whole number of points, not \"all\""}},
          {"cases before the first subtask",
           {{"gen/GEN", "1\n2\n# ST: 100\n3\n4\n"}},
           {},
           {"gen/GEN:3:1: ST: cases stand before the first subtask; move them into one"}},
          {"a case and a command in one line",
           {{"gen/GEN", "# ST: 100\n1 # COPY: a\n1\n2\n3\n4\n"}},
           {},
           {"gen/GEN:2:1: has a case and COPY:; write them on two lines"}},
          {"a copy of nothing",
           {{"gen/GEN", "# ST: 100\n1\n# COPY: gen/none.txt\n3\n4\n"}},
           {"input/input1.txt"},
           {"gen/GEN:3:1: COPY: there is no file \"gen/none.txt\" in the package, and no input/input1.txt; add one of "
            "them"}},
          {"no input",
           {},
           {"input/input3.txt"},
           {"input/input3.txt: is missing; add it, or gen/generator with its source"}},
          {"no answer and no solution",
           {},
           {"output/output2.txt", "sol/solution.cpp"},
           {"output/output2.txt: is missing; add it"}},
          {"a public case that is not there",
           {{"task.yaml", changed("0, 2", "0, 4")}},
           {},
           {"task.yaml:8:1: public_testcases: \"4\" is no number of a case; cases are numbered from 0 to 3"}},
          {"an input file that leads out",
           {{"task.yaml", changed("infile: \"\"", "infile: ../in")}},
           {},
           {"task.yaml:6:1: infile: \"../in\" is no name of a file in the working folder; write one without a '/'"}},
          {"outputs for some cases",
           {{"task.yaml", yaml + "output_only_testcases: 1,2\n"}},
           {},
           {"task.yaml:10:1: output_only_testcases: tasks of the kind BatchAndOutput are not supported; make two tasks "
            "of it, or remove the key"}},
          {"processes without a manager",
           {{"task.yaml", yaml + "num_processes: 2\n"}},
           {},
           {"task.yaml:10:1: num_processes: is for communication tasks, and there is no check/manager; remove it"}},
          {"a checker that is no program",
           {{"check/checker", "text\n"}},
           {},
           {"check/checker: this checker is no program: it is no ELF file and does not begin with \"#!\"; add its "
            "source "
            "as checker.cpp"}},
          {"a score type of another name",
           {{"task.yaml", yaml + "score_type: GroupSum\nscore_type_parameters: [[100, 4]]\n"}},
           {},
           {"task.yaml:10:1: score_type: \"GroupSum\" is not known; did you mean GroupMul?"}},
          {"no subtask",
           {{"task.yaml", yaml + "score_type: GroupMin\nscore_type_parameters: []\n"}},
           {},
           {"task.yaml:11:1: score_type_parameters: expected a list of subtasks, as in [[40, 3], [60, 5]], not an "
            "empty "
            "list"}},
          {"more cases than there are",
           {{"task.yaml", yaml + "score_type: GroupMin\nscore_type_parameters: [[40, 3], [60, 2]]\n"}},
           {},
           {"task.yaml:11:39: score_type_parameters: this subtask has 2 cases, and 1 are left"}},
          {"cases of two kinds",
           {{"task.yaml", yaml + "score_type: GroupMin\nscore_type_parameters: [[40, 3], [60, '003']]\n"}},
           {},
           {"task.yaml:11:39: score_type_parameters: the cases of the subtasks are numbers and expressions; use one of "
            "them for all"}},
          {"an expression that is none",
           {{"task.yaml", yaml + "score_type: GroupMul\nscore_type_parameters: [[100, '(']]\n"}},
           {},
           {"task.yaml:11:31: score_type_parameters: \"(\" is no regular expression: missing closing parenthesis"}},
          {"an expression that matches nothing",
           {{"task.yaml", yaml + "score_type: GroupMul\nscore_type_parameters: [[100, '1.*']]\n"}},
           {},
           {"task.yaml:11:31: score_type_parameters: no case has a name that matches \"1.*\", such as 000"}},
          {"a threshold that is missing",
           {{"task.yaml", yaml + "score_type: GroupThreshold\nscore_type_parameters: [[100, 4]]\n"}},
           {},
           {"task.yaml:11:25: score_type_parameters: expected [POINTS, CASES, THRESHOLD], and here are 2 values"}},
          {"a contest",
           {{"contest.yaml", "name: con\n"}},
           {"task.yaml"},
           {"this is a contest of CMS's; each of its tasks is a package, so name the folder of one"}},
      });
  expect_errors(cms_communication(),
                {{"pipes of another kind",
                  {{"task.yaml", "name: talk\nuser_io: pipes\n"}},
                  {},
                  {"task.yaml:2:1: user_io: \"pipes\" is not known; use std_io or fifo_io"}},
                 {"no process",
                  {{"task.yaml", "name: talk\nnum_processes: 0\n"}},
                  {},
                  {"task.yaml:2:1: num_processes: expected a whole number from 1 to 64, not \"0\""}}});
}

TEST(cms, what_is_not_looked_at_is_noted) {
  const packages::Package package =
      read_files(with(cms_batch(), {{"task.yaml", "name: sum\ndifficulty: 3\nscore_type: GroupMul\n"},
                                    {"input/input4.txt", ""},
                                    {"sol/slow.py", "print(1)\n"}}));
  EXPECT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(
      notes_of(package),
      (Lines{"task.yaml:3:1: score_type: CMS looks at it only where score_type, score_type_parameters and n_input "
             "are all there",
             "input/input4.txt: is not used, because there are 4 cases, counted from 0",
             "task.yaml:2:1: difficulty: is no key of CMS's and is not looked at"}));
}

}  // namespace
}  // namespace evalrun::test
