# Runs in an interpreter that has started and has not looked at its script yet: imports what is asked for, then tells the
# recorder that it stands where every run begins. What follows runs after each restore. Nothing of it is on the stack
# when the script begins (python_hook.h has the theory of operation).
#
# NAMES: the modules to import. SIDE: code and text of a program that is loaded ahead, or None. Words: python_hook.h.
def prepare(NAMES, SIDE):
    import sys

    modules = sys.modules
    known = list(modules)
    import _codecs
    import _io
    import _thread
    import atexit
    import gc
    import posix

    for name in set(modules) - set(known):
        del modules[name]

    PLACE, WANTS_FALSE, WANTS_TRUE, NOT_IMPORTED, NOT_LOADED = range(0x65767200, 0x65767205)

    def say(word, value=0):
        try:
            posix.lseek(-1, value, word)
        except OSError:
            pass

    def load(name):
        try:
            __import__(name)
        except ModuleNotFoundError:
            if not sys.flags.no_site or "site" in modules:
                raise
            import site

            site.main()
            __import__(name)

    # What functions that are graded most often begin with, and their tests.
    common = "typing math re collections functools itertools string random heapq bisect copy dataclasses enum datetime"
    for name in common.split() if SIDE is not None else ():
        load(name)
    for number, name in enumerate(NAMES):
        try:
            load(name)
        except BaseException:
            say(NOT_IMPORTED, number)
            return
    if SIDE is not None:
        side = type(sys)("__main__")
        try:
            from zlib import decompress

            code, text = SIDE
            if code[:4] == modules["_frozen_importlib_external"].MAGIC_NUMBER:
                code = modules["marshal"].loads(decompress(code[4:]))
            else:
                code = compile(decompress(text) if text[:1] == b"x" else text, "<evalrun>", "exec", dont_inherit=True)
            exec(code, side.__dict__)
            del code, text
            if hasattr(side, "rehearse"):
                side.rehearse()
        except BaseException:
            say(NOT_LOADED)
            return

    # --- the end of a run ------------------------------------------------------------------------------------------------
    # Taking an interpreter down costs more than the rest of a small run. It can be left out where no part of it could be
    # noticed: no thread, no object with code that runs when it goes, no file that is not written out.
    of_module = type(sys).__dict__["__dict__"].__get__
    mro_of = type.__dict__["__mro__"].__get__
    dict_of = type.__dict__["__dict__"].__get__
    generator_frame = type(_ for _ in ()).__dict__["gi_frame"].__get__
    python_function = type(say)
    code_file = type(say.__code__).__dict__["co_filename"].__get__
    function_code = python_function.__dict__["__code__"].__get__
    generator = type(_ for _ in ())
    builtin_function = type(len)
    import _weakref

    if "_weakref" not in known:
        modules.pop("_weakref", None)
    reference = _weakref.ReferenceType
    callback_of = reference.__dict__["__callback__"].__get__
    values_of_sys = of_module(sys)
    first_output, first_errors = sys.stdout, sys.stderr
    text_file = type(first_output)
    count_threads, objects_of, unfreeze = _thread._count, gc.get_objects, gc.unfreeze
    made_after = None
    library = modules["os"].__file__.rpartition("/")[0] + "/"
    known = frozenset(modules)
    most_objects = 50000
    # Extensions whose objects leave nothing undone when they are not taken down.
    harmless = frozenset(
        "_asyncio _bisect _blake2 _bz2 _contextvars _crypt _csv _ctypes _datetime _decimal _elementtree _hashlib _heapq"
        " _json _lsprof _lzma _md5 _multiprocessing _multibytecodec _opcode _pickle _posixshmem _posixsubprocess _queue"
        " _random _sha1 _sha256 _sha3 _sha512 _socket _ssl _statistics _struct _typing _uuid _zoneinfo array audioop"
        " binascii cmath fcntl grp math mmap pyexpat resource select termios unicodedata zlib"
        " numpy pandas pytz dateutil scipy sympy mpmath networkx".split()
    )

    def is_extension(module):
        return type(of_module(module).get("__loader__")).__name__ == "ExtensionFileLoader"

    def has_strange_extension(names):
        for name in names:
            module = modules.get(name)
            if type(module) is not module_type or name.partition(".")[0] in harmless:
                continue
            if is_extension(module) and not name.partition(".")[0].startswith("_codecs_"):
                return True
        return False

    module_type = type(sys)

    def has_threads():
        if count_threads():
            return True
        threading = modules.get("threading")
        if type(threading) is not module_type:
            return threading is not None
        values = of_module(threading)
        shutdown = values.get("_shutdown")
        return (
            type(shutdown) is not python_function
            or not code_file(function_code(shutdown)).startswith(library)
            or bool(values.get("_threading_atexits"))
        )

    # The program may have frozen objects itself: then nothing is thawed, as it would find it.
    def has_frozen(objects):
        return id(made_after) not in set(map(id, objects))

    def ends_by_itself():
        if not has_frozen(objects_of()):
            unfreeze()
        return False

    def may_be_left_out():
        return not has_threads() or ends_by_itself()

    def is_harmless_callback(call):
        kind = type(call)
        if kind is python_function:
            return code_file(function_code(call)).startswith((library, "<frozen "))
        return kind is builtin_function or dict_of(kind).get("__module__") == "weakref"

    # Of these types what they are can be told without code of the program's.
    files = frozenset((text_file, _io.BufferedReader, _io.BufferedWriter, _io.BufferedRandom, _io.FileIO))
    in_memory = frozenset((_io.BytesIO, _io.StringIO))
    known_kinds = files | in_memory | {generator}

    def is_harmless(one):
        kind = type(one)
        if kind is generator:
            return generator_frame(one) is None
        return kind in in_memory or one.closed

    def nothing_is_left():
        try:
            if has_threads() or has_strange_extension(modules.keys() - known):
                return ends_by_itself()
            output, errors = values_of_sys.get("stdout"), values_of_sys.get("stderr")
            if output is not first_output or errors is not first_errors or output.closed or errors.closed:
                return ends_by_itself()
            output.flush()
            errors.flush()
            objects = objects_of()
            if len(objects) > most_objects or has_frozen(objects):
                return ends_by_itself()
            strange, classes, references = set(), set(), set()
            for kind in set(map(type, objects)):
                bases = mro_of(kind)
                if type in bases:
                    classes.add(kind)
                if reference in bases:
                    references.add(kind)
                for base in bases:
                    if "__del__" in dict_of(base):
                        strange.add(kind)
            if strange - known_kinds:
                return ends_by_itself()
            if strange or classes or references:
                for one in objects:
                    kind = type(one)
                    if kind in strange and not is_harmless(one):
                        return ends_by_itself()
                    if kind in classes and "__del__" in dict_of(one):
                        return ends_by_itself()
                    if kind in references:
                        call = callback_of(one)
                        if call is not None and not is_harmless_callback(call):
                            return ends_by_itself()
            return True
        except BaseException:
            return ends_by_itself()

    flags = sys.flags
    environment = modules["os"].environ
    talks_at_its_end = (
        flags.verbose
        or flags.dev_mode
        or flags.inspect
        or type(first_output) is not type(first_errors)
        or text_file.__module__ != "_io"
        or "PYTHONMALLOCSTATS" in environment
        or "PYTHONDUMPREFS" in environment
        or "PYTHONTRACEMALLOC" in environment
        or sys._xoptions
    )
    # Of these versions it is known that nobody takes the interpreter down but Py_FinalizeEx.
    is_known = (3, 9) <= sys.version_info[:2] <= (3, 12)
    gc.collect()
    if is_known and not talks_at_its_end and not has_strange_extension(known):
        # What is asked must outlive all that a program can do, and no program comes upon it by chance.
        questions = [
            (sys.gettrace, WANTS_FALSE),
            (sys.getprofile, WANTS_FALSE),
            (may_be_left_out, WANTS_TRUE),
            (atexit._run_exitfuncs, WANTS_FALSE),
            (nothing_is_left, WANTS_TRUE),
        ]
        held = [one for one, _ in questions]

        def keep(error):
            raise error

        keep.__defaults__ = None
        keep.__kwdefaults__ = {"held": held}
        _codecs.register_error("evalrun", keep)
        for one, wanted in questions:
            say(wanted, id(one))
        # Whoever freezes must thaw, or files in cycles would not be written out: only where the end is ours.
        gc.freeze()
    say(PLACE)

    # --- after each restore ----------------------------------------------------------------------------------------------
    made_after = []
    random = modules.get("random")
    if random is not None:
        random.seed()
    numpy_random = modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    process = modules.get("multiprocessing.process")
    if process is not None:
        process._current_process._config["authkey"] = process.AuthenticationString(posix.urandom(32))
    logging = modules.get("logging")
    if logging is not None:
        logging._startTime = logging.time.time()
    if SIDE is not None:
        run(side, modules, sys, posix)


def run(side, modules, sys, posix):
    """The program that was loaded ahead, from here: the interpreter need not find and read its starter."""
    main = modules["__main__"]
    modules["__main__"] = side
    sys.path.insert(0, "")  # where the script's folder will be
    try:
        side.start()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        posix._exit(1)
    # It had nothing to do: this run is to show what an empty program costs.
    modules["__main__"] = main
    del sys.path[0]


prepare(NAMES, SIDE)
