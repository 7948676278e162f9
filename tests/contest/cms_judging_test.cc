// CMS's tasks in the Italian format: checkers, graders, outputs that are handed in, managers, scores of subtasks.

#include <gtest/gtest.h>

#include "tests/contest/self_test.h"

namespace evalrun::test {
namespace {

// The outcome is 1 for the answer, 0.5 for its negative, and 0 for anything else.
constexpr const char* kChecker =
    "#include <fstream>\n#include <iostream>\nint main(int, char** argv) {\n  std::ifstream answer(argv[2]), "
    "output(argv[3]);\n"
    "  int a = 0, b = 0;\n  answer >> a;\n  bool ok = bool(output >> b);\n"
    "  std::cout << (ok && a == b ? 1.0 : ok && a == -b ? 0.5 : 0.0) << '\\n';\n"
    "  std::cerr << (ok && a == b ? \"translate:success\" : \"translate:wrong\") << '\\n';\n}\n";

std::string program(const std::string& expression) {
  return "#include <cstdio>\nint main() { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n\", " + expression +
         "); }\n";
}

Files batch() {
  return {{"task.yaml",
           "name: sum\ntitle: Sum\ntime_limit: 2\nmemory_limit: 256\nn_input: 3\ninfile: \"\"\noutfile: "
           "\"\"\ntoken_mode: disabled\n"},
          {"gen/GEN", "# ST: 40\n1 1\n# ST: 60\n1 2\n3 1\n"},
          {"input/input0.txt", "1 1\n"},
          {"input/input1.txt", "1 2\n"},
          {"input/input2.txt", "3 1\n"},
          {"output/output0.txt", "2\n"},
          {"output/output1.txt", "3\n"},
          {"output/output2.txt", "4\n"},
          {"check/checker.cpp", kChecker},
          {"sol/solution.cpp", program("a + b")}};
}

TEST(cms_judging, a_checker_gives_outcomes_and_a_subtask_is_worth_its_least) {
  const TemporaryFolder folder;
  write_files(folder,
              with(batch(), {{"more/half.cpp", program("a < 3 ? a + b : -a - b")}, {"more/wrong.cpp", program("7")}}));
  const Finished done = judge(folder, {"--self-test"});
  EXPECT_EQ(said_of(done, "solution.cpp").substr(0, 9), "ok AC 100") << done.output << done.error_output;
  const Finished half = judge(folder, {(folder.path() / "more/half.cpp").string()});
  EXPECT_NE(half.output.find("score 70\n"), std::string::npos) << half.output;
  const Finished wrong = judge(folder, {(folder.path() / "more/wrong.cpp").string()});
  EXPECT_NE(wrong.output.find("score 0\n"), std::string::npos) << wrong.output;
  EXPECT_NE(wrong.output.find("output is not correct"), std::string::npos) << wrong.output;
}

TEST(cms_judging, a_checker_that_writes_no_outcome_is_the_jurys_fault) {
  const Finished done =
      self_test(with(batch(), {{"check/checker.cpp", "#include <cstdio>\nint main() { puts(\"fine\"); }\n"}}));
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_NE(done.output.find("the first line of its output is \"fine\", no outcome from 0 to 1"), std::string::npos)
      << done.output;
}

TEST(cms_judging, a_grader_is_compiled_with_the_submission_under_the_tasks_name) {
  const char* grader =
      "#include <cstdio>\n#include \"sum.h\"\nint main() { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n\", "
      "add(a, b)); }\n";
  const TemporaryFolder folder;
  write_files(folder,
              with(batch(), {{"sol/grader.cpp", grader},
                             {"sol/sum.h", "int add(int a, int b);\n"},
                             {"sol/solution.cpp",
                              "#include \"sum.h\"\n#ifdef EVAL\nint add(int a, int b) { return a + b; }\n#endif\n"},
                             {"more/none.cpp", "int subtract(int a, int b) { return a - b; }\n"},
                             {"more/other.py", "print(1)\n"}}));
  const Finished done = judge(folder, {"--self-test"});
  EXPECT_EQ(said_of(done, "solution.cpp").substr(0, 9), "ok AC 100") << done.output << done.error_output;
  EXPECT_TRUE(judge(folder, {(folder.path() / "more/none.cpp").string()}).output.find("\nCE ") != std::string::npos);
  const Finished python = judge(folder, {(folder.path() / "more/other.py").string()});
  EXPECT_NE(python.output.find("the package has nothing to compile it with in python3"), std::string::npos)
      << python.output;
}

TEST(cms_judging, input_and_output_may_be_files) {
  const char* reads_files =
      "#include <fstream>\nint main() { std::ifstream in(\"in.txt\"); std::ofstream out(\"out.txt\"); int a, b; in >> "
      "a >> b; out << a + b << '\\n'; }\n";
  const Finished done = self_test(without(
      with(batch(), {{"task.yaml",
                      "name: sum\ntime_limit: 2\nmemory_limit: 256\nn_input: 3\ninfile: in.txt\noutfile: out.txt\n"},
                     {"sol/solution.cpp", reads_files}}),
      "output/output2.txt"));  // the main solution makes it
  EXPECT_EQ(said_of(done, "solution.cpp").substr(0, 9), "ok AC 100") << done.output << done.error_output;
}

TEST(cms_judging, outputs_that_are_handed_in_are_judged_case_by_case) {
  const TemporaryFolder folder;
  write_files(folder, without(with(batch(), {{"task.yaml", "name: sum\noutput_only: true\nn_input: 3\n"},
                                             {"more/all/output_000.txt", "2\n"},
                                             {"more/all/output_001.txt", "3\n"},
                                             {"more/all/output_002.txt", "4\n"},
                                             {"more/one/output_000.txt", "2\n"},
                                             {"more/one/output_002.txt", "9\n"}}),
                              "sol/solution.cpp"));
  const Finished all = judge(folder, {(folder.path() / "more/all").string()});
  EXPECT_NE(all.output.find("accepted; score 100"), std::string::npos) << all.output << all.error_output;
  const Finished one = judge(folder, {(folder.path() / "more/one").string()});
  EXPECT_NE(one.output.find("score 40"), std::string::npos) << one.output << one.error_output;
}

constexpr const char* kManager =
    "#include <fstream>\n#include <iostream>\nint main(int, char** argv) {\n  int a = 0, b = 0;\n  std::cin >> a >> "
    "b;\n"
    "  std::ifstream from(argv[1]);\n  std::ofstream to(argv[2]);\n  to << a << ' ' << b << std::endl;\n  int sum = "
    "0;\n  from >> sum;\n"
    "  std::cout << (sum == a + b ? 1.0 : 0.0) << '\\n';\n  std::cerr << (sum == a + b ? \"good\" : \"bad\") << "
    "'\\n';\n}\n";

TEST(cms_judging, a_manager_talks_with_the_submission_and_says_the_outcome) {
  const Files task = without(
      with(batch(), {{"task.yaml", "name: sum\ntime_limit: 2\nmemory_limit: 256\nn_input: 3\nuser_io: std_io\n"},
                     {"check/manager.cpp", kManager},
                     {"more/wrong.cpp", program("a < 3 ? a + b : 0")},
                     {"more/silent.cpp", "int main() { return 0; }\n"}}),
      "check/checker.cpp");
  const TemporaryFolder folder;
  write_files(folder, task);
  const Finished done = judge(folder, {"--self-test"});
  EXPECT_EQ(said_of(done, "solution.cpp").substr(0, 9), "ok AC 100") << done.output << done.error_output;
  const Finished wrong = judge(folder, {(folder.path() / "more/wrong.cpp").string()});
  EXPECT_NE(wrong.output.find("score 40"), std::string::npos) << wrong.output;
  EXPECT_NE(wrong.output.find("feedback: bad"), std::string::npos) << wrong.output;
  const Finished silent = judge(folder, {(folder.path() / "more/silent.cpp").string()});
  EXPECT_NE(silent.output.find("score 0"), std::string::npos) << silent.output;
}

// A submission that is given its two FIFOs as arguments: which of them it reads, and what it does with the numbers.
std::string by_fifos(const std::string& reads, const std::string& answer) {
  const std::string writes = reads == "1" ? "2" : "1";
  return "#include <fstream>\n#include <iostream>\nint main(int, char** argv) {\n  int a = 0, b = 0;\n  std::ifstream "
         "from(argv[" +
         reads + "]);\n  from >> a >> b;\n  std::cout << \"noise\\n\";\n  " + answer + "\n  std::ofstream to(argv[" +
         writes + "]);\n  to << a + b << '\\n';\n}\n";
}

Files fifo_task(const std::string& manager, const Files& more) {
  Files files = without(
      with(batch(), {{"task.yaml", "name: sum\ntime_limit: 2\nmemory_limit: 256\nn_input: 3\nuser_io: fifo_io\n"},
                     {"check/manager.cpp", manager}}),
      "check/checker.cpp");
  return with(std::move(files), more);
}

TEST(cms_judging, a_submission_is_given_two_fifos_whichever_way_they_are_used) {
  const TemporaryFolder folder;
  write_files(folder, fifo_task(kManager, {{"sol/solution.cpp", by_fifos("1", "")},
                                           {"more/wrong.cpp", by_fifos("1", "if (a >= 3) a = 0;")},
                                           {"more/silent.cpp", "int main() { return 0; }\n"},
                                           {"more/crash.cpp", by_fifos("1", "__builtin_trap();")},
                                           {"more/slow.cpp", by_fifos("1", "for (;;) asm(\"\");")}}));
  const Finished done = judge(folder, {"--self-test"});
  EXPECT_EQ(said_of(done, "solution.cpp").substr(0, 9), "ok AC 100") << done.output << done.error_output;
  const auto said = [&](const std::string& name) {
    return judge(folder, {(folder.path() / "more" / name).string()}).output;
  };
  EXPECT_NE(said("wrong.cpp").find("score 40"), std::string::npos) << said("wrong.cpp");
  EXPECT_NE(said("silent.cpp").find("score 0"), std::string::npos) << said("silent.cpp");
  EXPECT_NE(said("crash.cpp").find("\nRTE "), std::string::npos) << said("crash.cpp");
  EXPECT_NE(said("slow.cpp").find("\nTLE "), std::string::npos) << said("slow.cpp");

  // Old managers and stubs have the two the other way round.
  std::string swapped = kManager;
  swapped.replace(swapped.find("argv[1]"), 7, "argv[9]");
  swapped.replace(swapped.find("argv[2]"), 7, "argv[1]");
  swapped.replace(swapped.find("argv[9]"), 7, "argv[2]");
  const Finished other = self_test(fifo_task(swapped, {{"sol/solution.cpp", by_fifos("2", "")}}));
  EXPECT_EQ(said_of(other, "solution.cpp").substr(0, 9), "ok AC 100") << other.output << other.error_output;
}

TEST(cms_judging, several_processes_are_refused_by_name) {
  const Files task = without(with(batch(), {{"check/manager.cpp", kManager}}), "check/checker.cpp");
  const Finished several =
      self_test(with(task, {{"task.yaml", "name: sum\ntime_limit: 2\nn_input: 3\nnum_processes: 2\n"}}));
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_NE(several.error_output.find("num_processes: "), std::string::npos) << several.error_output;
}

}  // namespace
}  // namespace evalrun::test
