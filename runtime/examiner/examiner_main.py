REHEARSED = """
import math

def check(candidate):
    assert candidate([1, 2], "a") == [2, 3]
    assert candidate([3, 2], "b") == [2, 3], "two"
    for i in range(6):
        assert candidate([1.5, i], str(i)) == [2, 3]
    assert abs(math.sqrt(candidate([], "")[0]) - math.sqrt(2)) < 1e-6

assert rehearsed([1]) == [2, 3]
check(rehearsed)

def test_one():
    assert rehearsed([1], text="c") == [2, 3]
"""


class Rehearsal(Exam):
    """An exam whose answers are there before its questions: a recorded process may have no descriptor of its own."""

    def new_number(self):
        return 1

    def write(self, message):
        pass

    def ask(self, *question):
        writer = Writer(self)
        writer.parts.append(U32.pack(0) + U32.pack(0))
        writer.put((("value", len),) if question[0] == "load" else [2, 3])
        self.buffer = writer.message(65, 1)
        return Exam.ask(self, *question)


class Unwritten(Record):
    def line(self, *fields):
        if fields[:2] in (("test", "failed"), ("test", "error")):
            raise RuntimeError(self.field(fields[3]))


def rehearse():
    """A small exam before a snapshot is made: what Python makes of code that has run often is a part of it then."""
    global EXAM
    for _ in range(4):
        EXAM = Rehearsal(-1, -1, frozenset())
        EXAM.load(("rehearsed",))
        tree = compile(REHEARSED, "tests.py", "exec", ONLY_AST, dont_inherit=True)
        runner = Runner(Unwritten(-1), REHEARSED, tree, EXAM)
        runner.names["rehearsed"] = lambda *args, **named: EXAM.ask("call", len, args, named)
        runner.run_file()
    del EXAM
    del sys.modules["tests"]


def main(words):
    tests, stem, *names = words
    end = names.index("--")
    run_examiner(tests, stem, tuple(names[:end]), names[end + 1 :])
