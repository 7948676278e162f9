// `evalrun judge` over packages of our own: what each kind of package asks for is done, and its verdicts are right.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using Files = std::map<std::string, std::string>;  // by path

Finished judge(std::vector<std::string> words) {
  words.insert(words.begin(), {evalrun().string(), "judge"});
  return run_command(words);
}

// A package of batch problems: the sum of two numbers, three cases.
Files sums() {
  return {
      {"problem.yaml", "name: Sums\n"}, {"data/sample/1.in", "1 2\n"},
      {"data/sample/1.ans", "3\n"},     {"data/secret/1.in", "10 20\n"},
      {"data/secret/1.ans", "30\n"},    {"data/secret/2.in", "5 5\n"},
      {"data/secret/2.ans", "10\n"},    {"submissions/accepted/right.py", "print(sum(map(int, input().split())))\n"}};
}

constexpr const char* kRight = "print(sum(map(int, input().split())))\n";

Files with(Files files, const Files& more) {
  for (const auto& [path, text] : more) files[path] = text;
  return files;
}

class Package {
 public:
  explicit Package(const Files& files) {
    for (const auto& [path, text] : files) folder_.write("package/" + path, text);
  }
  [[nodiscard]] std::string path() const { return (folder_.path() / "package").string(); }
  // A submission beside the package.
  std::string submission(const std::string& name, const std::string& text) {
    return folder_.write(name, text).string();
  }
  [[nodiscard]] Finished self_test() const { return judge({"--self-test", path()}); }

 private:
  TemporaryFolder folder_;
};

// The line that begins with this, but for its figures.
std::string line_with(const std::string& output, const std::string& what) {
  const std::size_t at = output.find(what);
  if (at == std::string::npos) return "";
  const std::size_t begin = output.rfind('\n', at) + 1;
  return output.substr(begin, output.find('\n', at) - begin);
}

TEST(judge, says_of_each_submission_what_it_got_and_why) {
  Package package(sums());
  const std::string right = package.submission("right.py", kRight);
  const std::string wrong = package.submission("wrong.py", "print(3)\n");
  const std::string crashes = package.submission("crash.py", "import sys; sys.exit(3)\n");
  const std::string slow = package.submission("slow.py", "while True: pass\n");
  const std::string broken = package.submission("broken.py", "print(\n");
  const std::string c = package.submission(
      "sum.c", "#include <stdio.h>\nint main(void){int a,b;scanf(\"%d %d\",&a,&b);printf(\"%d\\n\",a+b);return 0;}\n");
  const Finished done = judge({package.path(), right, wrong, crashes, slow, broken, c, "--time-limit", "500ms"});
  EXPECT_EQ(done.exit_code, 1) << done.error_output;
  EXPECT_EQ(line_with(done.output, right), "AC   " + right + " (python3): accepted");
  EXPECT_EQ(line_with(done.output, wrong), "WA   " + wrong + " (python3): case secret/1: wrong answer");
  EXPECT_EQ(line_with(done.output, crashes), "RTE  " + crashes + " (python3): case sample/1: exited with code 3");
  EXPECT_EQ(line_with(done.output, slow),
            "TLE  " + slow + " (python3): case sample/1: took more CPU time than the time limit of 500ms");
  EXPECT_TRUE(line_with(done.output, broken).starts_with("CE   " + broken)) << done.output;
  EXPECT_EQ(line_with(done.output, c), "AC   " + c + " (c): accepted");
  EXPECT_NE(done.output.find("\"30\""), std::string::npos) << "what was expected: " << done.output;
}

TEST(judge, exits_with_0_where_all_are_accepted) {
  Package package(sums());
  const Finished done = judge({package.path(), package.submission("right.py", kRight)});
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
}

TEST(judge, a_zip_is_judged_as_the_folder_is) {
  const TemporaryFolder folder;
  std::vector<ZipEntry> entries;
  for (const auto& [path, text] : sums()) entries.push_back({"sums/" + path, text, ""});
  write_zip(folder.path() / "sums.zip", entries);
  const Finished done = judge({"--self-test", (folder.path() / "sums.zip").string()});
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
  EXPECT_NE(done.output.find("1 submission: 1 as labelled, 0 otherwise"), std::string::npos) << done.output;
}

TEST(judge, a_self_test_tells_every_label_that_does_not_hold_and_only_those) {
  const Package right(with(sums(), {{"submissions/wrong_answer/three.py", "print(3)\n"},
                                    {"submissions/run_time_error/one.py", "import sys; sys.exit(1)\n"}}));
  const Finished agreed = right.self_test();
  EXPECT_EQ(agreed.exit_code, 0) << agreed.output;
  EXPECT_NE(agreed.output.find("3 submissions: 3 as labelled, 0 otherwise"), std::string::npos) << agreed.output;

  const Package mislabelled(
      with(sums(), {{"submissions/wrong_answer/right.py", kRight}, {"submissions/accepted/three.py", "print(3)\n"}}));
  const Finished differs = mislabelled.self_test();
  EXPECT_EQ(differs.exit_code, 1) << differs.output;
  EXPECT_NE(differs.output.find("expected WA, got AC: accepted"), std::string::npos) << differs.output;
  EXPECT_NE(differs.output.find("expected AC, got WA: case secret/1"), std::string::npos) << differs.output;
  EXPECT_NE(differs.output.find("3 submissions: 1 as labelled, 2 otherwise"), std::string::npos) << differs.output;
}

TEST(judge, a_language_that_no_image_serves_is_skipped_by_name_in_a_self_test) {
  const Package package(with(sums(), {{"submissions/accepted/sum.zzz", "?\n"}}));
  const Finished done = package.self_test();
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_NE(done.output.find("1 skipped"), std::string::npos) << done.output;
  EXPECT_NE(line_with(done.output, "sum.zzz").find(".zzz"), std::string::npos) << done.output;
}

// The validator accepts what is twice the input.
constexpr const char* kDoubles = R"(import sys
given = int(open(sys.argv[1]).read())
feedback = sys.argv[3]
assert feedback.endswith("/")
try:
    found = int(sys.stdin.read())
except ValueError:
    open(feedback + "judgemessage.txt", "w").write("that is no number")
    sys.exit(43)
if found == 7777:
    sys.exit(1)
if found != 2 * given:
    open(feedback + "judgemessage.txt", "w").write(f"{found} is not {2 * given}")
    sys.exit(43)
sys.exit(42)
)";

Files doubles() {
  return {{"problem.yaml", "name: Doubles\nvalidation: custom\n"},
          {"output_validators/check.py", kDoubles},
          {"data/secret/1.in", "4\n"},
          {"data/secret/1.ans", "hidden answer\n"},
          {"submissions/accepted/double.py", "print(2 * int(input()))\n"},
          {"submissions/wrong_answer/same.py", "print(input())\n"}};
}

TEST(judge, an_output_validator_decides_by_its_exit_status_and_says_why) {
  Package package(doubles());
  const Finished agreed = package.self_test();
  EXPECT_EQ(agreed.exit_code, 0) << agreed.output << agreed.error_output;
  const Finished done = judge({package.path(), package.submission("same.py", "print(input())\n")});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_NE(done.output.find("feedback: 4 is not 8"), std::string::npos) << done.output;
}

TEST(judge, what_a_validator_does_beside_its_convention_is_the_jurys_fault_and_not_the_submissions) {
  Package package(doubles());
  const Finished done = judge({package.path(), package.submission("odd.py", "print(7777)\n")});
  EXPECT_EQ(done.exit_code, 3) << done.output;
  const std::string line = line_with(done.output, "JE ");
  EXPECT_NE(line.find("output validator output_validators/check.py"), std::string::npos) << line;
  EXPECT_NE(line.find("exited with code 1, where 42 accepts and 43 rejects"), std::string::npos) << line;
  EXPECT_NE(line.find("argv: "), std::string::npos) << line;
}

// Whatever of the jury is there, it is not where the submission is.
TEST(judge, neither_input_file_nor_answer_nor_feedback_are_in_the_submissions_sandbox) {
  Package package(doubles());
  const std::string looker = package.submission("look.py", R"(import os
found = []
for folder, inner, files in os.walk("/"):
    if folder.startswith(("/proc", "/dev", "/usr", "/lib", "/etc", "/opt")):
        inner.clear()
        continue
    for name in files:
        path = os.path.join(folder, name)
        try:
            if b"hidden answer" in open(path, "rb").read(100): found.append(path)
        except OSError:
            pass
import sys
if found or os.path.exists("/work/judge"): sys.exit(9)
print(2 * int(input()))
)");
  const Finished done = judge({package.path(), looker, "--time-limit", "10s"});
  EXPECT_EQ(done.exit_code, 0) << done.output;
}

// Guess a number: the interactor answers "lower", "higher", "right".
constexpr const char* kGuess = R"(import sys
number = int(open(sys.argv[1]).read())
for _ in range(20):
    line = sys.stdin.readline()
    if not line: sys.exit(43)
    guess = int(line)
    if guess == number:
        print("right", flush=True)
        sys.exit(42)
    print("lower" if guess > number else "higher", flush=True)
sys.exit(43)
)";
constexpr const char* kBisects = R"(low, high = 1, 1000
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    answer = input()
    if answer == "right": break
    if answer == "lower": high = middle - 1
    else: low = middle + 1
)";

TEST(judge, a_submission_and_an_interactor_talk_until_one_of_them_decides) {
  const Package package(
      {{"problem.yaml", "name: Guess\nvalidation: custom interactive\n"},
       {"output_validators/guess.py", kGuess},
       {"data/secret/1.in", "1\n"},
       {"data/secret/1.ans", "\n"},
       {"data/secret/2.in", "777\n"},
       {"data/secret/2.ans", "\n"},
       {"submissions/accepted/bisects.py", kBisects},
       {"submissions/wrong_answer/counts.py",
        "for i in range(1, 1001):\n    print(1001 - i, flush=True)\n    if input() == 'right': break\n"},
       {"submissions/run_time_error/crash.py", "print(500, flush=True)\ninput()\nraise ValueError\n"},
       {"submissions/wrong_answer/leaves.py", "print(500, flush=True)\n"}});
  const Finished done = package.self_test();
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
  EXPECT_NE(done.output.find("4 submissions: 4 as labelled"), std::string::npos) << done.output;
}

// The second pass gets what the first one made; the validator remembers it in its feedback folder.
constexpr const char* kTwice = R"(import os, sys
given = open(sys.argv[1]).read().split()
feedback = sys.argv[3]
found = sys.stdin.read().strip()
if given[0] == "encode":
    open(feedback + "remembered", "w").write(given[1])
    open(feedback + "nextpass.in", "w").write("decode " + found + "\n")
    sys.exit(42)
assert not os.path.exists(feedback + "nextpass.in")
sys.exit(42 if found == open(feedback + "remembered").read() else 43)
)";

TEST(judge, a_second_pass_starts_anew_with_what_the_validator_made_and_keeps_its_feedback_folder) {
  const Package package({{"problem.yaml",
                          "problem_format_version: 2025-09\nname: Twice\nuuid: 7f1f8a60-0000-4000-8000-000000000001\n"
                          "type: multi-pass\n"},
                         {"output_validator/check.py", kTwice},
                         {"data/secret/1.in", "encode abc\n"},
                         {"data/secret/1.ans", "\n"},
                         {"submissions/accepted/reverse.py", "print(input().split()[1][::-1])\n"},
                         {"submissions/wrong_answer/half.py",
                          "word, text = input().split()\nprint(text[::-1] if word == 'encode' else text)\n"},
                         {"submissions/wrong_answer/remembers.py",
                          "import os\nword, text = input().split()\n"
                          "if word == 'decode' and not os.path.exists('mine'): text = '?'\n"
                          "open('mine', 'w').close()\nprint(text[::-1])\n"}});
  const Finished done = package.self_test();
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
  EXPECT_NE(done.output.find("3 submissions: 3 as labelled"), std::string::npos) << done.output;
}

// Two groups: the second is worth 60 and must be solved whole.
Files groups() {
  return {{"problem.yaml", "name: Groups\ntype: scoring\n"},
          {"data/testdata.yaml", "range: 0 100\ngrader_flags: ignore_sample\n"},
          {"data/sample/1.in", "1 1\n"},
          {"data/sample/1.ans", "2\n"},
          {"data/secret/testdata.yaml",
           "range: 0 100\non_reject: continue\ngrader_flags: first_error accept_if_any_accepted\n"},
          {"data/secret/1/testdata.yaml", "range: 0 40\naccept_score: 40\ngrader_flags: min\n"},
          {"data/secret/1/a.in", "1 2\n"},
          {"data/secret/1/a.ans", "3\n"},
          {"data/secret/1/b.in", "1 2 \n"},
          {"data/secret/1/b.ans", "3\n"},
          {"data/secret/2/testdata.yaml", "range: 0 60\non_reject: break\naccept_score: 60\ngrader_flags: min\n"},
          {"data/secret/2/a.in", "100 200\n"},
          {"data/secret/2/a.ans", "300\n"},
          {"data/secret/2/b.in", "100 201\n"},
          {"data/secret/2/b.ans", "301\n"},
          {"submissions/accepted/right.py", kRight}};
}

TEST(judge, groups_are_scored_by_their_rules_and_cases_that_cannot_change_the_score_are_not_run) {
  Package package(groups());
  const std::string small =
      package.submission("small.py", "a, b = map(int, input().split())\nprint(a + b if a < 100 else 0)\n");
  const Finished partly = judge({package.path(), small, "--jobs", "1"});
  EXPECT_EQ(partly.exit_code, 0) << partly.output;
  EXPECT_NE(partly.output.find("accepted; score 40"), std::string::npos) << partly.output;
  EXPECT_NE(partly.output.find("group secret/2: WA, score 0"), std::string::npos) << partly.output;
  EXPECT_NE(partly.output.find("(1 not needed)"), std::string::npos) << partly.output;
  const Finished whole = judge({package.path(), package.submission("right.py", kRight)});
  EXPECT_NE(whole.output.find("accepted; score 100"), std::string::npos) << whole.output;
}

// Many groups share cases by links.
TEST(judge, cases_with_the_same_content_are_run_once) {
  Files files = sums();
  for (int i = 3; i < 40; ++i) {
    files["data/secret/" + std::to_string(i) + ".in"] = "5 5\n";
    files["data/secret/" + std::to_string(i) + ".ans"] = "10\n";
  }
  const Finished done = Package(files).self_test();
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_NE(done.output.find("40 cases, 3 distinct"), std::string::npos) << done.output;
}

TEST(judge, the_limit_is_found_from_the_slowest_accepted_submission) {
  const Package package(with(sums(), {{"submissions/accepted/slow.py",
                                       "import time\nwhile time.process_time() < 0.45: pass\n" + std::string(kRight)},
                                      {"submissions/time_limit_exceeded/never.py", "while True: pass\n"}}));
  const Finished done = package.self_test();
  EXPECT_EQ(done.exit_code, 0) << done.output;
  // 5 x 0.45 s and a little, in whole seconds.
  EXPECT_NE(done.output.find("time limit 3.000 s"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("times the slowest accepted, accepted/slow.py"), std::string::npos) << done.output;
}

TEST(judge, a_submission_near_the_limit_is_judged_three_times_and_marked) {
  Package package(sums());
  const std::string near =
      package.submission("near.py", "import time\nwhile time.process_time() < 0.97: pass\n" + std::string(kRight));
  const Finished done = judge({package.path(), near, "--time-limit", "1s", "--jobs", "1"});
  EXPECT_NE(done.output.find("near the limit: the median of 3 runs"), std::string::npos) << done.output;
  const Finished far = judge({package.path(), near, "--time-limit", "5s"});
  EXPECT_EQ(far.output.find("near the limit"), std::string::npos) << far.output;
}

// DMOJ, Polygon and Kattis end in the same engine: a dependency that failed, in DMOJ's words.
TEST(judge, a_batch_whose_dependency_failed_is_not_run) {
  Package package({{"init.yml",
                    "test_cases:\n"
                    "- batched:\n  - {in: 1.in, out: 1.out}\n  points: 30\n"
                    "- batched:\n  - {in: 2.in, out: 2.out}\n  points: 30\n"
                    "- batched:\n  - {in: 3.in, out: 3.out}\n  points: 40\n  dependencies: [1]\n"},
                   {"1.in", "1 1\n"},
                   {"1.out", "2\n"},
                   {"2.in", "2 2\n"},
                   {"2.out", "4\n"},
                   {"3.in", "3 3\n"},
                   {"3.out", "6\n"}});
  const std::string wrong =
      package.submission("wrong.py", "a, b = map(int, input().split())\nprint(a + b if a > 1 else 0)\n");
  const Finished done = judge({package.path(), wrong, "--time-limit", "2s"});
  EXPECT_EQ(done.exit_code, 1) << done.output << done.error_output;
  EXPECT_NE(done.output.find("not run: group batch 1 was not passed"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("score 30"), std::string::npos) << done.output;
}

}  // namespace
}  // namespace evalrun::test
