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

TEST(tests_plan, shares_mutable_attributes_in_both_directions) {
  NEEDS_PYTHON();
  const PlanRun run = run_plan(plan_of(R"(
class Shelf:
    def __init__(self):
        self.books = {}
        self.rows = [[1], {"a": 2}]
    def put(self, name, value):
        self.books[name] = value
    def count(self):
        return len(self.books)
    def first(self):
        return self.rows[0]
    def grow(self):
        self.rows[0].append(9)
)",
                                       R"(
def test_what_the_tests_change():
    shelf = Shelf()
    shelf.books["x"] = 1
    assert shelf.count() == 1
    shelf.rows[0].append(5)
    assert shelf.first() == [1, 5]
    shelf.rows[1]["b"] = {"c": [1]}
    assert shelf.rows[1] == {"a": 2, "b": {"c": [1]}}
def test_what_the_submission_changes():
    shelf = Shelf()
    books, rows = shelf.books, shelf.rows
    shelf.put("k", 3)
    assert books == {"k": 3}
    shelf.grow()
    assert rows[0] == [1, 9]
def test_both_in_turn():
    shelf = Shelf()
    books = shelf.books
    books["q"] = 1
    shelf.put("k", 3)
    assert list(books.items()) == [("q", 1), ("k", 3)]
    books.clear()
    assert shelf.count() == 0
def test_more_than_are_kept():
    shelf = Shelf()
    for i in range(30):
        shelf.books[i] = i
    assert shelf.count() == 30
)",
                                       "entry = [\"Shelf\"]\n"));
  EXPECT_EQ(run.verdict(), "AC") << run.command.output;
}

// Each kind of value and of object, as docs/examiner.md lists them.
TEST(tests_plan, passes_values_and_objects_of_every_kind) {
  NEEDS_PYTHON();
  const PlanRun run = run_plan(plan_of(R"PY(
import asyncio, collections, dataclasses, enum
class Color(enum.Enum):
    RED = 1
    GREEN = "g"
    def nice(self): return "nice " + self.name
class Number(enum.IntEnum):
    ONE = 1
    TWO = 2
Pair = collections.namedtuple("Pair", "x y", defaults=[7])
@dataclasses.dataclass
class Point:
    x: int
    y: int = 2
    tags: list = dataclasses.field(default_factory=list)
    def norm(self): return self.x ** 2 + self.y ** 2
    def shift(self, by): self.x += by
    def __add__(self, other): return Point(self.x + other.x, self.y + other.y)
class Oops(ValueError):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.code = b
    def __str__(self): return "oops!"
class Vector:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, other): return Vector(self.x + other.x, self.y + other.y)
    def __len__(self): return 2
    def __iter__(self):
        yield self.x
        yield self.y
    def __enter__(self): return self
    def __exit__(self, *what): return True
    @classmethod
    def zero(cls): return cls(0, 0)
    @staticmethod
    def next(a): return a + 1
    @property
    def ten(self): return self.x * 10
class Deep(Vector):
    pass
def same(x): return x
def fail(): raise Oops(1, 2)
def count(n):
    for i in range(n):
        got = yield i
        if got: yield got * 100
    return "end"
def sort(values): values.sort()
def apply(function, *args, **more): return function(*args, **more)
async def later(x): return x + 1
def walk(node):
    out = []
    while node is not None:
        out.append(node.value)
        node = node.next
    return out
)PY",
                                       R"PY(
import asyncio, datetime, struct
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from submission import *
import submission
same, fail, count, sort, apply = submission.same, submission.fail, submission.count, submission.sort, submission.apply
def test_plain():
    for value in [None, True, 0, 2**63, -2**63, 2**200, -2**4000, 1.5, float("inf"), 1j, "", "a\ud800\U0001F600", b"\0",
                  bytearray(b"x"), [], [1, [2]], (), {1, 2}, frozenset([3]), {"a": 1, (1, 2): [3]}, range(10, 0, -2),
                  slice(1, None, 2), ..., NotImplemented, Decimal("1.20"), Decimal("-0"), Fraction(-3, 7),
                  datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(-1, 5, 6),
                  OrderedDict(b=1, a=2), Counter("aab"), defaultdict(list, {1: [2]}), deque([1, 2], 5), int, ValueError, len]:
        again = same(value)
        assert type(again) is type(value) and again == value
def test_floats_by_their_bits():
    for bits in (0x7ff8dead0000beef, 1 << 63, 1, 0xfff0000000000000):
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        assert struct.unpack("<Q", struct.pack("<d", same(value)))[0] == bits
def test_order_of_a_dict(): assert list(same({3: 1, 1: 2, 2: 3})) == [3, 1, 2]
def test_enum():
    Color, Number = submission.Color, submission.Number
    assert same(Color.RED) is Color.RED and Color.GREEN.value == "g" and Color.RED.nice() == "nice RED"
    assert same(Number.ONE) == 1 and Number(2) is Number.TWO and list(Color) == [Color.RED, Color.GREEN]
def test_namedtuple():
    Pair = submission.Pair
    assert Pair(1) == (1, 7) and same(Pair(1, 2)).x == 1 and type(same(Pair(1, 2))) is Pair
def test_dataclass():
    Point = submission.Point
    point = Point(1)
    assert point.norm() == 5
    point.shift(4)
    assert point.x == 5 and same(point) is point and same(point) == Point(5, 2) != Point(5, 3)
    assert Point(1, 2) + Point(3, 4) == Point(4, 6)
    assert repr(point) == "Point(x=5, y=2, tags=[])"
def test_exception():
    try:
        fail()
    except submission.Oops as error:
        assert error.args == (1, 2) and error.code == 2 and str(error) == "oops!" and isinstance(error, ValueError)
    else:
        assert False
def test_class():
    Vector = submission.Vector
    one = Vector(1, 2)
    assert one.x == 1 and one.ten == 10 and Vector.next(4) == 5 and list(one) == [1, 2] and len(one) == 2 and 2 in one
    both = one + Vector(3, 4)
    assert (both.x, both.y) == (4, 6) and isinstance(both, Vector)
    one.x = 9
    assert one.x == 9 and Vector.zero().x == 0 and same(one) is one
    assert isinstance(submission.Deep(1, 2), Vector) and issubclass(submission.Deep, Vector)
    with one as inside:
        assert inside is one
    with one:
        raise ValueError("suppressed")
def test_generator():
    steps = count(3)
    assert next(steps) == 0 and steps.send(5) == 500 and list(steps) == [1, 2] and list(count(4)) == [0, 1, 2, 3]
def test_arguments_that_are_changed():
    values = [[3, 1, 2], {}]
    assert sort(values[0]) is None and values == [[1, 2, 3], {}] and same(values) is values
def test_callbacks():
    assert apply(lambda a, b=1: a + b, 1, b=5) == 6
    def change(values): values.append(1)
    values = []
    apply(change, values)
    assert values == [1]
    class Own(Exception): pass
    def raise_own(): raise Own("q")
    try:
        apply(raise_own)
    except Own as error:
        assert str(error) == "q"
    else:
        assert False
    assert apply(sum, (i for i in range(4))) == 6
def test_objects_of_the_tests():
    assert submission.walk(Node(1, Node(2))) == [1, 2]
class Node:
    def __init__(self, value, after=None): self.value, self.next = value, after
def test_coroutine(): assert asyncio.run(submission.later(1)) == 2
)PY"));
  EXPECT_EQ(run.verdict(), "AC") << run.result.at("tests").dump(1);
  EXPECT_EQ(run.result.at("tests").size(), 13U);
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

// The plan's own program, here a shell, runs the tests and writes their report.
PlanRun run_reporting(const std::string& script, const std::string& keys, const std::string& more = "") {
  return run_plan("image = \"bash\"\nargv = [\"bash\", \"t.sh\"]\n" + more + "[files]\n\"t.sh\" = { text = '''\n" +
                  script + "''' }\n[tests]\n" + keys);
}

TEST(tests_plan, takes_a_report_of_a_program_in_any_language) {
  const std::string tap = "echo 1..3\necho ok 1 - adds\necho not ok 2 - divides\necho 'ok 3 # skip'\n";
  const PlanRun run = run_reporting(tap + "exit 1\n", "report = \"tap\"\n");
  EXPECT_EQ(run.verdict(), "WA") << run.command.output << run.command.error_output;
  EXPECT_EQ(statuses(run), "passed failed skipped ");
  EXPECT_EQ(run.result.at("mode"), "reported");
  EXPECT_EQ(run.result.at("forgeable"), true);
  EXPECT_FALSE(run.result.at("not_excluded").empty());
  EXPECT_EQ(run.result.at("message"), "case tests: 1 of 3 tests passed; divides: not ok");

  const std::string good = "echo 1..1\necho ok 1 - adds\n";
  EXPECT_EQ(run_reporting(good, "report = \"tap\"\n").verdict(), "AC");
  EXPECT_EQ(
      run_reporting("{\n" + good + "} >&2\necho noise\n", "report = \"tap\"\nreport_stream = \"stderr\"\n").verdict(),
      "AC");
  EXPECT_EQ(run_reporting("{\n" + good + "} >&2\n", "report = \"tap\"\n").verdict(), "RE") << "the other stream";
  const std::string junit = "report = \"junit\"\nreport_file = \"out/r.xml\"\n";
  const std::string write = "mkdir out\necho '<testsuite><testcase name=\"a\"/></testsuite>' > out/r.xml\n";
  EXPECT_EQ(run_reporting(write, junit).verdict(), "AC");
  const PlanRun failing = run_reporting(write + "exit 3\n", junit);
  EXPECT_EQ(failing.verdict(), "RE") << "all passed, and it failed";
  EXPECT_EQ(failing.result.at("message"), "case tests: 1 test passed, and the program exited with code 3");
}

TEST(tests_plan, that_report_nothing_or_are_stopped_pass_nothing) {
  const auto message = [](const PlanRun& run) { return run.result.at("message").get<std::string>(); };
  const std::string junit = "report = \"junit\"\nreport_file = \"r.xml\"\n";
  const PlanRun none = run_reporting("exit 0\n", junit);
  EXPECT_EQ(none.verdict(), "RE");
  EXPECT_EQ(message(none), "case tests: there is no whole report: r.xml: the program has not written it");
  const PlanRun link = run_reporting("ln -s /etc/passwd r.xml\n", junit);
  EXPECT_EQ(link.verdict(), "RE") << message(link);
  EXPECT_EQ(run_reporting("mkfifo r.xml\n", junit).verdict(), "RE");
  const PlanRun early = run_reporting("echo 1..2\necho ok 1\n", "report = \"tap\"\n");
  EXPECT_EQ(message(early), "case tests: there is no whole report: the plan says 1..2, and 1 tests are told");
  EXPECT_EQ(run_reporting("echo 1..0\n", "report = \"tap\"\n").verdict(), "WA");
  const PlanRun slow =
      run_reporting("echo 1..1\necho ok 1\nwhile :; do :; done\n", "report = \"tap\"\n", "limits.cpu = \"200ms\"\n");
  EXPECT_EQ(slow.verdict(), "TLE") << message(slow);
  EXPECT_EQ(statuses(slow), "passed ");
  EXPECT_EQ(run_reporting("kill -9 $$\n", "report = \"tap\"\n").verdict(), "RE");
  const PlanRun flood = run_reporting("yes ok\n", "report = \"tap\"\n", "limits.output = \"64KiB\"\n");
  EXPECT_EQ(flood.verdict(), "OLE");
}

TEST(tests_plan, reads_what_doctest_says) {
  NEEDS_PYTHON();
  const std::string plan =
      "image = \"python\"\nargv = [\"python3\", \"-m\", \"doctest\", \"-v\", \"m.py\"]\n[files]\n\"m.py\" = { text = "
      "'''\ndef f(x):\n    \"\"\"\n    >>> f(1)\n    2\n    \"\"\"\n    return 2 * x\ndef g():\n    \"\"\"\n    >>> "
      "g()\n    1\n    \"\"\"\n    return RESULT\n''' }\n[tests]\nreport = \"doctest\"\n";
  const auto returning = [&](const std::string& result) {
    std::string text = plan;
    return run_plan(text.replace(text.find("RESULT"), 6, result));
  };
  EXPECT_EQ(returning("1").verdict(), "AC");
  const PlanRun wrong = returning("2");
  EXPECT_EQ(wrong.verdict(), "WA") << wrong.command.output;
  EXPECT_EQ(statuses(wrong), "passed failed ");
  EXPECT_EQ(wrong.result.at("tests").at(1).at("message"), "1 of 1 example failed; line 9: g(); expected 1; got 2");
}

TEST(tests_plan, of_a_report_take_no_tests_of_their_own) {
  const auto refused = [](const std::string& keys) {
    const PlanRun run = run_reporting("exit 0\n", keys);
    EXPECT_EQ(run.command.exit_code, 2) << run.command.output;
    return run.command.error_output;
  };
  EXPECT_NE(refused("report = \"tap\"\ntext = \"\"\n").find("expected without tests.report"), std::string::npos);
  EXPECT_NE(refused("report = \"tap\"\nentry = [\"f\"]\n").find("expected without tests.report"), std::string::npos);
  EXPECT_NE(refused("report = \"tap\"\nreport_file = \"a\"\nreport_stream = \"stdout\"\n").find("found both"),
            std::string::npos);
  EXPECT_NE(
      refused("language = \"python\"\ntext = \"\"\nreport_file = \"a\"\n").find("expected with tests.report alone"),
      std::string::npos);
}

}  // namespace
}  // namespace evalrun::test
