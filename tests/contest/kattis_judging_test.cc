// `evalrun judge` over packages in Kattis's newer format: what it has and the older one has not.

#include <gtest/gtest.h>

#include "tests/contest/self_test.h"

namespace evalrun::test {
namespace {

// g1: 40 points, of which 10 are for a program without loops; g2: 60 points for one that imports nothing.
Files without_loops() {
  return {
      {"problem.yaml",
       "problem_format_version: 2025-09\nname: Sum\nuuid: 0\ntype: scoring\nlimits:\n  time_limit: 2\n  code: 1\n"},
      {"data/sample/1.in", "1 2\n"},
      {"data/sample/1.ans", "3\n"},
      {"data/secret/g1/test_group.yaml",
       "max_score: 40\nscore_aggregation: sum\nstatic_validation_score: 10\nstatic_validator_args: [no-loops]\n"},
      {"data/secret/g1/1.in", "1 2\n"},
      {"data/secret/g1/1.ans", "3\n"},
      {"data/secret/g1/2.in", "10 2\n"},
      {"data/secret/g1/2.ans", "12\n"},
      {"data/secret/g2/test_group.yaml", "max_score: 60\nstatic_validation_score: pass-fail\n"},
      {"data/secret/g2/1.in", "5 6\n"},
      {"data/secret/g2/1.ans", "11\n"},
      // Its own file is called as the submissions' are: it reads theirs, and runs as itself.
      {"static_validator/main.py",
       "import os, sys\n"
       "language, entry, feedback, *words = sys.argv[1:]\n"
       "if os.listdir('.') != [entry] or language != 'python3': sys.exit(1)\n"
       "text = open(entry).read()\n"
       "if words != ['no-loops']: sys.exit(43 if 'import' in text else 42)\n"
       "if '# half' in text: print('0.5', file=open(feedback + 'score_multiplier.txt', 'w'))\n"
       "sys.exit(43 if 'for ' in text else 42)\n"},
      {"submissions/accepted/main.py", "print(sum(map(int, input().split())))\n"},
      {"submissions/mixed/half.py", "print(sum(map(int, input().split())))  # half\n"},
      {"submissions/mixed/import.py", "import os\nprint(sum(map(int, input().split())))\n"},
      {"submissions/mixed/loop.py", "t = 0\nfor x in input().split(): t += int(x)\nprint(t)\n"},
      {"submissions/submissions.yaml",
       "mixed/half.py:\n  score: [95, 95]\nmixed/import.py:\n  score: [40, 40]\nmixed/loop.py:\n"
       "  score: [90, 90]\n"},
  };
}

TEST(kattis_judging, a_static_validator_scores_the_source_of_a_submission) {
  const Finished done = self_test(without_loops());
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
  EXPECT_EQ(said_of(done, "accepted/main.py"), "ok AC 100");
  EXPECT_EQ(said_of(done, "mixed/half.py"), "ok AC 95");
  EXPECT_EQ(said_of(done, "mixed/import.py"), "ok WA 40");
  EXPECT_EQ(said_of(done, "mixed/loop.py"), "ok WA 90");
}

TEST(kattis_judging, a_static_validator_that_fails_is_the_jurys_fault) {
  Files files = without_loops();
  files["static_validator/main.py"] = "raise SystemExit(7)\n";
  const Finished done = self_test(files);
  EXPECT_EQ(done.exit_code, 3) << done.output;
  EXPECT_NE(done.output.find("static validator static_validator"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("secret/g1/static_validation"), std::string::npos) << done.output;
}

TEST(kattis_judging, a_static_validator_of_a_pass_fail_problem_rejects_before_anything_of_its_group_is_run) {
  const Files files = {
      {"problem.yaml", "problem_format_version: 2025-09\nname: Sum\nuuid: 0\nlimits:\n  time_limit: 2\n"},
      {"data/sample/1.in", "1 2\n"},
      {"data/sample/1.ans", "3\n"},
      {"data/secret/test_group.yaml", "static_validation_score: pass-fail\n"},
      {"data/secret/1.in", "5 6\n"},
      {"data/secret/1.ans", "11\n"},
      {"static_validator/main.sh", "if grep -q import \"$2\"; then exit 43; fi\nexit 42\n"},
      {"submissions/accepted/a.py", "print(sum(map(int, input().split())))\n"},
      {"submissions/wrong_answer/b.py", "import os\nprint(sum(map(int, input().split())))\n"},
  };
  const Finished done = self_test(files);
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
  EXPECT_EQ(said_of(done, "accepted/a.py"), "ok AC");
  EXPECT_EQ(said_of(done, "wrong_answer/b.py"), "ok WA");
}

TEST(kattis_judging, source_may_have_as_many_bytes_as_the_problem_allows_and_no_more) {
  const std::string program = "print(sum(map(int, input().split())))\n#";
  for (const std::size_t size : {1023, 1024, 1025}) {
    const TemporaryFolder folder;
    write_files(folder, without_loops());
    const std::string submission =
        folder.write("handed-in/a.py", program + std::string(size - program.size(), 'x')).string();
    const Finished done = judge(folder, {submission});
    const bool is_judged = done.output.find("AC ") != std::string::npos;
    EXPECT_EQ(is_judged, size <= 1024) << size << ": " << done.output << done.error_output;
    if (size == 1025) {
      const std::string why = "the submission has 1025 bytes of source, and limits.code allows 1024";
      EXPECT_NE((done.output + done.error_output).find(why), std::string::npos) << done.output << done.error_output;
    }
  }
}

}  // namespace
}  // namespace evalrun::test
