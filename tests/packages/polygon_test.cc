// Polygon's packages: what they become, and what is said of those that are wrong.

#include <gtest/gtest.h>

#include "tests/packages/support.h"

namespace evalrun::test {
namespace {

using Lines = std::vector<std::string>;
using problem::Problem;

const std::string kHead =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<problem short-name=\"sum\">\n<names><name language=\"russian\" "
    "value=\"Сумма\"/><name "
    "language=\"english\" value=\"Sum\"/></names>\n";
const std::string kJudging =
    "<judging input-file=\"\" output-file=\"stdout\"><testset name=\"tests\">\n<time-limit>1500</time-limit>\n"
    "<memory-limit>268435456</memory-limit>\n<test-count>3</test-count>\n<input-path-pattern>tests/%02d</"
    "input-path-pattern>\n"
    "<answer-path-pattern>tests/%02d.a</answer-path-pattern>\n";
const std::string kTests =
    "<tests>\n<test method=\"manual\" sample=\"true\" group=\"0\" points=\"0\"/>\n<test method=\"generated\" cmd=\"gen "
    "5 'a b'\" "
    "group=\"1\" points=\"40\"/>\n<test method=\"generated\" cmd=\"gen 6\" group=\"1\" points=\"60\"/>\n</tests>\n";
const std::string kGroups =
    "<groups>\n<group name=\"0\" points-policy=\"each-test\"/>\n<group name=\"1\" points-policy=\"complete-group\">"
    "<dependencies><dependency group=\"0\"/></dependencies></group>\n</groups>\n";
const std::string kAssets =
    "</testset></judging>\n<files><resources><file path=\"files/testlib.h\" "
    "type=\"h.g++\"/></resources><executables><executable>"
    "<source path=\"files/gen.cpp\" type=\"cpp.g++17\"/></executable></executables></files>\n<assets>\n<checker "
    "name=\"std::ncmp.cpp\" type=\"testlib\"><source path=\"files/check.cpp\" "
    "type=\"cpp.g++17\"/></checker>\n<solutions>\n<solution "
    "tag=\"main\"><source path=\"solutions/m.cpp\" type=\"cpp.g++17\"/></solution>\n<solution "
    "tag=\"time-limit-exceeded\"><source "
    "path=\"solutions/slow.py\" type=\"python.3\"/></solution>\n</solutions></assets>\n</problem>\n";

Files polygon() {
  return {
      {"problem.xml", kHead + kJudging + kTests + kGroups + kAssets},
      {"tests/01", "1 2\n"},
      {"tests/01.a", "3\n"},
      {"files/gen.cpp", ""},
      {"files/check.cpp", ""},
      {"files/testlib.h", ""},
      {"solutions/m.cpp", ""},
      {"solutions/slow.py", ""},
  };
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t place = text.find(from);
  if (place == text.npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(place, from.size(), to);
}

TEST(polygon, a_package_becomes_a_problem) {
  const packages::Package package = read_files(polygon());
  ASSERT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(notes_of(package), Lines{});
  const Problem& is = package.problem;
  EXPECT_EQ(is.name, "Sum");
  EXPECT_EQ(is.limits.time, std::chrono::milliseconds(1500));
  EXPECT_EQ(is.limits.memory, 256_MiB);
  EXPECT_TRUE(is.types.scoring);
  ASSERT_EQ(is.cases.size(), 3u);
  EXPECT_EQ(is.cases[0].name, "01");
  EXPECT_TRUE(is.cases[0].is_sample);
  EXPECT_EQ(is.cases[0].input->path, "tests/01");
  EXPECT_FALSE(is.cases[1].input.has_value());
  EXPECT_EQ(is.cases[1].generated->arguments, (Lines{"5", "a b"}));
  ASSERT_TRUE(is.cases[1].answer_by.has_value());
  EXPECT_EQ(is.programs[*is.cases[1].answer_by].path, "solutions/m.cpp");
  EXPECT_EQ(is.programs[is.cases[1].generated->generator].files.size(), 2u) << "the generator and testlib.h";
  EXPECT_EQ(std::get<problem::BuiltInChecker>(is.checkers[0]).name, "ncmp");
  ASSERT_EQ(is.groups.size(), 3u);
  EXPECT_EQ(is.groups[2].scoring.score, problem::ScoreRule::AllOrNothing);
  EXPECT_EQ(is.groups[2].scoring.most, 100) << "the points of its tests together";
  EXPECT_EQ(is.groups[2].requires_groups, std::vector<problem::GroupIndex>{1});
  ASSERT_EQ(is.submissions.size(), 2u);
  EXPECT_EQ(is.submissions[1].expected.final_results, std::vector<problem::Result>{problem::Result::TimeLimit});
  EXPECT_EQ(is.submissions[1].language, "python3");
}

TEST(polygon, what_is_wrong_is_told_with_its_place_and_its_remedy) {
  const std::string right = polygon()["problem.xml"];
  const auto xml = [&](const std::string& from, const std::string& to) {
    return Files{{"problem.xml", replaced(right, from, to)}};
  };
  expect_errors(
      polygon(),
      {
          {"no XML",
           {{"problem.xml", "<problem>\n<judging>\n"}},
           {},
           {"problem.xml:2:10: this is no XML: Start-end tags mismatch"}},
          {"a misspelt element",
           xml("<test-count>3</test-count>", "<test-cuont>3</test-cuont>"),
           {},
           {"problem.xml:7:2: \"test-cuont\" is not known; did you mean test-count?"}},
          {"another count",
           xml("<test-count>3", "<test-count>4"),
           {},
           {"problem.xml:7:2: test-count: says 4, and there are 3 tests"}},
          {"no generator",
           xml("cmd=\"gen 6\"", "cmd=\"gne 6\""),
           {},
           {"problem.xml:13:2: test: cmd: there is no executable \"gne\" in files; add its source"}},
          {"no input",
           xml("method=\"generated\" cmd=\"gen 6\"", "method=\"manual\""),
           {},
           {"problem.xml:13:2: test: test 3 has neither a file \"tests/03\" nor cmd; add the file"}},
          {"no answer",
           xml("tag=\"main\"", "tag=\"accepted\""),
           {},
           {"problem.xml:12:2: test: test 2 has no answer \"tests/02.a\", and no solution is tagged main to make it; "
            "add one of "
            "them",
            "problem.xml:13:2: test: test 3 has no answer \"tests/03.a\", and no solution is tagged main to make it; "
            "add one of "
            "them"}},
          {"a group that depends on itself",
           xml("<dependency group=\"0\"/>", "<dependency group=\"0\"/><dependency group=\"1\"/>"),
           {},
           {"problem.xml:17:86: dependency: there is no other group \"1\"; name one of groups"}},
          {"a circle",
           xml("<group name=\"0\" points-policy=\"each-test\"/>",
               "<group name=\"0\"><dependencies><dependency group=\"1\"/></dependencies></group>"),
           {},
           {"problem.xml:16:2: group: the group \"0\" depends on itself; remove a dependency",
            "problem.xml:17:2: group: the group \"1\" depends on itself; remove a dependency"}},
          {"a policy",
           xml("complete-group", "complete"),
           {},
           {"problem.xml:17:2: group: points-policy: \"complete\" is not known; use complete-group or each-test"}},
          {"an unknown group",
           xml("<group name=\"0\" points-policy=\"each-test\"/>\n", ""),
           {},
           {"problem.xml:16:63: dependency: there is no other group \"0\"; name one of groups",
            "problem.xml:11:2: test: group: there is no group \"0\" in groups; add it"}},
          {"a missing solution",
           {},
           {"solutions/slow.py"},
           {"problem.xml:25:38: source: there is no file \"solutions/slow.py\" in the package; add it"}},
          {"a tag",
           xml("time-limit-exceeded", "too-slow"),
           {},
           {"problem.xml:25:2: solution: tag: \"too-slow\" is not known; use main, accepted, rejected, wrong-answer or "
            "another of "
            "Polygon's"}},
          {"two runs",
           xml("<judging ", "<judging run-count=\"2\" "),
           {},
           {"problem.xml:4:2: judging: run-count: running a solution twice is not supported"}},
          {"limits",
           xml("268435456", "lots"),
           {},
           {"problem.xml:4:46: testset: memory-limit: expected a number of bytes"}},
          {"no checker",
           xml("<checker name=\"std::ncmp.cpp\" type=\"testlib\"><source path=\"files/check.cpp\" "
               "type=\"cpp.g++17\"/></checker>\n",
               ""),
           {},
           {"problem.xml: assets has no checker; add one, such as name=\"std::wcmp.cpp\""}},
      });
}

TEST(polygon, entities_of_the_packages_own_are_not_expanded) {
  std::string bomb =
      "<!DOCTYPE problem [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY f SYSTEM \"/etc/passwd\">]>\n";
  const std::string right = polygon()["problem.xml"];
  const std::size_t second_line = right.find('\n') + 1;
  const packages::Package package = read_files(
      with(polygon(), {{"problem.xml", replaced(right.substr(0, second_line) + bomb + right.substr(second_line),
                                                "value=\"Sum\"", "value=\"&b;&f;\"")}}));
  EXPECT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(package.problem.name, "&b;&f;");
}

}  // namespace
}  // namespace evalrun::test
