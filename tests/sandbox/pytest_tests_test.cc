// What of pytest and unittest a test file of [tests] may use: each row is a file of tests, and what becomes of each
// test. What is not supported is an error that names it.
#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

constexpr char kSubmission[] = R"py(
import enum
class Stack:
    def __init__(self): self.items = []
    def push(self, one): self.items.append(one)
    def pop(self):
        if not self.items: raise IndexError("pop from empty stack")
        return self.items.pop()
class Broken(ValueError): pass
def double(x): return x * 2
def third(x): return x / 3
def fail(kind): raise {"key": KeyError("k"), "own": Broken("bad 42"), "assert": AssertionError("no")}[kind]
def loop():
    while True: pass
)py";

struct Row {
  const char* what;
  const char* tests;
  const char* statuses;   // of each test, in order
  const char* said = "";  // somewhere in the messages
};

const Row kRows[] = {
    {"parametrize, by one name, by several, with ids, stacked, by pytest.param", R"py(
import pytest
@pytest.mark.parametrize("x", [1, 2])
def test_one(x): assert double(x) == x + x
@pytest.mark.parametrize("x, y", [(1, 2), (2, 5), pytest.param(3, 6, id="three")], ids=["a", "b", "c"])
def test_two(x, y): assert double(x) == y
@pytest.mark.parametrize("x", [1, 2])
@pytest.mark.parametrize(("y",), [(3,), (4,)])
def test_stacked(x, y): assert double(x) * y == 2 * x * y
@pytest.mark.parametrize("pair", [(1, 2), (2, 4)])
def test_a_tuple_is_one_value(pair): assert double(pair[0]) == pair[1]
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.skip(reason="later")), pytest.param(2, marks=pytest.mark.xfail)])
def test_marks_of_rows(x): assert double(x) == 0
@pytest.mark.parametrize("x", [])
def test_no_rows(x): assert False
class TestMarked:
    @pytest.mark.parametrize("x", [1, 2])
    def test_method(self, x): assert double(x) == 2
)py",
     "passed passed passed failed passed passed passed passed passed passed passed skipped skipped skipped passed "
     "failed "},
    {"parametrize with the wrong number of values", R"py(
import pytest
@pytest.mark.parametrize("x, y", [(1, 2, 3)])
def test_it(x, y): pass
)py",
     "error ", "3 values for x, y"},
    {"parametrize through fixtures", R"py(
import pytest
@pytest.mark.parametrize("x", [1], indirect=True)
def test_it(x): pass
)py",
     "error ", "not supported by [tests]: parametrize(indirect=)"},
    {"fixtures: of other fixtures, with yield, made anew for each test, autouse, by usefixtures, of classes", R"py(
import pytest
log = []
@pytest.fixture
def base(): return [1]
@pytest.fixture()
def stack(base):
    made = Stack()
    made.push(base[0])
    log.append("in")
    yield made
    log.append("out")
def test_first(stack):
    stack.push(7)
    assert stack.pop() == 7 and stack.pop() == 1
def test_second(stack, base):
    assert log == ["in", "out", "in"] and base == [1]
    assert stack.pop() == 1
@pytest.fixture(name="named")
def anything(): return 5
def test_named(named): assert double(named) == 10
class TestOwn:
    @pytest.fixture(autouse=True)
    def prepare(self): self.value = 3
    @pytest.fixture
    def mine(self): return self.value + 1
    def test_value(self, mine): assert double(self.value) == 6 and mine == 4
@pytest.fixture
def noted(): log.append("noted")
@pytest.mark.usefixtures("noted")
def test_used(): assert log[-1] == "noted" and double(1) == 2
)py",
     "passed passed passed passed passed "},
    {"fixtures of wider scope are made once, and end", R"py(
import pytest
made = []
@pytest.fixture(scope="module")
def once():
    made.append("in")
    yield len(made)
    made.append("out")
    assert False, "at the end"
def test_a(once): assert double(once) == 2
def test_b(once): assert double(once) == 2 and made == ["in"]
)py",
     "passed passed failed ", "at the end"},
    {"fixtures with parameters, and request", R"py(
import pytest
ends = []
@pytest.fixture(params=[1, 2])
def number(request):
    request.addfinalizer(lambda: ends.append(request.param))
    return request.param
def test_each(number): assert double(number) == number + number
def test_again(request): assert request.getfixturevalue is not None and ends == [1, 2]
)py",
     "passed passed passed "},
    {"a fixture that fails, ends wrongly, or yields twice", R"py(
import pytest
@pytest.fixture
def bad(): assert double(1) == 3
def test_bad(bad): pass
@pytest.fixture
def ends_badly():
    yield 1
    assert double(1) == 3
def test_ends_badly(ends_badly): assert double(1) == 2
@pytest.fixture
def twice():
    yield 1
    yield 2
def test_twice(twice): assert double(1) == 2
)py",
     "failed failed failed ", "yields more than once"},
    {"fixtures that a file in a sandbox of its own cannot have", R"py(
import pytest
def test_printed(capsys): assert double(1) == 2
def test_patched(monkeypatch): assert double(1) == 2
def test_files(tmp_path): assert double(1) == 2
def test_unknown(nothing): assert double(1) == 2
@pytest.fixture(scope="planet")
def odd(): pass
)py",
     "error ", "a fixture of the scope 'planet'"},
    {"each of them by its name", R"py(
import pytest
def test_printed(capsys): assert double(1) == 2
def test_patched(monkeypatch): assert double(1) == 2
def test_files(tmp_path): assert double(1) == 2
def test_unknown(nothing): assert double(1) == 2
)py",
     "error error error error ", "the fixture nothing: the file does not define it"},
    {"raises: builtin classes, own ones, several, match, the call's form, info", R"py(
import pytest
from submission import Broken
def test_builtin():
    with pytest.raises(KeyError): fail("key")
def test_own():
    with pytest.raises(Broken, match=r"bad \d+") as info: fail("own")
    assert str(info.value) == "bad 42" and info.type is Broken and info.typename == "Broken"
def test_base():
    with pytest.raises((TypeError, ValueError)): fail("own")
def test_assertion():
    with pytest.raises(AssertionError): fail("assert")
def test_call(): pytest.raises(IndexError, Stack().pop)
def test_none():
    with pytest.raises(KeyError): double(1)
def test_other():
    with pytest.raises(KeyError): fail("own")
def test_no_match():
    with pytest.raises(Broken, match="good"): fail("own")
def test_nothing_is_checked():
    with pytest.raises(KeyError, check=1): fail("key")
)py",
     "passed passed passed passed passed failed error failed error ", "DID NOT RAISE KeyError"},
    {"approx: numbers, lists, dicts, tolerances, nan and inf", R"py(
import pytest
from pytest import approx
def test_near(): assert third(1) == approx(0.333333333)
def test_far(): assert third(1) == approx(0.3333)
def test_abs(): assert third(1) == approx(0.3, abs=0.05)
def test_rel(): assert third(1) == pytest.approx(0.3, rel=0.2)
def test_list(): assert [third(1), double(1)] == approx([1 / 3, 2.0])
def test_short_list(): assert [third(1)] == approx([1 / 3, 2.0])
def test_dict(): assert {"a": third(1)} == approx({"a": 1 / 3})
def test_nan(): assert double(float("nan")) == approx(float("nan"))
def test_nan_ok(): assert double(float("nan")) == approx(float("nan"), nan_ok=True)
def test_inf(): assert double(1e308 * 10) == approx(float("inf")) and not double(1) == approx(float("inf"))
def test_text(): assert double("1") == approx(11)
def test_object(): assert Stack() == approx(1)
def test_unequal(): assert third(1) != approx(0.4)
)py",
     "passed failed passed passed passed failed passed failed passed passed failed failed passed "},
    {"skip and skipif, of functions, classes and files, and a skip after the submission was asked", R"py(
import pytest, sys
@pytest.mark.skip
def test_plain(): assert False
@pytest.mark.skip(reason="not yet")
def test_reason(): assert False
@pytest.mark.skipif(sys.version_info < (3, 0), reason="old")
def test_not_skipped(): assert double(1) == 2
@pytest.mark.skipif("sys.version_info > (3, 0)", reason="by text")
def test_by_text(): assert False
@pytest.mark.skip(reason="all of it")
class TestAll:
    def test_one(self): assert False
def test_says_so(): pytest.skip("here")
def test_asks_first():
    double(1)
    pytest.skip("there")
)py",
     "skipped skipped passed skipped skipped skipped failed ", "skipped after the submission had been asked"},
    {"xfail: failing, passing, strict, another exception, not run, while it runs", R"py(
import pytest
@pytest.mark.xfail(reason="known")
def test_fails(): assert double(1) == 3
@pytest.mark.xfail
def test_passes(): assert double(1) == 2
@pytest.mark.xfail(strict=True)
def test_strict(): assert double(1) == 2
@pytest.mark.xfail(raises=KeyError)
def test_other(): fail("own")
@pytest.mark.xfail(run=False)
def test_not_run(): loop()
@pytest.mark.xfail(False, reason="no")
def test_no_condition(): assert double(1) == 3
def test_by_itself():
    double(1)
    pytest.xfail("given up")
)py",
     "skipped passed failed error skipped failed failed "},
    {"a mark that nobody knows, fail, importorskip, and what pytest has beside these", R"py(
import pytest
@pytest.mark.slow
@pytest.mark.timeout(5)
def test_marked(): assert double(1) == 2
def test_fail():
    try: pytest.fail("by hand")
    except Exception: pass
def test_import():
    assert pytest.importorskip("math").pi > 3 and double(1) == 2
    pytest.importorskip("no_such_module")
def test_warns():
    try:
        with pytest.warns(UserWarning): double(1)
    except Exception: pass
)py",
     "passed failed failed error ", "not supported by [tests]: pytest.warns"},
    {"what pytest has and this has not, by import", "from pytest import warns\ndef test_it(): assert double(1) == 2\n",
     "error ", "not supported by [tests]: pytest.warns"},
    {"set-up and tear-down of classes, methods, functions and the file", R"py(
log = []
def setup_module(module): log.append("module")
def setup_function(function): log.append(function.__name__)
def teardown_function(): log.append("after")
def test_function(): assert log == ["module", "test_function"] and double(1) == 2
class TestClass:
    @classmethod
    def setup_class(cls): cls.shared = Stack()
    def setup_method(self, method): self.name = method.__name__
    def teardown_method(self): assert self.name != "test_torn"
    def test_set_up(self): assert self.name == "test_set_up" and self.shared.items == []
    def test_torn(self): assert double(2) == 4
    @classmethod
    def teardown_class(cls): assert log == ["module", "test_function", "after"]
def teardown_module(): assert double(1) == 3, "at the end"
)py",
     "passed passed failed failed ", "at the end"},
    {"async tests run, tests that yield do not", R"py(
async def test_async(): assert double(1) == 3
def test_yields():
    yield double(1) == 2
class TestInit:
    def __init__(self): pass
    def test_it(self): assert double(1) == 2
)py",
     "failed error error ", "a test that yields"},
    {"unittest: set-up, subtests, assertRaises, skips, expected failures, async tests", R"py(
import unittest
class Tests(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.stack = Stack()
    def setUp(self): self.value = 2
    def tearDown(self): assert self.value != 9
    def test_a(self): self.assertEqual(double(self.value), 4)
    def test_b(self):
        for value in (1, 2, 3):
            with self.subTest(value=value): self.assertEqual(double(value), 4)
    def test_c(self):
        with self.assertRaisesRegex(ValueError, "bad"): fail("own")
        with self.assertRaises(IndexError) as caught: self.stack.pop()
        self.assertIn("empty", str(caught.exception))
        self.assertAlmostEqual(third(1), 0.3333333)
    def test_d(self):
        with self.assertRaises(KeyError): double(1)
    @unittest.skip("later")
    def test_e(self): self.fail()
    @unittest.skipIf(True, "later")
    def test_f(self): self.fail()
    @unittest.expectedFailure
    def test_g(self): self.assertEqual(double(1), 3)
    @unittest.expectedFailure
    def test_h(self): self.assertEqual(double(1), 2)
    def test_i(self): self.value = 9
    def test_j(self):
        double(1)
        self.skipTest("after asking")
class Waits(unittest.IsolatedAsyncioTestCase):
    async def test_a(self): self.assertEqual(double(1), 3)
class Forgets(unittest.TestCase):
    async def test_a(self): self.assertEqual(double(1), 3)
)py",
     "passed failed passed failed skipped skipped skipped failed failed failed failed error ",
     "IsolatedAsyncioTestCase"},
    {"a test that is marked to fail, and passes", R"py(
import pytest
@pytest.mark.xfail
def test_ends():
    with pytest.raises(BaseException): double(Stack)
def test_after(): assert double(1) == 2
)py",
     "passed passed "},
};

std::string words_of(const PlanRun& run, const char* key) {
  std::string text;
  for (const json& test : run.result.at("tests")) text += test.at(key).get<std::string>() + " ";
  return text;
}

PlanRun run_tests(const std::string& submission, const std::string& tests, const std::string& mode) {
  return run_plan(
      "image = \"python\"\nsource = \"solution.py\"\nlimits = { cpus = \"any\", cpu = \"1s\" }\n[files]\n"
      "\"solution.py\" = { text = '''\n" +
      submission + "''' }\n[tests]\nlanguage = \"python\"\nmode = \"" + mode +
      "\"\nentry = [\"double\", \"third\", \"fail\", \"loop\", \"Stack\"]\ntext = '''\n" + tests + "'''\n");
}

bool has_python() {
  return run_command({evalrun().string(), "image", "list"}).output.find("python: ") != std::string::npos;
}

TEST(pytest_tests, what_a_file_of_tests_uses_means_what_it_means_in_pytest) {
  if (!has_python()) EVALRUN_SKIP("python3");
  for (const Row& row : kRows) {
    const PlanRun run = run_tests(kSubmission, row.tests, "two-sided");
    EXPECT_EQ(words_of(run, "status"), row.statuses) << row.what << "\n" << run.result.at("tests").dump(1);
    EXPECT_NE(words_of(run, "message").find(row.said), std::string::npos) << row.what << words_of(run, "message");
  }
}

TEST(pytest_tests, a_submission_that_ends_is_not_excused_by_a_mark) {
  if (!has_python()) EVALRUN_SKIP("python3");
  const std::string ends = std::string(kSubmission) + "import os\ndef loop(): os._exit(0)\n";
  const PlanRun run = run_tests(ends,
                                "import pytest\n@pytest.mark.xfail\ndef test_ends():\n"
                                "    with pytest.raises(BaseException): loop()\ndef test_after(): pass\n",
                                "two-sided");
  EXPECT_EQ(run.verdict(), "RE");
  EXPECT_EQ(words_of(run, "status"), "protocol notrun ");
}

TEST(pytest_tests, in_one_process_a_file_means_the_same) {
  if (!has_python()) EVALRUN_SKIP("python3");
  const PlanRun run = run_tests(kSubmission,
                                "import pytest\n@pytest.fixture\ndef two(): return double(1)\n"
                                "def test_two(two): assert two == pytest.approx(2.0)\n"
                                "def test_files(tmp_path): pass\n",
                                "in-process");
  EXPECT_EQ(words_of(run, "status"), "passed error ");
}

}  // namespace
}  // namespace evalrun::test
