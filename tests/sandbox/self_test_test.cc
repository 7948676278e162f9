// `evalrun judge --self-test`: packages of the tests' own with submissions in Bash, which every host has.

#include <gtest/gtest.h>

#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

const char* const kRight = "read a b; echo $((a + b))\n";
const char* const kWrong = "echo 0\n";

Finished self_test(const Files& files) {
  const TemporaryFolder folder;
  write_files(folder, files);
  return run_command({evalrun().string(), "judge", "--self-test", "--time-limit", "10s", folder.path().string()});
}

void expect_as_labelled(const Files& files, const std::string& summary) {
  const Finished done = self_test(files);
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
  EXPECT_NE(done.output.find(summary), std::string::npos) << done.output;
}

// The second group begins with a case of the first, which is run once.
Files two_groups() {
  return {
      {"problem.yaml", "name: Sum\ntype: scoring\n"},
      {"data/testdata.yaml", "on_reject: continue\nrange: 0 100\ngrader_flags: first_error accept_if_any_accepted\n"},
      {"data/secret/testdata.yaml", "on_reject: continue\n"},
      {"data/secret/a/testdata.yaml", "on_reject: break\naccept_score: 40\ngrader_flags: min\n"},
      {"data/secret/a/1.in", "1 2\n"},
      {"data/secret/a/1.ans", "3\n"},
      {"data/secret/b/testdata.yaml", "on_reject: break\naccept_score: 60\ngrader_flags: min\n"},
      {"data/secret/b/1.in", "1 2\n"},
      {"data/secret/b/1.ans", "3\n"},
      {"data/secret/b/2.in", "5 6\n"},
      {"data/secret/b/2.ans", "11\n"},
      {"submissions/accepted/right.sh", kRight},
      {"submissions/wrong_answer/wrong.sh", kWrong},
  };
}

TEST(self_test, a_rejected_case_stands_for_its_twin_in_another_group) {
  expect_as_labelled(two_groups(), "2 submissions: 2 as labelled, 0 otherwise; 3 cases, 2 distinct\n");
}

TEST(self_test, a_wrong_label_is_told_and_fails) {
  const Finished done = self_test(with(two_groups(), {{"submissions/accepted/right.sh", kWrong}}));
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_NE(done.output.find("DIFFERS  accepted/right.sh"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("expected AC, got WA: case secret/a/1: "), std::string::npos) << done.output;
}

TEST(self_test, domjudges_groups_are_scored_by_its_rules) {
  const std::string even = "# @EXPECTED_SCORE@: 10\n# @EXPECTED_RESULTS@: WRONG-ANSWER\nread a; echo $((a / 2 * 2))\n";
  expect_as_labelled({{"problem.yaml", "name: Same\ntype: scoring\n"},
                      {"data/testdata.yaml", "on_reject: continue\ngrader_flags: sum\n"},
                      {"data/sample/1.in", "1\n"},
                      {"data/sample/1.ans", "1\n"},
                      {"data/secret/testdata.yaml", "on_reject: continue\ngrader_flags: sum\n"},
                      {"data/secret/even/testdata.yaml", "accept_score: 10\n"},
                      {"data/secret/even/1.in", "2\n"},
                      {"data/secret/even/1.ans", "2\n"},
                      {"data/secret/even/2.in", "4\n"},
                      {"data/secret/even/2.ans", "4\n"},
                      {"data/secret/odd/testdata.yaml", "accept_score: 30\n"},
                      {"data/secret/odd/1.in", "3\n"},
                      {"data/secret/odd/1.ans", "3\n"},
                      {"submissions/accepted/all.sh", "# @EXPECTED_SCORE@: 40\ncat\n"},
                      {"submissions/partial/even.sh", even}},
                     "2 submissions: 2 as labelled, 0 otherwise; 4 cases, 4 distinct\n");
}

TEST(self_test, constants_are_replaced_in_submissions_and_included_files) {
  expect_as_labelled(
      {{"problem.yaml",
        "problem_format_version: 2025-09\nname: A\nuuid: 0\nconstants:\n  five: 5\n  six:\n    value: 6\n"},
       {"include/default/six.txt", "{{six.value}}\n"},
       {"data/secret/1.in", "\n"},
       {"data/secret/1.ans", "5 6\n"},
       {"submissions/accepted/a.sh", "echo {{five}} $(cat six.txt)\n"},
       {"submissions/wrong_answer/b.sh", "echo {{seven}}\n"}},
      "2 submissions: 2 as labelled, 0 otherwise");
}

TEST(self_test, a_script_finds_its_folder_by_its_own_name) {
  expect_as_labelled({{"problem.yaml", "name: A\n"},
                      {"data/secret/1.in", "\n"},
                      {"data/secret/1.ans", "5\n"},
                      {"submissions/accepted/two/main.sh", ". ${0%/*}/other.sh\n"},
                      {"submissions/accepted/two/other.sh", "echo 5\n"},
                      {"submissions/accepted/one.bash", "echo 5\n"}},
                     "2 submissions: 2 as labelled, 0 otherwise");
}

}  // namespace
}  // namespace evalrun::test
