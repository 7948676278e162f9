"""libevalrun.so, by ctypes. Nothing else of this package calls C; evalrun.h says what each function does."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_size_t, c_uint, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Mapping, Sequence, Tuple

from .errors import Error, PlanError, SandboxError, UsageError

_ERROR_PLAN, _ERROR_HOST, _ERROR_SYSTEM = 0, 1, 2

EVENT_COMPLETED = 4
OUTCOMES = ("exited", "signaled", "limit", "violation", "not_started", "sandbox_error", "cancelled")


class EngineOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("images", POINTER(c_char_p)),
        ("haste", c_int),
        ("prepared", c_uint),
        ("outside_uid", c_uint),
    ]


class InputFile(Structure):
    _fields_ = [("name", c_char_p), ("content", c_char_p), ("length", c_size_t), ("mode", c_char_p)]


class Inputs(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("files", POINTER(InputFile)),
        ("file_count", c_size_t),
        ("argv", POINTER(c_char_p)),
        ("env", POINTER(c_char_p)),
        ("stdin_bytes", c_char_p),
        ("stdin_length", c_size_t),
    ]


class SpawnOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("user", c_void_p),
        ("stdin_from_caller", c_int),
        ("no_output_events", c_int),
        ("share_host_streams", c_int),
        ("save_to", c_char_p),
        ("jobs", c_uint),
        ("stop_at_first_failure", c_int),
    ]


class Event(Structure):
    _fields_ = [
        ("kind", c_int),
        ("session", c_void_p),
        ("user", c_void_p),
        ("bytes", c_void_p),
        ("length", c_size_t),
    ]


_HANDLE, _ERROR = c_void_p, POINTER(c_void_p)

_Functions = Mapping[str, Tuple[Any, Sequence[Any]]]

# What may take a moment: other threads run meanwhile.
_LONG: _Functions = {
    "engine_new": (_HANDLE, [POINTER(EngineOptions), _ERROR]),
    "engine_free": (None, [_HANDLE]),
    "engine_dispatch": (c_int, [_HANDLE, c_int, _ERROR]),
    "family_new": (
        _HANDLE,
        [_HANDLE, c_char_p, c_size_t, c_char_p, c_char_p, POINTER(c_char_p), _ERROR],
    ),
    "session_spawn_of": (_HANDLE, [_HANDLE, _HANDLE, POINTER(Inputs), POINTER(SpawnOptions), _ERROR]),
    "session_free": (None, [_HANDLE]),
    "session_kill": (c_int, [_HANDLE, _ERROR]),
}

# What takes no longer than giving the interpreter to another thread would.
_SHORT: _Functions = {
    "version": (c_char_p, []),
    "engine_descriptor": (c_int, [_HANDLE]),
    "engine_next_event": (c_int, [_HANDLE, POINTER(Event)]),
    "family_free": (None, [_HANDLE]),
    "session_result": (_HANDLE, [_HANDLE]),
    "result_verdict_name": (c_char_p, [_HANDLE]),
    "result_message": (c_char_p, [_HANDLE]),
    "result_outcome": (c_int, [_HANDLE]),
    "result_exit_code": (c_int, [_HANDLE]),
    "result_signal": (c_int, [_HANDLE]),
    "result_limit": (c_char_p, [_HANDLE]),
    "result_cpu_us": (c_uint64, [_HANDLE]),
    "result_wall_us": (c_uint64, [_HANDLE]),
    "result_memory_peak": (c_uint64, [_HANDLE]),
    "result_score": (c_double, [_HANDLE]),
    "result_score_max": (c_double, [_HANDLE]),
    "result_stdout": (c_void_p, [_HANDLE, POINTER(c_size_t)]),
    "result_stderr": (c_void_p, [_HANDLE, POINTER(c_size_t)]),
    "result_json": (c_char_p, [_HANDLE]),
    "error_get_kind": (c_int, [_HANDLE]),
    "error_message": (c_char_p, [_HANDLE]),
    "error_file": (c_char_p, [_HANDLE]),
    "error_line": (c_uint, [_HANDLE]),
    "error_column": (c_uint, [_HANDLE]),
    "error_key": (c_char_p, [_HANDLE]),
    "error_stage": (c_char_p, [_HANDLE]),
    "error_operation": (c_char_p, [_HANDLE]),
    "error_subject": (c_char_p, [_HANDLE]),
    "error_errno": (c_int, [_HANDLE]),
    "error_is_retryable": (c_int, [_HANDLE]),
    "error_free": (None, [_HANDLE]),
}


def _file() -> str:
    """$EVALRUN_LIBRARY, then what a wheel brings, then what the loader finds."""
    if chosen := os.environ.get("EVALRUN_LIBRARY"):
        return chosen
    shipped = Path(__file__).with_name("libevalrun.so.1")
    return str(shipped) if shipped.exists() else "libevalrun.so.1"


class Library:
    """The functions, without their prefix. The library is loaded when the first of them is asked for."""

    def _load(self) -> None:
        file = _file()
        try:
            long, short = ctypes.CDLL(file), ctypes.PyDLL(file)
        except OSError as error:
            raise ImportError(f"cannot load libevalrun: {error}") from error
        for functions, found in ((_LONG, long), (_SHORT, short)):
            for name, (result, arguments) in functions.items():
                try:
                    function = getattr(found, "evalrun_" + name)
                except AttributeError:
                    raise ImportError(f"{file} is too old for this package: it has no evalrun_{name}") from None
                function.restype, function.argtypes = result, arguments
                setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        if name not in _LONG and name not in _SHORT:
            raise AttributeError(name)
        self._load()
        return self.__dict__[name]

    def exception(self, error: c_void_p) -> Error:
        """The error as an exception. The error is freed."""
        try:
            message = _text(self.error_message(error))
            kind = self.error_get_kind(error)
            if kind == _ERROR_PLAN:
                return PlanError(
                    message.removeprefix("--set: "),  # the command's name for keys that come from outside
                    _text(self.error_file(error)),
                    self.error_line(error),
                    self.error_column(error),
                    _text(self.error_key(error)),
                )
            if kind in (_ERROR_HOST, _ERROR_SYSTEM):
                return SandboxError(
                    message,
                    _text(self.error_stage(error)),
                    _text(self.error_operation(error)),
                    _text(self.error_subject(error)),
                    self.error_errno(error),
                    bool(self.error_is_retryable(error)),
                )
            return UsageError(message)
        finally:
            self.error_free(error)

    def bytes_of(self, function: Any, result: int) -> bytes:
        length = c_size_t()
        address = function(result, ctypes.byref(length))
        return ctypes.string_at(address, length.value)


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def strings(values: tuple[bytes, ...] | list[bytes]) -> Any:
    """An array that NULL ends."""
    return (c_char_p * (len(values) + 1))(*values, None)


library = Library()
