// Plans whose cases are judged by programs of the plan's own, through the binary: checkers and interactors in their own
// sandboxes, passes, groups, arguments, parts of points.

#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

bool has_image(const std::string& name) {
  const Finished list = run_command({evalrun().string(), "image", "list"});
  const std::size_t line = list.output.find(name + ": ");
  return list.output.compare(list.output.find("; ", line), 11, "; installed") == 0;
}

// A submission in shell.
std::string submission(const std::string& script, const std::string& more = "") {
  return "image = \"bash\"\nargv = [\"bash\", \"-c\", '''" + script + "''', \"submission\"]\n" + more;
}

// A jury's program in shell: its arguments are $1, $2, $3.
std::string program_of(const std::string& section, const std::string& script, const std::string& more = "") {
  return "[" + section + "]\n" + (section == "checker" ? "kind = \"program\"\n" : "") +
         "image = \"bash\"\nargv = [\"bash\", \"-c\", '''" + script + "''', \"jury\"]\n" + more;
}

std::string case_of(const std::string& input, const std::string& answer, const std::string& more = "") {
  return "[[case]]\nstdin.text = '''" + input + "'''\nexpect.text = '''" + answer + "'''\n" + more + "\n";
}

std::string verdicts(const PlanRun& run) {
  std::string text;
  for (const auto& one : run.result.at("cases")) {
    text += (one.at("verdict").is_null() ? "-" : one.at("verdict").get<std::string>()) + " ";
  }
  return text;
}

json points(const PlanRun& run) {
  json all = json::array();
  for (const auto& one : run.result.at("cases")) all.push_back(one.at("points"));
  return all;
}

// ---- checkers -------------------------------------------------------------------------------------------------------

constexpr const char* kCheckerInC = R"(#include <stdio.h>
#include <string.h>
int main(int argc, char** argv) {
  long given, found, answer;
  if (argc != 5 || strcmp(argv[4], "case") != 0) return 1;
  FILE* input = fopen(argv[1], "r");
  FILE* expected = fopen(argv[2], "r");
  char path[256];
  snprintf(path, sizeof path, "%sjudgemessage.txt", argv[3]);
  FILE* message = fopen(path, "w");
  if (!input || !expected || !message) return 1;
  if (fscanf(input, "%ld", &given) != 1 || fscanf(expected, "%ld", &answer) != 1) return 1;
  if (scanf("%ld", &found) != 1) { fputs("no number", message); return 43; }
  if (found % given == 0 && found <= answer) return 42;
  fprintf(message, "%ld is no multiple of %ld up to %ld", found, given, answer);
  return 43;
}
)";

TEST(jury, a_checker_in_c_is_compiled_once_and_decides_as_kattis_does) {
  if (!has_image("c")) EVALRUN_SKIP("gcc");
  const TemporaryFolder folder;
  folder.write("check.c", kCheckerInC);
  const PlanRun run = run_plan_in(
      folder, submission("cat") +
                  "[checker]\nkind = \"program\"\nimage = \"c\"\nsource = \"check.c\"\nfiles.\"check.c\".from = "
                  "\"check.c\"\n" +
                  case_of("3", "9", "checker_args = [\"case\"]") + case_of("4", "3", "checker_args = [\"case\"]") +
                  case_of("x", "3", "checker_args = [\"case\"]"));
  EXPECT_EQ(run.command.exit_code, 3) << run.command.output << run.command.error_output;
  EXPECT_EQ(verdicts(run), "AC WA IE ");
  EXPECT_EQ(run.result.at("cases").at(1).at("feedback"), "4 is no multiple of 4 up to 3");
  const json& fault = run.result.at("cases").at(2).at("jury_fault");
  EXPECT_EQ(fault.at("program"), "checker");
  EXPECT_EQ(fault.at("what"), "exited with code 1, where 42 accepts and 43 rejects");
  EXPECT_EQ(fault.at("argv"),
            json({"/work/main", "/work/judge/input", "/work/judge/answer", "/work/judge/feedback/", "case"}));
}

constexpr const char* kCheckerInPython = R"(import sys
given, output, answer = (open(path).read().split() for path in sys.argv[1:4])
if not output:
    print("nothing was written", file=sys.stderr)
    sys.exit(2)
if output[0] == "half":
    print("points 2.5", file=sys.stderr)
    sys.exit(7)
if output[0] == "fail":
    sys.exit(3)
print("found", output[0], file=sys.stderr)
sys.exit(0 if output == answer else 1)
)";

TEST(jury, a_checker_in_python_decides_as_testlib_does_with_presentation_errors_and_points) {
  if (!has_image("python")) EVALRUN_SKIP("python3");
  const TemporaryFolder folder;
  folder.write("check.py", kCheckerInPython);
  const PlanRun run =
      run_plan_in(folder, submission("cat") +
                              "[checker]\nkind = \"program\"\nconvention = \"testlib\"\nimage = \"python\"\nsource = "
                              "\"check.py\"\nfiles.\"check.py\".from = \"check.py\"\n" +
                              case_of("yes", "yes") + case_of("no", "yes") + case_of("", "yes") +
                              case_of("half", "", "points = 10") + case_of("fail", ""));
  EXPECT_EQ(verdicts(run), "AC WA PE AC IE ");
  EXPECT_EQ(points(run), json({1, 0, 0, 2.5, 0}));
  EXPECT_EQ(run.result.at("cases").at(3).at("share"), 0.25);
  EXPECT_EQ(run.result.at("score"), 3.5);
  EXPECT_EQ(run.result.at("score_max"), 14);
  EXPECT_EQ(run.result.at("cases").at(1).at("feedback"), "found no");
  EXPECT_EQ(run.result.at("cases").at(2).at("feedback"), "nothing was written");
  EXPECT_EQ(run.verdict(), "IE");
}

TEST(jury, a_checker_that_does_not_compile_is_its_own_fault_and_says_what_the_compiler_said) {
  if (!has_image("c")) EVALRUN_SKIP("gcc");
  const PlanRun run = run_plan(
      submission("echo 1") +
      "[checker]\nkind = \"program\"\nimage = \"c\"\nsource = \"check.c\"\nfiles.\"check.c\".text = \"int main( {\"\n" +
      case_of("", ""));
  EXPECT_EQ(run.command.exit_code, 3);
  EXPECT_EQ(run.verdict(), "IE");
  const json& fault = run.result.at("cases").at(0).at("jury_fault");
  EXPECT_EQ(fault.at("program"), "checker");
  EXPECT_NE(fault.at("what").get<std::string>().find("does not compile"), std::string::npos) << fault;
  EXPECT_NE(fault.at("stderr").get<std::string>().find("error:"), std::string::npos) << fault;
}

TEST(jury, a_program_that_fails_is_not_asked_about_and_earns_nothing) {
  const PlanRun run = run_plan(submission("echo 5; exit 4") + program_of("checker", "exit 42") + case_of("", ""));
  EXPECT_EQ(verdicts(run), "RE ") << run.command.output;
  const PlanRun lines =
      run_plan(submission("echo 1; echo 2; exit 1") + "[checker]\nkind = \"dmoj/linecount\"\n" + case_of("", "1\n2\n"));
  EXPECT_EQ(verdicts(lines), "RE ");
  EXPECT_EQ(lines.result.at("score"), 0);
}

TEST(jury, a_part_of_the_points_is_a_number_and_whole_points_stay_whole) {
  const PlanRun run =
      run_plan(submission("cat") + "[checker]\nkind = \"dmoj/linecount\"\n" +
               case_of("1\n2\n3\n", "1\n2\n3\n", "points = 3") + case_of("1\n0\n3\n4\n", "1\n2\n3\n4\n"));
  EXPECT_EQ(points(run), json({3, 0.75}));
  EXPECT_TRUE(run.result.at("cases").at(0).at("points").is_number_integer());
  EXPECT_EQ(run.result.at("score"), 3.75);
  EXPECT_TRUE(run.result.at("score_max").is_number_integer());
  EXPECT_EQ(run.result.at("score_max"), 4);
}

TEST(jury, built_in_checkers_of_testlib_tell_a_presentation_error_from_a_wrong_answer) {
  const PlanRun run = run_plan(submission("cat") + "[checker]\nkind = \"testlib/ncmp\"\n" + case_of("1 2", "1 2") +
                               case_of("1 3", "1 2") + case_of("1 x", "1 2"));
  EXPECT_EQ(verdicts(run), "AC WA PE ");
}

TEST(jury, score_files_of_a_checker_give_points_up_to_what_the_case_is_worth) {
  const auto judged = [](const std::string& writes) {
    return run_plan(submission("echo 1") + program_of("checker", writes + "; exit 42") + case_of("", "", "points = 8"));
  };
  EXPECT_EQ(points(judged("echo 0.25 >$3/score_multiplier.txt")), json({2}));
  EXPECT_EQ(points(judged("echo 5.5 >$3/score.txt")), json({5.5}));
  EXPECT_EQ(points(judged("echo 8 >$3/score.txt")), json({8}));
  const PlanRun above = judged("echo 9 >$3/score.txt");
  EXPECT_EQ(above.verdict(), "IE");
  EXPECT_EQ(above.result.at("cases").at(0).at("jury_fault").at("what"),
            "its score.txt gives 9 points to a case that is worth 8");
}

TEST(jury, a_case_has_arguments_of_its_own) {
  const PlanRun run =
      run_plan(submission("echo \"$@\"") + program_of("checker", "[ \"$(cat)\" = \"$4\" ] && exit 42; exit 43") +
               case_of("", "", "args = [\"a\", \"b c\"]\nchecker_args = [\"a b c\"]") +
               case_of("", "", "checker_args = [\"x\"]"));
  EXPECT_EQ(verdicts(run), "AC WA ");
}

TEST(jury, output_files_are_judged_by_programs_too) {
  const PlanRun run =
      run_plan("output_file = \"out\"\n" + submission("cat >out") +
               program_of("checker", "cmp -s - $2 && exit 42; exit 43") + case_of("x", "x") + case_of("y", "x"));
  EXPECT_EQ(verdicts(run), "AC WA ") << run.command.output;
}

// ---- interactors ----------------------------------------------------------------------------------------------------

constexpr const char* kGuess = R"(n=$(cat $1)
for _ in 1 2 3 4 5 6 7; do
  read -r guess || exit 43
  [ "$guess" = "$n" ] && { echo right; exit 42; }
  [ "$guess" -gt "$n" ] && echo lower || echo higher
done
echo "too many guesses" >$3/judgemessage.txt
exit 43)";
constexpr const char* kBisect = R"(low=1; high=100
while :; do
  middle=$(( (low + high) / 2 )); echo $middle; read -r answer || exit 1
  case $answer in right) exit 0;; lower) high=$((middle - 1));; *) low=$((middle + 1));; esac
done)";

TEST(jury, an_interactor_talks_with_the_program_and_decides) {
  const std::string rest =
      program_of("interactor", kGuess) + "[[case]]\nstdin.text = \"42\"\n[[case]]\nstdin.text = \"1\"\n";
  const PlanRun right = run_plan(submission(kBisect) + rest);
  EXPECT_EQ(verdicts(right), "AC AC ") << right.command.output;
  const json& dialogue = right.result.at("cases").at(0).at("dialogue");
  EXPECT_EQ(dialogue.at("transcript").at(0).at("from"), "submission");
  EXPECT_EQ(dialogue.at("transcript").at(0).at("text"), "50\n");
  EXPECT_EQ(dialogue.at("transcript").at(1).at("text"), "lower\n");
  EXPECT_EQ(dialogue.at("interactor").at("outcome").at("exit_code"), 42);
  const PlanRun counts = run_plan(submission("for i in 9 8 7 6 5 4 3 2; do echo $i; read -r x; done") + rest);
  EXPECT_EQ(verdicts(counts), "WA WA ");
  EXPECT_EQ(counts.result.at("cases").at(0).at("feedback"), "too many guesses");
  EXPECT_EQ(counts.result.at("cases").at(0).at("dialogue").at("ended_first"), "interactor");
  const PlanRun crashes = run_plan(submission("echo 5; read -r x; exit 3") + rest);
  EXPECT_EQ(verdicts(crashes), "RE RE ");
}

TEST(jury, an_interactor_that_fails_is_the_jurys_fault) {
  const PlanRun run = run_plan(submission("read -r x; echo $x") +
                               program_of("interactor", "echo hello; echo broken >&2; exit 9") + "[[case]]\n");
  EXPECT_EQ(run.verdict(), "IE");
  const json& fault = run.result.at("cases").at(0).at("jury_fault");
  EXPECT_EQ(fault.at("program"), "interactor");
  EXPECT_EQ(fault.at("what"), "exited with code 9, where 42 accepts and 43 rejects");
  EXPECT_EQ(fault.at("stderr"), "broken\n");
}

TEST(jury, a_checker_judges_what_an_interactor_of_polygons_has_written) {
  const std::string rest =
      program_of("interactor", "read -r x; echo \"$x\" >$2; exit 0", "convention = \"testlib\"\nthen_check = true\n") +
      case_of("", "7");
  EXPECT_EQ(verdicts(run_plan(submission("echo 7") + rest)), "AC ");
  EXPECT_EQ(verdicts(run_plan(submission("echo 8") + rest)), "WA ");
  const std::string checked = program_of("checker", "cmp -s $2 $3 && exit 0; exit 1", "convention = \"testlib\"\n");
  EXPECT_EQ(verdicts(run_plan(submission("echo 7") + checked + rest)), "WA ") << "7 and a newline";
}

// ---- passes ---------------------------------------------------------------------------------------------------------

constexpr const char* kTwice = R"sh(read -r found
if [ ! -e $3/seen ]; then
  [ "$found" = first ] || exit 43
  echo remembered >$3/seen; echo second >$3/nextpass.in; exit 42
fi
[ -e $3/nextpass.in ] && exit 1
[ "$found" = "second" ] && [ "$(cat $3/seen)" = remembered ] && exit 42
exit 43)sh";

TEST(jury, a_second_pass_gets_what_the_checker_wrote_and_keeps_its_feedback) {
  const std::string rest = program_of("checker", kTwice) + case_of("first", "");
  const PlanRun twice = run_plan("passes = 2\n" + submission("cat; [ ! -e left ] || exit 9; : >left") + rest);
  EXPECT_EQ(verdicts(twice), "AC ") << twice.command.output;
  EXPECT_EQ(twice.result.at("cases").at(0).at("passes"), 2);
  const PlanRun wrong = run_plan("passes = 2\n" + submission("echo first") + rest);
  EXPECT_EQ(verdicts(wrong), "WA ");
  const PlanRun one = run_plan(submission("cat") + rest);
  EXPECT_EQ(one.verdict(), "AC") << "nobody has asked what nextpass.in holds";
  EXPECT_FALSE(one.result.at("cases").at(0).contains("passes"));
  const PlanRun more = run_plan("passes = 2\n" + submission("cat") +
                                program_of("checker", "echo 1 >$3/nextpass.in; exit 42") + case_of("", ""));
  EXPECT_EQ(more.verdict(), "IE") << "it asks for a third pass";
}

// ---- groups ---------------------------------------------------------------------------------------------------------

std::string grouped(const std::string& scoring) {
  return submission("cat") + case_of("1", "1", "group = \"small\"\npoints = 2") +
         case_of("2", "2", "group = \"small\"\npoints = 3") + case_of("x", "3", "group = \"large\"\npoints = 4") +
         case_of("4", "4", "group = \"large\"\npoints = 4") + case_of("5", "5", "group = \"last\"") +
         case_of("6", "6", "points = 2") + scoring;
}

TEST(jury, groups_have_rules_of_their_own_and_are_skipped_without_those_that_they_require) {
  const PlanRun run =
      run_plan(grouped("[[scoring.group]]\nname = \"small\"\npoints = 10\n"
                       "[[scoring.group]]\nname = \"large\"\nrequires = [\"small\"]\nstop = true\n"
                       "[[scoring.group]]\nname = \"last\"\nrequires = [\"large\"]\naggregate = \"all\"\n"));
  EXPECT_EQ(verdicts(run), "AC AC WA - - AC ") << run.command.output;
  EXPECT_EQ(run.verdict(), "WA");
  EXPECT_EQ(run.result.at("score"), 12);
  EXPECT_EQ(run.result.at("score_max"), 10 + 8 + 1 + 2);
  const json& groups = run.result.at("groups");
  EXPECT_EQ(groups.at(0), json({{"name", "small"}, {"verdict", "AC"}, {"score", 10}, {"score_max", 10}}));
  EXPECT_EQ(groups.at(1), json({{"name", "large"}, {"verdict", "WA"}, {"score", 0}, {"score_max", 8}}));
  EXPECT_EQ(groups.at(2), json({{"name", "last"},
                                {"verdict", nullptr},
                                {"score", 0},
                                {"score_max", 1},
                                {"skipped", "group large was not passed"}}));
  EXPECT_EQ(run.result.at("cases").at(4).at("skipped"), "group large was not passed");
  EXPECT_EQ(run.result.at("cases").at(3).at("skipped"), "an earlier case of large was rejected");
}

TEST(jury, a_group_that_goes_on_keeps_what_its_other_cases_earn_and_the_least_counts_where_it_says_so) {
  const std::string rest =
      "[[scoring.group]]\nname = \"small\"\naggregate = \"all\"\n[[scoring.group]]\nname = \"last\"\n";
  EXPECT_EQ(run_plan(grouped("[[scoring.group]]\nname = \"large\"\n" + rest)).result.at("score"), 5 + 4 + 1 + 2);
  EXPECT_EQ(run_plan(grouped("[[scoring.group]]\nname = \"large\"\naggregate = \"min\"\n" + rest)).result.at("score"),
            5 + 1 + 2);
  EXPECT_EQ(run_plan(grouped("[scoring]\naggregate = \"min\"\n[[scoring.group]]\nname = \"large\"\n" + rest))
                .result.at("score"),
            1);
  EXPECT_EQ(run_plan(grouped("[scoring]\naggregate = \"all\"\n[[scoring.group]]\nname = \"large\"\n" + rest))
                .result.at("score"),
            0);
}

TEST(jury, without_scoring_the_points_of_a_group_count_together_as_before) {
  const PlanRun run = run_plan(grouped(""));
  EXPECT_EQ(verdicts(run), "AC AC WA AC AC AC ");
  EXPECT_EQ(run.result.at("score"), 5 + 1 + 2);
  EXPECT_FALSE(run.result.contains("groups"));
}

// ---- the other commands ---------------------------------------------------------------------------------------------

TEST(jury, explain_shows_the_jurys_sandboxes_and_check_looks_for_its_programs) {
  const TemporaryFolder folder;
  const std::string plan = submission("cat") + program_of("checker", "exit 42") + "[[case]]\n";
  const std::string good = folder.write("plan.toml", plan).string();
  const Finished explained = run_command({evalrun().string(), "explain", good});
  EXPECT_NE(explained.output.find("== checker\n"), std::string::npos) << explained.output;
  EXPECT_NE(explained.output.find("checker: by the convention of kattis"), std::string::npos) << explained.output;
  EXPECT_EQ(run_command({evalrun().string(), "check", good}).exit_code, 0);
  const std::string bad =
      folder
          .write("bad.toml",
                 submission("cat") +
                     "[checker]\nkind = \"program\"\nimage = \"bash\"\nargv = [\"nosuchchecker\"]\n[[case]]\n")
          .string();
  const Finished checked = run_command({evalrun().string(), "check", bad});
  EXPECT_EQ(checked.exit_code, 2) << checked.error_output;
  EXPECT_NE(checked.error_output.find("nosuchchecker"), std::string::npos) << checked.error_output;
  EXPECT_NE(checked.error_output.find("checker"), std::string::npos) << checked.error_output;
}

TEST(jury, trace_says_why_it_cannot_follow_a_dialogue) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", submission("cat") + program_of("interactor", "exit 42") + "[[case]]\n").string();
  const Finished traced = run_command({evalrun().string(), "trace", "--case", "1", plan});
  EXPECT_EQ(traced.exit_code, 2);
  EXPECT_NE(traced.error_output.find("a case of this plan is a dialogue"), std::string::npos) << traced.error_output;
}

TEST(jury, a_batch_compiles_the_checker_of_all_its_jobs_once) {
  if (!has_image("c")) EVALRUN_SKIP("gcc");
  const TemporaryFolder folder;
  folder.write("check.c", "int main(void) { return 42; }\n");
  folder.write("plan.toml", submission("cat") +
                                "[checker]\nkind = \"program\"\nimage = \"c\"\nsource = "
                                "\"check.c\"\nfiles.\"check.c\".from = \"check.c\"\n[[case]]\n");
  folder.write("jobs.jsonl", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n");
  const Finished done = run_command({evalrun().string(), "batch", "--plan", (folder.path() / "plan.toml").string(),
                                     (folder.path() / "jobs.jsonl").string()});
  EXPECT_EQ(done.exit_code, 0) << done.error_output << done.output;
  std::size_t accepted = 0;
  for (std::size_t at = 0;
       (at = done.output.find("\"verdict\":\"AC\",\"message\":\"accepted\",\"score\":1", at)) != std::string::npos;
       ++at)
    ++accepted;
  EXPECT_EQ(accepted, 3U) << done.output;
}

TEST(jury, the_examples_are_accepted) {
  if (!has_image("python")) EVALRUN_SKIP("python3");
  for (const std::string name : {"checked", "guess"}) {
    const Finished run =
        run_command({evalrun().string(), (source_dir() / "images/examples" / (name + ".toml")).string()});
    EXPECT_EQ(run.exit_code, 0) << name << run.output << run.error_output;
  }
}

TEST(jury, the_text_for_people_names_groups_faults_and_dialogues) {
  const TemporaryFolder folder;
  const std::string plan =
      folder
          .write("plan.toml",
                 grouped("[[scoring.group]]\nname = \"small\"\n[[scoring.group]]\nname = \"large\"\nstop = true\n"
                         "[[scoring.group]]\nname = \"last\"\nrequires = [\"large\"]\n"))
          .string();
  const Finished done = run_command({evalrun().string(), "run", "--format", "text", plan});
  EXPECT_NE(done.output.find("WA  case 3: wrong answer; 7 of 16 points"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("group small: AC, 5 of 5 points\n"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("group last: not run: group large was not passed\n"), std::string::npos) << done.output;
}

}  // namespace
}  // namespace evalrun::test
