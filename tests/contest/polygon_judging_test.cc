// Polygon's packages: data that is made by generators and the main solution, and points.

#include <gtest/gtest.h>

#include "tests/contest/self_test.h"

namespace evalrun::test {
namespace {

std::string problem_xml(const std::string& tests, const std::string& groups = "", const std::string& attributes = "") {
  return "<?xml version=\"1.0\"?>\n<problem short-name=\"sum\"><names><name language=\"english\" "
         "value=\"Sum\"/></names>\n"
         "<judging input-file=\"\" output-file=\"\"" +
         attributes +
         "><testset name=\"tests\">\n"
         "<time-limit>2000</time-limit><memory-limit>268435456</memory-limit>\n"
         "<input-path-pattern>tests/%02d</input-path-pattern><answer-path-pattern>tests/%02d.a</answer-path-pattern>\n"
         "<tests>" +
         tests + "</tests>" + groups +
         "</testset></judging>\n"
         "<files><executables><executable><source path=\"files/gen.cpp\" "
         "type=\"cpp.g++17\"/></executable></executables></files>\n"
         "<assets><checker name=\"std::ncmp.cpp\" type=\"testlib\"><source path=\"files/check.cpp\" "
         "type=\"cpp.g++17\"/></checker>\n"
         "<solutions><solution tag=\"main\"><source path=\"solutions/main.cpp\" type=\"cpp.g++17\"/></solution>\n"
         "<solution tag=\"wrong-answer\"><source path=\"solutions/wa.cpp\" "
         "type=\"cpp.g++17\"/></solution></solutions></assets></problem>\n";
}

Files sum_package(const std::string& xml) {
  return {
      {"problem.xml", xml},
      {"files/gen.cpp",
       "#include <cstdio>\nint main(int argc, char** argv) {\n  if (argc != 3) { fputs(\"two numbers\", stderr); "
       "return 2; }\n"
       "  printf(\"%s %s\\n\", argv[1], argv[2]);\n}\n"},
      {"files/check.cpp", "#error never compiled\n"},
      {"solutions/main.cpp",
       "#include <cstdio>\nint main() { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n\", a + b); }\n"},
      {"solutions/wa.cpp",
       "#include <cstdio>\nint main() { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n\", a + b + (a > 2)); }\n"},
      {"tests/01", "1 1\n"}};
}

TEST(polygon_judging, generators_make_inputs_and_the_main_solution_makes_answers) {
  const Finished done = self_test(
      sum_package(problem_xml("<test method=\"manual\" sample=\"true\"/><test method=\"generated\" cmd=\"gen 2 '3'\"/>"
                              "<test method=\"generated\" cmd=\"gen 4 5\"/>")));
  EXPECT_EQ(said_of(done, "main.cpp"), "ok AC");
  EXPECT_EQ(said_of(done, "wa.cpp"), "ok WA");
  EXPECT_EQ(done.exit_code, 0) << done.output << done.error_output;
}

TEST(polygon_judging, a_generator_that_fails_is_named_with_its_words) {
  const Finished done =
      self_test(sum_package(problem_xml("<test method=\"manual\"/><test method=\"generated\" cmd=\"gen 2\"/>")));
  EXPECT_EQ(said_of(done, "main.cpp"), "DIFFERS JE");
  EXPECT_NE(done.output.find("exited with code 2; argv: /work/main 2; stderr: two numbers"), std::string::npos)
      << done.output;
  EXPECT_EQ(done.exit_code, 3);
}

TEST(polygon_judging, points_follow_the_policies_and_dependencies_of_groups) {
  const std::string tests =
      "<test method=\"manual\" group=\"0\" points=\"0\"/><test method=\"generated\" cmd=\"gen 1 2\" group=\"1\" "
      "points=\"10\"/>"
      "<test method=\"generated\" cmd=\"gen 3 2\" group=\"1\" points=\"10\"/>"
      "<test method=\"generated\" cmd=\"gen 1 3\" group=\"2\" points=\"30\"/><test method=\"generated\" cmd=\"gen 5 "
      "3\" group=\"2\" points=\"30\"/>"
      "<test method=\"generated\" cmd=\"gen 1 1\" group=\"3\" points=\"20\"/>";
  const std::string groups =
      "<groups><group name=\"0\" points-policy=\"each-test\"/><group name=\"1\" points-policy=\"each-test\"/>"
      "<group name=\"2\" points-policy=\"complete-group\"/><group name=\"3\" "
      "points-policy=\"complete-group\"><dependencies>"
      "<dependency group=\"2\"/></dependencies></group></groups>";
  const Finished done = self_test(sum_package(problem_xml(tests, groups)));
  EXPECT_EQ(said_of(done, "main.cpp"), "ok AC 100");
  EXPECT_EQ(said_of(done, "wa.cpp"), "ok WA 10");
}

TEST(polygon_judging, running_a_solution_twice_is_refused_by_name) {
  const Finished done = self_test(sum_package(problem_xml("<test method=\"manual\"/>", "", " run-count=\"2\"")));
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_NE(done.error_output.find("run-count: running a solution twice is not supported"), std::string::npos);
}

}  // namespace
}  // namespace evalrun::test
