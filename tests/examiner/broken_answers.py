#!/usr/bin/env python3
"""broken_answers.py COUNT SEED: answers of a candidate, broken at random, as the examiner reads them: each is a value or ends the examination,
and nothing else happens."""

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


def main():
    count, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    ended = taken = 0
    for i in range(count):
        data = broken(rng, answers(rng))
        exam = Exam(-1, -1, frozenset())
        both["EXAM"] = exam
        exam.begin()
        objects = [[1, 2], {"k": [3]}, [3]]
        try:
            value = exam.read_answer(data, objects)
            taken += 1
            if type(value).__module__ not in ("builtins", "both", "submission", "collections", "decimal", "fractions", "datetime", "zoneinfo", "enum"):
                sys.exit("answer %d is read as %s.%s" % (i, type(value).__module__, type(value).__name__))
        except Gone:
            ended += 1
            assert exam.why_over()
    print("%d answers: %d ended the examination, %d were values" % (count, ended, taken))


main()
