# The examiner's side of an examination: it runs the tests, with stand-ins for what the submission has. docs/examiner.md
# is the protocol.
#
# None of the submission's code ever runs here. What the candidate's side says is read as values of plain types; it can
# be wrong, and it cannot be more than that. Where it breaks the protocol, or ends, every test from there on has failed,
# whatever the tests do about it.
import posix
from _weakref import ref as weak_ref

ITERATOR, CALLABLE, ITERABLE, AWAITABLE, SIZED, TRUTH, INDEXED, CONTEXT, HOLDER = 1, 2, 4, 8, 16, 32, 64, 128, 256
# Where an object of the submission's comes from: the tests called its class, an operator gave it, or anything else did.
MADE, DERIVED, GIVEN = "made", "derived", "given"
MOST_CALLBACKS_DEEP = 50
MOST_CLASSES = 10000
FUNCTION_TYPES = (type(lambda: 0), type(len), type([].append), type("".join))
# What would end a loop or a generator of the tests, and what would catch an assertion of theirs.
ENDING = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt)
CATCHING = ("BaseException", "Exception", "AssertionError")
SPECIAL_NAMES = frozenset(("__name__", "__qualname__", "__doc__", "__module__", "__wrapped__", "__annotations__",
                           "__dict__", "__self__", "__func__", "__closure__", "__match_args__"))  # fmt: skip


class Gone(BaseException):
    """The submission's side cannot be asked any more."""


class Degenerate(TypeError):
    """What the submission has cannot be told from other things that it has."""


class Refused(TypeError):
    """The submission's own operators would decide a test."""


class Exam(AnySide):
    """The conversation with the candidate's side, and what it has done wrong."""

    def __init__(self, read_from, write_to, trusted):
        self.read_from = read_from
        self.write_to = write_to
        self.trusted = trusted
        self.source = ""  # of the tests
        self.over = ""  # why nothing can be asked any more
        self.fault = ""  # what the current test has done wrong, whatever it made of it
        self.fault_status = "failed"
        self.buffer = b""
        self.randoms = b""
        self.questions = []
        self.asked = 0
        self.handles = {}  # number: weak reference to the stand-in
        self.dropped = set()
        self.classes = []  # stand-ins of the classes that were described
        self.declared = {}  # stand-ins of those that the tests know by name
        self.told = []  # what the candidate may call, by number
        self.told_numbers = {}
        self.sent_errors = []
        self.shared = Shared()
        self.exceptions = {}  # classes of the submission's own, by their names

    # --- for the runner -----------------------------------------------------------------------------------------------

    def begin(self):
        self.fault = ""
        self.asked_before = self.asked

    def why_over(self):
        return self.over

    def why_failed(self, error):
        if self.over:
            return "protocol", self.over
        if self.fault:
            return self.fault_status, self.fault
        if error is not None and type(error).__name__ in ("SkipTest", "Skipped", "XFailed") and self.asked > self.asked_before:
            return "failed", "it was skipped after the submission had been asked"
        return "", ""

    def name_of(self, error):
        if not hasattr(error, "__examiner_place__"):
            return type(error).__name__
        return "the submission raised " + error.__examiner_name__ + (
            " at " + error.__examiner_place__ if error.__examiner_place__ else "")  # fmt: skip

    def left_out(self, error, frame=None):
        """The line of an assertion that was not made because of the error, or 0. `frame`: of who called a context manager's end."""
        with_line, trace = None, error.__traceback__
        if frame is not None:
            while trace is not None and trace.tb_frame.f_code.co_filename != "tests.py":
                trace = trace.tb_next
            while frame is not None and (trace is None or frame is not trace.tb_frame):
                frame = frame.f_back
            if frame is None:
                return 0
            with_line = frame.f_lineno
        return LeftOut(self.source).by(trace, with_line)

    def blame(self, why, status="failed"):
        if not self.fault:
            self.fault, self.fault_status = why, status

    def end(self, why):
        """Nothing that the submission says counts after this."""
        if not self.over:
            self.over = why
        raise Gone(self.over)

    # --- bytes --------------------------------------------------------------------------------------------------------

    def read_exactly(self, count):
        while len(self.buffer) < count:
            want = max(count - len(self.buffer), 65536)
            try:
                piece = posix.read(self.read_from, min(want, 1 << 20))
            except OSError as error:
                self.end("the submission cannot be read: %s" % error)
            if not piece:
                self.end("the submission ended before the tests did")
            self.buffer += piece
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self):
        (length,) = U32.unpack(self.read_exactly(4))
        if not HEAD.size <= length <= MOST_BYTES:
            self.end("the submission's side sent a message of %d bytes, which the protocol does not allow" % length)
        if length > len(self.buffer) + 65536:
            data = self.read_long(length)
        else:
            data = self.read_exactly(length)
        kind, number = HEAD.unpack_from(data)
        return kind, number, data

    def read_long(self, length):
        """Without copying what is there for each piece that comes."""
        pieces, have = [self.buffer], len(self.buffer)
        self.buffer = b""
        while have < length:
            piece = posix.read(self.read_from, min(length - have, 1 << 20))
            if not piece:
                self.end("the submission ended before the tests did")
            pieces.append(piece)
            have += len(piece)
        return b"".join(pieces)

    def write(self, message):
        view = memoryview(message)
        while view:
            try:
                view = view[posix.write(self.write_to, view) :]
            except OSError:
                # It has ended; what it said last may be there still.
                self.end("the submission ended before the tests did")

    # --- questions ----------------------------------------------------------------------------------------------------

    def new_number(self):
        if len(self.randoms) < 8:
            self.randoms = posix.urandom(2048)
        number = int.from_bytes(self.randoms[:8], "little")
        self.randoms = self.randoms[8:]
        return number

    def ask(self, *question):
        if self.over:
            raise Gone(self.over)
        self.asked += 1
        writer = Writer(self)
        writer.put(question)
        number = self.new_number()
        message = writer.message(82, number)  # R
        if self.dropped:
            dropped, self.dropped = self.dropped, set()
            body = b"".join(map(U32.pack, dropped))
            message = U32.pack(len(body) + HEAD.size) + HEAD.pack(68, 0) + body + message
        if self.shared.kept:
            found = self.shared.changed()
            if found:
                before = Writer(self)
                self.shared.put_changes(before, found)
                message = before.message(87, number) + message  # W
                self.shared.agree(found)
        self.questions.append(number)
        try:
            self.write(message)
            while True:
                kind, said, data = self.read()
                if said != number or kind not in (65, 69, 66):
                    self.end("the submission's side answered what was not asked")
                if kind == 66:  # B
                    self.answer_callback(data, number)
                    continue
                value = self.read_answer(data, writer.objects, number if question[0] == "get" and kind == 65 else None)
                if kind == 65:  # A
                    return value
                if not isinstance(value, BaseException):
                    self.end("the submission's side sent an error that is none")
                raise value
        finally:
            self.questions.pop()

    def read_answer(self, data, objects, attribute=None):
        try:
            reader = Reader(self, data, HEAD.size, objects)
            changes = []
            for _ in range(reader.length()):
                place = reader.length()
                if place >= len(objects):
                    raise Malformed("a change of what was not sent")
                one = objects[place]
                if isinstance(one, RecordBase):
                    items = reader.items()
                    if len(items) != len(type(one).examiner_fields):
                        raise Malformed("fields that are not those of the class")
                    changes.append((one, items))
                else:
                    changes.append((one, take_content(reader, one)))
            shared = self.shared.take_changes(reader)
            count = len(reader.objects)
            value = reader.take()
            reader.end()
            self.shared.set_changes(shared)
            if attribute is not None:
                self.shared.keep(attribute, reader.objects[count:])
            for one, new in changes:
                if isinstance(one, RecordBase):
                    for name, each in zip(type(one).examiner_fields, new):
                        object.__setattr__(one, name, each)
                else:
                    set_content(one, new)
            return value
        except WRONG as error:
            self.end("the submission's side sent a malformed value: %s: %s" % (type(error).__name__, str(error)[:200]))

    # --- callbacks ----------------------------------------------------------------------------------------------------

    def answer_callback(self, data, number):
        if len(self.questions) > MOST_CALLBACKS_DEEP:
            self.end("the submission calls functions of the tests more than %d deep" % MOST_CALLBACKS_DEEP)
        try:
            reader = Reader(self, data, HEAD.size)
            wish = reader.take()
            reader.end()
            if type(wish) is not tuple or type(wish[0]) is not str:
                raise Malformed("no wish")
            name, target, args = wish[0], wish[1], wish[2:]
            act = CALLBACKS[name]
        except WRONG as error:
            self.end("the submission's side sent a malformed call: %s: %s" % (type(error).__name__, str(error)[:200]))
        asked = [content(one) if type(one) in PUT else None for one in reader.objects]
        kind = b"K"
        try:
            value = act(self, target, *args)
        except Gone:
            raise
        except BaseException as error:
            if isinstance(error, AssertionError) or not isinstance(error, Exception) or self.left_out(error):
                self.blame("in a function that the submission called: %s: %s" % (type(error).__name__, str(error)[:300]))
            kind, value = b"X", error
        try:
            message = self.callback_message(kind, number, reader.objects, asked, value)
        except CannotSend as error:
            message = self.callback_message(b"X", number, (), (), error)
        self.write(message)

    def callback_message(self, kind, number, objects, asked, value):
        writer = Writer(self, objects)
        changed = [i for i, before in enumerate(asked) if before is not None and is_changed(objects[i], before)]
        writer.parts.append(U32.pack(len(changed)))
        for i in changed:
            writer.parts.append(U32.pack(i))
            put_content(writer, objects[i])
        writer.put(value)
        if kind == b"X":
            self.sent_errors.append(value)
        return writer.message(kind[0], number)

    def may_call(self, target):
        if id(target) not in self.told_numbers:
            raise Malformed("a call of what was not given")

    def do_call(self, target, args, kwargs):
        self.may_call(target)
        if type(args) is not tuple or type(kwargs) is not dict or any(type(one) is not str for one in kwargs):
            raise TypeError("no arguments")
        return target(*args, **kwargs)

    def do_next(self, target):
        self.may_call(target)
        try:
            return True, next(target)
        except StopIteration as end:
            return False, end.value

    def do_iter(self, target):
        self.may_call(target)
        return iter(target)

    def do_len(self, target):
        self.may_call(target)
        return len(target)

    def do_get(self, target, name):
        self.may_call(target)
        if type(name) is not str or name[:1] == "_" or not is_open(target):
            raise AttributeError(name)
        return getattr(target, name)

    def do_set(self, target, name, value):
        self.may_call(target)
        if type(name) is not str or name[:1] == "_" or not is_open(target) or hasattr(type(target), name) and not is_slot(target, name):
            raise AttributeError(name)
        setattr(target, name, value)

    # --- values -------------------------------------------------------------------------------------------------------

    def put_other(self, w, value):
        kind = type(value)
        put = library_put(kind)
        if put is not None:
            return put(w, value)
        if isinstance(value, RemoteMethod):
            return self.put_other(w, self.ask("get", value.examiner_owner, value.examiner_name))
        number = getattr(kind, "examiner_class_number", None)
        if isinstance(value, type):
            self.put_object(w, value)
        elif isinstance(value, Handle):
            w.parts.append(b"h" + U32.pack(value.examiner_number))
        elif number is not None and isinstance(value, tuple):
            w.parts.append(b"n" + U32.pack(number))
            w.items(value, len(value))
        elif number is not None and isinstance(value, RecordBase):
            if w.number(value, b"R"):
                w.parts.append(U32.pack(number))
                fields = [getattr(value, name) for name in kind.examiner_fields]
                w.items(fields, len(fields))
        elif number is not None:
            w.parts.append(b"E" + U32.pack(number))
            w.put(value._name_ if value._name_ in kind.__members__ else value._value_)
        elif isinstance(value, BaseException):
            self.put_exception(w, value)
        elif kind.__name__ in ("dict_keys", "dict_values", "dict_items") and kind.__module__ == "builtins":
            w.put(list(value))
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            w.parts.append(b"M")
            w.text(kind.__name__)
            w.put(tuple(kind._fields))
            w.items(value, len(value))
        elif not hasattr(kind, "__next__") and (base := plain_base(kind)) is not None:
            w.put(base(value))
        else:
            self.put_object(w, value)

    def put_object(self, w, value):
        kind = type(value)
        if kind is type(sys):
            raise CannotSend("a module as an argument")
        handle = vars(value).get("examiner_handle") if isinstance(value, type) else None
        if handle is not None:
            w.parts.append(b"h" + U32.pack(handle.examiner_number))
            return
        if hasattr(kind, "__next__"):
            form = b"i"
        elif isinstance(value, type) or isinstance(value, FUNCTION_TYPES) or callable(value) and not is_open(value):
            form = b"f"
        elif is_open(value):
            form = b"o"
        else:
            raise CannotSend("an object of the type %s as an argument" % kind.__name__)
        number = self.told_numbers.get(id(value))
        if number is None:
            number = self.told_numbers[id(value)] = len(self.told)
            self.told.append(value)
        w.parts.append(b"k" + U32.pack(number) + form)

    def put_exception(self, w, error):
        w.parts.append(b"X")
        w.put(type(error).__name__)
        try:
            Writer(self).put(error.args)
            args = error.args
        except CannotSend:
            args = ()
        w.put(args)
        w.put(str(error)[:2000])

    def take_callback(self, r):
        return self.told[r.length()]

    def take_handle(self, r):
        number = r.length()
        kind = self.take_class(r, "object")
        known = self.handles.get(number)
        handle = known() if known is not None else None
        if handle is None:
            handle = object.__new__(kind)
            set_own(handle, "examiner_number", number)
            set_own(handle, "examiner_origin", GIVEN)
            self.handles[number] = weak_ref(handle, lambda gone: self.drop(number, gone))
            self.dropped.discard(number)
        return handle

    def drop(self, number, gone):
        if self.handles.get(number) is gone:
            del self.handles[number]
            self.dropped.add(number)

    def type_named(self, name):
        kind = TYPES[name]
        if name not in CATCHING:
            return kind
        # Tests that name an exception of the submission's in `except` must not catch their own assertions by it.
        if name not in self.exceptions:
            self.exceptions[name] = type(name, (Exception,), {"__module__": "submission"})
        return self.exceptions[name]

    def take_class(self, r, form):
        number = r.length()
        if number > len(self.classes) or number > MOST_CLASSES:
            raise Malformed("no class")
        if number == len(self.classes):
            self.classes.append(None)
            self.classes[number] = self.new_class(number, r.exactly(tuple))
        kind = self.classes[number]
        if kind is None or kind.examiner_form != form:
            raise Malformed("a class of another form")
        return kind

    def new_class(self, number, told):
        form, name, declared, methods = told[:4]
        if type(name) is not str or type(methods) is not tuple or any(type(one) is not str for one in methods):
            raise Malformed("no description of a class")
        if declared is not None and type(declared) is not str:
            raise Malformed("no declared class")
        if not name.isidentifier() or len(name) > 100:
            name = "Unnamed"
        own = {"examiner_class_number": number, "examiner_methods": frozenset(methods), "examiner_declared": declared,
               "examiner_handle": None}  # fmt: skip
        if form == "object":
            (flags,) = told[4:]
            base = self.declared.get(declared)
            if type(flags) is not int or base is not None and not isinstance(base, RemoteMeta):
                raise Malformed("no flags")
            mixins = tuple(mixin for flag, mixin in MIXINS if flags & flag)
            return new_stand_in(name, mixins + (base or Handle,), {**own, "examiner_form": "object", "examiner_flags": flags})
        if form == "namedtuple":
            (fields,) = told[4:]
            check_names(fields)
            from collections import namedtuple

            base = namedtuple(name, fields)
            return type(name, (NamedTupleHelp, base), {**own, "__slots__": (), "examiner_form": "namedtuple"})
        if form == "dataclass":
            fields, (eq, order, frozen) = told[4:]
            check_names(fields)
            return RecordMeta(name, (RecordBase,), {**own, "examiner_fields": fields, "examiner_order": order is True,
                              "examiner_frozen": frozen is True, "examiner_form": "dataclass", "examiner_init": None})  # fmt: skip
        if form in ("enum", "flag"):
            base, members = told[4:]
            return self.new_enum(name, form, base, members, own)
        raise Malformed("no form of a class")

    def new_enum(self, name, form, base, members, own):
        import enum

        check_names(tuple(one for one, _ in members))
        if any(type(value) not in SIMPLE for _, value in members):
            members = tuple((one, value if type(value) in SIMPLE else repr(value)) for one, value in members)
        bases = {"int": int, "str": str}
        kind = enum.Flag if form == "flag" else enum.Enum
        mixed = (bases[base],) if base else ()
        if form == "flag" and base == "int":
            kind, mixed = enum.IntFlag, ()
        if base == "int" and any(type(value) is not int for _, value in members):
            raise Malformed("no members of an enum")
        body = enum.EnumMeta.__prepare__(name, (*mixed, EnumHelp(enum), kind))
        for one, value in members:
            body[one] = value
        made = enum.EnumMeta(name, (*mixed, EnumHelp(enum), kind), body)
        for key, value in own.items():
            type.__setattr__(made, key, value)
        type.__setattr__(made, "examiner_form", "enum")
        return made

    def take_named_tuple(self, r):
        kind = self.take_class(r, "namedtuple")
        items = r.items()
        if len(items) != len(kind._fields):
            raise Malformed("fields that are not those of the class")
        return tuple.__new__(kind, items)

    def take_record(self, r):
        place = len(r.objects)
        r.objects.append(None)
        kind = self.take_class(r, "dataclass")
        value = r.objects[place] = object.__new__(kind)
        object.__setattr__(value, "examiner_origin", GIVEN)
        items = r.items()
        if len(items) != len(kind.examiner_fields):
            raise Malformed("fields that are not those of the class")
        for name, one in zip(kind.examiner_fields, items):
            object.__setattr__(value, name, one)
        return value

    def take_enum(self, r):
        kind = self.take_class(r, "enum")
        value = r.exactly(str, int)
        return kind.__members__[value] if type(value) is str else kind(value)

    def take_exception(self, r):
        names = r.exactly(tuple, int)
        if type(names) is int:
            error = self.sent_errors[names]
            return RuntimeError(str(error)) if isinstance(error, ENDING) else error
        if not names or len(names) > 60 or any(type(one) is not str for one in names):
            raise Malformed("no names of an exception")
        args, extra = r.exactly(tuple), r.exactly(dict)
        text, place = r.exactly(str), r.exactly(str)
        error = self.new_exception(names, args, text)
        for name, value in extra.items():
            if type(name) is str and name[:1] != "_" and not hasattr(Exception, name):
                try:
                    setattr(error, name, value)
                except Exception:
                    pass
        error.__dict__["__examiner_place__"] = place
        error.__dict__["__examiner_name__"] = names[0].rpartition(".")[2]
        return error

    def take_exception_class(self, r):
        names = r.texts()
        if not names or len(names) > 60 or names[0][:1] != ".":
            raise Malformed("no names of an exception")
        return self.exception_class(names)

    def new_exception(self, names, args, text):
        kind = self.exception_class(names)
        if kind is EXCEPTIONS.get(names[0]):
            try:
                error = kind(*args)
            except Exception:
                error = None
            if type(error) is kind or kind is OSError and isinstance(error, OSError):
                return error
            kind = self.own_exception(names[0], kind)
        try:
            error = kind.__new__(kind, *args)
            error.args = args
        except Exception:
            error = kind.__new__(kind)
            BaseException.__init__(error, *args)
        error.__dict__["examiner_text"] = text
        return error

    def exception_class(self, names):
        """By the names of a class and its bases. A class of the submission's is the same one each time."""
        for i, name in enumerate(names):
            if name in EXCEPTIONS:
                return EXCEPTIONS[name]
            if name in NOT_RAISED:
                # It would end a loop or a generator of the tests, or pass by what they catch.
                return RuntimeError if i == 0 or name != "BaseException" or "Exception" not in names else Exception
            if name[:1] == ".":
                if name not in self.exceptions:
                    known = KNOWN_EXCEPTIONS(name.rpartition(".")[2])
                    if known is not None and issubclass(known, Exception):
                        return known
                    if len(self.exceptions) > MOST_CLASSES:
                        raise Malformed("too many classes of exceptions")
                    base = self.exception_class(names[i + 1 :])
                    self.exceptions[name] = self.own_exception(name, base)
                return self.exceptions[name]
        return RuntimeError

    def own_exception(self, name, base):
        name = name.rpartition(".")[2]
        if not name.isidentifier() or len(name) > 100:
            name = "Unnamed"
        bases = (base,) if issubclass(base, RemoteError) else (RemoteError, base)
        return type(name, bases, {"__module__": "submission"})

    # --- what the submission has --------------------------------------------------------------------------------------

    def load(self, names):
        told = self.ask("load", tuple(names))
        if type(told) is not tuple or len(told) != len(names):
            self.end("the submission's side sent no description of what it has")
        found = {}
        try:
            for name, one in zip(names, told):
                value = self.stand_in(name, one)
                if value is not self:
                    found[name] = value
        except Degenerate as error:
            self.blame(str(error))
            raise
        except WRONG as error:
            self.end("the submission's side described %s wrongly: %s" % (name, error))
        return found

    def stand_in(self, name, told):
        if type(told) is not tuple or not told:
            raise Malformed("no description")
        what, *rest = told
        if what == "missing":
            return self
        if what == "value":
            return rest[0]
        if name in self.declared:
            return self.declared[name]
        handle = rest[0]
        if not isinstance(handle, Handle):
            raise Malformed("no class")
        if what == "class":
            bases = tuple(self.declared[one] for one in rest[1] if isinstance(self.declared.get(one), RemoteMeta))
            methods = rest[2]
            if type(methods) is not tuple or any(type(one) is not str for one in methods):
                raise Malformed("no methods")
            kind = new_stand_in(name, bases[:1] or (Handle,), {
                "examiner_handle": handle, "examiner_methods": frozenset(methods), "examiner_declared": name,
                "examiner_form": "object", "examiner_flags": 0})  # fmt: skip
        elif what == "exception":
            names = rest[1]
            # One of Python's own comes as a value. From here it would be itself, and could catch the tests' assertions.
            if type(names) is not tuple or not names or any(type(one) is not str for one in names) or len(names) > 60:
                raise Malformed("no names of an exception")
            if names[0][:1] != ".":
                raise Malformed("an exception that is not the submission's")
            kind = self.exception_class(names)
            if issubclass(kind, RemoteError):
                kind.examiner_handle = handle
        elif what == "enum":
            kind = type(rest[1])
            if getattr(kind, "examiner_form", "") != "enum":
                raise Malformed("no enum")
            one_value = [one for one in kind.__members__ if kind.__members__[one].name != one]
            if one_value and name not in self.trusted:
                raise Degenerate("%s.%s is %s: members of an enum that are the same cannot be told apart; name it in tests.trust"
                                 % (name, one_value[0], kind.__members__[one_value[0]].name))  # fmt: skip
        elif what == "namedtuple":
            kind = type(rest[1])
            if getattr(kind, "examiner_form", "") != "namedtuple":
                raise Malformed("no namedtuple")
            defaults = tuple(value for _, value in rest[2])
            kind.__new__.__defaults__ = defaults
            kind.examiner_handle = handle
        elif what == "dataclass":
            kind = type(rest[1])
            if getattr(kind, "examiner_form", "") != "dataclass" or tuple(one[0] for one in rest[2]) != kind.examiner_fields:
                raise Malformed("no dataclass")
            kind.examiner_init = rest[2]
            type.__setattr__(kind, "examiner_handle", handle)
        else:
            raise Malformed("no description")
        self.declared[name] = kind
        return kind

    # --- who decides --------------------------------------------------------------------------------------------------

    def trusts(self, value):
        return type(value).examiner_declared in self.trusted

    def refuse(self, left, sign, right):
        kinds = [type(one).__name__ for one in (left, right) if hasattr(type(one), "examiner_form")]
        name = next((type(one).examiner_declared for one in (left, right) if getattr(type(one), "examiner_declared", None)), None)
        remedy = ", or name it in tests.trust" if name else ""
        why = ("%s %s %s: an operator of the submission's class %s would decide; compare plain values%s"
               % (shortened(left, 60), sign, shortened(right, 60), kinds[0], remedy))  # fmt: skip
        self.blame(why)
        raise Refused(why)

    def operate(self, name, sign, own, left, right, *more):
        """An operator between `own`, one of the two, and the other."""
        other = right if own is left else left
        # A plain operand may be what the test expects, so an object that sees it could answer what is wanted.
        allowed = own.examiner_origin != GIVEN and getattr(other, "examiner_origin", GIVEN) != GIVEN
        if not allowed and not self.trusts(own):
            self.refuse(left, sign, right)
        result = self.ask("apply", name, (left, right, *more))
        if isinstance(result, (Handle, RecordBase)) and result is not own and type(result).examiner_declared:
            set_own(result, "examiner_origin", DERIVED)
        return result


def set_own(value, name, what):
    object.__setattr__(value, name, what)


SIMPLE = (int, float, str, bytes, bool, type(None), tuple, complex)


def check_names(names):
    if type(names) is not tuple or len(names) > 10000:
        raise Malformed("no names")
    for one in names:
        if type(one) is not str or not one.isidentifier() or one[:1] == "_" and one[:2] == "__" or len(one) > 200 or one.startswith("examiner_"):
            raise Malformed("no name of a field")
    if len(set(names)) != len(names):
        raise Malformed("a name twice")


def is_open(value):
    """Whether the candidate may look at its attributes: it is an instance of a class of the tests."""
    kind = type(value)
    if kind.__module__ == "_io":
        return kind.__name__ in ("StringIO", "BytesIO")
    return kind.__module__ == "tests" and not issubclass(kind, type)


def is_slot(target, name):
    return type(vars(type(target)).get(name)).__name__ == "member_descriptor" or (
        name in getattr(target, "__dict__", {}) and not callable(getattr(type(target), name)))


def plain_base(kind):
    for base in (str, bytes, bytearray, int, float, complex, tuple, list, frozenset, set, dict):
        if issubclass(kind, base):
            return base
    return None


def KNOWN_EXCEPTIONS(name):
    """Exceptions of the library that tests may name, where their modules are there."""
    place = {"JSONDecodeError": "json.decoder", "InvalidOperation": "decimal", "DivisionByZero": "decimal",
             "FrozenInstanceError": "dataclasses", "Empty": "_queue", "Full": "queue"}.get(name)  # fmt: skip
    return getattr(sys.modules.get(place), name, None) if place else None


CALLBACKS = {"call": Exam.do_call, "next": Exam.do_next, "iter": Exam.do_iter, "len": Exam.do_len, "get": Exam.do_get,
             "set": Exam.do_set}  # fmt: skip


class RemoteError:
    """An exception of the submission's own class."""

    def __str__(self):
        text = self.__dict__.get("examiner_text")
        return Exception.__str__(self) if text is None else text


def answer(kind, value):
    """What an answer must be, by its type."""
    if type(value) is not kind:
        EXAM.end("the submission's side answered with a %s where a %s is due" % (type(value).__name__, kind.__name__))
    return value


class RemoteMethod:
    """A method of an object of the submission's, looked up when it is called."""

    __slots__ = ("examiner_owner", "examiner_name", "__weakref__")

    def __init__(self, owner, name):
        self.examiner_owner = owner
        self.examiner_name = name

    def __call__(self, *args, **kwargs):
        return EXAM.ask("method", self.examiner_owner, self.examiner_name, args, kwargs)

    def __getattr__(self, name):
        if name in SPECIAL_NAMES:
            return getattr(EXAM.ask("get", self.examiner_owner, self.examiner_name), name)
        raise AttributeError(name)


def attribute(owner, name):
    if name in type(owner).examiner_methods:
        return RemoteMethod(owner, name)
    if name[:2] == "__" and name[-2:] == "__" and name not in SPECIAL_NAMES or name[:9] == "examiner_":
        raise AttributeError(name)
    return EXAM.ask("get", owner, name)


def attribute_of_class(cls, name):
    handle = vars(cls).get("examiner_handle")
    if handle is None or name[:2] == "__" and name not in SPECIAL_NAMES or name[:9] == "examiner_":
        raise AttributeError(name)
    return EXAM.ask("get", handle, name)


class RemoteMeta(type):
    """Of stand-ins for the submission's classes."""

    examiner_is_making = False

    def __new__(meta, name, bases, body):
        if not RemoteMeta.examiner_is_making:
            why = "a class of the tests cannot have a class of the submission as its base; use mode = \"in-process\""
            EXAM.blame(why, "error")
            raise TypeError(why)
        return type.__new__(meta, name, bases, body)

    def __call__(cls, *args, **kwargs):
        handle = vars(cls).get("examiner_handle")
        if handle is None:
            raise TypeError("the submission's class %s cannot be called by the tests" % cls.__name__)
        made = EXAM.ask("call", handle, args, kwargs)
        if isinstance(made, cls):
            set_own(made, "examiner_origin", MADE)
        return made

    __getattr__ = attribute_of_class


def new_stand_in(name, bases, body):
    RemoteMeta.examiner_is_making = True
    try:
        return RemoteMeta(name, bases, {"__slots__": (), **body})
    finally:
        RemoteMeta.examiner_is_making = False


RemoteMeta.examiner_is_making = True


class Handle(metaclass=RemoteMeta):
    """An object of the submission's, which stays there."""

    __slots__ = ("examiner_number", "examiner_origin", "__weakref__")
    examiner_declared = None
    examiner_methods = frozenset()
    examiner_form = "object"
    examiner_flags = 0
    examiner_handle = None

    def __getattr__(self, name):
        return attribute(self, name)

    def __setattr__(self, name, value):
        EXAM.ask("set", self, name, value)

    def __delattr__(self, name):
        EXAM.ask("delete", self, name)

    def __eq__(self, other):
        if self is other:
            return True
        return compare(self, "eq", "==", other, False)

    def __ne__(self, other):
        if self is other:
            return False
        return compare(self, "ne", "!=", other, True)

    def __hash__(self):
        return answer(int, EXAM.ask("apply", "hash", (self,))) if EXAM.trusts(self) else object.__hash__(self)

    def __bool__(self):
        if not type(self).examiner_flags & (SIZED | TRUTH):
            return True
        return answer(bool, EXAM.ask("apply", "bool", (self,)))

    def __str__(self):
        return answer(str, EXAM.ask("apply", "str", (self,)))

    def __repr__(self):
        return answer(str, EXAM.ask("apply", "repr", (self,)))

    def __format__(self, form):
        return answer(str, EXAM.ask("apply", "format", (self, form)))

    def __bytes__(self):
        return answer(bytes, EXAM.ask("apply", "bytes", (self,)))

    def __dir__(self):
        return EXAM.ask("apply", "dir", (self,))

    def __reduce_ex__(self, protocol):
        raise TypeError("an object of the submission cannot be copied or pickled by the tests")


RemoteMeta.examiner_is_making = False


def compare(own, name, sign, other, otherwise):
    if EXAM.trusts(own):
        return EXAM.ask("apply", name, (own, other))
    if not hasattr(type(other), "examiner_form") or isinstance(other, tuple):
        # None of the plain values is an object of the submission's.
        return otherwise
    EXAM.refuse(own, sign, other)


def order(name, sign):
    def method(self, other):
        if not EXAM.trusts(self):
            EXAM.refuse(self, sign, other)
        return EXAM.ask("apply", name, (self, other))

    return method


def binary(name, sign):
    return lambda self, other: EXAM.operate(name, sign, self, self, other)


def reflected(name, sign):
    return lambda self, other: EXAM.operate(name, sign, self, other, self)


def unary(name, kind=None):
    if kind is None:
        return lambda self: EXAM.ask("apply", name, (self,))
    return lambda self: answer(kind, EXAM.ask("apply", name, (self,)))


BINARY = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "matmul": "@",
          "lshift": "<<", "rshift": ">>", "and": "&", "or": "|", "xor": "^", "divmod": "divmod", "pow": "**"}  # fmt: skip


def add_operators(kind):
    for name, sign in BINARY.items():
        called = name + "_" if name in ("and", "or") else name
        type.__setattr__(kind, "__%s__" % name, binary(called, sign))
        type.__setattr__(kind, "__r%s__" % name, reflected(called, sign))
        if name != "divmod":
            type.__setattr__(kind, "__i%s__" % name, binary("i" + name, sign + "="))
    for name in ("neg", "pos", "abs", "invert"):
        type.__setattr__(kind, "__%s__" % name, unary(name))
    for name, result in (("int", int), ("float", float), ("complex", complex), ("index", int)):
        type.__setattr__(kind, "__%s__" % name, unary(name, result))
    for name in ("trunc", "floor", "ceil"):
        type.__setattr__(kind, "__%s__" % name, unary(name))
    type.__setattr__(kind, "__round__", lambda self, *digits: EXAM.ask("apply", "round", (self, *digits)))


for _name, _sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    type.__setattr__(Handle, "__%s__" % _name, order(_name, _sign))
add_operators(Handle)


class Callable:
    __slots__ = ()

    def __call__(self, *args, **kwargs):
        return EXAM.ask("call", self, args, kwargs)


class Sized:
    __slots__ = ()

    def __len__(self):
        return answer(int, EXAM.ask("apply", "len", (self,)))


class Iterable:
    __slots__ = ()

    def __iter__(self):
        steps = EXAM.ask("apply", "iter", (self,))
        if not isinstance(steps, Handle) and not hasattr(type(steps), "__next__"):
            EXAM.end("the submission's side answered with no iterator")
        return steps

    def __reversed__(self):
        return EXAM.ask("apply", "reversed", (self,))

    def __contains__(self, value):
        return contains(self, value)


class Holder:
    __slots__ = ()

    def __contains__(self, value):
        return contains(self, value)


def contains(own, value):
    if EXAM.trusts(own):
        return answer(bool, EXAM.ask("apply", "contains", (own, value)))
    if not type(own).examiner_flags & ITERABLE:
        EXAM.refuse(value, "in", own)
    return any(one is value or one == value for one in own)


class Iterator:
    __slots__ = ()

    def __iter__(self):
        return self

    def step(self, told):
        if type(told) is not tuple or len(told) != 2 or type(told[0]) is not bool:
            EXAM.end("the submission's side answered with no step of an iterator")
        if told[0]:
            return told[1]
        raise StopIteration(told[1])

    def __next__(self):
        return self.step(EXAM.ask("next", self))

    def send(self, value):
        return self.step(EXAM.ask("send", self, value))

    def throw(self, *what):
        error = what[1] if len(what) > 1 and what[1] is not None else what[0]
        return self.step(EXAM.ask("throw", self, error() if isinstance(error, type) else error))


class Indexed:
    __slots__ = ()

    def __getitem__(self, key):
        return EXAM.ask("apply", "getitem", (self, key))

    def __setitem__(self, key, value):
        EXAM.ask("apply", "setitem", (self, key, value))

    def __delitem__(self, key):
        EXAM.ask("apply", "delitem", (self, key))

    def __contains__(self, value):
        return contains(self, value)


class Awaitable:
    """Awaited, it runs to its end there."""

    __slots__ = ()

    def __await__(self):
        yield from ()
        return EXAM.ask("await", self)

    def send(self, value):
        raise StopIteration(EXAM.ask("await", self))

    def throw(self, kind, error=None, trace=None):
        raise error if error is not None else kind

    def close(self):
        pass


class Context:
    __slots__ = ()

    def __enter__(self):
        return EXAM.ask("apply", "enter", (self,))

    def __exit__(self, kind, error, trace):
        if kind is None:
            EXAM.ask("apply", "exit", (self, None, None, None))
            return False
        if isinstance(error, AssertionError) or not isinstance(error, Exception):
            # A test that has failed stays so, whatever the submission's context manager says.
            EXAM.blame("%s in a with block: %s" % (kind.__name__, str(error)[:300]))
        if isinstance(error, Gone):
            return False
        wants = EXAM.ask("apply", "exit", (self, type(error) if type(error) in TYPE_NAMES else None, error, None))
        if not isinstance(error, Exception) or not wants:
            return False
        line = EXAM.left_out(error, sys._getframe(1))
        if line:
            EXAM.blame("a with block of the submission's swallowed %s, and the assertion in line %d was not made" % (kind.__name__, line))
        return True


MIXINS = ((CALLABLE, Callable), (ITERATOR, Iterator), (SIZED, Sized), (INDEXED, Indexed), (ITERABLE, Iterable),
          (HOLDER, Holder), (AWAITABLE, Awaitable), (CONTEXT, Context))  # fmt: skip


class NamedTupleHelp:
    """Of a namedtuple of the submission's, which is a tuple here; its methods are there."""

    __slots__ = ()

    def __getattr__(self, name):
        return attribute(self, name)


def EnumHelp(enum, made=[]):
    """Of an enum of the submission's, which is an enum here; its methods are there."""
    if not made:
        class Help:
            def __getattr__(self, name):
                if name[:1] == "_" or "examiner_methods" not in vars(type(self)):
                    raise AttributeError(name)
                return attribute(self, name)

        made.append(Help)
    return made[0]


class RecordMeta(type):
    def __call__(cls, *args, **kwargs):
        if cls.examiner_init is None:
            raise TypeError("the tests do not know how to make a %s; name it in tests.entry" % cls.__name__)
        value = object.__new__(cls)
        set_own(value, "examiner_origin", MADE)
        given = list(args)
        for name, default, factory, keyword_only in cls.examiner_init:
            if given and not keyword_only:
                if name in kwargs:
                    raise TypeError("%s() got multiple values for argument %r" % (cls.__name__, name))
                one = given.pop(0)
            elif name in kwargs:
                one = kwargs.pop(name)
            elif default is not None:
                (one,) = default
            elif factory is not None:
                one = factory()
            else:
                raise TypeError("%s.__init__() missing the argument %r" % (cls.__name__, name))
            object.__setattr__(value, name, one)
        if given or kwargs:
            raise TypeError("%s.__init__() got arguments that it does not take" % cls.__name__)
        return value

    __getattr__ = attribute_of_class


class RecordBase(metaclass=RecordMeta):
    """A dataclass of the submission's, by its fields. What compares it is here; its methods are there."""

    examiner_fields = ()
    examiner_declared = None
    examiner_methods = frozenset()
    examiner_form = "dataclass"
    examiner_order = examiner_frozen = False

    def __getattr__(self, name):
        return attribute(self, name)

    def __setattr__(self, name, value):
        if type(self).examiner_frozen:
            from dataclasses import FrozenInstanceError

            raise FrozenInstanceError("cannot assign to field %r" % name)
        if name in type(self).examiner_fields:
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(name)

    def examiner_values(self):
        return tuple(getattr(self, name) for name in type(self).examiner_fields)

    def __eq__(self, other):
        return self.examiner_values() == other.examiner_values() if type(other) is type(self) else NotImplemented

    def __hash__(self):
        if not type(self).examiner_frozen:
            raise TypeError("unhashable type: %r" % type(self).__name__)
        return hash(self.examiner_values())

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__,
                           ", ".join("%s=%r" % (name, getattr(self, name)) for name in type(self).examiner_fields))  # fmt: skip

    def __str__(self):
        return answer(str, EXAM.ask("apply", "str", (self,)))

    def __format__(self, form):
        return answer(str, EXAM.ask("apply", "format", (self, form)))

    @property
    def __dict__(self):
        return dict(zip(type(self).examiner_fields, self.examiner_values()))


def record_order(name, sign):
    function = getattr(__import__("_operator"), name)

    def method(self, other):
        if type(self).examiner_order and type(other) is type(self):
            return function(self.examiner_values(), other.examiner_values())
        if not EXAM.trusts(self):
            EXAM.refuse(self, sign, other)
        return EXAM.ask("apply", name, (self, other))

    return method


for _name, _sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    type.__setattr__(RecordBase, "__%s__" % _name, record_order(_name, _sign))
add_operators(RecordBase)


class Submission(type(sys)):
    """The submission as a module that tests import from."""

    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        found = EXAM.load((name,))
        if name not in found:
            raise AttributeError("the submission has no %s" % name)
        setattr(self, name, found[name])
        return found[name]


def run_examiner(tests, stem, entry, trusted):
    global EXAM
    read_from, write_to, record_to = posix.dup(0), posix.dup(1), posix.dup(2)
    null = posix.open("/dev/null", posix.O_RDWR)
    for standard in (0, 1, 2):
        posix.dup2(null, standard)
    posix.close(null)
    sys.setrecursionlimit(ROOM_FOR_RECURSION)
    sys.path[0] = tests.rpartition("/")[0] or "/"
    sys.argv = [tests]
    if sys.flags.no_site:
        sys.meta_path.append(LateSite)
    record = Record(record_to)
    EXAM = Exam(read_from, write_to, frozenset(trusted))
    source = read_file(tests).decode("utf-8", "replace")
    try:
        tree = compile(source, "tests.py", "exec", ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        record.line("fault", "the test file cannot be compiled: %s" % error)
        posix._exit(70)
    EXAM.source = source
    module = Submission("submission")
    sys.modules["submission"] = module
    if stem.isidentifier():
        sys.modules.setdefault(stem, module)
    runner = None
    try:
        found = EXAM.load(entry)
        missing = [name for name in entry if name not in found]
        if missing:
            record.test("load", "load", "the submission has no %s" % ", ".join(missing))
    except BaseException as error:
        record.test("load", "load", EXAM.over or "%s%s" % (
            EXAM.name_of(error), ": " + str(error)[:300] if str(error) else ""))  # fmt: skip
        missing = entry or ("",)
    if not missing:
        runner = Runner(record, source, tree, EXAM, (lambda: found[entry[0]]) if entry else None)
        runner.names.update(found)
        for name, value in found.items():
            setattr(module, name, value)
        runner.run_file()
        if not EXAM.over:
            try:
                EXAM.ask("finish")
            except BaseException:
                record.test("end", "protocol", EXAM.over or "the submission did not live to the end of the tests")
        if EXAM.buffer:
            record.test("end", "protocol", "the submission's side said more than it was asked")
    record.end()
    posix._exit(0)
