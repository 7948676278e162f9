#!/usr/bin/env python3
"""Runs a plan from Python by libevalrun's C interface, gives it standard input, and prints what it says.

ask.py PLAN [LIBRARY] <INPUT; LIBRARY: libevalrun.so.1, or the path of it.
"""
import ctypes
import select
import sys
from ctypes import c_char_p, c_int, c_size_t, c_uint, c_void_p


class SpawnOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("user", c_void_p), ("stdin_from_caller", c_int), ("no_output_events", c_int),
                ("share_host_streams", c_int), ("save_to", c_char_p), ("jobs", c_uint), ("stop_at_first_failure", c_int)]


class Event(ctypes.Structure):
    _fields_ = [("kind", c_int), ("session", c_void_p), ("user", c_void_p), ("bytes", c_void_p), ("length", c_size_t)]


STDOUT, STDIN_ROOM, COMPLETED = 1, 3, 4


def load(name):
    library = ctypes.CDLL(name)
    for function, result, arguments in [
            ("engine_new", c_void_p, [c_void_p, c_void_p]),
            ("engine_free", None, [c_void_p]),
            ("engine_descriptor", c_int, [c_void_p]),
            ("engine_dispatch", c_int, [c_void_p, c_int, c_void_p]),
            ("engine_next_event", c_int, [c_void_p, c_void_p]),
            ("plan_compile_file", c_void_p, [c_void_p, c_char_p, c_void_p, c_void_p]),
            ("plan_free", None, [c_void_p]),
            ("session_spawn", c_void_p, [c_void_p, c_void_p, c_void_p, c_void_p]),
            ("session_write_stdin", c_int, [c_void_p, c_char_p, c_size_t, c_void_p, c_void_p]),
            ("session_close_stdin", None, [c_void_p]),
            ("session_result", c_void_p, [c_void_p]),
            ("session_free", None, [c_void_p]),
            ("result_verdict_name", c_char_p, [c_void_p]),
            ("result_message", c_char_p, [c_void_p]),
            ("result_exit_status", c_int, [c_void_p]),
            ("error_message", c_char_p, [c_void_p]),
            ("error_free", None, [c_void_p])]:
        found = getattr(library, "evalrun_" + function)
        found.restype, found.argtypes = result, arguments
    return library


def made(library, function, *arguments):
    error = c_void_p()
    handle = function(*arguments, ctypes.byref(error))
    if handle is None:
        message = library.evalrun_error_message(error).decode()
        library.evalrun_error_free(error)
        sys.exit(message)
    return handle


def feed(library, session, rest):
    taken = c_size_t()
    library.evalrun_session_write_stdin(session, rest, len(rest), ctypes.byref(taken), None)
    if taken.value == len(rest):
        library.evalrun_session_close_stdin(session)
    return rest[taken.value:]


def main(plan_file, name="libevalrun.so.1"):
    library = load(name)
    engine = made(library, library.evalrun_engine_new, None)
    plan = made(library, library.evalrun_plan_compile_file, engine, plan_file.encode(), None)
    options = SpawnOptions(size=ctypes.sizeof(SpawnOptions), stdin_from_caller=1)
    session = made(library, library.evalrun_session_spawn, engine, plan, ctypes.byref(options))
    rest = feed(library, session, sys.stdin.buffer.read())
    event, is_done = Event(), False
    while not is_done:
        select.select([library.evalrun_engine_descriptor(engine)], [], [])
        library.evalrun_engine_dispatch(engine, 0, None)
        while library.evalrun_engine_next_event(engine, ctypes.byref(event)):
            if event.kind == STDOUT:
                sys.stdout.buffer.write(ctypes.string_at(event.bytes, event.length))
            elif event.kind == STDIN_ROOM:
                rest = feed(library, session, rest)
            elif event.kind == COMPLETED:
                is_done = True
    result = library.evalrun_session_result(session)
    sys.stdout.flush()
    said = library.evalrun_result_verdict_name(result) + b": " + library.evalrun_result_message(result)
    print(said.decode(), file=sys.stderr)
    status = library.evalrun_result_exit_status(result)
    library.evalrun_session_free(session)
    library.evalrun_plan_free(plan)
    library.evalrun_engine_free(engine)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
