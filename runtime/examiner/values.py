# Typed values as bytes, for both sides of an examination. docs/examiner.md is the protocol.
#
# The reader trusts nothing: it checks every length before it reads, counts what it makes, and makes plain types only.
# Whatever is wrong with the bytes is Malformed.
import sys
from _operator import is_
from _struct import Struct, error as StructError

MOST_BYTES = 8 << 20  # of a message
MOST_VALUES = 1000000  # in a message
MOST_DEPTH = 500  # of containers in containers
ROOM_FOR_RECURSION = 20000  # frames, for values of that depth

U32 = Struct("<I")
I64 = Struct("<q")
F64 = Struct("<d")
F64X2 = Struct("<dd")
HEAD = Struct("<BQ")  # of a message: its kind and its number


class Malformed(Exception):
    """The bytes are no message of the protocol."""


class CannotSend(TypeError):
    """The value has no form in the protocol."""


# --- names that stand for themselves ---------------------------------------------------------------------------------

PLAIN_TYPES = (
    bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, range, slice, object, type,
    type(None), type(Ellipsis), memoryview, enumerate, zip, map, filter, reversed, property, staticmethod, classmethod,
)  # fmt: skip
TYPE_NAMES = {one: one.__name__ for one in PLAIN_TYPES}
# Those that end a loop or a generator would end one of the tests, too; those that end the process are not a test's.
NOT_RAISED = ("StopIteration", "StopAsyncIteration", "GeneratorExit", "KeyboardInterrupt", "BaseException",
              "BaseExceptionGroup", "ExceptionGroup")  # fmt: skip
import builtins as _builtins

EXCEPTIONS = {
    name: one
    for name, one in vars(_builtins).items()
    if isinstance(one, type) and issubclass(one, BaseException) and one.__name__ == name and name not in NOT_RAISED
}
TYPE_NAMES.update({one: name for name, one in EXCEPTIONS.items()})
TYPE_NAMES.update({getattr(_builtins, name): name for name in NOT_RAISED if hasattr(_builtins, name)})
TYPES = {name: one for one, name in TYPE_NAMES.items()}
FUNCTIONS = {
    name: getattr(_builtins, name)
    for name in ("abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "format", "hash", "hex", "id", "iter",
                 "len", "max", "min", "next", "oct", "ord", "pow", "repr", "round", "sorted", "sum")
}  # fmt: skip
FUNCTION_NAMES = {one: name for name, one in FUNCTIONS.items()}


# --- writing ---------------------------------------------------------------------------------------------------------


class Writer:
    """One message as it is written. `objects`: the mutable objects of the message, by their numbers."""

    __slots__ = ("parts", "numbers", "objects", "left", "depth", "size", "side")

    def __init__(self, side, objects=()):
        self.parts = []
        self.objects = list(objects)
        self.numbers = {id(one): i for i, one in enumerate(self.objects)}
        self.left = MOST_VALUES
        self.depth = 0
        self.size = 0
        self.side = side

    def put(self, value):
        self.left -= 1
        if self.left < 0:
            raise CannotSend("more than %d values in one message" % MOST_VALUES)
        put = PUT.get(type(value))
        if put is None:
            self.side.put_other(self, value)
        else:
            put(self, value)

    def number(self, value, tag):
        """Writes a reference where the object is in the message already; else gives it a number and writes its tag."""
        known = self.numbers.get(id(value))
        if known is not None:
            self.parts.append(b"@" + U32.pack(known))
            return False
        self.numbers[id(value)] = len(self.objects)
        self.objects.append(value)
        self.parts.append(tag)
        return True

    def bytes(self, value):
        self.size += len(value)
        if self.size > MOST_BYTES:
            raise CannotSend("more than %d bytes in one message" % MOST_BYTES)
        self.parts.append(U32.pack(len(value)))
        self.parts.append(value)

    def text(self, value):
        self.bytes(str.encode(value, "utf-8", "surrogatepass"))

    def items(self, values, count):
        self.parts.append(U32.pack(count))
        self.deeper()
        for one in values:
            self.put(one)
        self.depth -= 1

    def deeper(self):
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise CannotSend("containers more than %d deep" % MOST_DEPTH)

    def message(self, kind, number):
        body = b"".join(self.parts)
        if len(body) + HEAD.size > MOST_BYTES:
            raise CannotSend("a message of more than %d bytes" % MOST_BYTES)
        return U32.pack(len(body) + HEAD.size) + HEAD.pack(kind, number) + body


def put_none(w, value):
    w.parts.append(b"N")


def put_bool(w, value):
    w.parts.append(b"T" if value else b"F")


def put_int(w, value):
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        w.parts.append(b"i" + I64.pack(value))
    else:
        w.parts.append(b"I")
        w.bytes(int.to_bytes(value, (int.bit_length(value) >> 3) + 1, "little", signed=True))


def put_float(w, value):
    w.parts.append(b"f" + F64.pack(value))


def put_complex(w, value):
    w.parts.append(b"c" + F64X2.pack(value.real, value.imag))


def put_str(w, value):
    w.parts.append(b"s")
    w.text(value)


def put_bytes(w, value):
    w.parts.append(b"b")
    w.bytes(value)


def put_bytearray(w, value):
    if w.number(value, b"y"):
        w.bytes(bytes(value))


def put_list(w, value):
    if w.number(value, b"l"):
        w.items(list.__iter__(value), list.__len__(value))


def put_tuple(w, value):
    w.parts.append(b"t")
    w.items(tuple.__iter__(value), tuple.__len__(value))


def put_set(w, value):
    if w.number(value, b"S"):
        w.items(set.__iter__(value), set.__len__(value))


def put_frozenset(w, value):
    w.parts.append(b"Z")
    w.items(frozenset.__iter__(value), frozenset.__len__(value))


def put_pairs(w, pairs, count):
    w.parts.append(U32.pack(count))
    w.deeper()
    for key, one in pairs:
        w.put(key)
        w.put(one)
    w.depth -= 1


def put_dict(w, value):
    if w.number(value, b"d"):
        put_pairs(w, dict.items(value), dict.__len__(value))


def put_range(w, value):
    w.parts.append(b"r")
    w.put(value.start)
    w.put(value.stop)
    w.put(value.step)


def put_slice(w, value):
    w.parts.append(b"x")
    w.put(value.start)
    w.put(value.stop)
    w.put(value.step)


def put_ellipsis(w, value):
    w.parts.append(b"e")


def put_not_implemented(w, value):
    w.parts.append(b"z")


def put_function(w, value):
    name = FUNCTION_NAMES.get(value)
    if name is None:
        w.side.put_object(w, value)
    else:
        w.parts.append(b"p")
        w.text(name)


def put_type(w, value):
    name = TYPE_NAMES.get(value)
    if name is None:
        w.side.put_object(w, value)
    else:
        w.parts.append(b"P")
        w.text(name)


PUT = {
    type(None): put_none, bool: put_bool, int: put_int, float: put_float, complex: put_complex, str: put_str,
    bytes: put_bytes, bytearray: put_bytearray, list: put_list, tuple: put_tuple, set: put_set,
    frozenset: put_frozenset, dict: put_dict, range: put_range, slice: put_slice, type(Ellipsis): put_ellipsis,
    type(NotImplemented): put_not_implemented, type(len): put_function, type: put_type,
}  # fmt: skip


# --- types of the library, which most programs never use -------------------------------------------------------------


def put_ordered(w, value):
    if w.number(value, b"O"):
        put_pairs(w, value.items(), len(value))


def put_counter(w, value):
    if w.number(value, b"C"):
        put_pairs(w, dict.items(value), dict.__len__(value))


def put_default(w, value):
    if w.number(value, b"D"):
        factory = value.default_factory
        w.put(factory if TYPE_NAMES.get(factory) else None)
        put_pairs(w, dict.items(value), dict.__len__(value))


def put_deque(w, value):
    if w.number(value, b"q"):
        w.put(value.maxlen)
        w.items(value, len(value))


def put_decimal(w, value):
    w.parts.append(b"m")
    sign, digits, exponent = value.as_tuple()
    w.text("%s:%s:%s" % (sign, "".join(map(str, digits)), exponent))


def put_fraction(w, value):
    w.parts.append(b"Q")
    w.put(value.numerator)
    w.put(value.denominator)


def put_zone(w, value):
    """None, a fixed offset, or a zone by its name."""
    kind = type(value)
    if value is None:
        w.put(None)
    elif kind.__module__ == "datetime" and kind.__name__ == "timezone":
        offset = value.utcoffset(None)
        name = value.tzname(None)
        plain = kind(offset).tzname(None)
        w.put((offset.days, offset.seconds, offset.microseconds, None if name == plain else name))
    elif kind.__module__ == "zoneinfo" and value.key is not None:
        w.put(value.key)
    else:
        raise CannotSend("a time of the zone %s" % kind.__name__)


def put_date(w, value):
    w.parts.append(b"1")
    w.put((value.year, value.month, value.day))


def put_time(w, value):
    w.parts.append(b"2")
    w.put((value.hour, value.minute, value.second, value.microsecond, value.fold))
    put_zone(w, value.tzinfo)


def put_datetime(w, value):
    w.parts.append(b"3")
    w.put((value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, value.fold))
    put_zone(w, value.tzinfo)


def put_timedelta(w, value):
    w.parts.append(b"4")
    w.put((value.days, value.seconds, value.microseconds))


def put_timezone(w, value):
    w.parts.append(b"5")
    put_zone(w, value)


def put_array(w, value):
    dtype = value.dtype
    if dtype.hasobject or dtype.names is not None or dtype.kind not in "biufcSUMm":
        raise CannotSend("an array of dtype %s" % dtype)
    if w.number(value, b"A"):
        w.text(dtype.str)
        w.put(tuple(value.shape))
        w.bytes(value.tobytes())


def put_scalar(w, value):
    dtype = value.dtype
    if dtype.hasobject or dtype.names is not None or dtype.kind not in "biufcSUMm":
        raise CannotSend("a scalar of dtype %s" % dtype)
    w.parts.append(b"g")
    w.text(dtype.str)
    w.bytes(value.tobytes())


LIBRARY = {
    ("collections", "OrderedDict"): put_ordered,
    ("collections", "Counter"): put_counter,
    ("collections", "defaultdict"): put_default,
    ("collections", "deque"): put_deque,
    ("decimal", "Decimal"): put_decimal,
    ("fractions", "Fraction"): put_fraction,
    ("datetime", "date"): put_date,
    ("datetime", "time"): put_time,
    ("datetime", "datetime"): put_datetime,
    ("datetime", "timedelta"): put_timedelta,
    ("datetime", "timezone"): put_timezone,
    ("zoneinfo", "ZoneInfo"): put_timezone,
    ("numpy", "ndarray"): put_array,
}


def library_put(kind):
    """How values of exactly this type are written, where it is a type of the library; else None."""
    put = LIBRARY.get((kind.__module__, kind.__qualname__))
    module = sys.modules.get(kind.__module__)
    if put is None and kind.__module__ == "numpy":
        generic = getattr(module, "generic", None)
        if isinstance(generic, type) and issubclass(kind, generic):
            put = put_scalar
    if put is not None and getattr(module, kind.__name__, None) is kind:
        PUT[kind] = put
        return put
    return None


# --- reading ---------------------------------------------------------------------------------------------------------


class AnySide:
    """What both sides make of a name."""

    def type_named(self, name):
        return TYPES[name]


class Reader:
    """One message as it is read. `objects`: its mutable objects, by their numbers."""

    __slots__ = ("data", "at", "objects", "left", "depth", "side")

    def __init__(self, side, data, at, objects=()):
        self.side = side
        self.data = data
        self.at = at
        self.objects = list(objects)
        self.left = MOST_VALUES
        self.depth = 0

    def take(self):
        self.left -= 1
        if self.left < 0:
            raise Malformed("more than %d values" % MOST_VALUES)
        at = self.at
        self.at = at + 1
        return TAKE[self.data[at]](self)

    def length(self):
        (length,) = U32.unpack_from(self.data, self.at)
        self.at += 4
        return length

    def bytes(self):
        length = self.length()
        end = self.at + length
        if end > len(self.data):
            raise Malformed("a length beyond the message")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def text(self):
        return str(self.bytes(), "utf-8", "surrogatepass")

    def deeper(self):
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Malformed("containers more than %d deep" % MOST_DEPTH)

    def items(self, least=1):
        """A list of values; each takes `least` bytes or more, so that a count cannot promise what is not there."""
        count = self.length()
        if count * least > len(self.data) - self.at:
            raise Malformed("a count beyond the message")
        self.deeper()
        take = self.take
        values = [take() for _ in range(count)]
        self.depth -= 1
        return values

    def pairs(self):
        count = self.length()
        if count * 2 > len(self.data) - self.at:
            raise Malformed("a count beyond the message")
        self.deeper()
        take = self.take
        values = [(take(), take()) for _ in range(count)]
        self.depth -= 1
        return values

    def exactly(self, *kinds):
        """A value of one of these types."""
        value = self.take()
        if type(value) not in kinds:
            raise Malformed("a %s where another type is due" % type(value).__name__)
        return value

    def texts(self):
        values = self.exactly(tuple)
        if any(type(one) is not str for one in values):
            raise Malformed("no text among texts")
        return values

    def ints(self, count):
        values = self.exactly(tuple)
        if len(values) != count or any(type(one) is not int for one in values):
            raise Malformed("no integers")
        return values

    def end(self):
        if self.at != len(self.data):
            raise Malformed("bytes after the message")


def take_i64(r):
    (value,) = I64.unpack_from(r.data, r.at)
    r.at += 8
    return value


def take_big(r):
    return int.from_bytes(r.bytes(), "little", signed=True)


def take_float(r):
    (value,) = F64.unpack_from(r.data, r.at)
    r.at += 8
    return value


def take_complex(r):
    real, imag = F64X2.unpack_from(r.data, r.at)
    r.at += 16
    return complex(real, imag)


def take_bytearray(r):
    value = bytearray(r.bytes())
    r.objects.append(value)
    return value


def take_list(r):
    value = []
    r.objects.append(value)
    value.extend(r.items())
    return value


def take_tuple(r):
    return tuple(r.items())


def take_set(r):
    value = set()
    r.objects.append(value)
    fill_set(value, r.items())
    return value


def take_frozenset(r):
    items = r.items()
    value = frozenset(items)
    if len(value) != len(items):
        raise Malformed("an element twice in a set")
    return value


def take_dict(r):
    value = {}
    r.objects.append(value)
    fill_dict(value, r.pairs())
    return value


def fill_set(value, items):
    value.update(items)
    if len(value) != len(items):
        raise Malformed("an element twice in a set")


def fill_dict(value, pairs):
    dict.update(value, pairs)
    if len(value) != len(pairs):
        raise Malformed("a key twice in a dict")


def take_range(r):
    return range(r.exactly(int), r.exactly(int), r.exactly(int))


def take_slice(r):
    return slice(r.take(), r.take(), r.take())


def take_reference(r):
    return r.objects[r.length()]


def take_function(r):
    return FUNCTIONS[r.text()]


def take_type(r):
    return r.side.type_named(r.text())


def take_ordered(r):
    from collections import OrderedDict

    value = OrderedDict()
    r.objects.append(value)
    fill_dict(value, ())
    for key, one in r.pairs():
        if key in value:
            raise Malformed("a key twice in a dict")
        value[key] = one
    return value


def take_counter(r):
    from collections import Counter

    value = Counter()
    r.objects.append(value)
    fill_dict(value, r.pairs())
    return value


def take_default(r):
    from collections import defaultdict

    factory = r.exactly(type(None), type)
    if factory is not None and factory not in TYPE_NAMES:
        raise Malformed("no factory")
    value = defaultdict(factory)
    r.objects.append(value)
    fill_dict(value, r.pairs())
    return value


def take_deque(r):
    from collections import deque

    value = deque((), r.exactly(int, type(None)))
    r.objects.append(value)
    value.extend(r.items())
    return value


def take_decimal(r):
    from decimal import Decimal

    sign, digits, exponent = r.text().split(":")
    if exponent not in ("n", "N", "F"):
        exponent = int(exponent)
    return Decimal((int(sign), tuple(map(int, digits)), exponent))


def take_fraction(r):
    from fractions import Fraction

    return Fraction(r.exactly(int), r.exactly(int))


def take_zone(r):
    value = r.exactly(type(None), tuple, str)
    if value is None:
        return None
    if type(value) is str:
        from zoneinfo import ZoneInfo

        try:
            return ZoneInfo(value)
        except Exception:
            raise Malformed("no time zone") from None
    from datetime import timedelta, timezone

    days, seconds, microseconds, name = value
    offset = timedelta(days, seconds, microseconds)
    if name is None:
        return timezone.utc if not offset else timezone(offset)
    return timezone(offset, name)


def take_date(r):
    from datetime import date

    return date(*r.ints(3))


def take_time(r):
    from datetime import time

    hour, minute, second, microsecond, fold = r.ints(5)
    return time(hour, minute, second, microsecond, take_zone(r), fold=fold)


def take_datetime(r):
    from datetime import datetime

    year, month, day, hour, minute, second, microsecond, fold = r.ints(8)
    return datetime(year, month, day, hour, minute, second, microsecond, take_zone(r), fold=fold)


def take_timedelta(r):
    from datetime import timedelta

    return timedelta(*r.ints(3))


def take_timezone(r):
    value = take_zone(r)
    if value is None:
        raise Malformed("no time zone")
    return value


def dtype_of(r):
    import numpy

    text = r.text()
    if not text.isascii() or len(text) > 40 or text[:1] not in "<>|=" or text[1:2] not in "biufcSUMm":
        raise Malformed("no dtype")
    dtype = numpy.dtype(text)
    if dtype.hasobject or dtype.names is not None or dtype.kind not in "biufcSUMm":
        raise Malformed("no plain dtype")
    return numpy, dtype


def take_array(r):
    place = len(r.objects)
    r.objects.append(None)
    numpy, dtype = dtype_of(r)
    shape = r.exactly(tuple)
    if len(shape) > 32 or any(type(one) is not int or not 0 <= one <= MOST_BYTES for one in shape):
        raise Malformed("no shape")
    count = 1
    for one in shape:
        count *= one
    data = r.bytes()
    if len(data) != count * dtype.itemsize:
        raise Malformed("an array whose size is not that of its shape")
    r.objects[place] = value = numpy.ndarray(shape, dtype, bytearray(data)).copy()
    return value


def take_scalar(r):
    numpy, dtype = dtype_of(r)
    data = r.bytes()
    if len(data) != dtype.itemsize:
        raise Malformed("a scalar of another size")
    return numpy.ndarray((), dtype, bytearray(data))[()]


def take_bad(r):
    raise Malformed("no tag")


TAKE = [take_bad] * 256
for _tag, _take in {
    "N": lambda r: None, "T": lambda r: True, "F": lambda r: False, "i": take_i64, "I": take_big, "f": take_float,
    "c": take_complex, "s": Reader.text, "b": Reader.bytes, "y": take_bytearray, "l": take_list, "t": take_tuple,
    "S": take_set, "Z": take_frozenset, "d": take_dict, "r": take_range, "x": take_slice, "e": lambda r: Ellipsis,
    "z": lambda r: NotImplemented, "@": take_reference, "p": take_function, "P": take_type, "O": take_ordered,
    "C": take_counter, "D": take_default, "q": take_deque, "m": take_decimal, "Q": take_fraction, "1": take_date,
    "2": take_time, "3": take_datetime, "4": take_timedelta, "5": take_timezone, "A": take_array, "g": take_scalar,
    "n": lambda r: r.side.take_named_tuple(r), "R": lambda r: r.side.take_record(r),
    "E": lambda r: r.side.take_enum(r), "X": lambda r: r.side.take_exception(r),
    "Y": lambda r: r.side.take_exception_class(r), "h": lambda r: r.side.take_handle(r), "k": lambda r: r.side.take_callback(r),
}.items():  # fmt: skip
    TAKE[ord(_tag)] = _take

# What reading may raise where the bytes are wrong.
WRONG = (Malformed, IndexError, KeyError, ValueError, TypeError, OverflowError, ArithmeticError, StructError,
         MemoryError, RecursionError, AttributeError, ImportError)  # fmt: skip


# --- changes in place ------------------------------------------------------------------------------------------------
#
# Who is asked notes what is in each mutable object of the question, and says at the end what has changed.


def content(value):
    """What is in a mutable object, to be compared by identity later; None: it cannot change."""
    kind = type(value)
    if kind is list:
        return list(value)
    if kind is dict or kind.__module__ == "collections" and isinstance(value, dict):
        return [*dict.keys(value), *dict.values(value)] if kind.__name__ != "OrderedDict" else [*value, *value.values()]
    if kind is set:
        return set(map(id, value)), list(value)
    if kind is bytearray:
        return bytes(value)
    if kind.__module__ == "collections" and kind.__name__ == "deque":
        return list(value)
    if kind.__module__ == "numpy":
        return (value.shape, value.dtype.str, value.tobytes())
    return None


def is_changed(value, before):
    now = content(value)
    if type(now) is list:
        return len(now) != len(before) or not all(map(is_, now, before))
    if type(now) is tuple and type(now[0]) is set:
        return now[0] != before[0]
    return now != before


def put_content(w, value):
    """What is in it, without the object itself."""
    kind = type(value)
    if kind is list or kind is set:
        w.items(value, len(value))
    elif isinstance(value, dict):
        pairs = value.items() if kind.__name__ == "OrderedDict" else dict.items(value)
        put_pairs(w, pairs, len(value))
    elif kind is bytearray:
        w.bytes(bytes(value))
    elif kind.__module__ == "collections":
        w.items(value, len(value))
    else:
        w.text(value.dtype.str)
        w.put(tuple(value.shape))
        w.bytes(value.tobytes())


def take_content(r, value):
    """What is to be in the object, checked; set_content() puts it there when the whole message has been read."""
    kind = type(value)
    if kind is list:
        return r.items()
    if kind is set:
        items = r.items()
        fill_set(set(), items)
        return items
    if isinstance(value, dict):
        pairs = r.pairs()
        fill_dict({}, pairs)
        return pairs
    if kind is bytearray:
        return r.bytes()
    if kind.__module__ == "collections":
        return r.items()
    if kind.__module__ == "numpy":
        count = len(r.objects)
        array = take_array(r)
        del r.objects[count:]
        if array.shape != value.shape or array.dtype != value.dtype:
            raise Malformed("an array that has become another one")
        return array
    raise Malformed("a change of what cannot change")


def set_content(value, new):
    kind = type(value)
    if kind is list or kind is bytearray:
        value[:] = new
    elif kind.__module__ == "numpy":
        value[...] = new
    else:
        value.clear()
        if isinstance(value, dict):
            for key, one in new:
                value[key] = one
        elif kind is set:
            value.update(new)
        else:
            value.extend(new)


# --- attributes that both sides have ---------------------------------------------------------------------------------
#
# A mutable attribute of an object that the tests have looked at is the same object for them and for the submission. So
# the objects of the last answers to `get` are kept on both sides, and what one side changes in them it tells the other
# before it goes on.

MOST_SHARED_ANSWERS = 8
MOST_SHARED_OBJECTS = 200
MOST_SHARED_ITEMS = 2000


class Shared:
    """The mutable objects of the last attributes, by the numbers of their questions, on one side."""

    __slots__ = ("kept",)

    def __init__(self):
        self.kept = {}

    def keep(self, number, objects):
        """`objects` of an answer to `get`. Both sides keep and forget the same."""
        if not objects or len(objects) > MOST_SHARED_OBJECTS:
            return
        if any(type(one) not in PUT or type(one).__module__ == "numpy" for one in objects):
            return
        if sum(map(len, objects)) > MOST_SHARED_ITEMS:
            return
        if len(self.kept) >= MOST_SHARED_ANSWERS:
            del self.kept[next(iter(self.kept))]
        self.kept[number] = [(one, content(one)) for one in objects]

    def changed(self):
        """(number, place, object) of each that is not what it was when the sides last agreed."""
        found = []
        for number, objects in self.kept.items():
            for place, (one, before) in enumerate(objects):
                if is_changed(one, before):
                    found.append((number, place, one))
        return found

    def agree(self, found):
        for number, place, one in found:
            if number in self.kept:
                self.kept[number][place] = (one, content(one))

    def put_changes(self, w, found):
        w.parts.append(U32.pack(len(found)))
        for number, place, one in found:
            w.parts.append(HEAD.pack(0, number) + U32.pack(place))
            put_content(w, one)

    def take_changes(self, r):
        found = []
        for _ in range(r.length()):
            _, number = HEAD.unpack_from(r.data, r.at)
            r.at += HEAD.size
            place = r.length()
            one, _ = self.kept[number][place]
            found.append((number, place, one, take_content(r, one)))
        return found

    def set_changes(self, found):
        for number, place, one, new in found:
            set_content(one, new)
        self.agree([one[:3] for one in found])
