// Plans with [tests]: what they take, what the result says, in both modes, through the binary.
#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

#define NEEDS_PYTHON()                                                                                   \
  if (run_command({evalrun().string(), "image", "list"}).output.find("python: ") == std::string::npos) { \
    EVALRUN_SKIP("python3");                                                                             \
  }

std::string plan_of(const std::string& submission, const std::string& tests, const std::string& more = "") {
  return "image = \"python\"\nsource = \"solution.py\"\n[files]\n\"solution.py\" = { text = '''\n" + submission +
         "''' }\n[tests]\nlanguage = \"python\"\ntext = '''\n" + tests + "'''\n" + more;
}

constexpr const char* kDouble = "def f(x):\n    return x * 2\n";

std::string statuses(const PlanRun& run) {
  std::string text;
  for (const json& test : run.result.at("tests")) text += test.at("status").get<std::string>() + " ";
  return text;
}

TEST(tests_plan, names_each_test_in_order_and_what_was_compared) {
  NEEDS_PYTHON();
  const PlanRun run =
      run_plan(plan_of(kDouble,
                       "assert f(2) == 4\nassert f(3) == 7\ndef test_text():\n    assert f('a') == 'aa'\n"
                       "def check(candidate):\n    assert candidate(1) in (2, 3)\n",
                       "entry = [\"f\"]\n"));
  EXPECT_EQ(run.verdict(), "WA") << run.command.output << run.command.error_output;
  EXPECT_EQ(run.command.exit_code, 1);
  EXPECT_EQ(statuses(run), "passed failed passed passed ");
  const json& failed = run.result.at("tests").at(1);
  EXPECT_EQ(failed.at("name"), "assert f(3) == 7");
  EXPECT_EQ(failed.at("passed"), false);
  EXPECT_EQ(failed.at("message"), "line 2: 6 == 7");
  EXPECT_EQ(run.result.at("mode"), "two-sided");
  EXPECT_EQ(run.result.at("forgeable"), false);
  EXPECT_EQ(run.result.at("message"), "case tests: 3 of 4 tests passed; assert f(3) == 7: line 2: 6 == 7");
}

TEST(tests_plan, accepts_a_submission_that_passes_all_by_entry_and_by_import) {
  NEEDS_PYTHON();
  EXPECT_EQ(run_plan(plan_of(kDouble, "assert f(2) == 4\n", "entry = [\"f\"]\n")).verdict(), "AC");
  EXPECT_EQ(run_plan(plan_of(kDouble, "from submission import f\nassert f(2) == 4\n")).verdict(), "AC");
  EXPECT_EQ(run_plan(plan_of(kDouble, "import solution\nassert solution.f(2) == 4\n")).verdict(), "AC");
  EXPECT_EQ(run_plan(plan_of(kDouble, "assert f(2) == 4\n")).verdict(), "RE");
}

TEST(tests_plan, runs_unittest_and_classes_of_tests_and_subtests) {
  NEEDS_PYTHON();
  const PlanRun run = run_plan(plan_of(kDouble, R"(
import unittest
from submission import f
class Doubles(unittest.TestCase):
    def setUp(self):
        self.values = [1, 2]
    def test_each(self):
        for value in self.values:
            with self.subTest(value=value):
                self.assertEqual(f(value), value + 1)
    def test_raises(self):
        with self.assertRaises(TypeError):
            f(None)
    @unittest.skip("not yet")
    def test_skipped(self):
        self.fail()
class TestPlain:
    def setup_method(self):
        self.value = 4
    def test_value(self):
        assert f(self.value) == 8
if __name__ == "__main__":
    unittest.main()
)"));
  EXPECT_EQ(statuses(run), "failed passed skipped passed ") << run.command.output;
}

TEST(tests_plan, keeps_what_a_submission_prints_apart_from_its_answers) {
  NEEDS_PYTHON();
  const PlanRun run =
      run_plan(plan_of("import sys, os\ndef f(x):\n    print('seen', x)\n    os.system('echo child')\n"
                       "    return sys.stdin.read() == ''\n",
                       "assert f(1)\n", "entry = [\"f\"]\n"));
  EXPECT_EQ(run.verdict(), "AC") << run.command.output;
  EXPECT_NE(run.result.at("cases").at(0).at("stderr").at("text").get<std::string>().find("seen 1"), std::string::npos);
}

TEST(tests_plan, blames_the_tests_where_the_test_file_is_no_python) {
  NEEDS_PYTHON();
  const PlanRun run = run_plan(plan_of(kDouble, "assert f(2 == 4\n", "entry = [\"f\"]\n"));
  EXPECT_EQ(run.verdict(), "IE");
  EXPECT_EQ(run.command.exit_code, 3);
  const std::string what = run.result.at("cases").at(0).at("jury_fault").at("what");
  EXPECT_TRUE(what.starts_with("the test file cannot be compiled: ")) << what;
}

TEST(tests_plan, blames_the_submission_that_cannot_be_loaded_or_has_not_the_entry) {
  NEEDS_PYTHON();
  const PlanRun syntax = run_plan(plan_of("def f(x:\n", "assert f(2) == 4\n", "entry = [\"f\"]\n"));
  EXPECT_EQ(syntax.verdict(), "RE");
  EXPECT_EQ(statuses(syntax), "load ");
  const PlanRun missing = run_plan(plan_of("g = 1\n", "assert f(2) == 4\n", "entry = [\"f\"]\n"));
  EXPECT_EQ(missing.verdict(), "RE");
  EXPECT_EQ(missing.result.at("tests").at(0).at("message"), "the submission has no f");
}

TEST(tests_plan, lets_operators_of_a_class_decide_only_where_the_plan_trusts_it) {
  NEEDS_PYTHON();
  const std::string submission =
      "class V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n"
      "        return isinstance(other, V) and self.x == other.x\n    def __add__(self, other):\n"
      "        return V(self.x + other.x)\n";
  const std::string tests = "assert V(1) + V(2) == V(3)\nassert (V(1) + V(2)).x == 3\n";
  const PlanRun strict = run_plan(plan_of(submission, tests, "entry = [\"V\"]\n"));
  EXPECT_EQ(statuses(strict), "failed passed ");
  EXPECT_NE(strict.result.at("tests").at(0).at("message").get<std::string>().find("name it in tests.trust"),
            std::string::npos);
  const PlanRun trusting = run_plan(plan_of(submission, tests, "entry = [\"V\"]\ntrust = [\"V\"]\n"));
  EXPECT_EQ(trusting.verdict(), "AC");
  EXPECT_EQ(trusting.result.at("trusted"), json({"V"}));
}

TEST(tests_plan, in_one_process_says_that_it_can_be_forged_and_catches_an_early_end) {
  NEEDS_PYTHON();
  const std::string mode = "entry = [\"f\"]\nmode = \"in-process\"\n";
  const PlanRun good = run_plan(plan_of(kDouble, "assert f(2) == 4\n", mode));
  EXPECT_EQ(good.verdict(), "AC") << good.command.output;
  EXPECT_EQ(good.result.at("forgeable"), true);
  EXPECT_GE(good.result.at("not_excluded").size(), 3U);
  const PlanRun wrong = run_plan(plan_of(kDouble, "assert f(2) == 5\n", mode));
  EXPECT_EQ(wrong.verdict(), "WA");
  EXPECT_EQ(wrong.result.at("tests").at(0).at("message"), "line 1: 4 == 5");
  const PlanRun early = run_plan(plan_of("import os\nos._exit(0)\n", "assert f(2) == 4\n", mode));
  EXPECT_EQ(early.verdict(), "RE");
  EXPECT_EQ(early.result.at("message"), "case tests: the run ended before the tests did");
  const PlanRun forged =
      run_plan(plan_of("class A:\n    def __eq__(self, other):\n        return True\n"
                       "def f(x):\n    return A()\n",
                       "assert f(2) == 4\n", mode));
  EXPECT_EQ(forged.verdict(), "AC");  // as it says of itself
}

TEST(tests_plan, replaces_parts_of_the_submissions_module_in_one_process) {
  NEEDS_PYTHON();
  const PlanRun run = run_plan(plan_of("import time\ndef now():\n    return time.time()\n",
                                       "from unittest import mock\nimport submission\ndef test_now():\n"
                                       "    with mock.patch('submission.time.time', return_value=7):\n"
                                       "        assert submission.now() == 7\n",
                                       "mode = \"in-process\"\n"));
  EXPECT_EQ(run.verdict(), "AC") << run.command.output;
}

TEST(tests_plan, is_traced_in_one_process_only) {
  NEEDS_PYTHON();
  const TemporaryFolder folder;
  folder.write("plan.toml", plan_of(kDouble, "assert f(2) == 4\n", "entry = [\"f\"]\n"));
  const std::string plan = (folder.path() / "plan.toml").string();
  const Finished refused = run_command({evalrun().string(), "trace", plan});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.error_output.find("--set tests.mode=in-process"), std::string::npos) << refused.error_output;
  const Finished traced = run_command({evalrun().string(), "trace", plan, "--set", "tests.mode=in-process"});
  EXPECT_EQ(traced.exit_code, 0) << traced.output << traced.error_output;
}

TEST(tests_plan, is_refused_with_keys_that_it_leaves_nothing_to_do) {
  const auto refused = [](const std::string& plan) {
    const PlanRun run = run_plan(plan);
    EXPECT_EQ(run.command.exit_code, 2) << plan;
    return run.command.error_output;
  };
  const std::string good = plan_of(kDouble, "assert f(2) == 4\n");
  EXPECT_NE(refused("stdin = { text = \"\" }\n" + good).find("stdin: expected without [tests]"), std::string::npos);
  EXPECT_NE(refused("argv = [\"python3\", \"x\"]\n" + good).find("argv: expected the interpreter alone"),
            std::string::npos);
  EXPECT_NE(refused(good + "[[case]]\nexpect.text = \"\"\n").find("expected without [tests]"), std::string::npos);
  EXPECT_NE(refused(good + "file = \"t.py\"\n").find("expected one of file and text, found both"), std::string::npos);
  EXPECT_NE(refused(good + "entry = [\"a b\"]\n").find("expected names of Python"), std::string::npos);
  EXPECT_NE(refused("image = \"python\"\nsource = \"a.py\"\nfiles.\"a.py\".text = \"\"\n[tests]\ntext = \"\"\n")
                .find("tests.language: missing"),
            std::string::npos);
}

}  // namespace
}  // namespace evalrun::test
