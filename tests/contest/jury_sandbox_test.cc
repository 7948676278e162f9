// What keeps the submission and the jury apart, and a jury's program from harming whoever judges with it.

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

std::string submission(const std::string& script) {
  return "image = \"bash\"\nargv = [\"bash\", \"-c\", '''" + script + "''', \"submission\"]\n";
}

std::string program_of(const std::string& section, const std::string& script, const std::string& more = "") {
  return "[" + section + "]\n" + (section == "checker" ? "kind = \"program\"\n" : "") +
         "image = \"bash\"\nargv = [\"bash\", \"-c\", '''" + script + "''', \"jury\"]\n" + more;
}

constexpr const char* kCase = "[[case]]\nstdin.text = \"input-of-the-case\"\nexpect.text = \"answer-of-the-case\"\n";

json only_case(const PlanRun& run) {
  EXPECT_TRUE(run.result.is_object()) << run.command.error_output;
  return run.result.is_object() ? run.result.at("cases").at(0) : json();
}

PlanRun checked_by(const std::string& script, const std::string& more = "", const std::string& before = "") {
  return run_plan(before + submission("echo 1") + program_of("checker", script, more) + kCase);
}

// Files whose content or name says that they are the other side's.
std::string looks_for(const std::string& text) {
  return "found=$(grep -rlFs '" + text + "' /work /tmp /dev/shm /run 2>/dev/null)\n";
}

TEST(jury_sandbox, the_submission_has_neither_input_file_nor_answer_nor_feedback) {
  const std::string script = looks_for("answer-of-the-case") +
                             "[ -n \"$found\" ] && exit 9\n"
                             "[ -e /work/judge ] && exit 8\n"
                             "[ -n \"$(ls -A /work)\" ] && exit 7\n"
                             "read -r given; [ \"$given\" = input-of-the-case ] || exit 6\n"
                             "echo done";
  const PlanRun run =
      run_plan(submission(script) + program_of("checker", "[ -s $1 ] && [ -s $2 ] && [ -d $3 ] && exit 42; exit 1") +
               "[[case]]\nstdin.text = \"input-of-the-case\\n\"\nexpect.text = \"answer-of-the-case\"\n");
  EXPECT_EQ(only_case(run).at("verdict"), "AC") << run.command.output;
}

TEST(jury_sandbox, in_a_dialogue_the_submission_has_nothing_of_the_jurys_and_the_interactor_nothing_of_its) {
  const std::string script = "echo mine >/work/of-the-submission; echo mine >/tmp/of-the-submission\n" +
                             looks_for("input-of-the-case") +
                             "[ -n \"$found\" ] || [ -e /work/judge ] && { echo found; exit 9; }\n"
                             "echo nothing; read -r word; [ \"$word\" = ok ]";
  const PlanRun run = run_plan(submission(script) +
                               program_of("interactor",
                                          "read -r word; [ \"$word\" = nothing ] || exit 43\n"
                                          "[ -e /work/of-the-submission ] || [ -e /tmp/of-the-submission ] && exit 43\n"
                                          "[ \"$(cat $1)\" = input-of-the-case ] || exit 1; echo ok; exit 42") +
                               kCase);
  EXPECT_EQ(only_case(run).at("verdict"), "AC") << run.command.output;
}

TEST(jury_sandbox, the_jury_has_the_output_and_nothing_else_of_the_submissions_files) {
  const PlanRun run = run_plan(submission("echo mine >/work/of-the-submission; echo said") +
                               program_of("checker",
                                          "[ -e /work/of-the-submission ] && exit 43\n"
                                          "[ \"$(cat)\" = said ] && exit 42; exit 43") +
                               kCase);
  EXPECT_EQ(only_case(run).at("verdict"), "AC") << run.command.output;
}

// Its own file is there, so what it looks for could be found.
TEST(jury_sandbox, each_case_has_a_fresh_feedback_folder) {
  const PlanRun run =
      run_plan(submission("echo 1") +
               program_of("checker", "[ -e $3/mine ] && exit 43; echo x >$3/mine; [ -e $3/mine ] && exit 42") +
               "[[case]]\n[[case]]\n[[case]]\n");
  EXPECT_EQ(run.verdict(), "AC") << run.command.output;
}

TEST(jury_sandbox, a_feedback_folder_is_as_large_as_the_workspace_and_the_limit_is_named) {
  const PlanRun fills =
      checked_by("head -c 10G /dev/zero >$3/fill && exit 42; exit 1", "limits.workspace = \"8MiB\"\n");
  const std::string what = only_case(fills).at("jury_fault").at("what");
  EXPECT_NE(what.find("limits.workspace"), std::string::npos) << what;
  EXPECT_EQ(fills.verdict(), "IE");
  const PlanRun fits = checked_by("head -c 4M /dev/zero >$3/fill && exit 42; exit 1", "limits.workspace = \"8MiB\"\n");
  EXPECT_EQ(fits.verdict(), "AC") << fits.command.output;
}

TEST(jury_sandbox, no_message_is_read_through_a_link_a_fifo_or_a_folder) {
  const PlanRun plain = checked_by("echo because >$3/judgemessage.txt; exit 43");
  EXPECT_EQ(only_case(plain).at("feedback"), "because");
  for (const std::string makes :
       {"ln -s /etc/passwd $3/judgemessage.txt", "ln -s $2 $3/judgemessage.txt", "mkfifo $3/judgemessage.txt",
        "mkdir $3/judgemessage.txt", "ln -s / $3/x; ln -s x/etc/passwd $3/judgemessage.txt"}) {
    const PlanRun run = checked_by(makes + " && exit 43; exit 1");
    EXPECT_EQ(only_case(run).at("verdict"), "WA") << makes << run.command.output;
    EXPECT_EQ(only_case(run).at("feedback"), "") << makes;
    EXPECT_EQ(run.command.output.find("root:"), std::string::npos) << makes;
  }
}

TEST(jury_sandbox, a_feedback_folder_that_is_a_link_is_not_followed) {
  const PlanRun run = checked_by("rm -rf /work/judge/feedback && ln -s /etc /work/judge/feedback && exit 43; exit 1");
  EXPECT_EQ(only_case(run).at("verdict"), "WA") << run.command.output;
  EXPECT_EQ(only_case(run).at("feedback"), "");
}

TEST(jury_sandbox, a_next_pass_is_a_regular_file_or_the_jurys_fault) {
  const std::string passes = "passes = 2\n";
  const auto asks_with = [&](const std::string& makes) {
    return checked_by("[ -e $3/again ] && exit 42; : >$3/again; " + makes + " && exit 42; exit 1", "", passes);
  };
  const PlanRun good = asks_with("echo 1 >$3/nextpass.in");
  EXPECT_EQ(good.verdict(), "AC") << good.command.output;
  EXPECT_EQ(only_case(good).at("passes"), 2);
  for (const std::string makes :
       {"mkfifo $3/nextpass.in", "ln -s /etc/passwd $3/nextpass.in", "mkdir $3/nextpass.in"}) {
    const PlanRun run = asks_with(makes);
    EXPECT_EQ(run.verdict(), "IE") << makes << run.command.output;
    EXPECT_NE(only_case(run).at("jury_fault").at("what").get<std::string>().find("nextpass.in"), std::string::npos)
        << makes;
  }
  const PlanRun large = asks_with("head -c 40M /dev/zero >$3/nextpass.in");
  EXPECT_EQ(large.verdict(), "AC") << large.command.output;
}

TEST(jury_sandbox, feedback_that_is_too_large_to_keep_is_a_fault_with_a_name) {
  const PlanRun run = checked_by("echo 1 >$3/nextpass.in; head -c 20M /dev/zero >$3/kept; exit 42", "", "passes = 2\n");
  EXPECT_EQ(run.verdict(), "IE");
  EXPECT_EQ(only_case(run).at("jury_fault").at("what"),
            "its feedback folder holds more than 8 MiB, too much for another pass");
}

TEST(jury_sandbox, what_a_checker_leaves_running_is_ended_with_it) {
  const auto began = std::chrono::steady_clock::now();
  const PlanRun run = checked_by("sleep 300 & sleep 301 >/dev/null 2>&1 & exit 42");
  EXPECT_EQ(run.verdict(), "AC") << run.command.output;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(jury_sandbox, what_a_checker_writes_is_bounded_and_its_limits_are_its_own_fault) {
  const PlanRun says = checked_by("head -c 3M /dev/zero >&2; exit 42", "limits.output = \"2MiB\"\n");
  EXPECT_EQ(says.verdict(), "IE");
  EXPECT_NE(only_case(says).at("jury_fault").at("what").get<std::string>().find("output"), std::string::npos);
  EXPECT_LT(says.command.output.size(), 200'000U);
  const PlanRun quiet = checked_by("head -c 1M /dev/zero >&2; exit 42", "limits.output = \"2MiB\"\n");
  EXPECT_EQ(quiet.verdict(), "AC") << quiet.command.output;
  const PlanRun hangs = checked_by("sleep 100", "limits.wall = \"1s\"\n");
  EXPECT_EQ(hangs.verdict(), "IE");
  EXPECT_NE(only_case(hangs).at("jury_fault").at("what").get<std::string>().find("1s"), std::string::npos)
      << hangs.command.output;
}

TEST(jury_sandbox, a_submission_that_floods_closes_or_hangs_is_to_blame_and_nobody_waits_for_it) {
  const auto began = std::chrono::steady_clock::now();
  const auto talks = [](const std::string& script) {
    return run_plan(submission(script) +
                    program_of("interactor", "while read -r word; do [ \"$word\" = ok ] && exit 42; done; exit 43") +
                    "[limits]\nwall = \"2s\"\ncpu = \"1s\"\noutput = \"1MiB\"\n[[case]]\n");
  };
  EXPECT_EQ(only_case(talks("echo ok")).at("verdict"), "AC");
  const std::string floods = only_case(talks("yes no")).at("verdict");
  EXPECT_TRUE(floods == "OLE" || floods == "TLE") << floods;
  EXPECT_EQ(only_case(talks("exec >&-; exit 0")).at("verdict"), "WA");
  EXPECT_EQ(only_case(talks("sleep 100")).at("verdict"), "TLE");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(90));
}

TEST(jury_sandbox, nothing_of_a_secret_case_is_in_the_result_whatever_the_jury_says_of_it) {
  const std::string secret =
      "[[case]]\nsecret = true\nstdin.text = \"input-of-the-case\"\nexpect.text = \"answer-of-the-case\"\n";
  for (const std::string ends : {"exit 42", "exit 43", "exit 1"}) {
    const PlanRun checked = run_plan(
        submission("cat") +
        program_of("checker", "cat $2 >$3/judgemessage.txt; cat $2 >$3/teammessage.txt; cat $2 >&2; " + ends) + secret);
    EXPECT_EQ(checked.command.output.find("-of-the-case"), std::string::npos) << ends << checked.command.output;
    const PlanRun talked = run_plan(submission("read -r x; echo $x") +
                                    program_of("interactor", "cat $1; echo; read -r x; cat $2 >&2; " + ends) + secret);
    EXPECT_EQ(talked.command.output.find("-of-the-case"), std::string::npos) << ends << talked.command.output;
  }
}

}  // namespace
}  // namespace evalrun::test
