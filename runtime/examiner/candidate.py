# The candidate's side of an examination: it loads the submission and does what it is asked. docs/examiner.md is the
# protocol.
#
# It shares its process with the submission, which may do with it what it likes. Nothing here protects a verdict; what
# it says is believed by nobody.
import _operator
import _thread
import posix

ITERATOR, CALLABLE, ITERABLE, AWAITABLE, SIZED, TRUTH, INDEXED, CONTEXT, HOLDER = 1, 2, 4, 8, 16, 32, 64, 128, 256
FLAGS = ((ITERATOR, "__next__"), (CALLABLE, "__call__"), (ITERABLE, "__iter__"), (ITERABLE, "__getitem__"),
         (AWAITABLE, "__await__"), (SIZED, "__len__"), (TRUTH, "__bool__"), (INDEXED, "__getitem__"),
         (CONTEXT, "__enter__"), (HOLDER, "__contains__"))  # fmt: skip
OPERATORS = {
    name: getattr(_operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift", "and_", "or_",
                 "xor", "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "ilshift",
                 "irshift", "iand", "ior", "ixor", "eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert",
                 "contains", "getitem", "setitem", "delitem", "index")
}  # fmt: skip
OPERATORS.update(
    {"divmod": divmod, "pow3": pow, "len": len, "bool": bool, "str": str, "repr": repr, "hash": hash, "iter": iter,
     "reversed": reversed, "int": int, "float": float, "complex": complex, "bytes": bytes, "round": round,
     "format": format, "enter": lambda obj: type(obj).__enter__(obj),
     "exit": lambda obj, *what: type(obj).__exit__(obj, *what), "dir": dir,
     "trunc": lambda obj: type(obj).__trunc__(obj), "floor": lambda obj: type(obj).__floor__(obj),
     "ceil": lambda obj: type(obj).__ceil__(obj)}
)  # fmt: skip


class Outer:
    """Something of the tests, which is called and looked at there."""

    __slots__ = ("_number", "_ask")

    def __init__(self, number, ask):
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_ask", ask)

    def __eq__(self, other):
        return isinstance(other, Outer) and other._number == self._number

    def __hash__(self):
        return hash(("outer", self._number))


class OuterFunction(Outer):
    __slots__ = ()

    def __call__(self, *args, **kwargs):
        return self._ask(("call", self, args, kwargs))


class OuterIterator(Outer):
    __slots__ = ()

    def __iter__(self):
        return self

    def __next__(self):
        goes_on, value = self._ask(("next", self))
        if goes_on:
            return value
        raise StopIteration(value)


class OuterObject(Outer):
    __slots__ = ()

    def __getattr__(self, name):
        if name[:1] == "_":
            raise AttributeError(name)
        return self._ask(("get", self, name))

    def __setattr__(self, name, value):
        self._ask(("set", self, name, value))

    def __iter__(self):
        return self._ask(("iter", self))

    def __len__(self):
        return self._ask(("len", self))

    def __call__(self, *args, **kwargs):
        return self._ask(("call", self, args, kwargs))

    def __bool__(self):
        return True


OUTER = {ord("f"): OuterFunction, ord("i"): OuterIterator, ord("o"): OuterObject}


class Candidate(AnySide):
    def __init__(self, source, read_from, write_to):
        self.source = source
        self.read_from = read_from
        self.write_to = write_to
        self.module = None
        self.handles = {}  # by number
        self.numbers = {}  # by id
        self.next_number = 1
        self.classes = []  # told to the examiner, by their numbers
        self.class_numbers = {}
        self.declared = {}  # classes that the tests know by name
        self.question = None
        self.outer_count = 0
        self.outer_errors = []
        self.lock = _thread.RLock()
        self.shared = Shared()
        self.buffer = b""

    # --- what it says and hears ---------------------------------------------------------------------------------------

    def read_exactly(self, count):
        while len(self.buffer) < count:
            piece = posix.read(self.read_from, max(count - len(self.buffer), 65536))
            if not piece:
                posix._exit(0)  # the tests have ended
            self.buffer = self.buffer + piece if self.buffer else piece
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self):
        (length,) = U32.unpack(self.read_exactly(4))
        data = self.read_exactly(length)
        return *HEAD.unpack_from(data), data

    def write(self, message):
        view = memoryview(message)
        while view:
            view = view[posix.write(self.write_to, view) :]

    def serve(self):
        while True:
            kind, number, data = self.read()
            self.hear(kind, number, data)

    def hear(self, kind, number, data):
        if kind == 68:  # D: what the tests have no use for any more
            for (dropped,) in U32.iter_unpack(data[HEAD.size :]):
                self.numbers.pop(id(self.handles.pop(dropped, None)), None)
            return
        if kind == 87:  # W: what the tests have changed in attributes
            reader = Reader(self, data, HEAD.size)
            self.shared.set_changes(self.shared.take_changes(reader))
            return
        before, self.question = self.question, number
        told = len(self.classes)
        limit = sys.getrecursionlimit()
        try:
            sys.setrecursionlimit(limit + ROOM_FOR_RECURSION)
            reader = Reader(self, data, HEAD.size)
            question = reader.take()
            asked = [content(one) if type(one) in PUT else self.content(one) for one in reader.objects]
            sys.setrecursionlimit(limit)
            result = getattr(self, "do_" + question[0])(*question[1:])
            limit = sys.getrecursionlimit()
            sys.setrecursionlimit(limit + ROOM_FOR_RECURSION)
            try:
                message = self.answer(b"A", number, reader.objects, asked, result, question[0] == "get")
            except CannotSend as error:
                self.untell(told)
                message = self.answer(b"E", number, (), (), error)
        except BaseException as error:
            self.untell(told)
            sys.setrecursionlimit(limit + ROOM_FOR_RECURSION)
            try:
                message = self.answer(b"E", number, reader.objects, asked, error)
            except BaseException:
                self.untell(told)
                message = self.answer(b"E", number, (), (), CannotSend("its exception " + type(error).__name__))
        finally:
            sys.setrecursionlimit(limit)
        with self.lock:
            self.question = before
            self.write(message)

    def untell(self, told):
        for kind in self.classes[told:]:
            del self.class_numbers[kind]
        del self.classes[told:]

    def answer(self, kind, number, objects, asked, result, is_attribute=False):
        writer = Writer(self, objects)
        shared = self.shared.changed() if self.shared.kept else ()
        changed = []
        for i, before in enumerate(asked):
            one = objects[i]
            if before is not None and (is_changed(one, before) if type(one) in PUT else self.content(one) != before):
                changed.append(i)
        writer.parts.append(U32.pack(len(changed)))
        for i in changed:
            writer.parts.append(U32.pack(i))
            one = objects[i]
            if type(one) in PUT:
                put_content(writer, one)
            else:
                fields = self.fields(one)
                writer.items(fields, len(fields))
        self.shared.put_changes(writer, shared)
        count = len(writer.objects)
        if kind == b"E":
            self.put_exception(writer, result)
        else:
            writer.put(result)
        message = writer.message(kind[0], number)
        self.shared.agree(shared)
        if is_attribute:
            self.shared.keep(number, writer.objects[count:])
        return message

    def ask_outer(self, what):
        """Asks the tests' side, and does meanwhile what it asks."""
        with self.lock:
            if self.question is None:
                raise RuntimeError("nothing of the tests can be called while they ask nothing")
            self.outer_count += 1
            mine = self.outer_count
            writer = Writer(self)
            writer.put(what)
            asked = [content(one) if type(one) in PUT else None for one in writer.objects]
            body = writer.message(66, self.question)  # B
            self.write(body)
            while True:
                kind, number, data = self.read()
                if kind not in (75, 88):
                    self.hear(kind, number, data)
                    continue
                reader = Reader(self, data, HEAD.size, writer.objects)
                changes = []
                for _ in range(reader.length()):
                    one = reader.objects[reader.length()]
                    changes.append((one, take_content(reader, one)))
                value = reader.take()
                for one, new in changes:
                    set_content(one, new)
                if kind == 75:  # K
                    return value
                self.outer_errors.append(value)
                raise value

    # --- values -------------------------------------------------------------------------------------------------------

    def put_other(self, w, value):
        kind = type(value)
        put = library_put(kind)
        if put is not None:
            return put(w, value)
        if isinstance(value, Outer):
            w.parts.append(b"k" + U32.pack(value._number))
        elif isinstance(value, type):
            put_type(w, value)
        elif isinstance(value, BaseException):
            self.put_exception(w, value)
        elif is_enum(kind):
            self.put_enum(w, value)
        elif is_named_tuple(kind):
            w.parts.append(b"n")
            self.put_class(w, kind)
            w.items(tuple.__iter__(value), tuple.__len__(value))
        elif is_plain_dataclass(kind) and has_just_fields(value):
            if w.number(value, b"R"):
                self.put_class(w, kind)
                fields = self.fields(value)
                w.items(fields, len(fields))
        elif self.nearest_declared(kind) is None and (base := base_of(kind)) is not None:
            PUT[base](w, plain_of(base, value))
        else:
            self.put_object(w, value)

    def put_object(self, w, value):
        if isinstance(value, type) and issubclass(value, BaseException):
            w.parts.append(b"Y")
            w.put(names_of(value))
            return
        self.put_handle(w, value)

    def put_handle(self, w, value):
        number = self.numbers.get(id(value))
        if number is None:
            number = self.next_number
            self.next_number += 1
            self.numbers[id(value)] = number
            self.handles[number] = value
        w.parts.append(b"h" + U32.pack(number))
        self.put_class(w, type(value))

    def put_class(self, w, kind):
        number = self.class_numbers.get(kind)
        if number is not None:
            w.parts.append(U32.pack(number))
            return
        number = self.class_numbers[kind] = len(self.classes)
        self.classes.append(kind)
        w.parts.append(U32.pack(number))
        w.put(self.description(kind))

    def description(self, kind):
        """What the examiner must know of a class: its form, its name, the declared class that it is, and the rest."""
        declared = self.nearest_declared(kind)
        name = kind.__name__
        if is_enum(kind):
            import enum

            form = "flag" if issubclass(kind, enum.Flag) else "enum"
            base = "int" if issubclass(kind, int) else "str" if issubclass(kind, str) else ""
            members = tuple((name, sendable(self, one._value_)) for name, one in kind.__members__.items())
            return form, name, declared, methods_of(kind), base, members
        if is_named_tuple(kind):
            return "namedtuple", name, declared, methods_of(kind), tuple(kind._fields)
        if is_plain_dataclass(kind):
            params = kind.__dataclass_params__
            return ("dataclass", name, declared, methods_of(kind), tuple(kind.__dataclass_fields__),
                    (params.eq, params.order, params.frozen))  # fmt: skip
        flags = 0
        for flag, special in FLAGS:
            if hasattr(kind, special):
                flags |= flag
        return "object", name, declared, methods_of(kind), flags

    def nearest_declared(self, kind):
        for one in kind.__mro__:
            name = self.declared.get(one)
            if name is not None:
                return name
        return None

    def put_enum(self, w, value):
        kind = type(value)
        w.parts.append(b"E")
        self.put_class(w, kind)
        name = value._name_
        w.put(name if name in kind.__members__ else value._value_)

    def fields(self, value):
        return [getattr(value, name) for name in type(value).__dataclass_fields__]

    def content(self, value):
        """As the function of that name, for what is no plain type."""
        return list(map(id, self.fields(value))) if is_plain_dataclass(type(value)) else None

    def put_exception(self, w, error):
        for i, one in enumerate(self.outer_errors):
            if one is error:
                w.parts.append(b"X")
                w.put(i)
                return
        w.parts.append(b"X")
        w.put(names_of(type(error)))
        w.put(tuple(sendable(self, one) for one in error.args[:50]))
        extra = dict(getattr(error, "__dict__", {}))
        for kind, name in ((OSError, "filename"), (ImportError, "name"), (AttributeError, "name"), (NameError, "name")):
            if isinstance(error, kind):
                extra[name] = getattr(error, name, None)
        w.put({name: sendable(self, one) for name, one in list(extra.items())[:50] if type(name) is str})
        try:
            text = str(error)
        except Exception as wrong:
            text = "str() of it raised " + type(wrong).__name__
        w.put(str.__str__(text)[:2000])
        w.put(self.place_of(error))

    def place_of(self, error):
        """The last line of the submission's that the error went through."""
        place = ""
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.source:
                place = "line %d in %s" % (trace.tb_lineno, trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == self.source:
            place = "line %s" % error.lineno
        return place[:200]

    def take_handle(self, r):
        return self.handles[r.length()]

    def take_callback(self, r):
        number = r.length()
        kind = OUTER[r.data[r.at]]
        r.at += 1
        return kind(number, self.ask_outer)

    def take_class(self, r):
        return self.classes[r.length()]

    def take_named_tuple(self, r):
        kind = self.take_class(r)
        return tuple.__new__(kind, r.items())

    def take_enum(self, r):
        kind = self.take_class(r)
        value = r.take()
        if type(value) is str and value in kind.__members__:
            return kind.__members__[value]
        return kind(value)

    def take_record(self, r):
        place = len(r.objects)
        r.objects.append(None)
        kind = self.take_class(r)
        value = r.objects[place] = object.__new__(kind)
        for name, one in zip(kind.__dataclass_fields__, r.items()):
            object.__setattr__(value, name, one)
        return value

    def take_exception(self, r):
        kind, args, text = r.take(), r.take(), r.take()
        known = EXCEPTIONS.get(kind)
        if known is None:
            known = type(kind, (Exception,), {"__str__": lambda self: text})
        try:
            return known(*args)
        except Exception:
            return Exception(text)

    # --- what it is asked to do ---------------------------------------------------------------------------------------

    def do_load(self, names):
        if self.module is None:
            self.load_module()
        return tuple(self.described(name) for name in names)

    def load_module(self):
        stem = self.source.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "submission"
        module = type(sys)(stem)
        module.__file__ = self.source
        sys.modules[stem] = self.module = module
        sys.modules.setdefault("submission", module)
        try:
            exec(compile(read_file(self.source), self.source, "exec", dont_inherit=True), module.__dict__)
        except BaseException:
            self.module = None
            raise

    def described(self, name):
        value = self.module.__dict__.get(name, self)
        if value is self:
            return ("missing",)
        if not isinstance(value, type):
            return "value", value
        if value in TYPE_NAMES:
            return "value", value
        self.declared[value] = name
        self.class_numbers.pop(value, None)  # what the examiner was told does not say so
        bases = tuple(self.declared[one] for one in value.__mro__[1:] if one in self.declared)
        if issubclass(value, BaseException):
            return "exception", Instance(value), names_of(value)
        if is_enum(value):
            return "enum", Instance(value), next(iter(value.__members__.values()), None)
        if is_named_tuple(value) and not has_own_new(value):
            return "namedtuple", Instance(value), Sample(value), tuple(value._field_defaults.items())
        if is_plain_dataclass(value):
            import dataclasses

            fields = []
            for field in value.__dataclass_fields__.values():
                default = None if field.default is dataclasses.MISSING else (sendable(self, field.default),)
                factory = None if field.default_factory is dataclasses.MISSING else field.default_factory
                if factory is not None and factory not in TYPE_NAMES:
                    return "class", Instance(value), bases, methods_of(value)
                fields.append((field.name, default, factory, bool(field.kw_only)))
            return "dataclass", Instance(value), Sample(value), tuple(fields)
        return "class", Instance(value), bases, methods_of(value)

    def do_call(self, function, args, kwargs):
        return function(*args, **kwargs)

    def do_method(self, value, name, args, kwargs):
        return getattr(value, name)(*args, **kwargs)

    def do_get(self, value, name):
        return getattr(value, name)

    def do_set(self, value, name, new):
        setattr(value, name, new)

    def do_delete(self, value, name):
        delattr(value, name)

    def do_apply(self, name, args):
        return OPERATORS[name](*args)

    def do_next(self, iterator):
        try:
            return True, next(iterator)
        except StopIteration as end:
            return False, end.value

    def do_send(self, iterator, value):
        try:
            return True, iterator.send(value)
        except StopIteration as end:
            return False, end.value

    def do_throw(self, iterator, error):
        try:
            return True, iterator.throw(error)
        except StopIteration as end:
            return False, end.value

    def do_await(self, value):
        import asyncio

        async def wait():
            return await value

        return asyncio.run(wait())

    def do_finish(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass


class Instance:
    """A class itself, as an object that the tests may call."""

    def __init__(self, value):
        self.value = value


class Sample:
    """The description of a class whose instances go by their fields."""

    def __init__(self, kind):
        self.kind = kind


def put_instance(w, value):
    w.side.put_handle(w, value.value)


def put_sample(w, value):
    w.parts.append(b"n" if is_named_tuple(value.kind) else b"R")
    if not is_named_tuple(value.kind):
        w.numbers[id(value)] = len(w.objects)
        w.objects.append(value)
    w.side.put_class(w, value.kind)
    count = len(value.kind._fields) if is_named_tuple(value.kind) else len(value.kind.__dataclass_fields__)
    w.items([None] * count, count)


def take_own_named_tuple(r):
    """A namedtuple of a class that the tests have made."""
    from collections import namedtuple

    name, fields = r.text(), r.texts()
    kind = NAMED_TUPLES.get((name, fields))
    if kind is None:
        kind = NAMED_TUPLES[name, fields] = namedtuple(name, fields)
    return tuple.__new__(kind, r.items())


NAMED_TUPLES = {}
TAKE[ord("M")] = take_own_named_tuple
PUT[Instance] = put_instance
PUT[Sample] = put_sample


def sendable(side, value):
    """The value, or words for one that cannot be sent."""
    limit = len(side.classes)
    try:
        Writer(side).put(value)
        return value
    except Exception as error:
        side.untell(limit)
        return "%s (%s)" % (type(value).__name__, error)
    finally:
        side.untell(limit)


def names_of(kind):
    """Of an exception's class and its bases: builtins by their names, others with a dot before."""
    names = (one.__name__ if one.__module__ == "builtins" else "." + one.__qualname__ for one in kind.__mro__)
    return tuple(names)[:50]


def is_enum(kind):
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(kind, enum.EnumMeta)


def is_named_tuple(kind):
    return issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple) and hasattr(kind, "_make")


def has_own_new(kind):
    code = getattr(kind.__new__, "__code__", None)
    return code is None or code.co_filename[:1] != "<"


PLAIN_DATACLASSES = {}


def is_plain_dataclass(kind):
    """Whether its fields are all that it is: nothing but what @dataclass makes sets or compares them."""
    known = PLAIN_DATACLASSES.get(kind)
    if known is None:
        known = PLAIN_DATACLASSES[kind] = looks_plain(kind)
    return known


def looks_plain(kind):
    own = vars(kind)
    if "__dataclass_fields__" not in own or hasattr(kind, "__post_init__") or issubclass(kind, BaseException):
        return False
    if base_of(kind) is not None or is_enum(kind):
        return False
    for name in ("__init__", "__eq__"):
        code = getattr(getattr(kind, name, None), "__code__", None)
        if code is None or code.co_filename != "<string>":
            return False
    for name in ("__getattr__", "__getattribute__", "__setattr__", "__hash__", "__bool__", "__len__", "__iter__",
                 "__contains__", "__getitem__", "__call__", "__enter__", "__next__"):
        maker = getattr(kind, name, None)
        code = getattr(maker, "__code__", None)
        if code is not None and code.co_filename != "<string>":
            return False
    return all(field.init for field in kind.__dataclass_fields__.values())


def has_just_fields(value):
    names = type(value).__dataclass_fields__
    own = getattr(value, "__dict__", None)
    if own is not None and any(name not in names for name in own):
        return False
    return all(hasattr(value, name) for name in names)


BASES = (str, bytes, bytearray, int, float, complex, tuple, list, frozenset, set, dict)


def base_of(kind):
    """The plain type that a class is made of, if any."""
    for base in BASES:
        if issubclass(kind, base):
            return base
    return None


def plain_of(base, value):
    """The value as one of exactly that type, whatever its class says of itself."""
    if base is int:
        return int.__add__(value, 0)
    if base is float:
        return float.__pos__(value)
    if base is complex:
        return complex.__pos__(value)
    if base is str:
        return str.__add__(value, "") if str.__len__(value) == 0 else str.__getitem__(value, slice(None))
    if base is bytes:
        return bytes.__getitem__(value, slice(None))
    if base is bytearray:
        return bytearray.__getitem__(value, slice(None))
    if base is dict:
        return {key: one for key, one in dict.items(value)}
    if base is set:
        return set(set.__iter__(value))
    if base is frozenset:
        return frozenset(frozenset.__iter__(value))
    return base(base.__iter__(value))


def methods_of(kind):
    """The names of what can be called on its instances, and is no property."""
    names = []
    for one in reversed(kind.__mro__):
        if one is object:
            continue
        for name, value in vars(one).items():
            if type(name) is str and (name[:2] != "__" or name[-2:] != "__"):
                if hasattr(type(value), "__get__") and callable(value) or isinstance(value, (classmethod, staticmethod)):
                    names.append(name)
    return tuple(dict.fromkeys(names))[:1000]


def prepare_interpreter():
    if sys.flags.no_site:
        sys.meta_path.append(LateSite)
        for name in ("exit", "quit"):
            if not hasattr(_builtins, name):
                setattr(_builtins, name, sys.exit)


def run_candidate(source):
    read_from, write_to = posix.dup(0), posix.dup(1)
    posix.set_inheritable(read_from, False)
    posix.set_inheritable(write_to, False)
    null = posix.open("/dev/null", posix.O_RDONLY)
    posix.dup2(null, 0)
    posix.dup2(2, 1)
    posix.close(null)
    prepare_interpreter()
    sys.argv = [source]
    sys.path[0] = source.rpartition("/")[0] or "/"
    Candidate(source, read_from, write_to).serve()
