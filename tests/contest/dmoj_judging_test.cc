// DMOJ's packages judged against the labels of their test.yml.

#include <gtest/gtest.h>

#include "tests/contest/self_test.h"

namespace evalrun::test {
namespace {

std::string label(const std::string& source, const std::string& more, const std::string& language = "CPP17") {
  return "language: " + language + "\ntime: 2\nmemory: 262144\nsource: " + source + "\n" + more;
}

constexpr const char* kEcho =
    "#include <cstdio>\nint main() { int n; if (scanf(\"%d\", &n) == 1) printf(\"%d\\n\", n); }\n";
constexpr const char* kOne = "#include <cstdio>\nint main() { puts(\"1\"); }\n";
constexpr const char* kCrash = "#include <cstdio>\nint main() { puts(\"1\"); fflush(stdout); return 3; }\n";

Files submissions(std::initializer_list<std::tuple<const char*, const char*, std::string>> rows) {
  Files files;
  for (const auto& [name, text, more] : rows) {
    files[std::string("tests/") + name + "/a.cpp"] = text;
    files[std::string("tests/") + name + "/test.yml"] = label("a.cpp", more);
  }
  return files;
}

Files with_data(Files files) {
  files["1.txt"] = "1\n";
  files["2.txt"] = "2\n";
  return files;
}

TEST(dmoj_judging, every_case_has_one_of_the_codes_that_its_label_names) {
  const Files package = with(with_data(submissions({{"right", kEcho, "expect: AC\n"},
                                                    {"wrong", kOne, "cases: [AC, WA]\n"},
                                                    {"mislabelled", kOne, "cases: [WA, WA]\n"},
                                                    {"broken", "int main( {\n", "expect: CE\n"},
                                                    {"crash", kCrash, "expect: RTE\n"},
                                                    {"left_out", kOne, "skip: true\n"}})),
                             {{"init.yml",
                               "test_cases:\n- {in: 1.txt, out: 1.txt, points: 3}\n"
                               "- {in: 2.txt, out: 2.txt, points: 4}\n"}});
  const Finished done = self_test(package);
  EXPECT_EQ(said_of(done, "tests/right"), "ok AC 7");
  EXPECT_EQ(said_of(done, "tests/wrong"), "ok WA 3");
  EXPECT_EQ(said_of(done, "tests/mislabelled"), "DIFFERS WA 3");
  EXPECT_EQ(said_of(done, "tests/broken"), "ok CE");
  EXPECT_EQ(said_of(done, "tests/crash"), "ok RTE 0");
  EXPECT_EQ(done.output.find("left_out"), std::string::npos);
  EXPECT_NE(done.output.find("case 1: expected WA, got AC"), std::string::npos) << done.output;
  EXPECT_EQ(done.exit_code, 1);
}

TEST(dmoj_judging, a_case_that_shares_the_run_of_an_earlier_one_has_its_result_after_a_rejected_one) {
  const Finished done = self_test(with(with_data(submissions({{"one", kOne, "cases: [AC, WA, AC]\n"}})),
                                       {{"init.yml",
                                         "test_cases:\n- {in: 1.txt, out: 1.txt}\n- {in: 2.txt, out: 2.txt}\n"
                                         "- {in: 1.txt, out: 1.txt}\n"}}));
  EXPECT_EQ(said_of(done, "tests/one"), "ok WA 2");
}

TEST(dmoj_judging, a_language_without_an_image_is_skipped) {
  const Finished done = self_test(with_data({{"init.yml", "test_cases:\n- {in: 1.txt, out: 1.txt}\n"},
                                             {"tests/old/a.b", ",."},
                                             {"tests/old/test.yml", label("a.b", "", "BF")},
                                             {"tests/new/a.cpp", kEcho},
                                             {"tests/new/test.yml", label("a.cpp", "")}}));
  EXPECT_EQ(said_of(done, "tests/old"), "skipped");
  EXPECT_EQ(said_of(done, "tests/new"), "ok AC 1");
  EXPECT_EQ(done.exit_code, 0);
}

TEST(dmoj_judging, a_failed_case_ends_its_batch_and_one_that_is_worth_nothing_ends_all) {
  const std::string init =
      "test_cases:\n- batched:\n  - {in: 2.txt, out: 2.txt}\n  - {in: 1.txt, out: 1.txt}\n  points: 0\n"
      "- {in: 1.txt, out: 1.txt, points: 5}\n";
  const Finished worthless =
      self_test(with(with_data(submissions({{"one", kOne, "cases: [WA, SC, SC]\n"}, {"echo", kEcho, "expect: AC\n"}})),
                     {{"init.yml", init}}));
  EXPECT_EQ(said_of(worthless, "tests/one"), "ok WA 0");
  EXPECT_EQ(said_of(worthless, "tests/echo"), "ok AC 5");
  const std::string dependent =
      "test_cases:\n- batched:\n  - {in: 2.txt, out: 2.txt}\n  - {in: 1.txt, out: 1.txt}\n  points: 2\n"
      "- batched:\n  - {in: 1.txt, out: 1.txt}\n  points: 3\n  dependencies: [1]\n"
      "- batched:\n  - {in: 1.txt, out: 1.txt}\n  points: 4\n";
  const Finished batches = self_test(
      with(with_data(submissions({{"one", kOne, "cases: [WA, SC, SC, AC]\n"}, {"echo", kEcho, "expect: AC\n"}})),
           {{"init.yml", dependent}}));
  EXPECT_EQ(said_of(batches, "tests/one"), "ok WA 4");
  EXPECT_EQ(said_of(batches, "tests/echo"), "ok AC 9");
}

TEST(dmoj_judging, a_generator_writes_the_input_and_on_standard_error_the_answer) {
  const Files package =
      with(submissions({{"echo", kEcho, "expect: AC\n"}, {"one", kOne, "cases: [AC, WA, AC]\n"}}),
           {{"generator.cpp",
             "#include <cstdio>\n#include <cstdlib>\nint main(int argc, char** argv) {\n"
             "  int n = argc > 1 ? atoi(argv[1]) : 0;\n  if (argc < 2) scanf(\"%d\", &n);\n"
             "  printf(\"%d\\r\\n\", n);\n  fprintf(stderr, \"%d\", n);\n}\n"},
            {"in.txt", "1"},
            {"init.yml",
             "generator: generator.cpp\nchecker: identical\ntest_cases:\n- {generator_args: [1], points: 1}\n"
             "- {generator_args: [2], points: 1}\n- {generator_in: in.txt, points: 1}\n"}});
  const Finished done = self_test(package);
  EXPECT_EQ(said_of(done, "tests/echo"), "ok AC 3");
  EXPECT_EQ(said_of(done, "tests/one"), "ok WA 2");
}

TEST(dmoj_judging, a_generator_that_fails_is_the_jurys_fault_and_is_named) {
  const Files rest = {{"init.yml", "generator: generator.cpp\ntest_cases:\n- {generator_args: [7, 8], points: 1}\n"}};
  const Files package =
      with(submissions({{"judge_error", kEcho, "expect: IE\n"}, {"accepted", kEcho, "expect: AC\n"}}), rest);
  const Finished done = self_test(with(
      package, {{"generator.cpp", "#include <cstdio>\nint main() { fputs(\"no such size\", stderr); return 5; }\n"}}));
  EXPECT_EQ(said_of(done, "tests/judge_error"), "ok JE 0");
  EXPECT_EQ(said_of(done, "tests/accepted"), "DIFFERS JE 0");
  EXPECT_NE(done.output.find("generator generator.cpp: exited with code 5; argv: /work/main 7 8; stderr: no such size"),
            std::string::npos)
      << done.output;
  EXPECT_EQ(done.exit_code, 3);
  const Finished broken = self_test(with(package, {{"generator.cpp", "int main( {\n"}}));
  EXPECT_NE(broken.output.find("generator generator.cpp: it does not compile"), std::string::npos) << broken.output;
}

TEST(dmoj_judging, a_checker_in_python_sees_what_dmoj_shows_it) {
  const Files package = with(
      with_data(submissions({{"echo", kEcho, "expect: AC\nscore: 4\n"},
                             {"half", "#include <cstdio>\nint main() { puts(\"half\"); }\n", "expect: WA\nscore: 2\n"},
                             {"one", kOne, "cases: [AC, WA]\n"},
                             {"crash", kCrash, "expect: RTE\nscore: 0\n"}})),
      {{"init.yml",
        "checker: check.py\ntest_cases:\n- {in: 1.txt, out: 1.txt, points: 4}\n"
        "- {in: 2.txt, out: 2.txt, points: 4}\n"},
       {"check.py",
        "from dmoj.result import CheckerResult\nfrom dmoj.checkers import standard\n\n"
        "def check(process_output, judge_output, judge_input, point_value, submission_source, **kwargs):\n"
        "    assert judge_input == judge_output\n    assert b'main' in submission_source\n"
        "    assert kwargs['execution_time'] >= 0 and kwargs['result'].max_memory > 0\n"
        "    if process_output == b'half\\n':\n"
        "        return CheckerResult(False, point_value / 2, 'half of it')\n"
        "    return standard.check(process_output, judge_output)\n"}});
  const Finished done = self_test(package);
  EXPECT_EQ(said_of(done, "tests/echo"), "ok AC 8");
  EXPECT_EQ(said_of(done, "tests/half"), "ok WA 4");
  EXPECT_EQ(said_of(done, "tests/one"), "ok WA 4");
  EXPECT_EQ(said_of(done, "tests/crash"), "ok RTE 0");
}

TEST(dmoj_judging, a_checker_in_python_that_fails_is_the_jurys_fault) {
  const Files rest = with_data(submissions({{"echo", kEcho, "expect: IE\n"}}));
  const std::string init = "checker: check.py\ntest_cases:\n- {in: 1.txt, out: 1.txt}\n";
  const TemporaryFolder folder;
  write_files(
      folder,
      with(rest, {{"init.yml", init},
                  {"check.py",
                   "def check(process_output, judge_output, **kwargs):\n    raise ValueError('no such line')\n"}}));
  EXPECT_EQ(said_of(judge(folder, {"--self-test"}), "tests/echo"), "ok JE 0");
  const Finished named = judge(folder, {"--time-limit", "1s", (folder.path() / "tests/echo/a.cpp").string()});
  EXPECT_NE(named.output.find("ValueError: no such line"), std::string::npos) << named.output;
  const Finished later =
      self_test(with(rest, {{"init.yml", init}, {"check.py", "check = None\ncheck.run_on_error = True\n"}}));
  EXPECT_EQ(later.exit_code, 2);
  EXPECT_NE(later.error_output.find("run_on_error"), std::string::npos) << later.error_output;
}

TEST(dmoj_judging, linecount_counts_lines_that_were_written_before_a_failure) {
  const std::string init = "checker: linecount\ntest_cases:\n- {in: 1.txt, out: two.txt, points: 2}\n";
  const Files package = with(
      with_data(submissions({{"crash", kCrash, "expect: RTE\nscore: 1\n"}, {"one", kOne, "expect: WA\nscore: 1\n"}})),
      {{"two.txt", "1\n2\n"}, {"init.yml", init}});
  const Finished done = self_test(package);
  EXPECT_EQ(said_of(done, "tests/crash"), "ok RTE 1");
  EXPECT_EQ(said_of(done, "tests/one"), "ok WA 1");
}

TEST(dmoj_judging, a_signature_grader_is_compiled_with_the_submission) {
  const Files grader = {
      {"handler.c",
       "#include \"twice.h\"\n#include <stdio.h>\nint main() { int n; scanf(\"%d\", &n); printf(\"%d\\n\", twice(n)); "
       "}\n"},
      {"twice.h", "#ifndef TWICE\n#define TWICE\nint twice(int);\n#endif\n"},
      {"four.txt", "4\n"},
      {"init.yml",
       "signature_grader: {entry: handler.c, header: twice.h}\ntest_cases:\n- {in: 2.txt, out: four.txt}\n"}};
  const Finished done = self_test(with(
      with_data(submissions(
          {{"right", "#ifdef SIGNATURE_GRADER\nint twice(int n) { return 2 * n; }\n#endif\nint main() { return 1; }\n",
            "expect: AC\n"},
           {"wrong", "int twice(int n) { return n; }\n", "expect: WA\n"},
           {"missing", "int thrice(int n) { return n; }\n", "expect: CE\n"}})),
      grader));
  EXPECT_EQ(said_of(done, "tests/right"), "ok AC 1");
  EXPECT_EQ(said_of(done, "tests/wrong"), "ok WA 0");
  EXPECT_EQ(said_of(done, "tests/missing"), "ok CE");
}

TEST(dmoj_judging, a_link_to_standard_input_holds_the_input) {
  const char* reads_link =
      "#include <cstdio>\nint main() { FILE* in = fopen(\"in_link\", \"r\"); int n; if (!in || fscanf(in, \"%d\", &n) "
      "!= 1) return 1; printf(\"%d\\n\", n); }\n";
  const Files rest = with_data(submissions({{"link", reads_link, "expect: AC\n"}, {"echo", kEcho, "expect: AC\n"}}));
  const std::string cases = "test_cases:\n- {in: 2.txt, out: 2.txt}\n";
  const Finished done = self_test(with(rest, {{"init.yml", "symlinks: {in_link: /dev/stdin}\n" + cases}}));
  EXPECT_EQ(said_of(done, "tests/link"), "ok AC 1");
  EXPECT_EQ(said_of(done, "tests/echo"), "ok AC 1");
  const Finished refused = self_test(with(rest, {{"init.yml", "symlinks: {out: /dev/stdout}\n" + cases}}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.error_output.find("symlinks: out: a link to /dev/stdout is not supported"), std::string::npos);
}

}  // namespace
}  // namespace evalrun::test
