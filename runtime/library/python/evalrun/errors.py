"""What can go wrong. What a program does is a result, never an exception, unless `check=True` asks for one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._result import CompletedRun

__all__ = ["Error", "PlanError", "SandboxError", "UsageError", "CalledProcessError", "TimeoutExpired"]


class Error(Exception):
    """The base of all exceptions of this package.

    key: what Job.key says, if a pool raises it for one of its jobs.
    """

    key: Any = None


class PlanError(Error, ValueError):
    """A run was asked for that cannot be: an unknown image, a limit out of range, a file name that leads out.

    `plan_key` is the plan's key that is wrong, such as "limits.cpu". `file`, `line` and `column` say where it stands
    if a plan's text has it.
    """

    def __init__(self, message: str, file: str = "", line: int = 0, column: int = 0, plan_key: str = "") -> None:
        super().__init__(message, file, line, column, plan_key)
        self.message, self.file, self.line, self.column, self.plan_key = message, file, line, column, plan_key

    def __str__(self) -> str:
        return self.message


class SandboxError(Error, RuntimeError):
    """The sandbox could not be built, or it failed. This says nothing about the program: do not score it.

    `stage`, `operation`, `subject` and `errno` say what failed. `retryable` tells whether the same may succeed later.
    `evalrun doctor` says what a host lacks.
    """

    def __init__(
        self,
        message: str,
        stage: str = "",
        operation: str = "",
        subject: str = "",
        errno: int = 0,
        retryable: bool = False,
    ) -> None:
        super().__init__(message, stage, operation, subject, errno, retryable)
        self.message, self.stage, self.operation = message, stage, operation
        self.subject, self.errno, self.retryable = subject, errno, retryable

    def __str__(self) -> str:
        return self.message


class UsageError(Error, RuntimeError):
    """A function was called that must not be, such as one of a pool that was closed."""


class CalledProcessError(Error, subprocess.CalledProcessError):
    """`check=True`, and the program failed. `run` is the whole result."""

    def __init__(self, run: CompletedRun[Any]) -> None:
        Exception.__init__(self, run)
        self.run = run
        self.returncode, self.cmd = run.returncode, list(run.args)
        self.output, self.stderr = run.stdout, run.stderr

    def __str__(self) -> str:
        return f"{self.run.verdict}: {self.run.message}"


class TimeoutExpired(Error, subprocess.TimeoutExpired):
    """`check=True`, and a limit of time ended the program. `run` is the whole result."""

    def __init__(self, run: CompletedRun[Any]) -> None:
        Exception.__init__(self, run)
        self.run = run
        self.cmd, self.timeout = list(run.args), run.wall_time
        self.output, self.stderr = run.stdout, run.stderr

    def __str__(self) -> str:
        return f"{self.run.verdict}: {self.run.message}"
