"""An engine and the sessions that run in it: the one thing that all of this package's surfaces drive."""

from __future__ import annotations

import atexit
import ctypes
import errno
import json
import os
import select
import shutil
import tempfile
import threading
from collections import OrderedDict
from ctypes import byref, c_void_p
from typing import Any, Callable, Iterable, NamedTuple, Union

from . import _library as c
from ._job import Inputs, Job, Source, inputs_of, source_of
from ._library import library
from ._result import CompletedRun
from ._settings import cpu_count, image_folders
from .errors import Error, PlanError, SandboxError, UsageError

# The plans that an engine keeps read; of more, those that were used last.
_MOST_FAMILIES = 32

# What a sandbox needs of RLIMIT_NOFILE (docs/library.md), twice: as many wait, prepared ahead.
_DESCRIPTORS_OF_A_RUN = 32

# What a result calls the look for argv[0] in PATH, which is the caller's affair, not the sandbox's.
_LOOKED_FOR_A_PROGRAM = "find the program"

# An exception that is none of this package's is one of reading the job, or of decoding what it wrote.
Outcome = Union[CompletedRun[Any], Exception]
Deliver = Callable[[Outcome], None]


class _Session(NamedTuple):
    handle: int
    job: Job
    words: tuple[bytes, ...]
    save_to: str | None
    deliver: Deliver | None


class Engine:
    """Runs jobs from one thread. What they come to is delivered during turn(), by the function that each was started with.

    A process that is forked from the engine's has none: start() raises UsageError there.
    """

    def __init__(self, prepared: int, outside_uid: int | None = None) -> None:
        self._library = library
        self._pid = os.getpid()
        self._sessions: dict[int, _Session] = {}
        self._families: OrderedDict[Source, Any] = OrderedDict()
        self._next = 1
        self._event = c.Event()
        self._engine: int | None = None
        folders = image_folders()
        options = c.EngineOptions(ctypes.sizeof(c.EngineOptions), None, 0, prepared, outside_uid or 0)
        if folders is not None:
            options.images = c.strings([os.fsencode(folder) for folder in folders])
        self._engine = self._call(library.engine_new, byref(options))
        self._poll = select.poll()
        self._poll.register(self.fileno(), select.POLLIN)

    def fileno(self) -> int:
        """Readable when turn() has something to do."""
        return int(library.engine_descriptor(self._engine))

    @property
    def is_usable(self) -> bool:
        """False after close(), after a failure of the engine itself, and in a process that was forked."""
        return self._engine is not None and self._pid == os.getpid()

    @property
    def running(self) -> int:
        return len(self._sessions)

    def start(self, job: Job, deliver: Deliver) -> int:
        """Starts it; the number is for kill(). Raises PlanError and SandboxError, and what reading the job raises."""
        if not self.is_usable:
            raise UsageError("the engine belongs to another process, or it was closed")
        inputs = inputs_of(job)
        family = self._family(source_of(job))
        given, kept = _inputs(inputs)
        save_to = tempfile.mkdtemp(prefix="evalrun-") if job.fetch else None
        options = c.SpawnOptions(ctypes.sizeof(c.SpawnOptions), self._next, 0, 1, 0)
        if save_to is not None:
            options.save_to = os.fsencode(save_to)
        options.jobs, options.stop_at_first_failure = 1, int(job.stop_at_first_failure)
        try:
            handle = self._call(library.session_spawn_of, self._engine, family, byref(given), byref(options))
        except BaseException:
            _remove(save_to)
            raise
        del kept
        number, self._next = self._next, self._next + 1
        self._sessions[number] = _Session(handle, job, inputs.argv or (), save_to, deliver)
        return number

    def kill(self, number: int) -> None:
        """Ends it early; nothing is delivered. Harmless when it has ended."""
        session = self._sessions.get(number)
        if session is None or not self.is_usable:
            return
        self._sessions[number] = session._replace(deliver=None)
        library.session_kill(session.handle, None)

    def turn(self, timeout: float | None) -> None:
        """Does what is due, after waiting for it no longer than `timeout` seconds (None: as long as it takes)."""
        if timeout != 0:
            self._poll.poll(None if timeout is None else timeout * 1000)
        try:
            self._call(library.engine_dispatch, self._engine, 0, failed=-1)
        except Error as error:
            self._fail(error)
            return
        event = self._event
        while library.engine_next_event(self._engine, byref(event)):
            if event.kind == c.EVENT_COMPLETED:
                self._complete(event.user)

    def close(self) -> None:
        """Kills what runs, and waits for that. In a process that was forked it does nothing."""
        engine, self._engine = self._engine, None
        if engine is None or self._pid != os.getpid():
            return
        for session in self._sessions.values():
            _free(session)
        self._sessions.clear()
        for family in self._families.values():
            self._library.family_free(family)
        self._families.clear()
        self._library.engine_free(engine)

    def __del__(self) -> None:
        if getattr(self, "_engine", None) is not None:
            self.close()

    def _call(self, function: Any, *arguments: Any, failed: Any = None) -> Any:
        error = c_void_p()
        value = function(*arguments, byref(error))
        if value == failed:
            raise self._library.exception(error)
        return value

    def _family(self, source: Source) -> Any:
        found = self._families.get(source)
        if found is not None:
            self._families.move_to_end(source)
            return found
        folder = None if source.folder is None else os.fsencode(source.folder)
        family = self._call(
            library.family_new,
            self._engine,
            source.text,
            len(source.text),
            folder,
            source.name.encode(),
            c.strings(source.overrides),
        )
        self._families[source] = family
        if len(self._families) > _MOST_FAMILIES:
            library.family_free(self._families.popitem(last=False)[1])
        return family

    def _complete(self, number: int) -> None:
        session = self._sessions.pop(number)
        if session.deliver is None:
            return _free(session)
        try:
            outcome = _outcome_of(session)
        except Exception as error:
            outcome = error
        _free(session)
        session.deliver(outcome)

    def _fail(self, error: Error) -> None:
        """The engine is of no use any more: every session of it is lost."""
        lost = SandboxError(f"the engine failed: {error}", retryable=True)
        sessions = list(self._sessions.values())
        self.close()
        for session in sessions:
            if session.deliver is not None:
                session.deliver(lost)


def _inputs(inputs: Inputs) -> tuple[c.Inputs, Any]:
    """The second keeps alive what the first points to."""
    given = c.Inputs(ctypes.sizeof(c.Inputs))
    if inputs.files:
        given.files = (c.InputFile * len(inputs.files))(
            *(c.InputFile(name, content, len(content), mode) for name, content, mode in inputs.files)
        )
        given.file_count = len(inputs.files)
    if inputs.argv is not None:
        given.argv = c.strings(inputs.argv)
    if inputs.env:
        given.env = c.strings(inputs.env)
    if inputs.stdin is not None:
        given.stdin_bytes, given.stdin_length = inputs.stdin, len(inputs.stdin)
    return given, inputs


def _outcome_of(session: _Session) -> Outcome:
    job, result = session.job, library.session_result(session.handle)
    outcome = c.OUTCOMES[library.result_outcome(result)]
    verdict = library.result_verdict_name(result).decode()
    message = library.result_message(result).decode(errors="replace")
    if verdict in ("IE", "CANCELLED"):
        return _lost(job, message, _report(result))
    stdout: Any = library.bytes_of(library.result_stdout, result)
    stderr: Any = library.bytes_of(library.result_stderr, result)
    if job.is_text:
        encoding, errors = job.encoding or "utf-8", job.errors or "replace"
        stdout, stderr = stdout.decode(encoding, errors), stderr.decode(encoding, errors)
    files: dict[str, bytes] = {}
    file_errors: dict[str, str] = {}
    if job.fetch:
        files, file_errors = _fetched(_report(result))
    signal = library.result_signal(result) or None
    return CompletedRun(
        tuple(job.argv or ()),  # type: ignore[arg-type]
        _returncode(outcome, library.result_exit_code(result), signal),
        stdout,
        stderr,
        verdict,
        message,
        outcome,
        library.result_limit(result).decode() or None,
        signal,
        library.result_cpu_us(result) / 1e6,
        library.result_wall_us(result) / 1e6,
        library.result_memory_peak(result),
        library.result_score(result),
        library.result_score_max(result),
        files,
        file_errors,
        job.key,
        library.result_json(result).decode() if job.report else "",
    )


def _returncode(outcome: str, exit_code: int, signal: int | None) -> int:
    if outcome == "exited":
        return exit_code
    if outcome == "signaled":
        return -(signal or 0)
    return 127 if outcome == "not_started" else -9


def _report(result: int) -> dict[str, Any]:
    text = library.result_json(result)
    read: dict[str, Any] = json.loads(text) if text else {}
    return read


def _lost(job: Job, message: str, report: dict[str, Any]) -> Error:
    fault = report.get("outcome", {})
    if fault.get("kind") != "sandbox_error":
        return SandboxError(message)
    if fault["operation"] == _LOOKED_FOR_A_PROGRAM:
        return PlanError(f"{os.fsdecode((job.argv or ['the program'])[0])} is not in PATH of the image", plan_key="argv")
    return SandboxError(
        message,
        fault["stage"],
        fault["operation"],
        fault["subject"],
        getattr(errno, fault["errno"] or "", 0),
        fault["retryable"],
    )


def _fetched(report: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, str]]:
    files, errors = {}, {}
    for entry in report.get("files", []):
        if "saved_as" in entry:
            with open(entry["saved_as"], "rb") as saved:
                files[entry["path"]] = saved.read()
        else:
            errors[entry["path"]] = entry.get("error", "not collected")
    return files, errors


def _free(session: _Session) -> None:
    library.session_free(session.handle)
    _remove(session.save_to)


def _remove(folder: str | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def check_descriptors(jobs: int) -> None:
    """Raises ValueError if RLIMIT_NOFILE is too low for so many sandboxes at a time."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 64 + jobs * _DESCRIPTORS_OF_A_RUN
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise ValueError(
            f"{jobs} sandboxes at a time need up to {needed} descriptors, and the soft limit is {soft}; "
            "raise it with resource.setrlimit(resource.RLIMIT_NOFILE, ...)"
        )


_of_thread = threading.local()


def thread_engine() -> Engine:
    """This thread's own. It goes with the thread, and a process that is forked makes another."""
    engine: Engine | None = getattr(_of_thread, "engine", None)
    if engine is None or not engine.is_usable:
        engine = _of_thread.engine = Engine(prepared=min(2, cpu_count()))
    return engine


@atexit.register
def _close_main_thread_engine() -> None:
    engine: Engine | None = getattr(_of_thread, "engine", None)
    if engine is not None:
        engine.close()


def run_all(jobs: Iterable[Job], at_once: int | None = None) -> list[Outcome]:
    """Runs all of them from this thread, so many at a time; what each came to, in the order of the jobs."""
    engine, left = thread_engine(), iter(jobs)
    outcomes: list[Outcome] = []
    live: dict[int, int] = {}  # by index, the engine's number
    most = at_once or cpu_count()

    def keep(index: int) -> Deliver:
        def deliver(outcome: Outcome) -> None:
            outcomes[index] = outcome
            live.pop(index, None)

        return deliver

    more = True
    try:
        while more or live:
            while more and len(live) < most:
                job = next(left, None)
                if job is None:
                    more = False
                    break
                index = len(outcomes)
                outcomes.append(UsageError("not run"))
                try:
                    live[index] = engine.start(job, keep(index))
                except Exception as error:
                    outcomes[index] = error
            if live:
                engine.turn(None)
    except BaseException:
        for number in live.values():
            engine.kill(number)
        raise
    return outcomes


def result_of(outcome: Outcome) -> CompletedRun[Any]:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
