"""round_trip.py COUNT SEED: random values through the writer and the reader, which must come back bit for bit; and as many broken messages,
which must be refused as malformed or read as plain values, and nothing else."""

import random
import struct
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import values


class Side(values.AnySide):
    """No classes, handles or callbacks: they are no plain values."""

    def put_other(self, w, value):
        put = values.library_put(type(value))
        if put is None:
            raise values.CannotSend(type(value).__name__)
        put(w, value)

    def put_object(self, w, value):
        raise values.CannotSend(type(value).__name__)

    def refuse(self, r):
        raise values.Malformed("no plain value")

    take_named_tuple = take_record = take_enum = take_exception = take_exception_class = take_handle = take_callback = refuse


SIDE = Side()
SPECIAL_FLOATS = (0x0, 0x8000000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF8DEADBEEF0001, 0x1)


def random_int(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randrange(-300, 300)
    if kind == 1:
        return rng.choice((-1, 1)) * (1 << rng.randrange(130)) + rng.randrange(-2, 3)
    return rng.getrandbits(rng.randrange(1, 70 if kind == 2 else 3000)) * rng.choice((-1, 1))


def random_float(rng):
    bits = rng.choice(SPECIAL_FLOATS) if rng.random() < 0.3 else rng.getrandbits(64)
    # A signalling NaN becomes a quiet one where it is loaded, on some processors.
    value = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


def random_text(rng):
    alphabets = ("abc \n\0", "äß€", "\ud800\udc00\udfff", "\U0001F600\U0010FFFF")
    return "".join(rng.choice(rng.choice(alphabets)) for _ in range(rng.randrange(8)))


def random_zone(rng):
    kind = rng.randrange(4)
    if kind < 2:
        return None
    if kind == 2:
        return timezone.utc
    offset = timedelta(minutes=rng.randrange(-1439, 1440))
    return timezone(offset) if rng.random() < 0.5 else timezone(offset, random_text(rng) or "Z")


def random_leaf(rng, hashable):
    kind = rng.randrange(20 if hashable else 22)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind < 5:
        return random_int(rng)
    if kind < 7:
        return random_float(rng)
    if kind == 7:
        return complex(random_float(rng), random_float(rng))
    if kind < 10:
        return random_text(rng)
    if kind == 10:
        return rng.randbytes(rng.randrange(20))
    if kind == 11:
        return range(random_int(rng), random_int(rng), random_int(rng) or 1)
    if kind == 12:
        sign, digits = rng.randrange(2), tuple(rng.randrange(10) for _ in range(rng.randrange(1, 40)))
        special = Decimal((sign, rng.choice(((), digits)), rng.choice("nF"))) if rng.random() < 0.2 else None
        return special if special is not None and not special.is_nan() else Decimal((sign, digits, rng.randrange(-50, 50)))
    if kind == 13:
        return Fraction(random_int(rng), random_int(rng) or 1)
    if kind == 14:
        return date(rng.randrange(1, 10000), rng.randrange(1, 13), rng.randrange(1, 29))
    if kind == 15:
        return time(rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(10**6), random_zone(rng), fold=rng.randrange(2))
    if kind == 16:
        return datetime(rng.randrange(2, 9998), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24), 0, 1, rng.randrange(10**6), random_zone(rng), fold=rng.randrange(2))
    if kind == 17:
        return timedelta(rng.randrange(-10**6, 10**6), rng.randrange(86400), rng.randrange(10**6))
    if kind == 18:
        return rng.choice((Ellipsis, NotImplemented, int, str, dict, ValueError, OSError, type(None), StopIteration))
    if kind == 19:
        return rng.choice((len, sum, sorted, abs))
    if kind == 20:
        return bytearray(rng.randbytes(rng.randrange(10)))
    return slice(random_int(rng), None, random_int(rng))


def random_value(rng, depth=0, made=None, hashable=False):
    """`made`: the mutable objects so far, any of which may come again."""
    if made is None:
        made = []
    if not hashable and made and rng.random() < 0.08:
        return rng.choice(made)
    if depth > 4 or rng.random() < 0.4:
        leaf = random_leaf(rng, hashable)
        if type(leaf) is bytearray:
            made.append(leaf)
        return leaf
    count = rng.randrange(5)
    if hashable or rng.random() < 0.25:
        items = [random_value(rng, depth + 1, made, hashable) for _ in range(count)]
        if hashable and rng.random() < 0.5:
            return frozenset(items)
        return tuple(items)
    kind = rng.randrange(7)
    if kind < 2:
        value = []
        made.append(value)
        value.extend(random_value(rng, depth + 1, made) for _ in range(count))
    elif kind == 2:
        value = set()
        made.append(value)
        value.update(random_value(rng, depth + 1, None, True) for _ in range(count))
    elif kind == 6:
        value = deque((), rng.choice((None, 3, 10)))
        made.append(value)
        value.extend(random_value(rng, depth + 1, made) for _ in range(count))
    else:
        value = rng.choice((dict, dict, OrderedDict, Counter, lambda: defaultdict(rng.choice((None, list, int)))))()
        made.append(value)
        for _ in range(count):
            value[random_value(rng, depth + 1, None, True)] = random_value(rng, depth + 1, made)
    return value


def written(value):
    writer = values.Writer(SIDE)
    writer.put(value)
    return writer.message(65, 7)[4:]


def read(data):
    reader = values.Reader(SIDE, data, values.HEAD.size)
    value = reader.take()
    reader.end()
    return value


def bits(value):
    return struct.pack("<d", value)


def differs(a, b, pairs):
    """The first difference of two values, or "". `pairs`: which mutable object of one is which of the other."""
    if type(a) is not type(b):
        return "%s and %s" % (type(a), type(b))
    kind = type(a)
    if kind in (list, dict, set, bytearray, deque, OrderedDict, Counter, defaultdict):
        if id(a) in pairs or id(b) in pairs.values():
            return "" if pairs.get(id(a)) == id(b) else "other objects are the same"
        pairs[id(a)] = id(b)
    if kind is float:
        return "" if bits(a) == bits(b) else "%r and %r" % (a, b)
    if kind is complex:
        return "" if bits(a.real) + bits(a.imag) == bits(b.real) + bits(b.imag) else "%r and %r" % (a, b)
    if kind in (list, tuple, deque):
        if len(a) != len(b) or kind is deque and a.maxlen != b.maxlen:
            return "lengths"
        return next((one for one in (differs(x, y, pairs) for x, y in zip(a, b)) if one), "")
    if kind in (dict, OrderedDict, Counter, defaultdict):
        if kind is defaultdict and a.default_factory is not b.default_factory:
            return "factories"
        if len(a) != len(b):
            return "lengths"
        found = (differs(x, y, pairs) for x, y in zip([*a.keys(), *a.values()], [*b.keys(), *b.values()]))
        return next((one for one in found if one), "")
    if kind in (set, frozenset):
        # Elements of equal repr stand for each other; a NaN equals nothing.
        return "" if len(a) == len(b) and sorted(map(words, a)) == sorted(map(words, b)) else "%r and %r" % (a, b)
    if kind is Decimal:
        return "" if a.as_tuple() == b.as_tuple() else "%r and %r" % (a, b)
    if kind in (time, datetime):
        return "" if a == b and a.fold == b.fold and words(a.tzinfo) == words(b.tzinfo) else "%r and %r" % (a, b)
    return "" if a == b and repr(a) == repr(b) else "%r and %r" % (a, b)


def words(value):
    kind = type(value)
    if kind is float:
        return bits(value).hex()
    if kind is complex:
        return bits(value.real).hex() + bits(value.imag).hex()
    if kind in (tuple, frozenset):
        items = map(words, value)
        return kind.__name__ + repr(list(items) if kind is tuple else sorted(items))
    return repr(value)


def broken(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        kind = rng.randrange(5)
        at = rng.randrange(values.HEAD.size, len(data)) if len(data) > values.HEAD.size else len(data)
        if kind == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at:at] = rng.randbytes(rng.randrange(1, 6))
        elif kind == 2:
            del data[at : at + rng.randrange(1, 6)]
        elif kind == 3:
            data[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 2**31, 2**32 - 1, rng.getrandbits(32))))
        elif at < len(data):
            data[at] = ord(rng.choice("NTFezifcIsbyltSZdOCDqrxmQ12345AgPp@nREXhkM"))
    return bytes(data)


PLAIN = {type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, range, slice,
         type(Ellipsis), type(NotImplemented), type, type(len), OrderedDict, Counter, defaultdict, deque, Decimal,
         Fraction, date, time, datetime, timedelta, timezone}  # fmt: skip


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    refused = accepted = 0
    for i in range(count):
        value = random_value(rng)
        data = written(value)
        difference = differs(value, read(data), {})
        if difference:
            sys.exit("value %d of seed %d does not come back: %s" % (i, seed, difference))
        bad = broken(rng, data)
        try:
            again = read(bad)
            if type(again) not in PLAIN and type(again).__name__ != "ZoneInfo":
                sys.exit("message %d of seed %d is read as %r" % (i, seed, type(again)))
            accepted += 1
        except values.WRONG:
            refused += 1
    print("%d values came back bit for bit; of as many broken messages %d were refused, %d were other plain values" % (count, refused, accepted))


main()
