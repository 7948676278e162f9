"""Tasks of classes: each template, for several numbers K, is a class, its tests, and one change that breaks it."""

import re

# (name, entry, code, tests, what breaks it: old and new)
TEMPLATES = [
    ("bounded stack", ["Stack"], """
class Stack:
    def __init__(self, most=K):
        self.most, self.items = most, []
    def push(self, item):
        if len(self.items) >= self.most:
            raise OverflowError("full at %d" % self.most)
        self.items.append(item)
        return self
    def pop(self):
        if not self.items:
            raise IndexError("empty")
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __bool__(self):
        return bool(self.items)
""", """
def test_push_and_pop():
    stack = Stack()
    assert not stack
    for i in range(K):
        stack.push(i).items
    assert len(stack) == K and stack
    assert [stack.pop() for _ in range(K)] == list(range(K))[::-1]
def test_full():
    stack = Stack(K)
    for i in range(K):
        stack.push(i)
    try:
        stack.push(0)
    except OverflowError as error:
        assert str(error) == "full at K"
    else:
        assert False
""", (">= self.most", "> self.most")),
    ("queue that is a ring", ["Ring"], """
class Ring:
    def __init__(self, size):
        self.data, self.start, self.count = [None] * size, 0, 0
    def put(self, value):
        end = (self.start + self.count) % len(self.data)
        self.data[end] = value
        if self.count == len(self.data):
            self.start = (self.start + 1) % len(self.data)
        else:
            self.count += 1
    def __iter__(self):
        for i in range(self.count):
            yield self.data[(self.start + i) % len(self.data)]
""", """
def test_last_ones_stay():
    ring = Ring(K)
    for i in range(3 * K):
        ring.put(i)
        assert list(ring) == list(range(max(0, i - K + 1), i + 1))
""", ("self.count += 1", "self.count += 2 - (self.count > 0)")),
    ("vector", ["Vector"], """
class Vector:
    def __init__(self, *parts):
        self.parts = parts
    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.parts, other.parts)))
    def __sub__(self, other):
        return Vector(*(a - b for a, b in zip(self.parts, other.parts)))
    def __neg__(self):
        return Vector(*(-a for a in self.parts))
    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self.parts, other.parts))
    def __abs__(self):
        return (self @ self) ** 0.5
    def __repr__(self):
        return "Vector%r" % (self.parts,)
""", """
def test_sums():
    one, two = Vector(K, 1, 2), Vector(1, K, 3)
    assert (one + two).parts == (K + 1, K + 1, 5)
    assert (one - two).parts == (K - 1, 1 - K, -1)
    assert (-one).parts == (-K, -1, -2)
    assert one @ two == 2 * K + 6
    assert abs(abs(Vector(3 * K, 4 * K)) - 5 * K) < 1e-9
    assert repr(one) == "Vector(K, 1, 2)"
""", ("a - b", "b - a")),
    ("account", ["Account", "NoMoney"], """
class NoMoney(Exception):
    def __init__(self, missing):
        super().__init__("%d missing" % missing)
        self.missing = missing
class Account:
    count = 0
    def __init__(self, owner, balance=0):
        self.owner, self._balance = owner, balance
        Account.count += 1
    @property
    def balance(self):
        return self._balance
    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("no amount")
        self._balance += amount
    def withdraw(self, amount):
        if amount > self._balance:
            raise NoMoney(amount - self._balance)
        self._balance -= amount
    @classmethod
    def shared(cls, *owners):
        return cls(" and ".join(owners))
""", """
import unittest
class Accounts(unittest.TestCase):
    def setUp(self):
        self.account = Account("Ada", K)
    def test_balance(self):
        self.account.deposit(5)
        self.assertEqual(self.account.balance, K + 5)
        self.account.withdraw(K)
        self.assertEqual(self.account.balance, 5)
    def test_missing(self):
        with self.assertRaises(NoMoney) as caught:
            self.account.withdraw(K + 3)
        self.assertEqual(caught.exception.missing, 3)
        self.assertEqual(str(caught.exception), "3 missing")
        self.assertEqual(self.account.balance, K)
    def test_wrong(self):
        with self.assertRaisesRegex(ValueError, "no amount"):
            self.account.deposit(-K)
        with self.assertRaises(AttributeError):
            self.account.balance = K
    def test_shared(self):
        self.assertEqual(Account.shared("Ada", "Bob").owner, "Ada and Bob")
""", ("self._balance -= amount", "self._balance -= amount - 1")),
    ("matrix", ["Matrix"], """
class Matrix:
    def __init__(self, rows):
        self.rows = [list(row) for row in rows]
    @classmethod
    def unit(cls, n):
        return cls([[int(i == j) for j in range(n)] for i in range(n)])
    def __mul__(self, other):
        return Matrix([[sum(a * b for a, b in zip(row, column)) for column in zip(*other.rows)] for row in self.rows])
    def __getitem__(self, place):
        return self.rows[place[0]][place[1]]
    def __setitem__(self, place, value):
        self.rows[place[0]][place[1]] = value
    def transposed(self):
        return Matrix(zip(*self.rows))
""", """
def test_products():
    one = Matrix([[1, K], [0, 1]])
    assert (one * Matrix([[K, 0], [1, 1]])).rows == [[2 * K, K], [1, 1]]
    assert one.transposed().rows == [[1, 0], [K, 1]]
    one[0, 0] = 7
    assert one[0, 0] == 7 and one.rows[0] == [7, K]
    assert Matrix.unit(3).rows == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
""", ("zip(*other.rows)", "other.rows")),
    ("point by its fields", ["Point"], """
import dataclasses
@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = K
    tags: list = dataclasses.field(default_factory=list)
    def moved(self, dx, dy=0):
        return Point(self.x + dx, self.y + dy, [*self.tags, "moved"])
    def move(self, dx):
        self.x += dx
    def distance(self, other):
        return abs(self.x - other.x) + abs(self.y - other.y)
""", """
def test_fields():
    assert Point(1) == Point(1, K) and Point(1) != Point(2)
    assert Point(1).moved(2, 3) == Point(3, K + 3, ["moved"])
    point = Point(1)
    point.move(K)
    assert point == Point(1 + K) and point.x == 1 + K
    assert Point(1, 2).distance(Point(4, 6)) == 7
    assert sorted([Point(3), Point(1), Point(2)]) == [Point(1), Point(2), Point(3)]
    point.tags.append("x")
    assert point.tags == ["x"]
""", ("self.x += dx", "self.x -= dx")),
    ("cache of the last ones", ["Cache"], """
from collections import OrderedDict
class Cache:
    def __init__(self, size):
        self.size, self.kept = size, OrderedDict()
    def get(self, key, default=None):
        if key not in self.kept:
            return default
        self.kept.move_to_end(key)
        return self.kept[key]
    def put(self, key, value):
        self.kept[key] = value
        self.kept.move_to_end(key)
        if len(self.kept) > self.size:
            self.kept.popitem(last=False)
""", """
def test_the_oldest_goes():
    cache = Cache(K)
    for i in range(K):
        cache.put(i, str(i))
    assert cache.get(0) == "0"
    cache.put("new", 1)
    assert cache.get(0) == ("0" if K > 1 else None)
    assert cache.get("new") == 1
    assert len(cache.kept) == K
    assert cache.get("none", K) == K
""", ("last=False", "last=True")),
    ("linked list", ["List"], """
class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next
class List:
    def __init__(self, values=()):
        self.head = None
        for value in reversed(list(values)):
            self.head = Node(value, self.head)
    def __iter__(self):
        node = self.head
        while node is not None:
            yield node.value
            node = node.next
    def reverse(self):
        before, node = None, self.head
        while node is not None:
            node.next, before, node = before, node, node.next
        self.head = before
""", """
def test_order():
    one = List(range(K))
    assert list(one) == list(range(K))
    assert one.head.value == 0
    one.reverse()
    assert list(one) == list(range(K))[::-1]
    assert one.head.value == K - 1
    assert list(List()) == [] and List().head is None
    assert K - 1 in one
    two = List("ab")
    two.reverse()
    assert list(two) == ["b", "a"]
""", ("self.head = before", "self.head = self.head")),
    ("events", ["Events"], """
class Events:
    def __init__(self):
        self.listeners = {}
    def on(self, name, listener):
        self.listeners.setdefault(name, []).append(listener)
        return lambda: self.listeners[name].remove(listener)
    def emit(self, name, *what, **more):
        return [listener(*what, **more) for listener in self.listeners.get(name, ())]
""", """
def test_listeners():
    events, seen = Events(), []
    off = events.on("a", lambda x, y=K: x + y)
    events.on("a", seen.append)
    assert events.emit("a", 1) == [K + 1, None]
    assert seen == [1]
    off()
    assert events.emit("a", 2) == [None]
    assert events.emit("b") == []
""", ("self.listeners.get(name, ())", "reversed(self.listeners.get(name, ()))")),
    ("counter that is iterated", ["Countdown"], """
class Countdown:
    def __init__(self, start):
        self.start = start
    def __iter__(self):
        return CountdownSteps(self.start)
    def __len__(self):
        return self.start
    def __getitem__(self, i):
        if not 0 <= i < self.start:
            raise IndexError(i)
        return self.start - i
class CountdownSteps:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1
""", """
def test_steps():
    one = Countdown(K)
    assert list(one) == list(range(K, 0, -1)) and len(one) == K
    assert one[0] == K
    steps = iter(one)
    assert next(steps) == K
    assert sum(1 for _ in steps) == K - 1
    try:
        next(steps)
    except StopIteration:
        pass
    else:
        assert False
    try:
        one[K]
    except IndexError as error:
        assert error.args == (K,)
""", ("return self.n + 1", "return self.n")),
    ("resource in a with block", ["Resource"], """
class Resource:
    log = []
    def __init__(self, name, swallow=()):
        self.name, self.swallow, self.log = name, swallow, []
    def __enter__(self):
        self.log.append("open")
        return self
    def __exit__(self, kind, error, trace):
        self.log.append("close" if kind is None else "failed " + kind.__name__)
        return kind is not None and issubclass(kind, tuple(self.swallow))
""", """
def test_blocks():
    with Resource("a") as one:
        assert one.log == ["open"]
    assert one.log == ["open", "close"]
    with Resource("b", [KeyError]) as two:
        raise KeyError(K)
    assert two.log == ["open", "failed KeyError"]
    try:
        with Resource("c") as three:
            raise ValueError(K)
    except ValueError as error:
        assert error.args == (K,)
    else:
        assert False
""", ("self.log.append(\"open\")", "self.log.append(\"opened\")")),
    ("shapes with a base", ["Shape", "Square", "Circle"], """
from abc import ABC, abstractmethod
import math
class Shape(ABC):
    @abstractmethod
    def area(self): ...
    def describe(self):
        return "%s of %.2f" % (type(self).__name__.lower(), self.area())
class Square(Shape):
    def __init__(self, side):
        self.side = side
    def area(self):
        return self.side ** 2
class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius
    def area(self):
        return math.pi * self.radius ** 2
""", """
import math
def test_areas():
    assert Square(K).area() == K * K
    assert math.isclose(Circle(K).area(), math.pi * K * K)
    assert Square(K).describe() == "square of %.2f" % (K * K)
    assert isinstance(Square(K), Shape) and issubclass(Circle, Shape) and not isinstance(Square(K), Circle)
    try:
        Shape()
    except TypeError:
        pass
    else:
        assert False
""", ("self.side ** 2", "self.side ** 2 + 1")),
    ("fraction that is trusted by its words", ["Ratio"], """
from math import gcd
class Ratio:
    def __init__(self, top, bottom=1):
        if bottom == 0:
            raise ZeroDivisionError("no ratio")
        common = gcd(top, bottom) * (1 if bottom > 0 else -1)
        self.top, self.bottom = top // common, bottom // common
    def __add__(self, other):
        return Ratio(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)
    def __mul__(self, other):
        return Ratio(self.top * other.top, self.bottom * other.bottom)
    def __str__(self):
        return "%d/%d" % (self.top, self.bottom)
    def __float__(self):
        return self.top / self.bottom
""", """
def test_ratios():
    assert str(Ratio(2, 4)) == "1/2" and str(Ratio(K, -1)) == "-K/1"
    assert str(Ratio(1, K) + Ratio(1, K)) == str(Ratio(2, K))
    assert str(Ratio(1, 2) * Ratio(K, 3)) == str(Ratio(K, 6))
    assert float(Ratio(K, 4)) == K / 4 and str(Ratio(1, 2) + Ratio(1, 3)) == "5/6"
    assert f"{Ratio(1, 2)}" == "1/2"
    try:
        Ratio(1, 0)
    except ZeroDivisionError as error:
        assert str(error) == "no ratio"
""", ("other.top * self.bottom", "other.top * other.bottom")),
    ("levels of an enum", ["Level", "parse"], """
import enum
class Level(enum.IntEnum):
    LOW = K
    MIDDLE = K + 1
    HIGH = K + 5
    @property
    def label(self):
        return self.name.title()
def parse(text):
    return Level[text.upper()]
""", """
def test_levels():
    assert parse("low") is Level.LOW and parse("high") > parse("middle") == K + 1
    assert Level(K + 5) is Level.HIGH and [one.name for one in Level] == ["LOW", "MIDDLE", "HIGH"]
    assert Level.HIGH.label == "High"
    try:
        parse("none")
    except KeyError as error:
        assert error.args == ("NONE",)
    else:
        assert False
""", ("text.upper()", "text.upper().replace('LOW', 'HIGH')")),
    ("text with a generator", ["Words"], """
class Words:
    def __init__(self, text, size=K):
        self.text, self.size = text, size
    def chunks(self):
        for i in range(0, len(self.text), self.size):
            yield self.text[i : i + self.size]
    def __contains__(self, word):
        return word in self.text
    def __call__(self, *words):
        return {word: self.text.count(word) for word in words}
""", """
def test_words():
    words = Words("abcdefghij")
    assert "".join(words.chunks()) == "abcdefghij"
    assert next(words.chunks()) == "abcdefghij"[:K]
    assert words("a", "z") == {"a": 1, "z": 0}
    words.text = "zz"
    assert words("z") == {"z": 2}
""", ("range(0,", "range(1,")),
    ("tree", ["Tree"], """
class Tree:
    def __init__(self):
        self.root, self.size = None, 0
    def add(self, key):
        if self.root is None:
            self.root = [key, None, None]
        else:
            node = self.root
            while True:
                if key == node[0]:
                    return False
                side = 1 if key < node[0] else 2
                if node[side] is None:
                    node[side] = [key, None, None]
                    break
                node = node[side]
        self.size += 1
        return True
    def __iter__(self):
        def walk(node):
            if node is not None:
                yield from walk(node[1])
                yield node[0]
                yield from walk(node[2])
        return walk(self.root)
    def __len__(self):
        return self.size
""", """
def test_order():
    tree = Tree()
    keys = [(i * 2) % (2 * K + 1) for i in range(2 * K + 1)]
    added = [tree.add(key) for key in keys]
    assert list(tree) == sorted(set(keys)) and len(tree) == len(set(keys))
    assert added.count(True) == len(tree)
    assert tree.add(keys[0]) is False
    assert keys[0] in tree and -1 not in tree
""", ("1 if key < node[0] else 2", "1 if key > node[0] else 2")),
]
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 16, 21, 50)


def tasks(path=None):
    for name, entry, code, tests, (old, new) in TEMPLATES:
        for number in NUMBERS:
            code_of, tests_of = put(code, number), put(tests, number)
            assert old in code_of
            yield "%s, %d" % (name, number), code_of, code_of.replace(old, new), tests_of, entry


def put(text, number):
    """K, where it is no part of another word, is the number."""
    return re.sub(r"\bK\b", str(number), text)
