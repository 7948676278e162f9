#!/usr/bin/env python3
"""broken_answers.py COUNT SEED: answers, calls and descriptions of a candidate, broken at random, as the examiner reads them:
each is taken or ends the examination, and nothing else happens."""

import collections
import dataclasses
import enum
import random
import struct
import sys

SOURCES = sys.argv[3:]
both = {"__name__": "both"}
for source in SOURCES:
    exec(compile(open(source).read(), source, "exec"), both)

# The two sides of one process share the tables of writers; the candidate's own are of no use to the examiner.
Exam, Candidate, Gone, HEAD, Handle = (both[name] for name in ("Exam", "Candidate", "Gone", "HEAD", "Handle"))


class Color(enum.Enum):
    RED = 1
    GREEN = "g"


class Number(enum.IntFlag):
    ONE = 1
    TWO = 2


Pair = collections.namedtuple("Pair", "x y")


@dataclasses.dataclass
class Point:
    x: int
    y: list


class Oops(ValueError):
    pass


class Thing:
    def __init__(self):
        self.a = 1

    def method(self):
        return 2

    def __len__(self):
        return 3

    def __iter__(self):
        return iter([1])


def raised(kind, *args):
    try:
        raise kind(*args)
    except BaseException as error:
        return error


def answers(rng):
    candidate = Candidate("solution.py", -1, -1)
    thing = Thing()
    values = [None, [1, [2]], {"a": (1, 2.5)}, Color.RED, Number.ONE | Number.TWO, Pair(1, [2]), Point(1, [2]), thing, [thing, thing],
              (i for i in range(3)), lambda: 1, Thing, Oops, raised(Oops, 1), raised(KeyError, "k"), raised(OSError, 2, "no"), ValueError, len,
              raised(StopIteration, 1), [Point(1, []), Pair(2, 3), Color.GREEN, {1: Point(2, [3])}]]  # fmt: skip
    asked = [[1, 2], {"k": [3]}]
    before = [both["content"](one) for one in asked]
    if rng.random() < 0.5:
        asked[0].append(rng.choice(values))
    value = rng.choice(values)
    is_error = isinstance(value, BaseException) and rng.random() < 0.7
    return candidate.answer(b"E" if is_error else b"A", 7, asked, before, value)[4:]


def broken(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(0, 4)):
        kind, at = rng.randrange(5), rng.randrange(HEAD.size, len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at:at] = rng.randbytes(rng.randrange(1, 6))
        elif kind == 2:
            del data[at : at + rng.randrange(1, 6)]
        elif kind == 3:
            data[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 2, 3, 2**31, 2**32 - 1)))
        elif at < len(data):
            data[at] = ord(rng.choice("NTFezifcIsbyltSZdOCDqrxmQ12345AgPp@nREXYhkM_"))
    return bytes(data)


class Probe:
    """Of the tests: what the submission was given."""

    def __init__(self):
        self.items = [1]
        self.calls = 0

    def method(self, *args, **kwargs):
        self.calls += 1
        return [args, kwargs]


Probe.__module__ = "tests"


class HeardExam(Exam):
    """An exam without pipes, that has given a function, an iterator and an object away."""

    def __init__(self):
        Exam.__init__(self, -1, -1, frozenset(("Thing",)))
        both["EXAM"] = self
        self.begin()
        self.written = []
        for one in (Probe().method, iter([1, 2]), Probe(), dict):
            self.told_numbers[id(one)] = len(self.told)
            self.told.append(one)

    def write(self, message):
        self.written.append(message)


def broken_answer(rng):
    exam = HeardExam()
    exam.shared.keep(5, [[1, 2], {"a": [3]}])
    attribute = 9 if rng.random() < 0.3 else None
    return exam, lambda: exam.read_answer(broken(rng, answers(rng)), [[1, 2], {"k": [3]}, [3]], attribute)


def broken_call(rng):
    """A call of something of the tests', as the candidate writes it."""
    candidate = Candidate("solution.py", -1, -1)
    outer = [both["OUTER"][ord(one)](i, None) for i, one in enumerate("fiof")]
    wish = rng.choice([("call", outer[0], (1, [2]), {"k": 3}), ("call", outer[3], ([(1, 2)],), {}), ("next", outer[1]), ("iter", outer[2]),
                       ("len", outer[2]), ("get", outer[2], "items"), ("get", outer[2], "_own"), ("get", outer[2], "method"),
                       ("set", outer[2], "items", [Point(1, [])]), ("set", outer[2], "__class__", int), ("call", outer[0], (Thing(),), {})])  # fmt: skip
    writer = both["Writer"](candidate)
    writer.put(wish)
    data, exam = broken(rng, writer.message(66, 7)[4:]), HeardExam()

    def hear():
        exam.answer_callback(data, 7)
        assert len(exam.written) == 1 and exam.written[0][4:5] in (b"K", b"X")

    return exam, hear


def broken_description(rng):
    """What the submission has, as the candidate describes it."""
    candidate = Candidate("solution.py", -1, -1)
    candidate.module = type(sys)("solution")
    vars(candidate.module).update(Thing=Thing, Point=Point, Pair=Pair, Color=Color, Number=Number, Oops=Oops, value=[1], function=raised)
    names = tuple(rng.sample(sorted(["Thing", "Point", "Pair", "Color", "Number", "Oops", "value", "function", "missing"]), 3))
    told = candidate.do_load(names)
    if rng.random() < 0.1:
        own = (rng.choice(("Exception", "BaseException", "AssertionError")),)
        told = tuple((*one[:2], own) if one[0] == "exception" else one for one in told)
    data = broken(rng, candidate.answer(b"A", 7, (), (), told)[4:])
    exam = HeardExam()
    exam.ask = lambda *question: exam.read_answer(data, [])

    def load():
        for one in exam.load(names).values():
            if isinstance(one, type) and issubclass(AssertionError, one) and one is not object:
                sys.exit("%s is a class that catches assertions" % one)

    return exam, load


def main():
    count, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    ended = taken = 0
    for i in range(count):
        exam, read = rng.choice((broken_answer, broken_answer, broken_call, broken_description))(rng)
        try:
            value = read()
            taken += 1
            if type(value).__module__ not in ("builtins", "both", "submission", "collections", "decimal", "fractions", "datetime", "zoneinfo", "enum"):
                sys.exit("answer %d is read as %s.%s" % (i, type(value).__module__, type(value).__name__))
        except Gone:
            ended += 1
            assert exam.why_over()
        except both["Degenerate"]:
            taken += 1
            assert exam.why_failed(None)[0] == "failed"
    print("%d messages: %d ended the examination, %d were taken" % (count, ended, taken))


main()
