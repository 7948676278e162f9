# What a test file may use of pytest: a module of that name, and functions test_*, classes Test* and fixtures as pytest
# finds and runs them. It stands in for pytest in every image, so that a file means the same in all of them. What is not
# here ends the test with an error that names it.

WIDE_SCOPES = ("class", "module", "package", "session")
KNOWN_MARKS = {"parametrize", "skip", "skipif", "xfail", "usefixtures"}
# Of pytest's own fixtures, those that a file of tests in a sandbox of its own cannot have.
NOT_HERE = {
    "capsys": "what the submission prints is not seen by the tests", "capfd": "what the submission prints is not seen by the tests",
    "caplog": "what the submission logs is not seen by the tests", "monkeypatch": "it cannot reach into the submission",
    "tmp_path": "files of the tests are not seen by the submission", "tmpdir": "files of the tests are not seen by the submission",
    "mocker": "it cannot reach into the submission",
}  # fmt: skip


class Outcome(BaseException):
    """No test that catches exceptions catches it."""


class NotHere(Outcome):
    """Something of pytest's that is not supported."""


class Failed(Outcome):
    pass


class XFailed(Outcome):
    pass


class FailedAsMarked(XFailed):
    """By a mark of the tests' author, not by a word of the test while it ran."""


class SkippedNow(Outcome):
    pass


SkippedNow.__name__ = SkippedNow.__qualname__ = "Skipped"


class Mark:
    def __init__(self, name, args, kwargs):
        self.name, self.args, self.kwargs = name, args, kwargs

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and (type(args[0]) is type(lambda: 0) or isinstance(args[0], type)):
            marked = args[0]
            own = marked.__dict__.get("pytestmark", [])
            marked.pytestmark = [*(own if isinstance(own, list) else [own]), self]
            return marked
        return Mark(self.name, self.args + args, {**self.kwargs, **kwargs})


class Marks:
    def __getattr__(self, name):
        if name[:1] == "_":
            raise AttributeError(name)
        return Mark(name, (), {})


class Row:
    """pytest.param: one row of parametrize."""

    def __init__(self, *values, id=None, marks=()):
        self.values, self.id = values, id
        self.marks = list(marks) if isinstance(marks, (list, tuple)) else [marks]


class Fixture:
    def __init__(self, function, scope, params, autouse, name, ids):
        self.function, self.scope, self.params, self.autouse, self.ids = function, scope, params, autouse, ids
        self.name = name or function.__name__
        self.owner = None

    def __get__(self, owner, kind):
        return self

    def __call__(self, *args, **kwargs):
        raise Failed("the fixture %s is called as a function; take it as an argument" % self.name)


def fixture(function=None, *, scope="function", params=None, autouse=False, name=None, ids=None):
    if scope not in ("function", *WIDE_SCOPES):
        raise NotHere("a fixture of the scope %r" % (scope,))
    if function is None:
        return lambda function: Fixture(function, scope, params, autouse, name, ids)
    return Fixture(function, scope, params, autouse, name, ids)


class ExceptionInfo:
    """What `with raises(...) as info` gives."""

    value = type = tb = traceback = None

    def match(self, pattern):
        import re

        text = str(self.value)
        if not re.search(pattern, text):
            raise AssertionError("%r does not match %r" % (pattern, text))
        return True

    @property
    def typename(self):
        return self.type.__name__

    def __str__(self):
        return repr(self.value)


class Raises:
    def __init__(self, expected, match):
        self.expected, self.match, self.info = expected, match, ExceptionInfo()

    def __enter__(self):
        return self.info

    def __exit__(self, kind, error, trace):
        if kind is None:
            names = [one.__name__ for one in (self.expected if isinstance(self.expected, tuple) else (self.expected,))]
            raise Failed("DID NOT RAISE " + ", ".join(names))
        if isinstance(error, Outcome) or not issubclass(kind, self.expected):
            return False
        self.info.value, self.info.type, self.info.traceback = error, kind, trace
        if self.match is not None:
            self.info.match(self.match)
        return True


def raises(expected, *args, match=None, **kwargs):
    kinds = expected if isinstance(expected, tuple) else (expected,)
    if not kinds or not all(isinstance(one, type) and issubclass(one, BaseException) for one in kinds):
        raise TypeError("raises: expected classes of exceptions")
    context = Raises(expected, match)
    if not args:
        if kwargs:
            raise NotHere("pytest.raises(%s=)" % next(iter(kwargs)))
        return context
    with context as info:
        args[0](*args[1:], **kwargs)
    return info


NUMBERS = (int, float, complex)


class Approx:
    """What compares plain numbers, and lists, tuples and dicts of them, within a tolerance. Anything else is unequal."""

    __array_ufunc__ = None
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, expected, rel, abs, nan_ok):
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

    def __repr__(self):
        return "approx(%s)" % shortened(self.expected)

    def __eq__(self, actual):
        return self.equal(self.expected, actual)

    def __ne__(self, actual):
        return not self.equal(self.expected, actual)

    def equal(self, expected, actual):
        kind, other = type(expected), type(actual)
        if kind.__module__ == "numpy" and hasattr(kind, "tolist"):
            expected, kind = expected.tolist(), None
        if other.__module__ == "numpy" and hasattr(other, "tolist"):
            if hasattr(expected, "__len__") and len(expected) != actual.size and actual.ndim == 1:
                return False
            actual, other = actual.tolist(), None
        kind, other = type(expected), type(actual)
        if isinstance(expected, dict):
            return isinstance(actual, dict) and set(expected) == set(actual) and all(
                self.equal(one, actual[key]) for key, one in expected.items())  # fmt: skip
        if isinstance(expected, (list, tuple)):
            return isinstance(actual, (list, tuple)) and len(actual) == len(expected) and all(map(self.equal, expected, actual))
        if kind is bool or expected is None or isinstance(expected, str):
            return other is kind and actual == expected
        if kind.__name__ in ("Decimal", "Fraction"):
            return other in (int, kind) and (actual == expected or self.is_near(expected, actual, kind))
        if kind not in NUMBERS:
            raise TypeError("approx of a %s" % kind.__name__)
        if other.__name__ in ("Decimal", "Fraction") and other.__module__ in ("decimal", "fractions"):
            actual, other = float(actual), float
        if other not in NUMBERS:
            return False
        if expected == actual:
            return True
        if expected != expected:
            return self.nan_ok and actual != actual
        if abs(expected) == float("inf"):
            return False
        return self.is_near(expected, actual, float)

    def is_near(self, expected, actual, kind):
        least = kind("1e-12") if self.abs is None else kind(self.abs)
        if self.abs is not None and self.rel is None:
            bound = least
        else:
            bound = max(least, (kind("1e-6") if self.rel is None else kind(self.rel)) * abs(expected))
        return abs(expected - actual) <= bound


def approx(expected, rel=None, abs=None, nan_ok=False):
    return Approx(expected, rel, abs, nan_ok)


def fail(reason="", pytrace=True, msg=None):
    raise Failed(reason or msg or "")


def skip(reason="", allow_module_level=False, msg=None):
    raise SkippedNow(reason or msg or "")


def xfail(reason=""):
    raise XFailed(reason)


def importorskip(name, minversion=None, reason=None):
    try:
        return __import__("importlib").import_module(name)
    except ImportError as error:
        raise SkippedNow(reason or "no module %s" % name) from error


for _outcome in (fail, skip, xfail):
    _outcome.Exception = {"fail": Failed, "skip": SkippedNow, "xfail": XFailed}[_outcome.__name__]


class Pytest(type(sys)):
    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        raise NotHere("pytest." + name)


def make_pytest():
    module = Pytest("pytest")
    for one in (fixture, raises, approx, fail, skip, xfail, importorskip):
        setattr(module, one.__name__, one)
    module.mark, module.param, module.ExceptionInfo, module.__version__ = Marks(), Row, ExceptionInfo, "8.0"
    return module


def marks_of(holder):
    own = vars(holder).get("pytestmark", [])
    return list(own) if isinstance(own, (list, tuple)) else [own]


def arguments_of(function, is_method):
    """The names that a test or a fixture takes, without what mock.patch gives it."""
    patched = 0
    while True:
        for one in getattr(function, "patchings", ()):
            patched += one.attribute_name is None and type(one.new).__name__ == "_SentinelObject"
        if not hasattr(function, "__wrapped__"):
            break
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    names = list(code.co_varnames[: code.co_argcount])
    names = names[1 if is_method else 0 : len(names) - len(function.__defaults__ or ())][patched:]
    only_by_name = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return names + [one for one in only_by_name if one not in (function.__kwdefaults__ or {})]


class Request:
    """The fixture `request`."""

    def __init__(self, use, param=None, has_param=False):
        self.examiner_use = use
        self.function, self.cls, self.instance, self.module = use.function, use.kind, use.owner, use.tests.runner.module
        if has_param:
            self.param = param

    def getfixturevalue(self, name):
        return self.examiner_use.value(name)

    def addfinalizer(self, function):
        self.examiner_use.ends.append(function)

    def __getattr__(self, name):
        raise NotHere("request." + name)


class Use:
    """The fixtures of one test while it runs."""

    def __init__(self, tests, function, owner, kind, given, params):
        self.tests, self.function, self.owner, self.kind = tests, function, owner, kind
        self.values, self.params, self.ends = dict(given), params, []

    def value(self, name):
        if name in self.values:
            return self.values[name]
        if name == "request":
            return Request(self)
        one = self.tests.fixture_named(name, self.kind)
        if name in self.values.get("", ()):
            raise Failed("the fixture %s needs itself" % name)
        kept = self.tests.kept if one.scope in WIDE_SCOPES else None
        key = (one.scope == "class" and self.kind, id(one), self.params.get(name, (0, None))[0])
        if kept is not None and key in kept:
            self.values[name] = kept[key]
            return kept[key]
        outer, self.values[""] = self.values.get("", ()), (*self.values.get("", ()), name)
        is_method = one.owner is not None
        wide_ends, here = self.tests.wide_ends, self.ends
        if kept is not None:
            self.ends = wide_ends
        try:
            given = {}
            for each in arguments_of(one.function, is_method):
                has_param = name in self.params
                given[each] = (Request(self, self.params[name][1] if has_param else None, has_param)
                               if each == "request" else self.value(each))  # fmt: skip
            value = one.function(*((self.owner,) if is_method else ()), **given)
            if type(value).__name__ in ("coroutine", "async_generator"):
                raise NotHere("an async fixture (%s)" % name)
            if hasattr(value, "send") and one.function.__code__.co_flags & 0x20:
                steps, value = value, next(value)

                def end():
                    for _ in steps:
                        raise Failed("the fixture %s yields more than once" % name)

                self.ends.append(end)
        finally:
            self.ends = here
            self.values[""] = outer
        self.values[name] = value
        if kept is not None:
            kept[key] = value
        return value


def raise_again(error):
    raise error


def run_ends(ends):
    """All of them, the last first; what the first one raises is raised."""
    first = None
    while ends:
        try:
            ends.pop()()
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first


class PytestTests:
    def __init__(self, runner):
        self.runner = runner
        self.kept = {}
        self.wide_ends = []
        self.marks = marks_of(runner.module)

    # --- fixtures -----------------------------------------------------------------------------------------------------

    def fixtures(self, kind):
        """By name; a class's own go before the file's."""
        found = {}
        for value in list(self.runner.names.values()):
            if isinstance(value, Fixture):
                found[value.name] = value
        for base in reversed(kind.__mro__) if kind is not None else ():
            for value in vars(base).values():
                if isinstance(value, Fixture):
                    value.owner = kind
                    found[value.name] = value
        return found

    def fixture_named(self, name, kind):
        found = self.fixtures(kind).get(name)
        if found is None:
            why = NOT_HERE.get(name)
            raise NotHere("the fixture %s (%s)" % (name, why) if why else "the fixture %s: the file does not define it" % name)
        return found

    def needed(self, function, kind, given):
        """Names of all fixtures of a test, those of others among them."""
        found = self.fixtures(kind)
        waiting = [name for name, one in found.items() if one.autouse]
        waiting += [name for mark in self.marks_of_test(function, kind) if mark.name == "usefixtures" for name in mark.args]
        waiting += [name for name in arguments_of(function, kind is not None) if name not in given]
        names = []
        while waiting:
            name = waiting.pop(0)
            if name in names or name in given:
                continue
            names.append(name)
            if name in found:
                waiting += arguments_of(found[name].function, found[name].owner is not None)
        return names

    # --- tests --------------------------------------------------------------------------------------------------------

    def run(self):
        names = self.runner.names
        self.guarded("setup_module", names.get("setup_module"), self.runner.module)
        for name, value in list(names.items()):
            if isinstance(value, type):
                if getattr(value, "__module__", "") != "tests":
                    continue
                unittest = sys.modules.get("unittest")
                if unittest is not None and issubclass(value, unittest.TestCase):
                    self.runner.run_unittest(unittest, value)
                elif name.startswith("Test") and type(value) is type and vars(value).get("__test__", True):
                    self.run_class(name, value)
            elif name.startswith("test") and type(value) is type(lambda: 0) and value.__module__ == "tests":
                if getattr(value, "__test__", True):
                    self.run_test(name, value, None)
        self.end_wide("the end of the file's fixtures")
        self.guarded("teardown_module", names.get("teardown_module"), self.runner.module)

    def guarded(self, name, function, holder):
        """What runs around tests is told only where it fails. False: it did."""
        if function is None or self.runner.watch.why_over():
            return True
        failed = []
        if isinstance(function, type(lambda: 0)):
            call = (lambda: function(holder)) if function.__code__.co_argcount else function
        else:
            call = function if function.__func__.__code__.co_argcount < 2 else lambda: function(holder)
        self.runner.run(name, call, tell_passed=False, failed=failed)
        return not failed

    def end_wide(self, name):
        if self.wide_ends:
            self.runner.run(name, lambda: run_ends(self.wide_ends), tell_passed=False)
        self.kept.clear()

    def run_class(self, name, kind):
        if "__init__" in vars(kind):
            self.runner.record.test(name, "error", "a class of tests with __init__ is not collected by pytest")
            return
        if not self.guarded(name + ".setup_class", getattr(kind, "setup_class", None), kind):
            return
        for attribute in dict.fromkeys(key for one in reversed(kind.__mro__) for key in vars(one)):
            function = getattr(kind, attribute, None)
            if attribute.startswith("test") and callable(function) and not isinstance(function, Fixture):
                self.run_test(name + "." + attribute, function, kind)
        self.end_wide(name + ": the end of its fixtures")
        self.guarded(name + ".teardown_class", getattr(kind, "teardown_class", None), kind)

    def marks_of_test(self, function, kind):
        own = list(getattr(function, "pytestmark", ()))
        for one in kind.__mro__ if kind is not None else ():
            own += marks_of(one)
        return own + self.marks

    def run_test(self, name, function, kind):
        """Once, or once for each row of parametrize and each parameter of its fixtures."""
        marks = self.marks_of_test(function, kind)
        try:
            rows = self.rows(function, kind, marks)
        except BaseException as error:
            self.runner.run(name, lambda error=error: raise_again(error))
            return
        for text, given, params, more in rows:
            self.run_row(name + text, function, kind, given, params, more + marks)

    def rows(self, function, kind, marks):
        rows = [("", {}, {}, [])]
        for mark in marks:
            if mark.name != "parametrize":
                continue
            names, values = (*mark.args, *(mark.kwargs[one] for one in ("argnames", "argvalues") if one in mark.kwargs))[:2]
            for key in mark.kwargs:
                if key not in ("argnames", "argvalues", "ids", "scope") and (key != "indirect" or mark.kwargs[key]):
                    raise NotHere("parametrize(%s=)" % key)
            names = [one.strip() for one in names.split(",") if one.strip()] if isinstance(names, str) else list(names)
            grown = []
            for text, given, params, more in rows:
                for i, value in enumerate(values):
                    row = value if isinstance(value, Row) else Row(value) if len(names) == 1 else Row(*value)
                    if len(row.values) != len(names):
                        raise ValueError("parametrize: %d values for %s" % (len(row.values), ", ".join(names)))
                    grown.append(("%s[%s]" % (text, row.id or i), {**given, **dict(zip(names, row.values))}, params, more + row.marks))
            if not grown:
                grown = [(text + "[]", given, params, more + [Mark("skip", ("got an empty parameter set",), {})])
                         for text, given, params, more in rows]  # fmt: skip
            rows = grown
        found = self.fixtures(kind)
        for one in self.needed(function, kind, rows[0][1]):
            if one in found and found[one].params is not None:
                rows = [("%s[%s%d]" % (text, one, i), given, {**params, one: (i, value)}, more)
                        for text, given, params, more in rows for i, value in enumerate(found[one].params)]  # fmt: skip
        return rows

    def run_row(self, name, function, kind, given, params, marks):
        expected = None
        for mark in marks:
            if mark.name not in ("skip", "skipif", "xfail"):
                continue
            conditions = mark.args if mark.name != "skip" else ()
            reason = mark.kwargs.get("reason", mark.args[0] if mark.name == "skip" and mark.args else "")
            try:
                holds = [self.holds(one) for one in (*conditions, *((mark.kwargs["condition"],) if "condition" in mark.kwargs else ()))]
            except BaseException as error:
                self.runner.record.test(name, "error", "%s: the condition raised %s: %s" % (mark.name, type(error).__name__, error))
                return
            if mark.name == "skipif" and not holds:
                self.runner.record.test(name, "error", "skipif without a condition")
                return
            if holds and not any(holds):
                continue
            if mark.name != "xfail" or mark.kwargs.get("run", True) is False:
                self.runner.record.test(name, "skipped", str(reason))
                return
            expected = expected or mark
        self.runner.run(name, lambda: self.call(function, kind, given, params), expected=expected)

    def holds(self, condition):
        if not isinstance(condition, str):
            return bool(condition)
        import os
        import platform

        return bool(eval(condition, {"sys": sys, "os": os, "platform": platform, **self.runner.names}))

    def call(self, function, kind, given, params):
        owner = kind() if kind is not None else None
        use = Use(self, function, owner, kind, given, params)
        around = [("setup_method", "teardown_method"), ("setUp", "tearDown")] if kind is not None else [("setup_function", "teardown_function")]
        holder = owner if kind is not None else self.runner.module
        try:
            for before, after in around:
                self.around(getattr(holder, before, None), function)
                if hasattr(holder, after):
                    use.ends.append(lambda after=after: self.around(getattr(holder, after), function))
            needed = self.needed(function, kind, given)
            found = self.fixtures(kind)
            # Those of a wider scope are made first, as pytest does; for the rest the order is that of the names.
            for name in sorted(needed, key=lambda one: one not in found or found[one].scope == "function"):
                use.value(name)
            values = {name: use.value(name) for name in arguments_of(function, kind is not None)}
            values.update((name, one) for name, one in given.items() if name not in values)
            target = function if owner is None else function.__get__(owner, kind) if hasattr(function, "__get__") else function
            result = target(**values)
            if type(result).__name__ == "coroutine":
                import asyncio

                asyncio.run(result)
            elif hasattr(result, "__next__") and getattr(getattr(function, "__code__", None), "co_flags", 0) & 0x220:
                raise NotHere("a test that yields")
        except BaseException:
            try:
                run_ends(use.ends)
            except BaseException:
                pass  # what the test itself raised is told
            raise
        run_ends(use.ends)

    @staticmethod
    def around(function, test):
        if function is None:
            return
        code = getattr(function, "__func__", function).__code__
        is_bound = hasattr(function, "__func__")
        function(*((test,) if code.co_argcount > is_bound else ()))
