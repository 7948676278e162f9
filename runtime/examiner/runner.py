# Runs a test file and writes the record of it: what each test is called, whether it passed, and what was compared.
#
# A test file may hold asserts of its own, a function check(candidate), functions test_*, classes Test*, and
# unittest.TestCase classes. A test has passed only where its line in the record says so, and the record counts only
# where its last line is there.
import _operator
import posix
import sys

MOST_OF_MESSAGE = 600
MOST_OF_NAME = 200
MOST_OF_RECORD = 1 << 20
ONLY_AST = 0x400  # of compile()
COMPARISONS = {
    "Eq": ("==", _operator.eq), "NotEq": ("!=", _operator.ne), "Lt": ("<", _operator.lt), "LtE": ("<=", _operator.le),
    "Gt": (">", _operator.gt), "GtE": (">=", _operator.ge), "Is": ("is", _operator.is_),
    "IsNot": ("is not", _operator.is_not), "In": ("in", lambda a, b: a in b), "NotIn": ("not in", lambda a, b: a not in b),
}  # fmt: skip


def shortened(value, most=160):
    """A value in words of one line. A stand-in is named, not asked."""
    try:
        text = repr(value) if is_repr_safe(value, 200) else "<%s>" % type(value).__name__
    except Exception as error:
        text = "<%s: repr raised %s>" % (type(value).__name__, type(error).__name__)
    return text if len(text) <= most else text[: most - 20] + "... (%d characters)" % len(text)


def is_repr_safe(value, left):
    """Whether its repr is the tests' own and short: no more than some hundred plain values."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        left -= 1
        if left < 0:
            return False
        kind = type(one)
        if kind in (list, tuple, set, frozenset):
            if len(one) > 200:
                return False
            waiting.extend(one)
        elif kind is dict:
            if len(one) > 100:
                return False
            waiting.extend(one)
            waiting.extend(one.values())
        elif kind in (str, bytes):
            if len(one) > 10000:
                return False
        elif kind is int:
            if one.bit_length() > 10000:
                return False
        elif hasattr(kind, "examiner_number"):
            return False
    return True


class Record:
    """The lines of the record: fields with tabs between them."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.count = 0
        self.size = 0
        self.line("evalrun-tests", "1")

    def line(self, *fields):
        text = "\t".join(self.field(one) for one in fields) + "\n"
        data = text.encode("ascii")
        self.size += len(data)
        while data:
            data = data[posix.write(self.descriptor, data) :]

    @staticmethod
    def field(text):
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        return "".join(one if " " <= one <= "~" else one.encode("unicode_escape").decode() for one in text)

    def test(self, name, status, message=""):
        self.count += 1
        if self.size > MOST_OF_RECORD:
            message = ""
        self.line("test", status, name[:MOST_OF_NAME], message[:MOST_OF_MESSAGE])

    def end(self, *more):
        self.line("end", str(self.count), *more)


class NodeTools:
    """Of the syntax tree, without the module ast: it takes as long to load as a small test file takes to run."""

    def __init__(self):
        self.nodes = sys.modules.get("_ast") or __import__("_ast")

    @staticmethod
    def statements(node):
        """Those in a statement. In its expressions are none."""
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            value = getattr(node, name, None)
            if type(value) is list:
                yield from value

    def has_assert(self, node):
        """Whether running this statement may run an assert of its own, not one of a function."""
        kind = type(node).__name__
        if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            return False
        return kind == "Assert" or any(self.has_assert(one) for one in self.statements(node))

    def watch_comparisons(self, tree):
        """assert a == b becomes assert compared("Eq", a, b)."""
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            waiting.extend(self.statements(node))
            if type(node).__name__ != "Assert":
                continue
            test = node.test
            if type(test).__name__ != "Compare" or len(test.ops) != 1:
                continue
            place = {name: getattr(test, name) for name in test._attributes}
            node.test = self.nodes.Call(
                self.nodes.Name("__examiner_compared__", self.nodes.Load(), **place),
                [self.nodes.Constant(type(test.ops[0]).__name__, None, **place), test.left, test.comparators[0]],
                [], **place)  # fmt: skip


class Runner:
    """`watch` knows what else a test may have done wrong: begin(), and why_failed(), which is "" where nothing is."""

    def __init__(self, record, source, tree, watch, entry=None):
        self.record = record
        self.tree = tree  # of the test file's source
        self.watch = watch
        self.entry = entry
        self.lines = source.splitlines()
        self.comparison = None
        self.module = type(sys)("tests")
        self.module.__file__ = "tests.py"
        sys.modules["tests"] = self.module
        self.names = self.module.__dict__
        self.names["__examiner_compared__"] = self.compared
        if "pytest" in source:
            sys.modules["pytest"] = make_pytest()

    def compared(self, operator, left, right):
        sign, function = COMPARISONS[operator]
        result = function(left, right)
        if not result:
            self.comparison = "%s %s %s" % (shortened(left), sign, shortened(right))
        return result

    # --- one test -----------------------------------------------------------------------------------------------------

    def run(self, name, function, expected=None, tell_passed=True, failed=None):
        """`expected`: the mark that says that it fails. `failed` gets what it raised."""
        why_not = self.watch.why_over()
        if why_not:
            self.record.test(name, "notrun", "not run: " + why_not)
            return
        self.begin()
        try:
            function()
        except BaseException as error:
            if failed is not None:
                failed.append(error)
            self.settle(name, error, expected)
        else:
            if tell_passed or self.watch.why_failed(None)[0]:
                self.settle(name, None, expected)

    def begin(self):
        self.comparison = None
        self.watch.begin()

    def settle(self, name, error, expected=None):
        status, why = self.watch.why_failed(error)
        self.watch.begin()
        if status:
            self.record.test(name, status, why)
        elif isinstance(error, NotHere):
            self.record.test(name, "error", "not supported by [tests]: %s" % error)
        elif expected is not None:
            self.settle_expected(name, error, expected)
        elif error is None:
            self.record.test(name, "passed")
        elif isinstance(error, XFailed):
            self.record.test(name, "skipped", "failed as expected: %s" % error)
        elif type(error).__name__ in ("SkipTest", "Skipped") and isinstance(error, self.skips()):
            self.record.test(name, "skipped", str(error))
        else:
            status = "failed" if isinstance(error, (AssertionError, Failed)) else "error"
            self.record.test(name, status, self.words_of(error))

    def settle_expected(self, name, error, mark):
        """Of a test that is marked to fail: whether it does decides nothing, unless the mark is strict."""
        kinds = mark.kwargs.get("raises")
        if error is None:
            is_strict = mark.kwargs.get("strict", False)
            self.record.test(name, "failed" if is_strict else "passed", "it passed, and was expected to fail" if is_strict else "")
        elif kinds is not None and not isinstance(error, kinds):
            self.record.test(name, "error", self.words_of(error))
        else:
            self.record.test(name, "skipped", "failed as expected: %s" % (mark.kwargs.get("reason") or self.words_of(error)))

    def skips(self):
        unittest = sys.modules.get("unittest")
        return (SkippedNow, unittest.SkipTest) if unittest else (SkippedNow,)

    def words_of(self, error):
        """What is wrong, and where in the tests."""
        line = 0
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "tests.py":
                line = trace.tb_lineno
            trace = trace.tb_next
        try:
            said = str(error)
        except Exception:
            said = ""
        if isinstance(error, (AssertionError, Failed)):
            text = self.comparison or ""
            if said:
                text = said + (": " + text if text else "")
            if not text and 0 < line <= len(self.lines):
                text = self.lines[line - 1].strip()
        else:
            text = self.watch.name_of(error) + (": " + said if said else "")
        return ("line %d: " % line if line else "") + text

    # --- the file -----------------------------------------------------------------------------------------------------

    def run_file(self):
        """Runs all tests of the file."""
        tree, tools = self.tree, NodeTools()
        tools.watch_comparisons(tree)
        flags, waiting, checks = 0, [], False

        def flush():
            nonlocal waiting
            if not waiting:
                return True
            code = compile(tools.nodes.Module(waiting, []), "tests.py", "exec", flags, dont_inherit=True)
            first, waiting = waiting[0].lineno, []
            return self.set_up(code, first)

        for node in tree.body:
            kind = type(node).__name__
            if kind == "ImportFrom" and node.module == "__future__":
                import __future__

                for alias in node.names:
                    flags |= getattr(__future__, alias.name).compiler_flag
            called = self.called(node)
            if called == "unittest.main":
                continue
            checks = checks or called == "check"
            if not tools.has_assert(node) and not called.startswith(("check", "test")):
                waiting.append(node)
                continue
            if not flush():
                return
            code = compile(tools.nodes.Module([node], []), "tests.py", "exec", flags, dont_inherit=True)
            name = self.lines[node.lineno - 1].strip() if node.lineno == node.end_lineno else "line %d" % node.lineno
            self.run(name, lambda code=code: exec(code, self.names))
        if not flush():
            return
        check = self.names.get("check")
        is_own = type(check) is type(lambda: 0) and check.__module__ == "tests"
        if not checks and self.entry is not None and is_own:
            self.run("check", lambda: self.names["check"](self.entry()))
        PytestTests(self).run()

    @staticmethod
    def called(node):
        """The name of what a statement calls, and nothing else; "" where it is no call."""
        if type(node).__name__ != "Expr" or type(node.value).__name__ != "Call":
            return ""
        function = node.value.func
        if type(function).__name__ == "Name":
            return function.id
        if type(function).__name__ == "Attribute" and type(function.value).__name__ == "Name":
            return function.value.id + "." + function.attr
        return ""

    def set_up(self, code, line):
        """What is no test itself. Where it fails, no test after it is run."""
        if self.watch.why_over():
            self.record.test("line %d" % line, "notrun", "not run: " + self.watch.why_over())
            return False
        self.begin()
        try:
            exec(code, self.names)
        except BaseException as error:
            self.settle("line %d" % line, error)
            return False
        status, why = self.watch.why_failed(None)
        if status:
            self.record.test("line %d" % line, status, why)
        return not status

    def run_unittest(self, unittest, kind):
        runner = self

        class Result(unittest.TestResult):
            error = None

            def startTest(self, test):
                super().startTest(test)
                status, why = runner.watch.why_failed(None)
                if status:  # of the class's own set-up
                    runner.record.test(kind.__name__, status, why)
                self.error = None
                self.is_told = False
                runner.begin()

            def keep(self, test, error):
                if self.error is None:
                    self.error = error
                if not hasattr(test, "_testMethodName"):  # a class's own set-up
                    runner.settle(str(test), error)

            def addError(self, test, err):
                self.keep(test, err[1])

            def addFailure(self, test, err):
                self.keep(test, err[1])

            def addSkip(self, test, reason):
                self.keep(test, unittest.SkipTest(reason))

            def addSubTest(self, test, subtest, err):
                if err is not None:
                    self.keep(test, err[1])

            def addExpectedFailure(self, test, err):
                self.keep(test, FailedAsMarked(str(err[1])[:200]))

            def addUnexpectedSuccess(self, test):
                self.keep(test, AssertionError("it passed, and was expected to fail"))

            def stopTest(self, test):
                super().stopTest(test)
                runner.settle(kind.__name__ + "." + test._testMethodName, self.error)

        names = unittest.TestLoader().getTestCaseNames(kind)
        for name in () if hasattr(kind, "asyncSetUp") else names:
            if getattr(getattr(kind, name), "__code__", self.run.__code__).co_flags & 0x380:
                self.record.test(kind.__name__ + "." + name, "error", "an async test of a class that is no IsolatedAsyncioTestCase")
                return
        if self.watch.why_over():
            for name in names:
                self.record.test(kind.__name__ + "." + name, "notrun", "not run: " + self.watch.why_over())
            return
        self.begin()
        try:
            unittest.TestSuite([kind(name) for name in names]).run(Result())
        except BaseException as error:
            self.settle(kind.__name__, error)
